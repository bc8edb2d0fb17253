"""The agent: the code inside the user's kernel that puts state in place before a step's cells run and captures it afterwards.

One self-contained file that needs the standard library only, so that the runtime can inject its text into a kernel of any environment.
State travels in *payloads*, files of keys that share objects:

    payload = "JMS1" meta-length stream-length buffer-count (offset length)* meta stream (padding buffer)*
    meta    = JSON: id, keys, versions, sources of cells
    stream  = one pickle (protocol 5) per key, in order, all with one memo, so that keys share objects
    buffer  = 4096 bytes or more that pickle hands out of band, at a multiple of 64, mapped copy-on-write when loaded
"""

from __future__ import annotations

import builtins
import functools
import importlib
import json
import linecache
import marshal
import math
import mmap
import os
import pickle
import struct
import sys
import traceback
import types
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

MAGIC = b"JMS1"
_HEAD = struct.Struct("<4sIQI")
_SPAN = struct.Struct("<QQ")
_ALIGN = 64
_OUT_OF_BAND = 4096  # a smaller buffer costs less inside the stream than a table entry and a page fault
_IOV_MAX = 512

NAME = "_jupyter_mlflow_agent"  # under this name payloads refer to the functions below, wherever this file was loaded from
sys.modules.setdefault(NAME, sys.modules[__name__])

try:
    import cloudpickle.cloudpickle as _cloud
except ImportError:
    _cloud = None

_Base = _cloud.Pickler if _cloud is not None else pickle.Pickler  # type: Any


class _Here:
    """What this process knows: the user's namespace, the step, the state it started from."""

    namespace = {}  # type: Dict[str, Any]
    step = ""
    folder = ""
    environ = {}  # type: Dict[str, str]
    start = {}  # type: Dict[str, Any]  # see `_start`
    classes = {}  # type: Dict[str, int]
    files_read = {}  # type: Dict[str, None]
    files_written = {}  # type: Dict[str, None]
    before = {}  # type: Dict[str, Tuple[int, int]]
    network = False
    unseen = False
    listening = False
    hooked = False


# ---- functions and classes of the notebook -----------------------------------------------------------------------------


def _function(code: bytes, cells: Tuple[Any, ...]) -> types.FunctionType:
    """A function of the notebook, its globals the live namespace."""
    return types.FunctionType(marshal.loads(code), _Here.namespace, None, None, cells)


def _function_state(function: types.FunctionType, state: Dict[str, Any]) -> None:
    for cell, (filled, content) in zip(function.__closure__ or (), state["cells"]):
        if filled:
            cell.cell_contents = content
    function.__dict__.update(state["dict"])
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__"):
        setattr(function, name, state[name])
    if state.get("__annotations__"):
        function.__annotations__ = state["__annotations__"]
    file, text = state["source"]
    if text and file not in linecache.cache:
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)


def _cell() -> Any:
    return types.CellType()


def _cell_state(cell: Any, state: Tuple[bool, Any]) -> None:
    if state[0]:
        cell.cell_contents = state[1]


