"""Views and memory: arrays, buffers and mappings that are one behind several names stay one."""

from __future__ import annotations

import gc
import pickle
import sys
import types
from typing import Any, List, Tuple

from jupyter_mlflow.runtime.portable import functions, identities

_OWN = 1 << 20  # up to so many bytes an array is copied when it is loaded, so that it owns its memory as it did; larger ones stay mapped


@identities.loader
def items_view(kind: str, mapping: Any) -> Any:
    """`keys()`, `values()` or `items()`."""
    return getattr(mapping, kind)()


@identities.loader
def _class_vars(cls: Any) -> Any:
    return vars(cls)


def referent(view: Any, *kinds: type) -> Any:
    """What a view looks at."""
    return next(one for one in gc.get_referents(view) if not kinds or isinstance(one, kinds))


def reduce_proxy(_: Any, value: Any) -> Any:
    """A read-only view of a mapping, or of what a class holds."""
    mapping = referent(value)
    if "__module__" in value or "__doc__" in value:
        owner = next((one for one in gc.get_referrers(mapping) if isinstance(one, type) and value == vars(one)), None)
        if owner is not None:
            return _class_vars, (owner,)
    return types.MappingProxyType, (mapping,)


@identities.loader
def _memory(owner: Any, offset: int, kind: Tuple[Any, ...]) -> Any:
    shape, form, readonly = kind
    made = memoryview(owner).cast("B")
    size = memoryview(bytes(16)).cast(form).itemsize
    count = 1
    for one in shape:
        count *= one
    made = made[offset : offset + count * size]
    if len(shape) != 1:
        made = made.cast(form, shape)
    elif form != "B":
        made = made.cast(form)
    return made.toreadonly() if readonly and not made.readonly else made


def reduce_memory(_: Any, value: Any) -> Any:
    """A view of the memory of another object."""
    owner = value.obj
    if owner is None or not value.c_contiguous or not memoryview(owner).c_contiguous or value.format not in list("bBcdfhHiIlLqQ?"):
        raise TypeError("this view of memory cannot be made again elsewhere")
    offset = 0 if value.nbytes == memoryview(owner).nbytes else _place(value) - _place(owner)
    return _memory, (owner, offset, (value.shape, value.format, value.readonly))


