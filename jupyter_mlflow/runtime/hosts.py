"""Where a step's cells run, as its supervisor sees it; the usual host is a forked child."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, Protocol

import msgspec

from jupyter_mlflow.runtime import children, processes, protocol, shells
from jupyter_mlflow.runtime.arrivals import Arrivals, Text
from jupyter_mlflow.runtime.guards import Guard
from jupyter_mlflow.runtime.recorders import Recorder
from jupyter_mlflow.runtime.streams import Link
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import StepTask

# A larger pipe lets cells print ahead while we are busy; more than this needs privileges.
_PIPE_SIZE = 1 << 20
# What the user's threads and exit handlers get when all is done; a Jupyter kernel gets as much.
_LAST_WORDS = 5.0


class Outcome(NamedTuple):
    """How a cell ended."""

    ok: bool
    ename: str = ""
    evalue: str = ""
    exits: bool = False  # the cell called quit() or exit()
    memory: bool = False  # the error is an allocation that failed


class DiedError(Exception):
    """The process that ran the user's code has ended; the text says how."""

    def __init__(self, text: str, signal_number: int | None = None) -> None:
        super().__init__(text)
        self.signal_number = signal_number


class Host(Protocol):
    """Runs a step's cells for its supervisor. Any method may raise `DiedError`."""

    def begin(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load what the step starts from; the request and answer of the agent."""

    def run(self, source: str, count: int) -> Outcome:
        """Run a cell; its outputs go to the recorder."""

    def assign(self, values: dict[str, Any]) -> None:
        """Set variables."""

    def finish(self, request: dict[str, Any]) -> dict[str, Any]:
        """Capture what later steps read; the request and answer of the agent."""

    def language_info(self) -> dict[str, Any]:
        """What the notebook's metadata says of the language."""

    def close(self) -> int:
        """End the process, kindly if it is well; gives its peak memory in bytes."""


class Child(NamedTuple):
    """A process that will run the user's code, and our ends of its channels."""

    pid: int
    socket: socket.socket
    pipes: dict[str, int]
    mark: bytes


def fork_child(shell: shells.ZMQInteractiveShell, task: StepTask | None, abandon: Callable[[], None]) -> Child:
    """Fork one, for a task or to wait for one; it calls `abandon` to let go of what belongs to us."""
    ours, theirs = socket.socketpair()
    pipes = {name: _pipe() for name in ("stdout", "stderr")}
    mark = b"\0" + secrets.token_bytes(16)
    pid = os.fork()
    if pid == 0:
        try:
            abandon()
            for descriptor in (ours.detach(), *(reading for reading, _ in pipes.values())):
                os.close(descriptor)
            _become_child(task, shell, Link(theirs, {name: writing for name, (_, writing) in pipes.items()}, mark))
        finally:
            os._exit(1)
    theirs.close()
    for _, writing in pipes.values():
        os.close(writing)
    ours.setblocking(False)
    return Child(pid, ours, {name: reading for name, (reading, _) in pipes.items()}, mark)


class ForkedHost:
    """A child that was forked from us and inherits the template's shell; `waiting` is one that was forked before there was a task."""

    def __init__(
        self, task: StepTask, shell: shells.ZMQInteractiveShell, recorder: Recorder, guard: Guard, waiting: Child | None = None
    ) -> None:
        self._recorder = recorder
        self._guard = guard
        self._peak = 0
        self._status: int | None = None
        if waiting is not None and os.waitpid(waiting.pid, os.WNOHANG)[0]:
            waiting = None  # it has died, and knew of no task
        child = waiting or fork_child(shell, task, guard.abandon)
        self._socket = child.socket
        self.pid = child.pid
        self._arrivals = Arrivals(child.socket, child.pipes, child.mark)
        guard.watch(self.pid)
        if waiting is not None:
            self._tell({"task": codec.builtins(msgspec.structs.replace(task, cells=(), inputs=(), values={}))})

    def begin(self, request: dict[str, Any]) -> dict[str, Any]:
        """See `Host`."""
        return self._ask({"do": "begin", "request": request})

    def run(self, source: str, count: int) -> Outcome:
        """See `Host`."""
        return Outcome(**self._ask({"do": "run", "source": source, "count": count}))

    def assign(self, values: dict[str, Any]) -> None:
        """See `Host`."""
        self._ask({"do": "assign", "values": values})

    def finish(self, request: dict[str, Any]) -> dict[str, Any]:
        """See `Host`."""
        return self._ask({"do": "finish", "request": request})

    def language_info(self) -> dict[str, Any]:
        """See `Host`."""
        return shells.LANGUAGE_INFO

    def close(self) -> int:
        """See `Host`."""
        if self._status is None and self._guard.verdict is None:
            with contextlib.suppress(OSError, DiedError):
                self._ask({"do": "quit"}, time.monotonic() + _LAST_WORDS)
        if self._status is None:
            processes.end_tree(self.pid)
            self._wait()
        self._socket.close()
        return self._peak

    def _tell(self, request: dict[str, Any]) -> None:
        try:
            self._socket.setblocking(True)
            self._socket.sendall(protocol.frame(request))
        except OSError:
            pass  # it died; what it said last is still there to be read
        finally:
            self._socket.setblocking(False)

    def _ask(self, request: dict[str, Any], deadline: float | None = None) -> dict[str, Any]:
        self._tell(request)
        while True:
            reply = self._take()
            if reply is not None:
                return reply
            if self._arrivals.ended:
                raise self._died()
            timeout = 0.0 if self._arrivals.waiting else None
            if deadline is not None and timeout is None:
                timeout = deadline - time.monotonic()
                if timeout <= 0:
                    raise DiedError("did not end")
            self._guard.wait([self._socket.fileno()], self._arrivals.pipes(), timeout)

    def _take(self) -> dict[str, Any] | None:
        reply = None
        for item in self._arrivals.collect():
            if isinstance(item, Text):
                self._recorder.print(item.name, item.text)
            elif "reply" in item:
                reply = item["reply"]
            elif "started" in item:
                self._recorder.start() if item["started"] else self._recorder.pause()
            else:
                self._recorder.publish(item["publish"], item["content"], item.get("buffers"))
        return reply

    def _died(self) -> DiedError:
        status = self._wait(0.5)
        if status is None:  # it closed its socket but lives: nothing can be asked of it any more
            processes.end_tree(self.pid)
            status = self._wait() or 0
        code = os.waitstatus_to_exitcode(status)
        return DiedError(processes.described(code), -code if code < 0 else None)

    def _wait(self, seconds: float | None = None) -> int | None:
        """The child's wait status, or None if it still runs after `seconds`."""
        end = None if seconds is None else time.monotonic() + seconds
        while self._status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG if end is not None else 0)
            if pid:
                self._status, self._peak = status, usage.ru_maxrss * 1024
            elif end is not None and time.monotonic() > end:
                return None
            elif end is not None:
                time.sleep(0.001)
        return self._status


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    return reading, writing


def _become_child(task: StepTask | None, shell: shells.ZMQInteractiveShell, link: Link) -> NoReturn:
    """Be a process of the user's: a session of its own, which dies with the supervisor."""
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    processes.die_with_parent(signal.SIGKILL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (link.pipes["stdout"], 1), (link.pipes["stderr"], 2)):
        os.dup2(source, target)
    os.close(nothing)
    children.main(shell, link, task)
