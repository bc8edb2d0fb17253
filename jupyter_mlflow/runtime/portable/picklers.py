"""The pickler and the unpickler."""

from __future__ import annotations

import builtins
import collections
import enum
import functools
import importlib
import linecache
import pickle
import sys
import threading
import types
import weakref
from typing import Any, Callable, Dict, Iterable, List, Set, Tuple

from jupyter_mlflow.runtime.portable import buffers, classes, exceptions, functions, identities, instances, libraries, orders


def _as_pickle_does(_: Any, __: Any) -> Any:
    return NotImplemented


_WAYS: Dict[type, Callable[[Any, Any], Any]] = {
    types.FunctionType: functions.reduce_function,
    types.CellType: functions.reduce_cell,
    types.MethodType: functions.reduce_method,
    types.CodeType: functions.reduce_code,
    types.MappingProxyType: buffers.reduce_proxy,
    functools._lru_cache_wrapper: functions.reduce_cached,
    memoryview: buffers.reduce_memory,
    type(threading.Lock()): libraries.reduce_lock,
    type(threading.RLock()): libraries.reduce_lock,
    weakref.WeakKeyDictionary: libraries.reduce_weak,
    weakref.WeakValueDictionary: libraries.reduce_weak,
    weakref.WeakSet: libraries.reduce_weak,
    object: libraries.reduce_sentinel,
}


def _view_of(kind: str) -> Callable[[Any, Any], Any]:
    return lambda _, view: (buffers.items_view, (kind, buffers.referent(view, dict)))


for _kind in ("keys", "values", "items"):
    _WAYS[type(getattr({}, _kind)())] = _WAYS[type(getattr(collections.OrderedDict(), _kind)())] = _view_of(_kind)

_BELOW: Tuple[Tuple[type, Callable[[Any, Any], Any]], ...] = (
    (type, classes.reduce_class),
    (types.ModuleType, libraries.reduce_module),
    (property, functions.reduce_property),
    (classmethod, functions.reduce_wrapped),
    (staticmethod, functions.reduce_wrapped),
    (functools.cached_property, functions.reduce_cached_property),
    (BaseException, exceptions.reduce_exception),
)

_OF_LIBRARIES: Tuple[Tuple[str, str, Callable[[Any, Any], Any]], ...] = (
    ("numpy", "ndarray", buffers.reduce_array),
    ("pandas.core.generic", "NDFrame", libraries.reduce_frame),
    ("matplotlib.figure", "Figure", libraries.reduce_figure),
    ("matplotlib.transforms", "TransformNode", libraries.reduce_transform),
    ("torch", "Tensor", libraries.reduce_tensor),
    ("dataclasses", "_FIELD_BASE", libraries.reduce_field_kind),
)


