"""The supervisor's side of its engine: a socket that frames go through in both directions, or a file of events."""

from __future__ import annotations

import contextlib
import select
import socket
from collections import deque
from typing import Any, BinaryIO, Protocol

from jupyter_mlflow.runtime import protocol
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import Event, StepResult

# A client that reads slower than the step prints makes the step wait, not our memory grow.
_BACKLOG = 8 << 20
_CHUNK = 1 << 16


class Byte(Protocol):
    """A place for one number, such as shared memory."""

    def __setitem__(self, index: int, value: int, /) -> None: ...


class Connection:
    """A client at the other end of a socket.

    `halfway` is one byte that the template sees, too: 1 while part of a frame has been sent, when nobody else may send.
    """

    def __init__(self, connection: socket.socket, halfway: Byte, frames: protocol.Frames, early: list[dict[str, Any]]) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._halfway = halfway
        self._frames = frames
        self._early = early  # messages that came together with the task
        self._waiting: deque[memoryview] = deque()
        self._size = 0
        self._gone = False

    @property
    def full(self) -> bool:
        """Whether so much waits to be sent that no more should be produced."""
        return self._size > _BACKLOG and not self._gone

    def descriptor(self) -> tuple[int, int] | None:
        """What to poll for."""
        if self._gone:
            return None
        return self._socket.fileno(), select.POLLIN | (select.POLLOUT if self._waiting else 0)

    def talk(self) -> float | None:
        """Send what waits, read what came; gives the grace of a cancel, zero for a hang-up."""
        self._send()
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return _grace(self._take_early()) if not self._gone else 0.0
        except ConnectionError:
            data = b""
        if not data:
            self._gone = True
            return 0.0
        return _grace([*self._take_early(), *self._frames.feed(data)])

    def emit(self, event: Event) -> None:
        """Send an event."""
        self._queue(protocol.raw_frame("event", codec.encode(event)))

    def finish(self, result: StepResult) -> None:
        """Send the result and wait until it is on its way."""
        self._queue(protocol.raw_frame("result", codec.encode(result)))
        while self._waiting and not self._gone:
            select.select([], [self._socket], [])
            self._send()
        self._socket.close()

    def abandon(self) -> None:
        """In a forked child: let go of it."""
        self._socket.close()

    def _take_early(self) -> list[dict[str, Any]]:
        early, self._early = self._early, []
        return early

    def _queue(self, frame: bytes) -> None:
        if not self._gone:
            self._waiting.append(memoryview(frame))
            self._size += len(frame)
            self._send()

    def _send(self) -> None:
        while self._waiting and not self._gone:
            frame = self._waiting[0]
            self._halfway[0] = 1
            try:
                sent = self._socket.send(frame)
            except (BlockingIOError, InterruptedError):
                self._halfway[0] = len(frame) < _length(frame)
                return
            except OSError:
                self._gone = True
                return
            self._size -= sent
            if sent < len(frame):
                self._waiting[0] = frame[sent:]
            else:
                self._waiting.popleft()
                self._halfway[0] = 0


class EventLines:
    """Events as JSON lines in a file; the result is in the outbox."""

    full = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def descriptor(self) -> None:
        """Nothing to poll for."""

    def talk(self) -> None:
        """Nobody speaks."""

    def emit(self, event: Event) -> None:
        """Write an event."""
        with contextlib.suppress(BrokenPipeError):  # nobody reads them any more; the step goes on
            self._file.write(codec.encode(event) + b"\n")
            self._file.flush()

    def finish(self, result: StepResult) -> None:
        """Nothing more to write."""

    def abandon(self) -> None:
        """In a forked child: let go of it."""
        self._file.close()


def _grace(messages: list[dict[str, Any]]) -> float | None:
    """The grace of the last cancel among `messages`."""
    graces = [message.get("grace", 0.0) for message in messages if message.get("cancel")]
    return max(float(graces[-1]), 0.0) if graces else None


def _length(frame: memoryview) -> int:
    """The whole frame's length; `frame` may be what is left of it."""
    whole: Any = frame.obj
    return len(whole)
