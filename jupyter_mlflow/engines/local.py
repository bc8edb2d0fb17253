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

from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.errors import RuntimeLostError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import Event, StepFailure, StepResult, StepTask

_LENGTH = struct.Struct("!I")


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
            with contextlib.suppress(OSError):
                connection.send({"cancel": True, "grace": grace})

    def close(self) -> None:
        """End the template and with it all its children."""
        for connection in self._running.values():
            connection.socket.close()
        if self._template is not None:
            _stream(self._template.stdin).close()
            try:
                self._template.wait(5)
            except subprocess.TimeoutExpired:
                self._template.kill()
                self._template.wait()
            _stream(self._template.stdout).close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._selector.close()

    def _socket(self) -> socket.socket:
        if self._template is None or self._template.poll() is not None:
            self._launch()
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.connect(str(self._address))
        return opened

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
        self._template = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self._folder, env=_environment(), start_new_session=True
        )
        if not _stream(self._template.stdout).readline():
            raise RuntimeLostError(
                "The step runtime did not start; run `python -m jupyter_mlflow.runtime serve --socket /tmp/s` to see why."
            )


class _Connection:
    """One task in flight."""

    def __init__(self, task: StepTask, opened: socket.socket) -> None:
        self.task = task
        self.socket = opened
        self._buffer = bytearray()
        self.send({"task": codec.builtins(task)})

    def send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        self.socket.sendall(_LENGTH.pack(len(payload)) + payload)

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
        while len(self._buffer) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._buffer)
            if len(self._buffer) < _LENGTH.size + size:
                return
            message = json.loads(self._buffer[_LENGTH.size : _LENGTH.size + size])
            del self._buffer[: _LENGTH.size + size]
            if "event" in message:
                yield codec.convert(message["event"], Event)
            elif "result" in message:
                yield codec.convert(message["result"], StepResult)
                return
            elif "error" in message:
                yield self._lost(message["error"])
                return

    def _lost(self, reason: str) -> StepResult:
        failure = StepFailure(kind="lost", ename="ProcessLost", evalue=reason)
        return StepResult(run=self.task.run, step=self.task.step, state="failed", failure=failure)


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


def _proof(executor: LocalExecutor) -> Executor:
    return executor
