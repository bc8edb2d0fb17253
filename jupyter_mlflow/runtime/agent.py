"""The agent: the code inside the user's kernel that puts state in place before a step's cells run and captures it afterwards.

One self-contained file that needs the standard library only, so that the runtime can inject its text into a kernel of any environment.
State travels in *payloads*, files of keys that share objects:

    payload = "JMS1" meta-length stream-length buffer-count (offset length)* meta stream (padding buffer)*
    meta    = JSON: id, keys, versions, sources of cells
    stream  = one pickle (protocol 5) per key, in order, all with one memo, so that keys share objects
    buffer  = 4096 bytes or more that pickle hands out of band, at a multiple of 64, mapped copy-on-write when loaded
"""

from __future__ import annotations

import json
import mmap
import os
import pickle
import struct
import sys
import traceback
from typing import Any, Dict, List, Tuple

MAGIC = b"JMS1"
_HEAD = struct.Struct("<4sIQI")
_SPAN = struct.Struct("<QQ")
_ALIGN = 64
_OUT_OF_BAND = 4096  # a smaller buffer costs less inside the stream than a table entry and a page fault
_IOV_MAX = 512

try:
    from cloudpickle import Pickler as _Pickler
except ImportError:
    _Pickler = pickle.Pickler  # type: ignore[misc,assignment]


class _Sink:
    """Collects what a pickler writes, without joining it."""

    def __init__(self) -> None:
        self.chunks = []  # type: List[Any]
        self.write = self.chunks.append


def dump_payload(path: str, values: Dict[str, Any], meta: Dict[str, Any]) -> int:
    """Write `values` as one payload, all or nothing; gives its size."""
    buffers = []  # type: List[memoryview]

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND:
            return True
        buffers.append(raw)
        return False

    sink = _Sink()
    pickler = _Pickler(sink, protocol=5, buffer_callback=keep)
    for value in values.values():
        pickler.dump(value)
    return _write(path, dict(meta, keys=list(values)), sink.chunks, buffers)


def _write(path: str, meta: Dict[str, Any], stream: List[Any], buffers: List[memoryview]) -> int:
    text = json.dumps(meta, separators=(",", ":")).encode()
    length = sum(len(chunk) for chunk in stream)
    position = _HEAD.size + _SPAN.size * len(buffers) + len(text) + length
    table, body = [], []  # type: Tuple[List[bytes], List[Any]]
    for buffer in buffers:
        padding = -position % _ALIGN
        position += padding
        table.append(_SPAN.pack(position, buffer.nbytes))
        body += [b"\0" * padding, buffer]
        position += buffer.nbytes
    head = _HEAD.pack(MAGIC, len(text), length, len(buffers))
    temporary = "%s.%d.tmp" % (path, os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            _write_all(descriptor, [head, *table, text, *stream, *body])
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return position


def _write_all(descriptor: int, pieces: List[Any]) -> None:
    left = [view for view in (memoryview(piece).cast("B") for piece in pieces if len(piece)) if view.nbytes]
    left.reverse()
    while left:
        written = os.writev(descriptor, left[: -_IOV_MAX - 1 : -1])
        while written:
            piece = left.pop()
            if piece.nbytes > written:
                left.append(piece[written:])
                break
            written -= piece.nbytes


def load_payload(path: str) -> Dict[str, Any]:
    """All keys of a payload with their values."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    finally:
        os.close(descriptor)
    magic, text, length, count = _HEAD.unpack_from(mapped)
    if magic != MAGIC:
        raise ValueError("%s is not a snapshot" % path)
    view = memoryview(mapped)
    spans = [_SPAN.unpack_from(mapped, _HEAD.size + _SPAN.size * number) for number in range(count)]
    start = _HEAD.size + _SPAN.size * count
    meta = json.loads(bytes(view[start : start + text]))
    mapped.seek(start + text)
    unpickler = pickle.Unpickler(mapped, buffers=[view[offset : offset + size] for offset, size in spans])
    return {key: unpickler.load() for key in meta["keys"]}


def begin(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Put the inputs in place."""
    restored = []
    for given in request.get("inputs", ()):
        try:
            values = load_payload(given["path"])
        except Exception as problem:
            lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
            return {
                "ok": False, "key": ", ".join(given["keys"]), "source": given["source"],
                "ename": type(problem).__name__, "evalue": str(problem), "traceback": lines,
            }
        for key in given["keys"]:
            if ":" not in key:
                namespace[key] = values[key]
            restored.append(key)
    for name in request.get("modules", ()):
        __import__(name)
    assign(request.get("values") or {}, namespace)
    return {"ok": True, "restored": restored}


def assign(values: Dict[str, Any], namespace: Dict[str, Any]) -> None:
    """Set parameters."""
    namespace.update(values)


def finish(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Capture what later steps read."""
    outputs, absent, unportable, summaries = [], [], {}, {}
    for number, key in enumerate(request.get("gives", ())):
        if ":" in key or key not in namespace:
            absent.append(key)
            continue
        path = os.path.join(request["outbox"], "%d.jms" % number)
        try:
            size = dump_payload(path, {key: namespace[key]}, {})
        except Exception as problem:
            unportable[key] = "%s: %s" % (type(problem).__name__, problem)
            continue
        outputs.append({"path": path, "keys": [key], "size": size})
        summaries[key] = type(namespace[key]).__name__
    metrics = {name: float(namespace[name]) for name in request.get("metrics", ()) if isinstance(namespace.get(name), (int, float))}
    return {
        "outputs": outputs, "absent": absent, "unportable": unportable, "summaries": summaries, "metrics": metrics,
        "files_read": [], "files_written": [], "imports": sorted({name.partition(".")[0] for name in list(sys.modules)}), "effects": [],
    }
