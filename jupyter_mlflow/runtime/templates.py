"""The template: a single-threaded process that has imported everything and computes nothing.

Each task gets a supervisor forked from it, so a step starts with its imports done. The template keeps a copy
of each connection to answer for supervisors that die, and adopts what they leave behind to end it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import mmap
import os
import selectors
import signal
import socket
import stat
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.runtime import hosts, kernels, lightness, processes, protocol, shells, standbys, supervisors, tasks
from jupyter_mlflow.runtime.connections import Connection
from jupyter_mlflow.runtime.standbys import Client, Standby
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import LOG, NOTEBOOK, StepFailure, StepResult, StepTask

_CHUNK = 1 << 16
_LONGEST_PATH = 107  # of AF_UNIX addresses
# How long supervisors may take to end their steps when the template is told to end.
_PARTING = 3.0


class _Running(NamedTuple):
    """A task that a supervisor works on."""

    connection: socket.socket
    task: StepTask
    halfway: mmap.mmap


class Template:
    """Accepts tasks on a socket and forks a supervisor for each."""

    def __init__(self, path: Path, shell: shells.ZMQInteractiveShell, about: dict[str, Any]) -> None:
        self._shell = shell
        self._about = {"ready": True, "pid": os.getpid(), **about}
        self._running: dict[int, _Running] = {}
        self._standby: Standby | None = None
        self._callers: dict[socket.socket, protocol.Frames] = {}
        self._ending = False
        self._listener = _listen(path)
        self._signals = _signal_pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._signals[0], selectors.EVENT_READ, self._heed)
        if _ends_with_its_owner(0):
            self._selector.register(0, selectors.EVENT_READ, self._owner_spoke)

    def serve(self) -> None:
        """Work until told to end."""
        sys.stdout.write(json.dumps(self._about) + "\n")
        sys.stdout.flush()
        while not self._ending:
            for key, _ in self._selector.select():
                if key.data is not None:
                    key.data()
                else:
                    self._hear(key.fileobj)  # type: ignore[arg-type]
        self._part()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._callers[connection] = protocol.Frames()
            self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> None:
        frames = self._callers[connection]
        try:
            data = connection.recv(_CHUNK)
            messages = list(frames.feed(data))
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, protocol.FrameError) as error:
            self._dismiss(connection, str(error))
            return
        if not data:
            self._dismiss(connection)
        elif messages:
            self._answer(connection, frames, messages)

    def _answer(self, connection: socket.socket, frames: protocol.Frames, messages: list[dict[str, Any]]) -> None:
        first = messages[0]
        if "ping" in first:
            _say(connection, self._about)
            return
        try:
            task = tasks.read(codec.encode(first.get("task")))
        except UsageError as error:
            self._dismiss(connection, str(error))
            return
        self._forget(connection)
        secrets = tuple(map(str, first.get("secrets") or ()))
        client = Client(connection, frames, messages[1:], secrets, ahead=bool(first.get("ahead")))
        kernels.remember(task)
        if not self._hand_over(client, task):
            self._start(client, task)
        if client.ahead:
            self._prepare()

    def _start(self, client: Client, task: StepTask) -> None:
        def supervise() -> None:
            connection = Connection(client.connection, halfway, client.frames, client.messages)
            supervisors.supervise(task, connection, client.secrets, lambda: self._shell)

        halfway = mmap.mmap(-1, mmap.PAGESIZE)
        try:
            pid = self._fork(supervise)
        except OSError as error:
            self._dismiss(client.connection, f"No process can be started: {error.strerror}.")
            return
        self._running[pid] = _Running(client.connection, task, halfway)

    def _hand_over(self, client: Client, task: StepTask) -> bool:
        """Give a task to the supervisor that waits for one, if there is one."""
        standby, self._standby = self._standby, None
        if standby is None:
            return False
        taken = standby.give(task, client)
        standby.dismiss()
        if taken:
            self._running[standby.pid] = _Running(client.connection, task, standby.halfway)
        return taken

    def _prepare(self) -> None:
        """Have a supervisor and its child ready for the next task; without one it only starts later."""

        def wait() -> None:
            ours.close()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            child = hosts.fork_child(self._shell, None, theirs.close)
            given = standbys.take(theirs, halfway)
            theirs.close()
            if given is not None:
                supervisors.supervise(given.task, given.connection, given.secrets, lambda: self._shell, child)

        ours, theirs = socket.socketpair()
        halfway = mmap.mmap(-1, mmap.PAGESIZE)
        with contextlib.suppress(OSError):
            self._standby = Standby(self._fork(wait), ours, halfway)
        theirs.close()

    def _fork(self, act: Callable[[], None]) -> int:
        """A process that is a supervisor's and does `act`; gives its id."""
        with warnings.catch_warnings():
            # Python 3.12 and later warn of threads of native libraries; those that we preload look after theirs.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            self._become_supervisor(act)
        return pid

    def _become_supervisor(self, act: Callable[[], None]) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            processes.die_with_parent(signal.SIGTERM)
            processes.adopt_orphans()
            self._let_go()
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - the last line of this process: it is told and the template answers
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _let_go(self) -> None:
        """In a supervisor: everything that belongs to the template or to other steps."""
        self._selector.close()
        self._listener.close()
        for descriptor in self._signals:
            os.close(descriptor)
        for connection in (*self._callers, *(running.connection for running in self._running.values())):
            connection.close()
        if self._standby is not None:
            self._standby.dismiss()

    def _heed(self) -> None:
        received = os.read(self._signals[0], 4096)
        if signal.SIGTERM in received or signal.SIGINT in received:
            self._ending = True
        self._reap()

    def _owner_spoke(self) -> None:
        if not os.read(0, 4096):
            self._ending = True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._standby is not None and pid == self._standby.pid:
                self._standby.dismiss()
                self._standby = None
            running = self._running.pop(pid, None)
            if running is not None:
                if status != 0:
                    waiting = {self._standby.pid} if self._standby is not None else set[int]()
                    processes.end_descendants(spare=frozenset({*self._running, *waiting}))
                    _answer_for(running, status)
                running.connection.close()
                running.halfway.close()

    def _dismiss(self, connection: socket.socket, error: str = "") -> None:
        self._forget(connection)
        if error:
            _say(connection, {"error": error})
        connection.close()

    def _forget(self, connection: socket.socket) -> None:
        if self._callers.pop(connection, None) is not None:
            self._selector.unregister(connection)

    def _part(self) -> None:
        self._listener.close()
        if self._standby is not None:
            self._standby.dismiss()
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + _PARTING
        while self._running and time.monotonic() < end:
            self._reap()
            time.sleep(0.01)
        processes.end_descendants()


