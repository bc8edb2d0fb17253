"""Payloads: files of keys that share objects.

    payload = "JMS1" meta-length stream-length buffer-count (offset length)* meta stream (padding buffer)*
    meta    = JSON: {"keys": [..], "same": {key: key before it with the very same value}}
    stream  = one pickle (protocol 5) per key that is not the same as another, in order, all with one memo, so that keys share objects
    buffer  = 4096 bytes or more that pickle hands out of band, at a multiple of 64, mapped copy-on-write when loaded

Each key is drafted on its own first; drafts that hold a common object are then written as one payload. Like `agent`, this file needs the standard
library only.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import json
import math
import mmap
import os
import pickle
import struct
import sys
import types
from typing import Any, Collection, Dict, Iterator, List, Set, Tuple

from jupyter_mlflow.runtime.portable import buffers, identities, orders, picklers

MAGIC = b"JMS1"
_HEAD = struct.Struct("<4sIQI")
_SPAN = struct.Struct("<QQ")
_ALIGN = 64
_OUT_OF_BAND = 4096  # a smaller buffer costs less inside the stream than a table entry and a page fault
_IOV_MAX = 512


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the garbage collector from looking at thousands of new objects that are all in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Mapped(mmap.mmap):
    """The memory of a payload; `buffers` knows it by its name."""


class _Sink:
    """Collects what a pickler writes, without joining it."""

    def __init__(self) -> None:
        self.chunks: List[Any] = []
        self.write = self.chunks.append


class Draft:
    """Keys pickled with one memo, not yet on disk."""

    def __init__(self, values: Dict[str, Any], shared: Any = frozenset(), apart: Any = frozenset()) -> None:
        self.values = values
        self.same = _same(values)
        self.shared, self.apart = shared, apart
        try:
            ignored = self._dump(picklers.Pickler)
            if not _is_odd(self):
                return
        except Exception:  # noqa: BLE001 - looked at closely it may go, or else fail again
            ignored = True
        try:
            self._dump(picklers.ThoroughPickler)
        except Exception:
            if not ignored:
                raise
            self._dump(picklers.ThoroughPickler, hooked=True)

    def _dump(self, make: Any, *, hooked: bool = False) -> bool:
        self.buffers: List[memoryview] = []
        self.sink = _Sink()
        pickler = make(self.sink, self._keep, self.shared, self.apart, hooked=hooked)
        with _no_collection():
            for key, value in self.values.items():
                if key not in self.same:
                    pickler.dump(value)
            self.objects = [value for _, value in (*pickler.memo.copy().values(), *pickler.told_apart())]
        self.kinds = set(map(type, self.objects))
        return bool(pickler.ignored)

    def of(self, *kinds: type) -> Iterator[Any]:
        """The objects of just these types."""
        return (value for value in self.objects if type(value) in kinds) if not self.kinds.isdisjoint(kinds) else iter(())

    def _keep(self, buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND:
            return True
        self.buffers.append(raw)
        return False

    def write(self, path: str) -> int:
        """Write the payload; gives its size."""
        meta = {"keys": list(self.values), **({"same": self.same} if self.same else {})}
        return _write(path, meta, self.sink.chunks, self.buffers)


def _same(values: Dict[str, Any]) -> Dict[str, str]:
    first: Dict[int, str] = {}
    found = {key: first.setdefault(id(value), key) for key, value in values.items()}
    return {key: before for key, before in found.items() if before != key}


def _is_odd(draft: Draft) -> bool:
    """Whether something among the objects needs a thorough pickler."""
    for value in draft.of(set, frozenset):
        if orders.recipe(value) is not None or _has_nan(value):
            return True
    for value in draft.of(dict):
        if value is builtins.__dict__ or value is identities.Here.namespace or _has_nan(value) or _has_nan(value.values()):
            return True
    return any(map(_has_nan, draft.of(list, tuple)))


def _has_nan(values: Any) -> bool:
    """Whether a NaN is among the values, in a few passes that run no Python code for each of them."""
    kinds = set(map(type, values))
    if float not in kinds:
        return False
    return math.isnan(sum(values)) if len(kinds) == 1 else any(type(one) is float and math.isnan(one) for one in values)


# ---- what shares objects -----------------------------------------------------------------------------------------------

_PLAIN = (str, bytes, int, float, complex, bool, type(None), range, types.ModuleType, types.BuiltinFunctionType, types.CodeType)
_NAMED = (type, types.FunctionType)
_SMALL = range(-5, 257)  # Python has one of each


def _arrays(draft: Draft) -> Iterator[Any]:
    numpy = sys.modules.get("numpy")
    return draft.of(*(kind for kind in draft.kinds if numpy is not None and issubclass(kind, numpy.ndarray)))


def _identities(draft: Draft) -> Set[int]:
    """Ids of what could be told apart or changed: not numbers, texts, nor what is pickled by name."""
    plain = {kind for kind in draft.kinds if issubclass(kind, _PLAIN)}
    found = {id(value) for value in draft.objects if type(value) not in plain}
    found -= {id(()), *(id(one) for one in draft.of(*(kind for kind in draft.kinds if issubclass(kind, _NAMED))) if _is_by_name(one))}
    found.update(id(owner) for owner in map(buffers.owner_of, _arrays(draft)) if owner is not None)
    found.update(map(id, draft.of(float)))  # only NaN is told apart
    found.update(id(value) for value in draft.values.values() if _is_one_of_many(value))
    return found


def _is_by_name(value: Any) -> bool:
    return getattr(value, "__module__", None) != "__main__"


def _is_one_of_many(value: Any) -> bool:
    """Whether `is` may tell a number or text apart from an equal one."""
    if type(value) in (str, bytes):
        return len(value) > 1
    return type(value) in (float, complex) or (type(value) is int and value not in _SMALL)


def _of_pandas(draft: Draft) -> Iterator[Any]:
    """Arrays in the blocks of frames: pandas copies them before it writes if others use them, and forgets who does when it is pickled."""
    for value in draft.of(*(kind for kind in draft.kinds if kind.__name__ in {"BlockManager", "SingleBlockManager"})):
        for block in value.blocks:
            values = block.values
            yield from (values, *(getattr(values, name, None) for name in ("_ndarray", "_data", "_mask", "_codes")))


def sharing(drafts: Collection[Draft]) -> Tuple[Set[int], Set[int]]:
    """Ids of objects whose memory several arrays use, and of arrays that must have their own."""
    users, apart = {}, set()  # type: Dict[int, Set[int]], Set[int]
    for draft in drafts:
        apart.update(map(id, _of_pandas(draft)))
    for draft in drafts:
        for array in _arrays(draft):
            owner = buffers.owner_of(array)
            if owner is not None and not isinstance(owner, bytes) and id(array) not in apart:
                users.setdefault(id(owner), set()).add(id(array))
    there = {id(one) for draft in drafts for one in draft.objects if id(one) in users} if users else set()
    shared = {owner for owner, arrays in users.items() if len(arrays | ({owner} & there)) > 1}
    return shared, apart


def groups(drafts: Dict[str, Draft]) -> List[List[str]]:
    """Keys that share objects, together."""
    owner, leader = {}, {key: key for key in drafts}  # type: Dict[int, str], Dict[str, str]

    def find(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for key, draft in drafts.items() if len(drafts) > 1 else ():
        ids = _identities(draft)
        for one in ids & owner.keys():
            first = find(owner[one])
            leader[find(key)] = first
        owner.update(dict.fromkeys(ids, key))
    found: Dict[str, List[str]] = {}
    for key in drafts:
        found.setdefault(find(key), []).append(key)
    return list(found.values())


# ---- files -------------------------------------------------------------------------------------------------------------


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


def load(path: str) -> Dict[str, Any]:
    """All keys of a payload with their values."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        mapped = Mapped(descriptor, 0, access=mmap.ACCESS_COPY)
    finally:
        os.close(descriptor)
    magic, text, _length, count = _HEAD.unpack_from(mapped)
    if magic != MAGIC:
        raise ValueError("%s is not a snapshot" % path)
    view = memoryview(mapped)
    spans = [_SPAN.unpack_from(mapped, _HEAD.size + _SPAN.size * number) for number in range(count)]
    start = _HEAD.size + _SPAN.size * count
    meta = json.loads(bytes(view[start : start + text]))
    same = meta.get("same", {})
    mapped.seek(start + text)
    unpickler = picklers.Unpickler(mapped, [view[offset : offset + size] for offset, size in spans])
    values: Dict[str, Any] = {}
    with _no_collection():
        for key in meta["keys"]:
            values[key] = values[same[key]] if key in same else unpickler.load()
    return values