def _way(kind: type) -> Callable[[Any, Any], Any]:
    """How objects of a type are taken apart."""
    known = _WAYS.get(kind)
    if known is not None:
        return known
    for special in identities.Here.specials:
        found = special(kind)
        if found is not None:
            return found
    for base, way in _BELOW:
        if issubclass(kind, base):
            return way
    for module, name, way in _OF_LIBRARIES:
        if module in sys.modules and issubclass(kind, getattr(sys.modules[module], name, ())):
            return way
    if kind.__module__ == "typing" and kind.__name__ in {"TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "TypeAliasType"}:
        return classes.reduce_type_variable
    if issubclass(kind, enum.Enum) and identities.by_value(kind):
        return instances.reduce_member
    if instances.travels_whole(kind):
        return instances.reduce_whole
    return libraries.reduce_constant if _may_be_constant(kind) else _as_pickle_does


def _may_be_constant(kind: Any) -> bool:
    """Whether objects of a type may have no state."""
    slots = any(isinstance(one, types.MemberDescriptorType) for base in kind.__mro__ for one in vars(base).values())
    plain = kind.__base__ is object and kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__
    return (
        bool(kind.__flags__ & identities.HEAP) and plain and not slots and not identities.by_value(kind) and kind.__module__ in sys.modules
    )


def _singletons() -> Dict[int, Tuple[str, str]]:
    found: Dict[int, Tuple[str, str]] = {}
    for module, name in identities.Here.singletons:
        if module in sys.modules and hasattr(sys.modules[module], name):
            found[id(getattr(sys.modules[module], name))] = (module, name)
    return found


class Pickler(pickle.Pickler):
    """Takes objects apart in the ways above.

    `shared` are ids of objects whose memory several arrays use, `apart` of arrays that get their own memory all the same. A `hooked` pickler
    believes the notebook's own hooks for pickle; a `thorough` one looks at each single object, see `payloads`.
    """

    def __init__(self, file: Any, keep: Any, shared: Any = frozenset(), apart: Any = frozenset(), *, hooked: bool = False) -> None:
        super().__init__(file, protocol=5, buffer_callback=keep)
        self.shared, self.apart, self.hooked = shared, apart, hooked
        self.thorough = False
        self.ignored = False  # whether hooks for pickle were passed over
        self.hollow: Set[int] = set()
        self._ways: Dict[type, Callable[[Any, Any], Any]] = {}
        self._sources: Dict[str, Tuple[str, str]] = {}
        self._singletons = _singletons()

    def reducer_override(self, value: Any) -> Any:
        """See `pickle`."""
        if id(value) in self._singletons:
            return libraries.constant, self._singletons[id(value)]
        kind = type(value)
        way = self._ways.get(kind)
        if way is None:
            way = _way(kind)
            self._ways[kind] = way = _as_pickle_does if self.hooked and way is instances.reduce_whole else way
        return way(self, value)

    def told_apart(self) -> Iterable[Tuple[int, Any]]:
        """What is not in the memo, as a memo has it."""
        return ()

    def source(self, file: str) -> Tuple[str, str]:
        """A file and its text, if it is a cell; one object for all that comes from it."""
        if file not in self._sources:
            known = linecache.cache.get(file)
            text = "".join(known[2]) if known is not None and len(known) > 2 and known[1] is None else ""
            self._sources[file] = (file, text)
        return self._sources[file]


class ThoroughPickler(Pickler):
    """Tells apart what pickle writes without asking: sets by their order, NaN by its identity, dicts that must not travel."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.thorough = True
        self._numbers: Dict[int, Tuple[int, Any]] = {}
        self._nans = {id(getattr(sys.modules.get(name), "nan", None)): name for name in ("numpy", "math")}

    def told_apart(self) -> Iterable[Tuple[int, Any]]:
        """What is not in the memo, as a memo has it."""
        return self._numbers.values()

    def persistent_id(self, value: Any) -> Any:
        """See `pickle`."""
        kind = type(value)
        if kind is dict:
            return ("builtins", 0) if value is builtins.__dict__ else ("namespace", 0) if value is identities.Here.namespace else None
        if kind is float:
            return None if value == value else ("nan", self._nans.get(id(value)) or self._number(value)[0])  # noqa: PLR0124 - only NaN is not
        if kind is set or kind is frozenset:
            return self._set(value)
        return None

    def _number(self, value: Any) -> Tuple[int, bool]:
        """The number of an object, and whether it is new; it is kept, so that its id stays its own."""
        new = id(value) not in self._numbers
        return self._numbers.setdefault(id(value), (len(self._numbers) + 1, value))[0], new

    def _set(self, value: Any) -> Any:
        if id(value) not in self._numbers:
            recipe = orders.recipe(value)
            return None if recipe is None else (type(value).__name__, self._number(value)[0], recipe)
        return type(value).__name__, self._numbers[id(value)][0]


class Unpickler(pickle.Unpickler):
    """Finds what only a thorough pickler tells apart."""

    def __init__(self, file: Any, buffers: Iterable[Any]) -> None:
        super().__init__(file, buffers=buffers)
        self._made: Dict[Any, Any] = {}

    def persistent_load(self, identity: Any) -> Any:
        """See `pickle`."""
        kind, number, *content = identity
        if kind == "builtins":
            return builtins.__dict__
        if kind == "namespace":
            return identities.Here.namespace
        if kind == "nan":
            return _nan(number, self._made)
        return _set(kind, number, content, self._made)


def _nan(number: Any, made: Dict[Any, Any]) -> float:
    if isinstance(number, str):
        return importlib.import_module(number).nan  # type: ignore[no-any-return]
    return made.setdefault(("nan", number), float("nan"))  # type: ignore[no-any-return]


def _set(kind: str, number: int, recipe: List[Any], made: Dict[Any, Any]) -> Any:
    """A set; how it is made is told at its first mention."""
    if kind == "frozenset":
        if recipe:
            made[kind, number] = orders.made(frozenset, recipe[0])
        return made[kind, number]
    found = made.setdefault((kind, number), set())
    if recipe:
        orders.refill(found, recipe[0])
    return found
