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
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from jupyter_mlflow.engines.base import Engine, Executor
from jupyter_mlflow.errors import RuntimeLostError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import Event, StepFailure, StepResult, StepTask

_LENGTH = struct.Struct("!I")
_PARTING = 5.0  # seconds that a template may take to end its steps and itself
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
    """One template and the connections to the tasks that run in its children."""

    def __init__(self, preload: Iterable[str] = ()) -> None:
        self._preload = ",".join(preload)
        self._folder: Path | None = None
        self._template: subprocess.Popen[bytes] | None = None
        self._selector = selectors.DefaultSelector()
        self._running: dict[socket.socket, _Connection] = {}

    def start(self, task: StepTask) -> None:
        """Fork a process for the task."""
        connection = _Connection(task, self._socket())
        self._running[connection.socket] = connection
        self._selector.register(connection.socket, selectors.EVENT_READ)

    def poll(self, timeout: float | None) -> Iterator[Event | StepResult]:
        """Events and results as they arrive."""
        for key, _ in self._selector.select(timeout):
            connection = self._running[key.fileobj]  # type: ignore[index]
            for message in connection.read():
                if isinstance(message, StepResult):
                    self._selector.unregister(connection.socket)
                    del self._running[connection.socket]
                    connection.socket.close()
                yield message

    def cancel(self, grace: float) -> None:
        """Interrupt the cells that run."""
        for connection in self._running.values():
            connection.cancel(grace)

    def close(self) -> None:
        """End the template and with it all its children."""
        for connection in self._running.values():
            self._selector.unregister(connection.socket)
            connection.socket.close()
        self._running.clear()
        self._end_template()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _socket(self) -> socket.socket:
        """A connection to the template; one that has died is started anew, once."""
        for _ in range(2):
            if self._template is None or self._template.poll() is not None:
                self._end_template()
                self._launch()
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                opened.connect(str(self._address))
            except OSError:
                opened.close()
                self._end_template()
                continue
            return opened
        raise RuntimeLostError("The step runtime died as soon as it was started. Try again.")

    @property
    def _address(self) -> Path:
        assert self._folder is not None
        return self._folder / "s"

    def _launch(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="jm-"))  # short: a socket's path holds 107 bytes at most
        self._address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "jupyter_mlflow.runtime", "serve", "--socket", str(self._address)]
        if self._preload:
            command += ["--preload", self._preload]
        try:
            self._template = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self._folder, env=_environment(), start_new_session=True
            )
        except OSError as error:
            raise RuntimeLostError(f"The step runtime cannot be started: {error.strerror}.") from error
        if not _stream(self._template.stdout).readline():
            self._end_template()
            raise RuntimeLostError(
                "The step runtime did not start; run `python -m jupyter_mlflow.runtime serve --socket /tmp/s` to see why."
            )

    def _end_template(self) -> None:
        """Closing its standard input tells it to end."""
        ended, self._template = self._template, None
        if ended is None:
            return
        _stream(ended.stdin).close()
        try:
            ended.wait(_PARTING)
        except subprocess.TimeoutExpired:
            ended.kill()
            ended.wait()
        _stream(ended.stdout).close()


class _Connection:
    """One task in flight."""

    def __init__(self, task: StepTask, opened: socket.socket) -> None:
        self.task = task
        self.socket = opened
        self._cancelled = False
        self._buffer = bytearray()
        self._send({"task": codec.builtins(task)})

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
        notebook, log = (Path(self.task.outbox) / name for name in ("notebook.ipynb", "log.txt"))
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


def _environment() -> dict[str, str]:
    """Our variables, with the package importable from the template's own folder."""
    root = str(Path(__file__).parent.parent.parent)
    return (
        {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
        if _is_source(root)
        else dict(os.environ)
    )


def _is_source(root: str) -> bool:
    """Whether the package is run from a checkout that is not installed."""
    return "site-packages" not in root and (Path(root) / "pyproject.toml").exists()


def _proof(engine: LocalEngine, executor: LocalExecutor) -> tuple[Engine, Executor]:
    return engine, executor
