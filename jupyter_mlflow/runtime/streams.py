"""The child's side of its outputs: what cells print or display, in order, to the supervisor.

Text goes through two pipes, one for file descriptor 1 and one for 2, so that native code and subprocesses
write to the same place as `print`. Everything else (displays, results, replies) goes as frames through a
socket. The supervisor reads all three, which keeps what was printed when the child is killed, and never
blocks native code that prints much while it holds the interpreter's lock.

Three channels have no order among them, so Python code here counts *epochs*: whenever it turns to another
channel, sends a frame, or returns to a pipe after a pause (in which a subprocess may have written), a new
epoch begins and its number is written as a mark into both pipes. `arrivals` puts all together again.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from jupyter_mlflow.runtime.protocol import HEADER, plain

# Long enough to spare marks in a loop that prints, shorter than any subprocess takes to start.
_PAUSE = 0.0005


class Link:
    """The child's end of the three channels; one for each child."""

    def __init__(self, connection: socket.socket, pipes: dict[str, int], mark: bytes) -> None:
        self.connection = connection
        self.pipes = pipes
        self._mark = mark
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._epoch = 0
        self._channel = ""
        self._last = 0.0

    def print(self, name: str, text: str) -> None:
        """Write text to `stdout` or `stderr`."""
        data = text.encode("utf-8", "backslashreplace")
        if os.getpid() != self._owner:  # a forked child of the user: no locks of ours, no epochs
            _write(self.pipes[name], data)
            return
        with self._lock:
            now = time.monotonic()
            if self._channel != name or now - self._last > _PAUSE:
                self._begin_epoch(name)
            _write(self.pipes[name], data)
            self._last = time.monotonic()

    def send(self, message: dict[str, Any]) -> None:
        """Send a frame; forked children of the user send nothing, as in Jupyter."""
        if os.getpid() != self._owner:
            return
        with _uninterrupted(), self._lock:
            self._begin_epoch("frames")
            message["epoch"] = self._epoch
            payload = _json(message)
            self.connection.sendall(HEADER.pack(len(payload)) + payload)

    def _begin_epoch(self, channel: str) -> None:
        self._epoch += 1
        self._channel = channel
        mark = self._mark + self._epoch.to_bytes(8, "big")
        for descriptor in self.pipes.values():
            _write(descriptor, mark)


class OutStream(io.TextIOBase):
    """`sys.stdout` and `sys.stderr` of a step; named and behaving as those of a Jupyter kernel."""

    encoding = "UTF-8"
    link: Link | None = None

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor

    def write(self, string: str) -> int:
        """Print `string`."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        if string and self.link is not None:
            self.link.print(self.name, string)
        return len(string)

    def writelines(self, sequence: Iterable[str]) -> None:  # type: ignore[override]
        """Print several."""
        for string in sequence:
            self.write(string)

    def fileno(self) -> int:
        """The descriptor that native code would write to."""
        return self._descriptor

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Never."""
        return False

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Stay open: libraries that close what they were given would silence the step."""


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Interrupts wait until a frame is sent whole; only the main thread is ever interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    former = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if came:
        signal.raise_signal(signal.SIGINT)


def _json(message: dict[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=plain)
    return text.encode("utf-8", "backslashreplace")


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:  # some program shares the pipe and made it non-blocking
            select.select([], [descriptor], [])