def serve(path: Path, shell: shells.ZMQInteractiveShell, about: dict[str, Any]) -> None:
    """Be a template until told to end."""
    template = Template(path, shell, about)
    processes.adopt_orphans()
    lightness.survey()
    gc.collect()
    gc.freeze()
    try:
        template.serve()
    finally:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # its owner may have been killed, and made this folder for the socket alone
            path.parent.rmdir()


def _answer_for(running: _Running, status: int) -> None:
    """Tell the client what became of its step, unless the supervisor died in the middle of a frame."""
    if running.halfway[0]:
        return
    task = running.task
    how = processes.described(os.waitstatus_to_exitcode(status))
    failure = StepFailure(kind="lost", ename="ProcessDied", evalue=f"The step's supervisor {how}.")
    outbox = Path(task.outbox)
    result = StepResult(
        run=task.run,
        step=task.step,
        state="failed",
        failure=failure,
        notebook=_if_there(outbox / NOTEBOOK),
        log=_if_there(outbox / LOG),
    )
    with contextlib.suppress(OSError):
        running.connection.setblocking(True)
        running.connection.settimeout(_PARTING)
        running.connection.sendall(protocol.raw_frame("result", codec.encode(result)))


def _if_there(path: Path) -> str:
    return str(path) if path.exists() else ""


def _say(connection: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(protocol.frame(message))


def _listen(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise UsageError(f"A socket's path may have {_LONGEST_PATH} bytes; {path} has {len(os.fsencode(path))}.")
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    former = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise UsageError(f"Cannot listen at {path}: {error.strerror}.") from error
    finally:
        os.umask(former)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def _signal_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading, writing


def _ends_with_its_owner(descriptor: int) -> bool:
    """Whether standard input is something whose other end can close."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
