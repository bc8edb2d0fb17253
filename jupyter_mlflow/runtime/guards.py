"""What ends a step from outside: its timeout, its memory, a cancel, an engine that is gone.

A guard waits on behalf of its host. When something must end the step, it first interrupts the cell where
that makes sense (the user then sees in the traceback what was running), and kills all processes of the step
when the grace is over.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any, Protocol

from jupyter_mlflow.runtime import limits, processes
from jupyter_mlflow.runtime.reports import Reports
from jupyter_mlflow.spec.tasks import Limits, StepFailure

# What a timed-out cell gets to show where it was.
_TIMEOUT_GRACE = 1.0
_LOOK_AT_MEMORY = 0.05
# Text alone need not be read at once: portions that come in this time are read together.
_GATHER = 0.005

# How long a cell may go on after these signals to us; a second interrupt ends it at once.
_GRACES = {signal.SIGINT: 5.0, signal.SIGTERM: 1.0}


class Engine(Protocol):
    """The other side of the conversation, see `connections`."""

    @property
    def full(self) -> bool:
        """Whether so much waits to be sent that no more should be produced."""

    def descriptor(self) -> tuple[int, int] | None:
        """What to poll for, and for which events."""

    def talk(self) -> float | None:
        """Read and write what can be; gives the grace of a cancel that has come, zero for a hang-up."""

    def abandon(self) -> None:
        """In a forked child: let go of it."""


class Guard:
    """Watches over the processes of one step."""

    def __init__(self, engine: Engine, bounds: Limits, started: float, reports: Reports) -> None:
        self.verdict: StepFailure | None = None
        self.peak = 0
        self._engine = engine
        self._limits = bounds
        self._reports = reports
        self._deadline = started + bounds.timeout if bounds.timeout is not None else None
        self._pid: int | None = None
        self._new_poll: Callable[[], Any] = select.poll
        self._kill_at: float | None = None
        self._memory_at = 0.0
        self._system_kills = limits.system_kills()
        self._signals = _receive_signals()
        self._look(spoken=True)

    def watch(self, pid: int, poll: Callable[[], Any] = select.poll) -> None:
        """From now on `pid`, the leader of a process group, runs the user's code; `poll` makes what to wait with."""
        self._pid = pid
        self._new_poll = poll
        if self.verdict is not None:
            self._kill()

    def abandon(self) -> None:
        """In a forked child: let go of what belongs to the supervisor."""
        signal.set_wakeup_fd(-1)
        for descriptor in self._signals:
            os.close(descriptor)
        self._engine.abandon()

    def out_of_memory(self) -> bool:
        """Whether the system killed some process for want of memory since the step began."""
        return limits.system_kills() > self._system_kills

    def wait(self, urgent: list[Any], patient: list[int], timeout: float | None = None) -> None:
        """Until one of these descriptors is readable, or something must be looked at; `patient` ones may gather a little."""
        while self._engine.full:
            self._poll([], None)
        ready = self._poll([*urgent, *patient], timeout)
        if ready and ready <= set(patient):
            self._poll(urgent, _GATHER)

    def _poll(self, descriptors: list[Any], timeout: float | None) -> set[Any]:
        poll = self._new_poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.register(self._signals[0], select.POLLIN)
        conversation = self._engine.descriptor()
        if conversation is not None:
            poll.register(*conversation)
        pauses = [pause for pause in (timeout, *self._pauses()) if pause is not None]
        ready = {descriptor for descriptor, _ in poll.poll(max(min(pauses), 0) * 1000 if pauses else None)}
        if self._signals[0] in ready:
            self._heed_signals()
        self._look(conversation is not None and conversation[0] in ready)
        return ready & set(descriptors)

    def _pauses(self) -> list[float | None]:
        now = time.monotonic()
        times = [self._deadline if self.verdict is None else None, self._kill_at, self._memory_at if self._measures() else None]
        return [self._reports.tick(), *(None if at is None else at - now for at in times)]

    def _heed_signals(self) -> None:
        for number in os.read(self._signals[0], 64):
            if number in _GRACES:
                again = self.verdict is not None and number == signal.SIGINT
                self._cancel(0 if again else _GRACES[signal.Signals(number)])

    def _cancel(self, grace: float) -> None:
        self._stop(StepFailure(kind="cancelled", ename="Cancelled", evalue="The step was cancelled."), grace)

    def _look(self, spoken: bool) -> None:
        if spoken:
            grace = self._engine.talk()
            if grace is not None:
                self._cancel(grace)
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline and self.verdict is None:
            text = f"The step ran longer than its timeout of {self._limits.timeout:g} seconds."
            self._stop(StepFailure(kind="timeout", ename="Timeout", evalue=text), _TIMEOUT_GRACE)
        if self._measures() and now >= self._memory_at:
            self._measure()
            self._memory_at = now + _LOOK_AT_MEMORY
        if self._kill_at is not None and now >= self._kill_at:
            self._kill()

    def _measures(self) -> bool:
        return self._limits.memory is not None and self._pid is not None and self.verdict is None

    def _measure(self) -> None:
        allowed = self._limits.memory
        used = limits.used_memory(self._pid) if self._pid is not None else 0
        if allowed is not None and used > allowed and self._pid is not None:
            used = limits.exact_memory(self._pid)
            if used > allowed:
                self._stop(StepFailure(kind="memory", ename="OutOfMemory", evalue=limits.exceeded(allowed, used)), 0)
        self.peak = max(self.peak, used)

    def _stop(self, failure: StepFailure, grace: float) -> None:
        now = time.monotonic()
        if self.verdict is None:
            self.verdict = failure
            self._reports.note(failure.evalue)
            if grace > 0:
                self._signal(signal.SIGINT)
        if self._kill_at is None or now + grace < self._kill_at:
            self._kill_at = now + grace
        if grace <= 0:
            self._kill()

    def _kill(self) -> None:
        self._kill_at = None
        if self._pid is not None:
            processes.end_tree(self._pid)

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, number)


def _receive_signals() -> tuple[int, int]:
    """A pipe to read the signals from that ask us to stop."""
    reading, writing = os.pipe()
    for descriptor in (reading, writing):
        os.set_blocking(descriptor, False)
    for number in _GRACES:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading, writing