def _remembering(function: Any, parameters: Dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def _cached_property() -> Any:
    return functools.cached_property(None)  # type: ignore[arg-type]


def _cached_property_state(found: Any, state: Dict[str, Any]) -> None:
    vars(found).update(state)


def _view(base: Any, offset: int, shape: Any, strides: Any, dtype: Any) -> Any:
    import numpy

    return numpy.ndarray(shape, dtype, base, offset, strides)


def _view_of_bytes(base: Any) -> Any:
    return memoryview(base)


def _items_view(kind: str, mapping: Any) -> Any:
    return getattr(mapping, kind)()


def _singleton(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


for _one in (
    _function,
    _function_state,
    _cell,
    _cell_state,
    _cached_property,
    _cached_property_state,
    _remembering,
    _view,
    _view_of_bytes,
    _items_view,
    _singleton,
):
    _one.__module__ = NAME


def _contents(cell: Any) -> Tuple[bool, Any]:
    try:
        return True, cell.cell_contents
    except ValueError:
        return False, None


def _source(code: types.CodeType) -> Tuple[str, str]:
    known = linecache.cache.get(code.co_filename)
    return code.co_filename, "".join(known[2]) if known is not None and len(known) > 2 else ""


def _reduce_function(function: types.FunctionType) -> Any:
    state = {
        "cells": [_contents(cell) for cell in function.__closure__ or ()],
        "dict": function.__dict__,
        "source": _source(function.__code__),
        "__annotations__": dict(getattr(function, "__annotations__", None) or {}),
    }
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__"):
        state[name] = getattr(function, name)
    return _function, (marshal.dumps(function.__code__, 2), function.__closure__ or ()), state, None, None, _function_state


def _track(cls: type) -> None:
    """Give a class of the notebook an id that is the same in each run: step, name, ordinal."""
    if _cloud is None or cls in _cloud._DYNAMIC_CLASS_TRACKER_BY_CLASS:
        return
    number = _Here.classes[cls.__qualname__] = _Here.classes.get(cls.__qualname__, 0) + 1
    name = "%s:%s:%d" % (_Here.step, cls.__qualname__, number)
    _cloud._DYNAMIC_CLASS_TRACKER_BY_CLASS[cls] = name
    _cloud._DYNAMIC_CLASS_TRACKER_BY_ID[name] = cls


_SINGLETONS = (
    ("os", "environ"),
    ("random", "_inst"),  # whose methods are `random.random` and so on
    ("numpy.random.mtrand", "_rand"),
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("matplotlib", "rcParams"),
)
"""Objects that there is one of in each process: others refer to them by name, their state travels on its own."""


def _singletons() -> Dict[int, Tuple[str, str]]:
    found = {}  # type: Dict[int, Tuple[str, str]]
    for module, name in _SINGLETONS:
        if module in sys.modules and hasattr(sys.modules[module], name):
            found[id(getattr(sys.modules[module], name))] = (module, name)
    return found


_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


class _Pickler(_Base):  # type: ignore[misc]
    """Functions and classes of the notebook by value, arrays that share memory as views of one."""

    shared = frozenset()  # type: Any  # ids of arrays that others look into

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.singletons = _singletons()

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if id(value) in self.singletons:
            return _singleton, self.singletons[id(value)]
        if kind is types.FunctionType and value.__globals__ is _Here.namespace:
            self.__dict__.setdefault("filled", set()).update(map(id, value.__closure__ or ()))
            return _reduce_function(value)
        if kind is types.CellType:  # of a function above, whose state fills it; or of a library's function that wraps one of the notebook
            return (_cell, ()) if id(value) in self.__dict__.get("filled", ()) else (_cell, (), _contents(value), None, None, _cell_state)
        if kind is functools._lru_cache_wrapper:
            return _remembering, (value.__wrapped__, value.cache_parameters()), dict(vars(value))
        if kind is functools.cached_property:  # it holds a lock before Python 3.12
            return _cached_property, (), {key: one for key, one in vars(value).items() if key != "lock"}, None, None, _cached_property_state
        special = _reduce_special(value)
        if special is not None:
            return special
        if kind in _VIEWS:
            return _items_view, (_VIEWS[kind], _mapping_of(value))
        if kind is memoryview and value.obj is not None and value.contiguous and value.nbytes == len(memoryview(value.obj).cast("B")):
            return _view_of_bytes, (value.obj,)
        if isinstance(value, type) and getattr(value, "__module__", None) == "__main__":
            _track(value)
        base = _base_of(value)
        if base is not None and id(base) in self.shared:
            return _view, (base, _address(value) - _address(base), value.shape, value.strides, value.dtype)
        above = getattr(_Base, "reducer_override", None)
        return above(self, value) if above is not None else NotImplemented


def _reduce_special(value: Any) -> Any:
    """Objects of the standard library and IPython that live in a process, yet can be made again in another."""
    logging, core = sys.modules.get("logging"), sys.modules.get("IPython.core.interactiveshell")
    if logging is not None and isinstance(value, logging.Handler):
        return _reduce_handler(value)
    if core is not None and isinstance(value, core.InteractiveShell):
        return _shell, ()
    if type(value) is types.ModuleType and getattr(value, "__spec__", None) is None and value.__name__ not in _Here.start["modules"]:
        return types.ModuleType, (value.__name__,), dict(vars(value))  # made by hand, under whatever name
    return None


def _mapping_of(view: Any) -> Any:
    import gc

    return next(one for one in gc.get_referents(view) if isinstance(one, dict))


def _base_of(value: Any) -> Any:
    """The array whose memory an array looks into."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.base is None or value.dtype.hasobject:
        return None
    base = value.base
    while type(base) is numpy.ndarray and base.base is not None:
        base = base.base
    return base if type(base) is numpy.ndarray and base.flags["C_CONTIGUOUS"] else None


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


# ---- payloads ----------------------------------------------------------------------------------------------------------


class _Sink:
    """Collects what a pickler writes, without joining it."""

    def __init__(self) -> None:
        self.chunks = []  # type: List[Any]
        self.write = self.chunks.append


class _Draft:
    """Keys pickled with one memo, not yet on disk."""

    def __init__(self, values: Dict[str, Any], shared: Any = frozenset()) -> None:
        self.values = values
        self.buffers = []  # type: List[memoryview]
        self.sink = _Sink()
        pickler = _Pickler(self.sink, protocol=5, buffer_callback=self._keep)
        pickler.shared = shared
        for value in values.values():
            pickler.dump(value)
        self.memo = pickler.memo.copy()

    def _keep(self, buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND:
            return True
        self.buffers.append(raw)
        return False

    def write(self, path: str) -> int:
        return _write(path, {"keys": list(self.values)}, self.sink.chunks, self.buffers)


_PLAIN = (str, bytes, int, float, complex, bool, type(None), range, types.ModuleType, types.BuiltinFunctionType, types.CodeType)


def _identities(draft: _Draft) -> Set[int]:
    """Ids of what could be told apart or changed: not numbers, texts, nor what is pickled by name."""
    found = set()
    for number, (_, value) in draft.memo.items():
        if isinstance(value, _PLAIN) or (type(value) is tuple and not value):
            continue
        if isinstance(value, (type, types.FunctionType)) and getattr(value, "__module__", None) != "__main__":
            continue
        found.add(number)
        base = _base_of(value)
        if base is not None:
            found.add(id(base))
    return found


def _shared_arrays(drafts: Iterable[_Draft]) -> Set[int]:
    """Arrays that at least one other array looks into."""
    seen, shared = {}, set()  # type: Dict[int, int], Set[int]
    for draft in drafts:
        for _, value in draft.memo.values():
            base = _base_of(value)
            owner = base if base is not None else value if type(value).__name__ == "ndarray" else None
            if owner is not None:
                before = seen.setdefault(id(owner), id(value))
                if before != id(value):
                    shared.add(id(owner))
    return shared


def _groups(drafts: Dict[str, _Draft]) -> List[List[str]]:
    """Keys that share objects, together."""
    owner, leader = {}, {key: key for key in drafts}  # type: Dict[int, str], Dict[str, str]

    def find(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for key, draft in drafts.items():
        for one in _identities(draft):
            first = owner.setdefault(one, key)
            if find(first) != find(key):
                leader[find(key)] = find(first)
    groups = {}  # type: Dict[str, List[str]]
    for key in drafts:
        groups.setdefault(find(key), []).append(key)
    return list(groups.values())


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
    magic, text, _length, count = _HEAD.unpack_from(mapped)
    if magic != MAGIC:
        raise ValueError("%s is not a snapshot" % path)
    view = memoryview(mapped)
    spans = [_SPAN.unpack_from(mapped, _HEAD.size + _SPAN.size * number) for number in range(count)]
    start = _HEAD.size + _SPAN.size * count
    meta = json.loads(bytes(view[start : start + text]))
    mapped.seek(start + text)
    unpickler = pickle.Unpickler(mapped, buffers=[view[offset : offset + size] for offset, size in spans])
    return {key: unpickler.load() for key in meta["keys"]}


# ---- state besides variables -------------------------------------------------------------------------------------------


def _capture_random(name: str) -> Any:
    if name == "python":
        import random

        return random.getstate()
    module = sys.modules.get(name)
    if module is None:
        raise KeyError(name)
    if name == "torch":
        return module.get_rng_state()
    if name == "numpy":
        return sys.modules["numpy.random"].get_state(legacy=False)
    raise KeyError(name)


def _apply_random(name: str, state: Any) -> None:
    if name == "python":
        import random

        random.setstate(state)
    elif name == "numpy":
        importlib.import_module("numpy.random").set_state(state)
    elif name == "torch":
        importlib.import_module("torch").set_rng_state(state)


def _start(gives: Any) -> Dict[str, Any]:
    """What the process is like before anything of the notebook: only what differs from it travels.

    Only of what shall be captured: to look at thousands of modules and settings costs a forked process more than to run three cells.
    """
    looks = {"modules": lambda: set(sys.modules), "logging": _loggers, "signals": _signals, "limits": _limits, "shell": _shell_state}
    return {name: look() for name, look in looks.items() if gives is None or "process:" + name in gives}


def _changed(now: Dict[Any, Any], then: Dict[Any, Any]) -> Dict[Any, Any]:
    return {key: value for key, value in now.items() if key not in then or (then[key] is not value and then[key] != value)}


def _portable(value: Any) -> bool:
    try:
        _Draft({"": value})
    except Exception:  # noqa: BLE001 - whatever a `__reduce__` raises
        return False
    return True


def _asked(module: str, *names: str) -> Any:
    """A function that asks a module, if somebody imported it."""

    def ask() -> Any:
        found = sys.modules[module]  # type: Any
        for name in names:
            found = getattr(found, name)
        return found()

    return ask


def _environ() -> Any:
    now, then = dict(os.environ), _Here.environ
    return {key: now.get(key) for key in {*now, *then} if now.get(key) != then.get(key)}


def _set_environ(state: Any) -> None:
    for key, value in state.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


def _set_path(state: Any) -> None:
    sys.path[:] = state


def _new_modules() -> Any:
    """Entries of `sys.modules` that no import made."""
    known = {*_Here.start["modules"], NAME}
    return {name: one for name, one in list(sys.modules.items()) if name not in known and getattr(one, "__spec__", None) is None}


def _set_modules(state: Any) -> None:
    sys.modules.update(state)


def _set_filters(state: Any) -> None:
    warnings = sys.modules["warnings"]
    warnings.filters[:] = state
    getattr(warnings, "_filters_mutated", getattr(warnings, "_filters_mutated_lock_held", lambda: None))()


def _interpreter() -> Any:
    import gc

    digits = getattr(sys, "get_int_max_str_digits", None)
    return {
        "recursion": sys.getrecursionlimit(),
        "switch": sys.getswitchinterval(),
        "collects": gc.isenabled(),
        "thresholds": gc.get_threshold(),
        "digits": digits() if digits is not None else None,
    }


def _set_interpreter(state: Any) -> None:
    import gc

    sys.setrecursionlimit(state["recursion"])
    sys.setswitchinterval(state["switch"])
    (gc.enable if state["collects"] else gc.disable)()
    gc.set_threshold(*state["thresholds"])
    if state["digits"] is not None:
        sys.set_int_max_str_digits(state["digits"])


def _umask() -> Any:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_time_zone(_state: Any) -> None:
    import time

    time.tzset()


def _locale() -> Any:
    return sys.modules["locale"].setlocale(sys.modules["locale"].LC_ALL)


def _set_locale(state: Any) -> None:
    import locale

    locale.setlocale(locale.LC_ALL, state)


def _decimal() -> Any:
    return sys.modules["decimal"].getcontext().copy()


def _set_decimal(state: Any) -> None:
    import decimal

    decimal.setcontext(state)


_DIALECT = ("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict")


def _dialects() -> Any:
    csv = sys.modules["csv"]
    found = {name: csv.get_dialect(name) for name in csv.list_dialects()}
    return {
        "dialects": {name: {field: getattr(one, field) for field in _DIALECT} for name, one in found.items()},
        "field": csv.field_size_limit(),
    }


def _set_dialects(state: Any) -> None:
    import csv

    for name in csv.list_dialects():
        if name not in state["dialects"]:
            csv.unregister_dialect(name)
    for name, fields in state["dialects"].items():
        csv.register_dialect(name, **fields)
    csv.field_size_limit(state["field"])


def _signals() -> Dict[int, Any]:
    """Handlers of signals; an interrupt's is set anew for each cell."""
    import signal

    return {int(one): signal.getsignal(one) for one in getattr(signal, "valid_signals", set)() if one != signal.SIGINT}


def _new_signals() -> Any:
    return _changed(_signals(), _Here.start["signals"])


def _set_signals(state: Any) -> None:
    import signal

    for number, handler in state.items():
        signal.signal(number, handler)


def _limits() -> Dict[int, Any]:
    try:
        import resource
    except ImportError:  # not on Windows
        return {}
    return {getattr(resource, name): resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}


def _new_limits() -> Any:
    return _changed(_limits(), _Here.start["limits"])


def _set_limits(state: Any) -> None:
    import resource

    for number, (soft, hard) in state.items():
        resource.setrlimit(number, (soft, hard))


def _set_timeout(state: Any) -> None:
    import socket

    socket.setdefaulttimeout(state)


def _set_start_method(state: Any) -> None:
    import multiprocessing

    multiprocessing.set_start_method(state, force=True)


def _numpy() -> Any:
    numpy = sys.modules["numpy"]
    return {"print": numpy.get_printoptions(), "err": numpy.geterr(), "call": numpy.geterrcall(), "buffer": numpy.getbufsize()}


def _set_numpy(state: Any) -> None:
    numpy = importlib.import_module("numpy")
    numpy.set_printoptions(**{key: value for key, value in state["print"].items() if key != "override_repr"})
    numpy.seterr(**state["err"])
    numpy.seterrcall(state["call"])
    numpy.setbufsize(state["buffer"])


def _matplotlib() -> Any:
    matplotlib = sys.modules["matplotlib"]
    maps = getattr(matplotlib, "colormaps", {})
    known = getattr(maps, "_builtin_cmaps", maps)
    return {
        "rc": {key: value for key, value in dict.items(matplotlib.rcParams) if key not in {"backend", "interactive"}},
        "maps": {name: maps[name] for name in maps if name not in known},
    }


def _set_matplotlib(state: Any) -> None:
    matplotlib = importlib.import_module("matplotlib")
    dict.update(matplotlib.rcParams, state["rc"])
    for name, one in state["maps"].items():
        if name not in matplotlib.colormaps or matplotlib.colormaps[name] != one:
            matplotlib.colormaps.register(one, name=name, force=True)


def _pandas() -> Any:
    config = importlib.import_module("pandas._config.config")
    sys.modules["pandas"]
    return {key: config.get_option(key) for key in config._registered_options if key not in config._deprecated_options}


def _set_pandas(state: Any) -> None:
    pandas, config = importlib.import_module("pandas"), importlib.import_module("pandas._config.config")
    for key, value in state.items():
        if config.get_option(key) != value:
            pandas.set_option(key, value)


_TORCH = {  # how it is asked -> how it is set
    "get_default_dtype": "set_default_dtype",
    "is_grad_enabled": "set_grad_enabled",
    "get_num_threads": "set_num_threads",
    "are_deterministic_algorithms_enabled": "use_deterministic_algorithms",
    "get_float32_matmul_precision": "set_float32_matmul_precision",
    "get_default_device": "set_default_device",
}


def _torch() -> Any:
    torch = sys.modules["torch"]
    return {name: getattr(torch, name)() for name in _TORCH if hasattr(torch, name)}


def _set_torch(state: Any) -> None:
    torch = importlib.import_module("torch")
    for name, value in state.items():
        if getattr(torch, name)() != value:
            getattr(torch, _TORCH[name])(value)


def _set_polars(state: Any) -> None:
    importlib.import_module("polars").Config.load(state)


def _set_sklearn(state: Any) -> None:
    importlib.import_module("sklearn").set_config(**state)


# ---- logging -----------------------------------------------------------------------------------------------------------

_QUIET_LOGGER = (0, True, False, [], [])  # type: Tuple[int, bool, bool, List[Any], List[Any]]


def _loggers() -> Dict[str, Any]:
    """Level, propagation, handlers and filters by logger."""
    logging = sys.modules.get("logging")
    if logging is None:
        return {}
    found = {name: one for name, one in list(logging.root.manager.loggerDict.items()) if isinstance(one, logging.Logger)}
    found[""] = logging.root
    return {name: (one.level, one.propagate, one.disabled, list(one.handlers), list(one.filters)) for name, one in found.items()}


def _logging() -> Any:
    logging, before = sys.modules["logging"], _Here.start["logging"]
    loggers = {}
    for name, state in _loggers().items():
        if state != before.get(name, _QUIET_LOGGER):
            handlers = [one for one in state[3] if not _of_its_library(name, one) or _portable(one)]
            loggers[name] = (*state[:3], handlers, state[4])
    return {
        "loggers": loggers,
        "disable": logging.root.manager.disable,
        "names": dict(logging._levelToName),
        "warnings": logging._warnings_showwarning is not None,
    }


def _of_its_library(logger: str, handler: Any) -> bool:
    """Whether a library set up its own logger: it does so again wherever it is imported."""
    return bool(logger) and type(handler).__module__.partition(".")[0] == logger.partition(".")[0]


def _set_logging(state: Any) -> None:
    import logging

    for level, name in state["names"].items():
        logging.addLevelName(level, name)
    logging.captureWarnings(state["warnings"])
    for name, (level, propagate, disabled, handlers, filters) in state["loggers"].items():
        logger = logging.getLogger(name or None)
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
        logger.handlers[:], logger.filters[:] = handlers, filters
    logging.disable(state["disable"])


def _handler(kind: Any) -> Any:
    return kind.__new__(kind)


def _handler_state(handler: Any, state: Dict[str, Any]) -> None:
    logging = importlib.import_module("logging")
    vars(handler).update(state)
    handler.createLock()
    logging._addHandlerRef(handler)
    if handler.get_name():
        logging._handlers[handler.get_name()] = handler


def _reduce_handler(handler: Any) -> Any:
    """A handler of `logging`: a file is opened again when the next record comes, at its end."""
    import logging

    state = {key: value for key, value in vars(handler).items() if key != "lock"}
    if isinstance(handler, logging.FileHandler):
        if state.get("stream") is not None:
            handler.flush()
            state["mode"] = "a"
        state["stream"] = None
    return _handler, (type(handler),), state, None, None, _handler_state


# ---- IPython's shell ---------------------------------------------------------------------------------------------------


def _shell() -> Any:
    """IPython's shell, where there is one."""
    core = sys.modules.get("IPython.core.getipython")
    return core.get_ipython() if core is not None else None


_SIMPLE = (str, int, float, bool, type(None))


def _simple(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(isinstance(one, _SIMPLE) for one in value)
    return isinstance(value, _SIMPLE)


def _configurables() -> Dict[str, Any]:
    shell = _shell()
    found = {type(one).__name__: one for one in shell.configurables}
    found.update({"formatter:" + kind: one for kind, one in shell.display_formatter.formatters.items()})
    return found


def _hooks(shell: Any) -> Dict[str, List[Any]]:
    """Lists of functions that the shell calls by itself."""
    manager = shell.input_transformer_manager
    found = {"event " + name: functions for name, functions in shell.events.callbacks.items()}
    for name in ("cleanup_transforms", "line_transforms", "token_transformers"):
        found["input " + name] = getattr(manager, name)
    found["ast"] = shell.ast_transformers
    found["post"] = shell.input_transformers_post
    return found


def _folders() -> Any:
    """The working folder, and those of `%pushd` and `%cd -`."""
    shell = _shell()
    visited = (shell.dir_stack, shell.user_ns.get("_dh")) if shell is not None else ()
    return os.getcwd(), [list(one or ()) for one in visited]


def _set_folders(state: Any) -> None:
    os.chdir(state[0])
    shell = _shell()
    if shell is not None and state[1]:
        shell.dir_stack[:] = state[1][0]
        shell.user_ns["_dh"][:] = state[1][1]


def _shell_state() -> Dict[Any, Any]:
    """What cells can change about the shell, by place."""
    shell = _shell()
    if shell is None:
        return {}
    state = {"mode": shell.InteractiveTB.mode}  # type: Dict[Any, Any]
    for owner, one in _configurables().items():
        for name in one.trait_names(config=True):
            if name in one._trait_values and _simple(one._trait_values[name]):
                state["trait", owner, name] = one._trait_values[name]
        for key, function in getattr(one, "type_printers", {}).items():
            state["printer", owner, key] = function
    for kind, magics in shell.magics_manager.magics.items():
        for name, function in magics.items():
            state["magic", kind, name] = function
    for place, functions in _hooks(shell).items():
        state["hooks", place] = list(functions)
    return state


def _of_notebook(value: Any) -> bool:
    """A function or method of the notebook, or of an object of one of its classes."""
    owner = getattr(value, "__self__", None)
    return "__main__" in (
        getattr(value, "__module__", None),
        getattr(type(value), "__module__", None),
        getattr(type(owner), "__module__", None),
    )


def _new_shell_state() -> Any:
    then = _Here.start["shell"]
    found = {place: _moved(place, value, then.get(place)) for place, value in _changed(_shell_state(), then).items()}
    return {place: value for place, value in found.items() if value is not None}


def _moved(place: Any, value: Any, before: Any) -> Any:
    """How a piece of the shell's state travels; None when a library put it there, which does so in each process."""
    if place[0] == "magic":
        return _as_magic(value)
    if place[0] == "hooks":
        return [one for one in value if one not in (before or ()) and _of_notebook(one)] or None
    if place[0] == "printer":
        return value if _of_notebook(value) or _of_notebook(place[2]) or _portable(value) else None
    return value


def _as_magic(function: Any) -> Any:
    """How a magic can be made again; None for those of libraries."""
    kind, owner = type(function).__name__, getattr(function, "__self__", None)
    if kind == "Alias":
        return "alias", function.cmd
    if kind == "MagicAlias":
        return "magic alias", (function.magic_name, function.magic_kind, function.magic_params)
    if owner is not None and type(owner).__module__ == "__main__" and hasattr(owner, "magics"):
        ours = {
            key: value for key, value in vars(owner).items() if not key.startswith("_") and key not in {"shell", "magics", "options_table"}
        }
        return "class", (type(owner), ours)
    return ("function", function) if _of_notebook(function) else None


def _set_shell(state: Any) -> None:
    shell = _shell()
    if shell is None:
        return
    configurables, hooks, made = _configurables(), _hooks(shell), set()  # type: Any, Any, Set[type]
    for place, value in state.items():
        if place == "mode":
            shell.InteractiveTB.set_mode(mode=value)
        elif place[0] == "trait" and place[1] in configurables:
            setattr(configurables[place[1]], place[2], value)
        elif place[0] == "printer" and place[1] in configurables:
            configurables[place[1]].type_printers[place[2]] = value
        elif place[0] == "hooks":
            hooks[place[1]].extend(value)
        elif place[0] == "magic":
            _make_magic(shell, place[1], place[2], value, made)


def _make_magic(shell: Any, kind: str, name: str, value: Any, made: Set[type]) -> None:
    how, what = value
    if how == "alias":
        shell.alias_manager.define_alias(name, what)
    elif how == "magic alias":
        shell.magics_manager.register_alias(name, what[0], what[1], what[2])
    elif how == "function":
        shell.register_magic_function(what, kind, name)
    elif what[0] not in made:
        made.add(what[0])
        shell.register_magics(what[0])
        vars(shell.magics_manager.registry[what[0].__name__]).update(what[1])


for _made in (_shell, _handler, _handler_state):
    _made.__module__ = NAME

_PROCESS = {
    "environ": (_environ, _set_environ),
    "cwd": (_folders, _set_folders),
    "syspath": (lambda: list(sys.path), _set_path),
    "modules": (_new_modules, _set_modules),
    "warnings": (lambda: list(sys.modules["warnings"].filters), _set_filters),
    "logging": (_logging, _set_logging),
    "interpreter": (_interpreter, _set_interpreter),
    "umask": (_umask, os.umask),
    "timezone": (lambda: None, _set_time_zone),
    "locale": (_locale, _set_locale),
    "decimal": (_decimal, _set_decimal),
    "csv": (_dialects, _set_dialects),
    "signals": (_new_signals, _set_signals),
    "limits": (_new_limits, _set_limits),
    "socket": (_asked("socket", "getdefaulttimeout"), _set_timeout),
    "multiprocessing": (_asked("multiprocessing", "get_start_method"), _set_start_method),
    "shell": (_new_shell_state, _set_shell),
    "numpy": (_numpy, _set_numpy),
    "matplotlib": (_matplotlib, _set_matplotlib),
    "pandas": (_pandas, _set_pandas),
    "torch": (_torch, _set_torch),
    "polars": (_asked("polars", "Config", "save"), _set_polars),
    "sklearn": (_asked("sklearn", "get_config"), _set_sklearn),
}  # type: Dict[str, Tuple[Any, Any]]
"""Process state: how it is captured and how it is put in place. A KeyError says that there is none."""


def _capture_process(name: str) -> Any:
    return _PROCESS[name][0]()


def _apply_process(name: str, state: Any) -> None:
    _PROCESS[name][1](state)


def _own_modules(root: str) -> List[types.ModuleType]:
    """Modules of that name which lie in the notebook's folder."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            (name == root or name.startswith(root + "."))
            and file
            and os.path.realpath(file).startswith(os.path.realpath(_Here.folder) + os.sep)
        ):
            found.append(module)
    return found


def _capture_module(root: str) -> Any:
    modules = _own_modules(root)
    if not modules:
        raise KeyError(root)
    state = {}
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("__") and not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)):
                try:
                    pickle.dumps(value)
                except Exception:  # noqa: BLE001, S112 - what cannot travel stays as the import made it
                    continue
                state[module.__name__, name] = value
    return state


def _apply_module(_root: str, state: Any) -> None:
    for (module, name), value in state.items():
        target = vars(importlib.import_module(module))
        old = target.get(name)
        if type(old) is type(value) and isinstance(old, (list, dict, set)):
            _refill(old, value)
        else:
            target[name] = value


def _refill(old: Any, value: Any) -> None:
    """Same object, new content: others may hold it."""
    old.clear()
    old.extend(value) if isinstance(old, list) else old.update(value)


def _owner(path: str) -> Tuple[Any, str]:
    names = path.split(".")
    value = _Here.namespace[names[0]]
    for name in names[1:-1]:
        value = getattr(value, name)
    return value, names[-1]


def _capture_patch(path: str) -> Any:
    owner, name = _owner(path)
    if name in vars(owner):
        return True, vars(owner)[name]
    return (True, getattr(owner, name)) if hasattr(owner, name) else (False, None)


def _apply_patch(path: str, state: Any) -> None:
    owner, name = _owner(path)
    there, value = state
    if there:
        old = getattr(owner, name, None)
        if type(old) is type(value) and isinstance(old, (list, dict, set)):
            _refill(old, value)
        else:
            setattr(owner, name, value)
    elif hasattr(owner, name):
        delattr(owner, name)


_CAPTURES = {"random": _capture_random, "process": _capture_process, "module": _capture_module, "patch": _capture_patch}
_APPLIES = {"random": _apply_random, "process": _apply_process, "module": _apply_module, "patch": _apply_patch}
_FIRST = ("process:syspath", "process:environ")  # imports and class look-ups may need them


# ---- files and network -------------------------------------------------------------------------------------------------


def _hook(event: str, arguments: Tuple[Any, ...]) -> None:
    if not _Here.listening:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)):
            name = os.fsdecode(path)
            writes = bool(mode and set(mode) & set("wax+")) or (mode is None and bool(flags & (os.O_WRONLY | os.O_RDWR)))
            _note(name, _Here.files_written if writes else _Here.files_read)
            if writes and mode and set(mode) & set("a+"):
                _note(name, _Here.files_read)
    elif event == "socket.connect":
        _Here.network = _Here.network or not isinstance(arguments[1], (str, bytes))


def _note(name: str, where: Dict[str, None]) -> None:
    path = os.path.normpath(os.path.join(os.getcwd(), name))
    if path.startswith(_Here.folder + os.sep) and not path.endswith(".pyc") and "site-packages" not in path and "/.ipython" not in path:
        where[path] = None


def _scan(folder: str) -> Dict[str, Tuple[int, int]]:
    """Time and size of the files below the folder, so that native writers are seen too."""
    found = {}  # type: Dict[str, Tuple[int, int]]
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in {"node_modules", "__pycache__"}]
        for name in names:
            path = os.path.join(place, name)
            try:
                state = os.stat(path)
            except OSError:
                continue
            found[path] = (state.st_mtime_ns, state.st_size)
        if len(found) > 20_000:
            break
    return found


# ---- what the runtime calls --------------------------------------------------------------------------------------------


def begin(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Put the inputs in place."""
    _Here.namespace, _Here.step, _Here.folder = namespace, request.get("step", ""), os.path.abspath(request.get("folder") or os.getcwd())
    _Here.environ, _Here.start = dict(os.environ), _start(request.get("gives"))
    restored, states = [], {}  # type: List[str], Dict[str, Any]
    given = {}  # type: Dict[str, Any]
    try:
        for given in _early(request.get("inputs", ())):
            values = load_payload(given["path"])
            for key in given["keys"]:
                if key in _FIRST:
                    _apply(key, values[key])
                elif ":" in key:
                    states[key] = values[key]
                else:
                    namespace[key] = values[key]
                restored.append(key)
        _import_again(request.get("modules", ()), namespace)
        assign(request.get("values") or {}, namespace)
        given = {"keys": ["setup"], "source": "setup"}
        for statement in request.get("replay", ()):
            _replay(statement, namespace)
        for key in sorted(states, key=lambda one: (not one.startswith("patch:"), one)):
            given = {"keys": [key], "source": _source_of(request, key)}
            _apply(key, states[key])
    except Exception as problem:  # noqa: BLE001 - whatever a payload raises is told, with the step that made it
        lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
        return {
            "ok": False,
            "key": ", ".join(given.get("keys", ())),
            "source": given.get("source", ""),
            "ename": type(problem).__name__,
            "evalue": str(problem),
            "traceback": lines,
        }
    if restored:
        _as_after_a_cell()
    _listen()
    return {"ok": True, "restored": restored}


def _early(inputs: Iterable[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Import path and environment first, the rest in the order given."""
    return sorted(inputs, key=lambda one: not any(key in _FIRST for key in one["keys"]))


def _source_of(request: Dict[str, Any], key: str) -> str:
    return next((one["source"] for one in request.get("inputs", ()) if key in one["keys"]), "")


def _as_after_a_cell() -> None:
    """Some magics look at the result of the cell before, which every step but the first has."""
    shell = _shell()
    if shell is not None and getattr(shell, "last_execution_result", True) is None:
        shell.last_execution_result = importlib.import_module("IPython.core.interactiveshell").ExecutionResult(None)


def _apply(key: str, state: Any) -> None:
    kind, _, name = key.partition(":")
    _APPLIES[kind](name, state)


def _import_again(names: Iterable[str], namespace: Dict[str, Any]) -> None:
    """`import a.b` elsewhere makes `a.b` work here, if `a` is here."""
    roots = {value.__name__.partition(".")[0] for value in list(namespace.values()) if isinstance(value, types.ModuleType)}
    for name in names:
        if "." in name and name.partition(".")[0] in roots:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # a function or class that was imported by that name


def _replay(statement: str, namespace: Dict[str, Any]) -> None:
    if statement.startswith("from __future__ import"):
        import __future__

        shell = namespace["get_ipython"]() if "get_ipython" in namespace else None
        for word in statement.partition("import")[2].replace(",", " ").split():
            feature = getattr(__future__, word, None)
            if shell is not None and feature is not None:
                shell.compile.flags |= feature.compiler_flag
        return
    sink = open(os.devnull, "w")  # noqa: SIM115 - closed below, user code may replace anything meanwhile
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = sink
    try:
        exec(compile(statement, "<setup>", "exec"), namespace)  # noqa: S102 - it is the user's own setup cell
    finally:
        sys.stdout, sys.stderr = streams
        sink.close()


def _listen() -> None:
    _Here.files_read, _Here.files_written, _Here.network = {}, {}, False
    _Here.before = _scan(_Here.folder)
    if not _Here.hooked:
        sys.addaudithook(_hook)
        _Here.hooked = True
    _Here.listening = True


def assign(values: Dict[str, Any], namespace: Dict[str, Any]) -> None:
    """Set parameters."""
    namespace.update(values)


def finish(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Capture what later steps read."""
    _Here.listening = False
    read, written = _files(request["outbox"])
    gives = list(request.get("gives", ()))
    absent, unportable, drafts = [], {}, {}  # type: List[str], Dict[str, str], Dict[str, _Draft]
    for key in gives:
        try:
            value = _value(key, namespace)
        except KeyError:
            absent.append(key)
            continue
        except Exception as problem:  # noqa: BLE001
            unportable[key] = _reason(key, None, problem)
            continue
        try:
            drafts[key] = _Draft({key: value})
        except BaseException as problem:  # noqa: BLE001 - RecursionError, user's __reduce__ and all
            unportable[key] = _reason(key, value, problem)
    outputs = []  # type: List[Dict[str, Any]]
    shared = _shared_arrays(drafts.values())
    for number, group in enumerate(_groups(drafts)):
        path = os.path.join(request["outbox"], "%d.jms" % number)
        values = {key: drafts[key].values[key] for key in group}
        try:
            draft = drafts[group[0]] if len(group) == 1 and not shared else _Draft(values, shared)
            outputs.append({"path": path, "keys": group, "size": draft.write(path)})
        except BaseException as problem:  # noqa: BLE001
            unportable.update({key: _reason(key, values[key], problem) for key in group})
    return {
        "outputs": outputs,
        "absent": absent,
        "unportable": unportable,
        "summaries": {key: _summary(draft.values[key]) for key, draft in drafts.items() if ":" not in key},
        "metrics": _metrics(request.get("metrics", ()), namespace),
        "files_read": read,
        "files_written": written,
        "imports": sorted({name.partition(".")[0] for name in list(sys.modules)}),
        "effects": [name for name, seen in (("network", _Here.network), ("unseen-files", _Here.unseen)) if seen],
    }


def _value(key: str, namespace: Dict[str, Any]) -> Any:
    kind, colon, name = key.partition(":")
    return _CAPTURES[kind](name) if colon else namespace[key]


def _files(outbox: str) -> Tuple[List[str], List[str]]:
    ours = os.path.join(_Here.folder, os.path.relpath(outbox, _Here.folder).split(os.sep)[0]) + os.sep  # a home inside the folder
    now, before = {path: state for path, state in _scan(_Here.folder).items() if not path.startswith(ours)}, _Here.before
    written = {path for path in _Here.files_written if path in now}
    # a native library, a command or another step beside this one: nobody can tell which, so the step is not reused
    _Here.unseen = any(before.get(path) != state for path, state in now.items() if path not in written)
    read = {path for path in _Here.files_read if path in before}
    return sorted(read), sorted(written)


def _reason(key: str, value: Any, problem: BaseException) -> str:
    text = " ".join(str(problem).split())
    return "`%s` is a `%s` that cannot be copied to another process (%s: %s)" % (
        key,
        type(value).__name__,
        type(problem).__name__,
        text[:200],
    )


def _summary(value: Any) -> str:
    """One line for people; runs no code of the user's."""
    kind = type(value)
    module = (kind.__module__ or "").partition(".")[0]
    if module == "pandas" and kind.__name__ == "DataFrame":
        return "DataFrame %d x %d" % value.shape
    if module in {"numpy", "torch", "pandas"} and isinstance(getattr(value, "shape", None), tuple):
        return "%s %s %s" % (kind.__name__, getattr(value, "dtype", ""), tuple(value.shape))
    if kind in (str, bytes, list, tuple, dict, set, frozenset):
        return "%s, %d %s" % (kind.__name__, len(value), "characters" if kind is str else "items")
    return kind.__name__


def _metrics(names: Iterable[str], namespace: Dict[str, Any]) -> Dict[str, float]:
    found = {}  # type: Dict[str, float]
    for name in names:
        value = namespace.get(name)
        parts = {"%s.%s" % (name, key): one for key, one in value.items()} if type(value) is dict else {name: value}
        for key, one in parts.items():
            number = _number(one)
            if number is not None:
                found[key] = number
    return found


def _number(value: Any) -> Optional[float]:
    numpy = sys.modules.get("numpy")
    if type(value) in (int, float) or (numpy is not None and isinstance(value, (numpy.integer, numpy.floating))):
        number = builtins.float(value)
        return number if math.isfinite(number) else None
    return None
