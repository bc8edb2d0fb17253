"""How an engine talks to the runtime: frames of JSON over a local stream socket, one connection for each task.

    frame    = length payload
    length   = 4 bytes, unsigned, big-endian: how many bytes the payload has
    payload  = one JSON object in UTF-8

The template (`python -m jupyter_mlflow.runtime serve --socket PATH`) listens on the AF_UNIX SOCK_STREAM socket PATH,
which only its user may open. When it listens it prints one line of JSON to its standard output,
`{"ready": true, "pid": 4711, "preloaded": ["numpy"], "refused": {"tqdm.auto": "its import looks at get_ipython()"}}`.
It ends when its standard input ends, if that is a pipe or socket: an engine keeps the other end open as long as it
lives, so nothing outlives it, not even after `kill -9`. It then removes the socket, and its folder if that is empty.
Start it in a folder of ours or in `/`: `python -m` looks for modules where it is started.

The client sends
    {"task": StepTask}                     once, first; `"secrets": [...]` beside it are more values to hide, beyond `task.secrets`;
                                           `"ahead": true` says that more tasks will follow, so that a process can be made ready
    {"cancel": true, "grace": 5.0}         at any time after: interrupt the cell (SIGINT); what still runs after `grace`
                                           seconds is killed. Closing the connection kills it at once.
    {"ping": true}                         instead of a task; answered like the first line above
The server sends
    {"event": Event}                       any number, as things happen; `number` is not set
    {"result": StepResult}                 once, last; then it closes the connection
    {"error": "..."}                       instead, when the first frame was no task that this version can read
Frames with other keys may be added; ignore them.

A process that dies is answered for: whatever ends a step (a crash, `kill -9`, `os._exit`), a result with a failure of
kind `lost` or `memory` follows. Only if the connection ends without a result (somebody killed the template, or all
processes at once) has the client to say itself that the step is lost.

`step` mode writes the same events as JSON lines and the result to `outbox/result.json`; its exit code is 0 for a step
that is done, 1 for one that failed, 2 for a task it cannot read, 130 for a cancelled one.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct("!I")

# No honest frame is larger; a wrong length would otherwise be believed and waited for.
LARGEST = 1 << 30


class FrameError(ValueError):
    """Bytes that are no frame."""


def frame(message: dict[str, Any]) -> bytes:
    """`message` as it goes over the wire."""
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=True).encode("utf-8", "backslashreplace")
    return HEADER.pack(len(payload)) + payload


def raw_frame(key: str, encoded: bytes) -> bytes:
    """The frame of `{key: ...}` whose value is JSON already."""
    payload = b'{"' + key.encode() + b'":' + encoded + b"}"
    return HEADER.pack(len(payload)) + payload


class Frames:
    """Cuts what arrives into messages; bytes come in any portions."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take in `data` and give the messages that are complete."""
        self._buffer += data
        while (size := self._complete()) is not None:
            payload = bytes(self._buffer[HEADER.size : HEADER.size + size])
            del self._buffer[: HEADER.size + size]
            yield _message(payload)

    def rest(self) -> bytes:
        """What has been taken in of a message that is not complete."""
        return bytes(self._buffer)

    def _complete(self) -> int | None:
        if len(self._buffer) < HEADER.size:
            return None
        (size,) = HEADER.unpack_from(self._buffer)
        if size > LARGEST:
            raise FrameError(f"A frame of {size} bytes is larger than the {LARGEST} that are allowed.")
        return size if len(self._buffer) >= HEADER.size + size else None


def plain(value: Any) -> Any:
    """What Jupyter's own protocol makes of a value that JSON does not know: base64 of bytes, text of dates and numbers of numpy."""
    from jupyter_client.jsonutil import json_default

    return json_default(value)


def _message(payload: bytes) -> dict[str, Any]:
    try:
        message = json.loads(payload)
    except ValueError as error:
        raise FrameError(f"A frame is no JSON: {error}.") from error
    if not isinstance(message, dict):
        raise FrameError("A frame must hold a JSON object.")
    return message
