"""Which step starts when: a step starts once all it waits for are done, the longest way to the end first.

The scheduler knows names and states only. What starting, reusing or failing means is told by its `Driver`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.errors import RuntimeLostError
from jupyter_mlflow.spec.tasks import Event, StepFailure, StepResult, StepTask

RETRIED = frozenset({"error", "timeout", "memory", "lost"})
"""Kinds of failure that may go away when tried again."""

LONGEST_DELAY = 3600.0
"""Doubling the delay ends here, in seconds."""

_GRACE = 1.0  # what running cells get to end after the second request to stop; the third gives them nothing
_LOOK_AGAIN = 0.2  # seconds after which a request to stop is seen at the latest

Unrun = Literal["skipped", "cancelled"]


class Driver(Protocol):
    """Decides about steps and records what became of them."""

    def begin(self, step: str, attempt: int) -> StepTask | None:
        """The task to run; None when the step needs no run (the driver has settled it, see `settled`)."""

    def settled(self, step: str) -> str:
        """State of a step that `begin` answered with None."""

    def ended(self, result: StepResult, attempt: int, *, again: float | None) -> None:
        """A task has ended; `again` is the delay in seconds before it is tried once more."""

    def unrun(self, step: str, state: Unrun, reason: str) -> None:
        """A step will not run."""

    def happened(self, event: Event) -> None:
        """Something to tell."""

    def tick(self) -> None:
        """Some time has passed, a fraction of a second."""

    def retries(self, step: str) -> tuple[int, float]:
        """How often a failed step is tried again, and the first delay in seconds."""


@dataclass
class Stop:
    """How a run is stopped from outside: 1 starts nothing more, 2 also ends what runs, 3 at once."""

    level: int = 0


@dataclass(frozen=True)
class _Over:
    """Why steps behind one that is over cannot run."""

    state: Unrun
    reason: str


@dataclass
class _State:
    waiting: dict[str, frozenset[str]]
    attempts: dict[str, int] = field(default_factory=dict)
    running: dict[str, StepTask] = field(default_factory=dict)
    later: dict[str, float] = field(default_factory=dict)  # step -> when to try again
    done: set[str] = field(default_factory=set)
    over: dict[str, _Over] = field(default_factory=dict)


def run(waits: Mapping[str, Sequence[str]], driver: Driver, executor: Executor, *, workers: int, stop: Stop) -> None:
    """Run all steps; `waits` are in notebook order. Returns when nothing runs and nothing more can."""
    ranks = _ranks(waits)
    state = _State({step: frozenset(sources) for step, sources in waits.items()})
    told = 1  # level of the request to stop that the executor knows
    while True:
        if not stop.level:
            _start_ready(state, ranks, driver, executor, workers)
        _skip(state, driver)
        if not state.running and (stop.level or not (state.later or _ready(state, ranks))):
            break
        if stop.level > told:
            told = stop.level
            executor.cancel(_GRACE if told == 2 else 0.0)
        for message in executor.poll(_pause(state, ranks, workers)):
            _arrived(state, message, driver)
        driver.tick()
    for step in state.waiting:
        driver.unrun(step, "cancelled", "the run was cancelled before it started")


def _start_ready(state: _State, ranks: Mapping[str, int], driver: Driver, executor: Executor, workers: int) -> None:
    for step in _ready(state, ranks):
        if len(state.running) >= workers:
            return
        _start(state, step, driver, executor)


def _ready(state: _State, ranks: Mapping[str, int]) -> list[str]:
    now = time.monotonic()
    found = [step for step, sources in state.waiting.items() if sources <= state.done and state.later.get(step, 0.0) <= now]
    return sorted(found, key=lambda step: -ranks[step])


def _ranks(waits: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Length of the longest way from a step to the end."""
    ranks = dict.fromkeys(waits, 0)
    for step in reversed(list(waits)):
        for source in waits[step]:
            ranks[source] = max(ranks[source], ranks[step] + 1)
    return ranks


def _start(state: _State, step: str, driver: Driver, executor: Executor) -> None:
    attempt = state.attempts[step] = state.attempts.get(step, 0) + 1
    state.later.pop(step, None)
    del state.waiting[step]
    task = driver.begin(step, attempt)
    if task is not None:
        _launch(state, step, task, driver, executor)
    elif driver.settled(step) == "cached":
        state.done.add(step)
    else:
        state.over[step] = _Over("skipped", f"`{step}` did not run")


def _launch(state: _State, step: str, task: StepTask, driver: Driver, executor: Executor) -> None:
    state.running[step] = task
    try:
        executor.start(task)
    except RuntimeLostError as error:
        failure = StepFailure(kind="lost", ename="RuntimeLostError", evalue=str(error))
        _arrived(state, StepResult(run=task.run, step=task.step, state="failed", failure=failure), driver)


def _arrived(state: _State, message: Event | StepResult, driver: Driver) -> None:
    if isinstance(message, Event):
        driver.happened(message)
        return
    step = str(message.step)
    if state.running.pop(step, None) is None:  # a second result of one task: what was recorded stays
        return
    if message.state == "done":
        driver.ended(message, state.attempts[step], again=None)
        state.done.add(step)
        return
    again = _again(message, state.attempts[step], driver)
    driver.ended(message, state.attempts[step], again=again)
    if again is not None:
        state.waiting[step] = frozenset()
        state.later[step] = time.monotonic() + again
    elif message.state == "failed":
        state.over[step] = _Over("skipped", f"`{step}` failed")
    else:
        state.over[step] = _Over("cancelled", f"`{step}` was cancelled")


def _again(result: StepResult, attempt: int, driver: Driver) -> float | None:
    """Seconds until a step that ended is tried again, if it is."""
    most, delay = driver.retries(str(result.step))
    kind = result.failure.kind if result.failure is not None else "lost"
    if result.state != "failed" or kind not in RETRIED or attempt > most:
        return None
    return min(delay * 2.0 ** min(attempt - 1, 64), LONGEST_DELAY)


def _skip(state: _State, driver: Driver) -> None:
    """Steps behind one that is over are over too, and those behind them."""
    while behind := _behind(state):
        for step, source in behind.items():
            state.over[step] = state.over[source]
            driver.unrun(step, state.over[source].state, state.over[source].reason)
            del state.waiting[step]


def _behind(state: _State) -> dict[str, str]:
    """Waiting steps with one that is over and that they wait for."""
    return {
        step: next(one for one in state.over if one in sources) for step, sources in state.waiting.items() if sources & state.over.keys()
    }


def _pause(state: _State, ranks: Mapping[str, int], workers: int) -> float:
    """Seconds to wait for news."""
    if len(state.running) < workers and _ready(state, ranks):
        return 0.0
    soonest = min(state.later.values(), default=time.monotonic() + _LOOK_AGAIN) - time.monotonic()
    return max(0.0, min(_LOOK_AGAIN, soonest))
