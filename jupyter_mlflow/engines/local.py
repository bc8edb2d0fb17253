"""Steps as processes of this machine, forked from one warm template per run.

The template is started when the first step really has to run. It is a program of its own and ends when the pipe to it
closes, so nothing outlives the launcher, not even after `kill -9`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from jupyter_mlflow.engines.base import Engine, Executor
from jupyter_mlflow.errors import RuntimeLostError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import LOG, NOTEBOOK, Event, StepFailure, StepResult, StepTask

_LENGTH = struct.Struct("!I")
_PARTING = 5.0  # seconds that a template may take to end its steps and itself
_ROOT = Path(__file__).parent.parent.parent


def program(module: str) -> tuple[str, ...]:
    """A command that runs `main(arguments)` of a module of ours; append the arguments.

    To be started in a folder of ours, so that no file of the user's is taken for a module; a checkout that is not installed has to be found.
    """
    found = f"sys.path.append({str(_ROOT)!r}); " if (_ROOT / "pyproject.toml").exists() else ""
    return (sys.executable, "-c", f"import sys; {found}from {module} import main; sys.exit(main(sys.argv[1:]))")


_PROGRAM = program("jupyter_mlflow.runtime.__main__")
_STOPPED = "It was told to end by something outside of the run."


class LocalEngine:
    """Processes of this machine; needs nothing but a system that can fork."""

    def missing(self) -> str:
        """Nothing on Linux and macOS."""
        return "" if hasattr(os, "fork") else "Local steps need a system that can fork processes; on Windows, use WSL."

    def open(self, preload: Iterable[str] = ()) -> Executor:
        """A template that starts with the first task."""
        return LocalExecutor(preload)


class LocalExecutor:
    """One template and the connections to the tasks that run in its children; tasks wait until the template is ready."""

    def __init__(self, preload: Iterable[str] = ()) -> None:
        self._preload = ",".join(preload)
        self._folder: Path | None = None
        self._template: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._selector = selectors.DefaultSelector()
        self._waiting: list[StepTask] = []
        self._running: dict[socket.socket, _Connection] = {}
        self._over: list[StepResult] = []  # of tasks that never reached the template
        # What the template and its children write to their standard error: the terminal belongs to the run's progress.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - without a name, so that it never is left behind

    def start(self, task: StepTask) -> None:
        """Have a process forked for the task, as soon as there is a template."""
        if self._template is None or self._template.poll() is not None:
            self._launch()
        self._waiting.append(task)
        if self._ready:
            self._connect()

    def poll(self, timeout: float | None) -> Iterator[Event | StepResult]:
        """Events and results as they arrive."""
        for key, _ in self._selector.select(0 if self._over else timeout):
            if key.data is None:
                self._heard_template()
            else:
                yield from self._heard(key.data)
        while self._over:
            yield self._over.pop(0)

    def cancel(self, grace: float) -> None:
        """Interrupt the cells that run."""
        failure = StepFailure(kind="cancelled", ename="Cancelled", evalue="The step was cancelled before it began.")
        self._give_up("cancelled", failure)
        for connection in self._running.values():
            connection.cancel(grace)

    def close(self) -> None:
        """End the template and with it all its children."""
        if self._complaints.closed:
            return
        self._waiting.clear()
        for connection in self._running.values():
            self._selector.unregister(connection.socket)
            connection.socket.close()
        self._running.clear()
        self._end_template()
        self._selector.close()
        self._complaints.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _heard(self, connection: _Connection) -> Iterator[Event | StepResult]:
        for message in connection.read():
            if isinstance(message, StepResult):
                self._selector.unregister(connection.socket)
                del self._running[connection.socket]
                connection.socket.close()
            yield message

    def _heard_template(self) -> None:
        """The template is ready, or has died before it was."""
        assert self._template is not None
        self._selector.unregister(_stream(self._template.stdout))
        self._ready = bool(_stream(self._template.stdout).readline())
        if self._ready:
            self._connect()
            return
        code = self._template.wait()
        self._end_template()
        text = f"The step runtime did not start (exit code {code}){self._last_words()}."
        self._give_up("failed", StepFailure(kind="lost", ename="RuntimeLostError", evalue=text))

    def _last_words(self) -> str:
        """The end of what the template wrote to its standard error, such as the exception that ended it."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").splitlines()
        return f": {lines[-1].strip()}" if lines and lines[-1].strip() else ""

    def _connect(self) -> None:
        while self._waiting:
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                opened.connect(str(self._address))
            except OSError:  # it died a moment ago: the next one takes the tasks
                opened.close()
                self._launch()
                return
            connection = _Connection(self._waiting.pop(0), opened)
            self._running[opened] = connection
            self._selector.register(opened, selectors.EVENT_READ, connection)

    def _give_up(self, state: Literal["failed", "cancelled"], failure: StepFailure) -> None:
        """End the tasks that wait for a template."""
        self._over += [StepResult(run=task.run, step=task.step, state=state, failure=failure) for task in self._waiting]
        self._waiting.clear()

    @property
    def _address(self) -> Path:
        assert self._folder is not None
        return self._folder / "s"

    def _launch(self) -> None:
        self._end_template()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="jm-"))  # short: a socket's path holds 107 bytes at most
        self._address.unlink(missing_ok=True)
        try:
            self._template = subprocess.Popen(  # noqa: S603 - our own program
                [*_PROGRAM, "serve", "--socket", str(self._address), "--preload", self._preload],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                cwd=self._folder,
                start_new_session=True,
            )
        except OSError as error:
            raise RuntimeLostError(f"The step runtime cannot be started: {error.strerror}.") from error
        self._selector.register(_stream(self._template.stdout), selectors.EVENT_READ)

    def _end_template(self) -> None:
        """Closing its standard input tells it to end; one that still imports hears nothing and has nothing to lose."""
        ended, self._template = self._template, None
        if ended is None:
            return
        with contextlib.suppress(KeyError):  # it is watched until it is ready
            self._selector.unregister(_stream(ended.stdout))
        _stream(ended.stdin).close()
        try:
            ended.wait(_PARTING if self._ready else 0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(ended.pid, signal.SIGKILL)
            ended.wait()
        self._ready = False
        _stream(ended.stdout).close()


class _Connection:
    """One task in flight."""

    def __init__(self, task: StepTask, opened: socket.socket) -> None:
        self.task = task
        self.socket = opened
        self._cancelled = False
        self._buffer = bytearray()
        self._send({"task": codec.builtins(task), "ahead": True})

    def cancel(self, grace: float) -> None:
        """Ask the task to end; a task that has ended already is about to say so."""
        self._cancelled = True
        self._send({"cancel": True, "grace": grace})

    def read(self) -> Iterator[Event | StepResult]:
        """Messages that are complete; a connection that ends without a result gives a lost one."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionError:
            data = b""
        if not data:
            yield self._lost("Its process ended without an answer.")
            return
        self._buffer += data
        for payload in self._payloads():
            message = json.loads(payload)
            if "event" in message:
                yield codec.convert(message["event"], Event)
            elif "result" in message:
                yield self._checked(codec.convert(message["result"], StepResult))
                return
            elif "error" in message:
                yield self._lost(message["error"])
                return

    def _send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        with contextlib.suppress(OSError):  # its end is read, as a result or as the end of the connection
            self.socket.sendall(_LENGTH.pack(len(payload)) + payload)

    def _payloads(self) -> Iterator[bytes]:
        """Complete frames; what follows them stays in the buffer."""
        at = 0
        try:
            while len(self._buffer) >= at + _LENGTH.size:
                (size,) = _LENGTH.unpack_from(self._buffer, at)
                end = at + _LENGTH.size + size
                if len(self._buffer) < end:
                    return
                payload = bytes(self._buffer[at + _LENGTH.size : end])
                at = end
                yield payload
        finally:
            del self._buffer[:at]

    def _checked(self, result: StepResult) -> StepResult:
        """A step that was cancelled, but not by us, is lost: the run goes on without it and may try it again."""
        if result.state != "cancelled" or self._cancelled:
            return result
        failure = StepFailure(kind="lost", ename="ProcessLost", evalue=_STOPPED, cell=result.failure.cell if result.failure else None)
        return msgspec.structs.replace(result, state="failed", failure=failure)

    def _lost(self, reason: str) -> StepResult:
        """The result of a task whose process said nothing; what it left in its outbox is kept."""
        failure = StepFailure(kind="lost", ename="ProcessLost", evalue=reason)
        notebook, log = (Path(self.task.outbox) / name for name in (NOTEBOOK, LOG))
        return StepResult(
            run=self.task.run,
            step=self.task.step,
            state="failed",
            failure=failure,
            notebook=str(notebook) if notebook.exists() else "",
            log=str(log) if log.exists() else "",
        )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _proof(engine: LocalEngine, executor: LocalExecutor) -> tuple[Engine, Executor]:
    return engine, executor
