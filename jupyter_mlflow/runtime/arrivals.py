"""The supervisor's side of a child's outputs: three channels read and put back into one order, see `streams`."""

from __future__ import annotations

import codecs
import os
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

from jupyter_mlflow.runtime import protocol

# At most so much of one pipe before the other channels are looked at again.
_ROUND = 1 << 20
_CHUNK = 1 << 16
_FRAMES_ROUND = 1 << 23
_FRAMES_CHUNK = 1 << 18


class Text(NamedTuple):
    """Printed text; `name` is stdout or stderr."""

    name: str
    text: str


Item = Text | dict[str, Any]


class _Pipe:
    """One pipe, cut into segments by epoch."""

    def __init__(self, name: str, descriptor: int, mark: bytes) -> None:
        self.name = name
        self.descriptor = descriptor
        self.epoch = 0
        self.ended = False
        self._mark = mark
        self._rest = b""
        self._segments: list[tuple[int, bytes]] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, until: int | None = None) -> None:
        """Read what is there; until the mark `until` has come if it is given."""
        size = 0
        while (until is None and size < _ROUND) or (until is not None and self.epoch < until):
            try:
                data = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self.ended = True
                return
            size += len(data)
            self._split(self._rest + data)

    def take(self, epoch: int) -> Text | None:
        """The text of epochs up to `epoch`, if there is any."""
        data = b""
        while self._segments and self._segments[0][0] <= epoch:
            data += self._segments.pop(0)[1]
        text = self._decoder.decode(data)
        return Text(self.name, text) if text else None

    def oldest(self) -> int | None:
        """The epoch of the oldest text that was not taken."""
        return self._segments[0][0] if self._segments else None

    def finish(self) -> None:
        """Nothing more will come: what looked like the start of a mark is text."""
        self._keep(self._rest)
        self._rest = b""

    def _split(self, data: bytes) -> None:
        size = len(self._mark) + 8
        while (at := data.find(self._mark)) >= 0 and len(data) >= at + size:
            self._keep(data[:at])
            self.epoch = int.from_bytes(data[at + len(self._mark) : at + size], "big")
            data = data[at + size :]
        keep = at if at >= 0 else len(data) - _overlap(data, self._mark)
        self._keep(data[:keep])
        self._rest = data[keep:]

    def _keep(self, data: bytes) -> None:
        if not data:
            return
        if self._segments and self._segments[-1][0] == self.epoch:
            data = self._segments.pop()[1] + data
        self._segments.append((self.epoch, data))


class Arrivals:
    """What a child sends, in the order in which it did."""

    def __init__(self, connection: socket.socket, pipes: dict[str, int], mark: bytes) -> None:
        self.connection = connection
        self.ended = False  # the child closed its socket, which it does only by dying
        self.waiting = False  # something was read that could not be put in order yet: collect again
        self._frames = protocol.Frames()
        self._pipes = [_Pipe(name, descriptor, mark) for name, descriptor in pipes.items()]

    def pipes(self) -> list[int]:
        """The pipes to wait for, beside the socket."""
        return [pipe.descriptor for pipe in self._pipes if not pipe.ended]

    def collect(self) -> Iterator[Item]:
        """Everything that has arrived."""
        self._read()
        safe = max(pipe.epoch for pipe in self._pipes)
        messages = self._messages()
        if messages:
            # The child wrote the marks of these messages before it sent them, so they are in the pipes by now.
            safe = max(safe, messages[-1]["epoch"])
            self._read(until=safe)
        for message in messages:
            yield from self._texts(message["epoch"] - 1)
            yield message
        if self.ended:
            for pipe in self._pipes:
                pipe.read()
                pipe.finish()
                safe = max(safe, pipe.epoch)
        # Text of later epochs may belong behind a frame that was sent after we looked for frames.
        yield from self._texts(safe)
        self.waiting = any(pipe.oldest() is not None for pipe in self._pipes)

    def _read(self, until: int | None = None) -> None:
        for pipe in self._pipes:
            pipe.read(until)

    def _messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        size = 0
        while not self.ended and size < _FRAMES_ROUND:
            try:
                data = self.connection.recv(_FRAMES_CHUNK)
            except (BlockingIOError, InterruptedError):
                return messages
            except ConnectionError:
                data = b""
            if not data:
                self.ended = True
            size += len(data)
            messages += self._frames.feed(data)
        return messages

    def _texts(self, epoch: int) -> Iterator[Text]:
        while True:
            old = [pipe.oldest() for pipe in self._pipes]
            found = [number for number in old if number is not None and number <= epoch]
            if not found:
                return
            for pipe in self._pipes:
                text = pipe.take(min(found))
                if text is not None:
                    yield text


def _overlap(data: bytes, mark: bytes) -> int:
    """How many bytes at the end of `data` may be the start of a mark."""
    for size in range(min(len(mark) - 1, len(data)), 0, -1):
        if mark.startswith(data[-size:]):
            return size
    return 0