def _place(buffer: Any) -> int:
    """Where in memory a buffer lies."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        raise TypeError("where in its buffer a memoryview begins is known only when numpy is there")
    return _address(numpy.frombuffer(buffer, "u1"))


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


@identities.loader
def _array(kind: Any, dtype: Any, shape: Any, strides: Any, buffer: Any, writeable: bool) -> Any:
    import numpy

    made = numpy.ndarray(shape, dtype, buffer, 0, strides)
    if made.nbytes <= _OWN:
        made = made.copy("K")
    return _as(kind, made, writeable)


def _as(kind: Any, made: Any, writeable: bool) -> Any:
    """An array as one of a subclass, if it was, and no more writeable than it was."""
    if kind is not None:
        made = made.view(kind)
    if made.flags.writeable and not writeable:
        made.flags.writeable = False
    return made


@identities.loader
def _view(kind: Any, base: Any, offset: int, shape: Any, strides: Any, dtype: Any, writeable: bool) -> Any:
    """An array that looks into the memory of another object."""
    import numpy

    if isinstance(base, numpy.ndarray) and not base.flags.c_contiguous:
        base = base.transpose(_axes(base))
    if dtype.hasobject:
        made = numpy.lib.stride_tricks.as_strided(base.reshape(-1)[offset // dtype.itemsize :], shape, strides)
    else:
        made = numpy.ndarray(shape, dtype, base, offset, strides)
    return _as(kind, made, writeable)


@identities.loader
def _file_view(kind: Any, path: str, dtype: Any, mode: str, offset: int, shape: Any, order: str) -> Any:
    return kind(path, dtype=dtype, mode=mode, offset=offset, shape=shape, order=order)


def _axes(array: Any) -> List[int]:
    """The axes from the slowest to the fastest."""
    return sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis))


def reduce_array(pickler: Any, value: Any) -> Any:
    """An array: on its own, or looking into the memory of another object."""
    numpy = sys.modules["numpy"]
    kind = None if type(value) is numpy.ndarray else type(value)
    if kind is not None and (kind.__reduce__ is not numpy.ndarray.__reduce__ or kind.__reduce_ex__ is not numpy.ndarray.__reduce_ex__):
        if not identities.by_value(kind):
            return NotImplemented
        pickler.ignored = True
    state = {} if kind is None else {key: one for key, one in vars(value).items() if key != "_mmap"}
    rest = (state, None, None, functions.fill) if state else ()
    if kind is not None and isinstance(value, numpy.memmap) and value.mode != "c" and isinstance(mapped_root(value), numpy.memmap):
        return _reduce_file_view(value)
    owner = owner_of(value)
    if owner is not None and owner is not value and id(owner) in pickler.shared and id(value) not in pickler.apart:
        offset = _address(value) - _place_of(owner)
        return (_view, (kind, owner, offset, value.shape, value.strides, value.dtype, value.flags.writeable), *rest)
    if value.dtype.hasobject or not value.dtype.itemsize:
        return NotImplemented if kind is None else (_as_kind, (kind, value.view(numpy.ndarray)), *rest)
    return (_array, (kind, *_layout_and_bytes(numpy, value), value.flags.writeable), *rest)


@identities.loader
def _as_kind(kind: Any, array: Any) -> Any:
    return array.view(kind)


def _layout_and_bytes(numpy: Any, value: Any) -> Tuple[Any, ...]:
    """dtype, shape, strides and memory of an array, gaps left out and the order of its axes kept."""
    if type(value) is not numpy.ndarray:
        value = value.view(numpy.ndarray)
    axes = _axes(value)
    straight = value.transpose(axes)
    if not straight.flags.c_contiguous:
        straight = straight.copy("C")
    plain = axes == list(range(value.ndim))
    strides = None if plain else [straight.strides[axes.index(axis)] for axis in range(value.ndim)]
    return value.dtype, value.shape, strides, pickle.PickleBuffer(straight.reshape(-1).view("u1"))


def _place_of(owner: Any) -> int:
    return _address(owner) if hasattr(owner, "__array_interface__") else _place(owner)


def mapped_root(value: Any) -> Any:
    """The array that a view of a mapped file comes from."""
    while isinstance(value.base, sys.modules["numpy"].memmap):
        value = value.base
    return value


def _reduce_file_view(value: Any) -> Any:
    root = mapped_root(value)
    if root is not value:
        return _view, (type(value), root, _address(value) - _address(root), value.shape, value.strides, value.dtype, value.flags.writeable)
    value.flush()
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    mode = "r" if value.mode == "r" else "r+"
    return _file_view, (type(value), str(value.filename), value.dtype, mode, value.offset, value.shape, order)


def owner_of(value: Any) -> Any:
    """The object whose memory an array uses: itself, another array, or a buffer. None where nobody can tell."""
    array = sys.modules["numpy"].ndarray
    while isinstance(value.base, array):
        value = value.base
    base = value.base
    if base is None or _is_ours(base):
        return value if _is_dense(value) else None
    if isinstance(base, memoryview):
        base = base.obj
    return (
        base if isinstance(base, (bytearray, bytes)) or type(base).__module__ in {"array", "mmap"} else value if _is_dense(value) else None
    )


def _is_ours(base: Any) -> bool:
    """Whether it is the memory of a payload."""
    return type(base.obj if isinstance(base, memoryview) else base).__name__ == "Mapped"


def _is_dense(value: Any) -> bool:
    return bool(value.transpose(_axes(value)).flags.c_contiguous)
