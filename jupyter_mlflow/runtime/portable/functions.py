"""Functions by value, bound to the live namespace or module they belong to, and what wraps functions."""

from __future__ import annotations

import builtins
import functools
import linecache
import marshal
import sys
import types
from typing import Any, Dict, Tuple

from jupyter_mlflow.runtime.portable import identities

_FUNCTION_FIELDS = ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__")


@identities.loader
def _function(code: bytes, scope: Any, cells: Tuple[Any, ...]) -> types.FunctionType:
    """A function; its globals are the live namespace, a live module's, or a dict of their own."""
    space = identities.Here.namespace if scope is None else vars(scope) if isinstance(scope, types.ModuleType) else scope
    return types.FunctionType(marshal.loads(code), space, None, None, cells)


@identities.loader
def _function_state(function: types.FunctionType, state: Dict[str, Any]) -> None:
    for cell, content in zip(function.__closure__ or (), state["cells"]):
        _cell_state(cell, content)
    function.__dict__.update(state["dict"])
    for name in _FUNCTION_FIELDS:
        setattr(function, name, state[name])
    if state["annotations"]:
        function.__annotations__ = state["annotations"]
    if state["types"]:
        function.__type_params__ = state["types"]  # type: ignore[attr-defined]
    know_source(*state["source"])


@identities.loader
def _cell() -> Any:
    return types.CellType()


@identities.loader
def _cell_state(cell: Any, content: Tuple[Any, ...]) -> None:
    if content:
        cell.cell_contents = content[0]


def _contents(cell: Any) -> Tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def know_source(file: str, text: str) -> None:
    """Let tracebacks and `inspect` show the text of a cell of another step."""
    if text and file not in linecache.cache:
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)


def _annotations(value: Any) -> Dict[str, Any]:
    try:
        return dict(value.__annotations__ or {})
    except Exception:  # noqa: BLE001 - Python 3.14 evaluates them when they are asked for, and a name may be missing
        return {}


def reduce_function(pickler: Any, function: types.FunctionType) -> Any:
    """Unless it is known by name."""
    scope: Any = function.__globals__
    if scope is identities.Here.namespace:
        scope = None
    elif identities.is_at(function, function.__module__, function.__qualname__):
        return NotImplemented
    else:
        module = sys.modules.get(scope.get("__name__"))
        if module is not None and vars(module) is scope:
            scope = module
        elif scope.get("__builtins__") is builtins.__dict__ and not pickler.thorough:
            raise identities.NeedsIdentitiesError
    cells = function.__closure__ or ()
    pickler.hollow.update(map(id, cells))
    state = {
        "cells": [_contents(cell) for cell in cells],
        "dict": function.__dict__,
        "source": pickler.source(function.__code__.co_filename),
        "annotations": _annotations(function),
        "types": getattr(function, "__type_params__", ()),
    }
    for name in _FUNCTION_FIELDS:
        state[name] = getattr(function, name)
    return _function, (marshal.dumps(function.__code__, 2), scope, cells), state, None, None, _function_state


def reduce_cell(pickler: Any, cell: Any) -> Any:
    """Of a function above, whose state fills it; or on its own."""
    return (_cell, ()) if id(cell) in pickler.hollow else (_cell, (), _contents(cell), None, None, _cell_state)


@identities.loader
def _remembering(function: Any, parameters: Dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)


def reduce_cached(_: Any, value: Any) -> Any:
    """A function that remembers its results; it forgets them on the way."""
    if identities.is_at(value, value.__module__, value.__qualname__):
        return NotImplemented
    return _remembering, (value.__wrapped__, value.cache_parameters()), dict(vars(value))


def reduce_method(_: Any, value: Any) -> Any:
    """A method, bound to its object."""
    return (types.MethodType, (value.__func__, value.__self__)) if isinstance(value.__func__, types.FunctionType) else NotImplemented


def reduce_code(_: Any, value: Any) -> Any:
    """Compiled code."""
    return marshal.loads, (marshal.dumps(value, 2),)


def reduce_property(_: Any, value: Any) -> Any:
    """A property or a subclass of it."""
    return type(value), (value.fget, value.fset, value.fdel, value.__doc__), getattr(value, "__dict__", None)


def reduce_wrapped(_: Any, value: Any) -> Any:
    """A class method or static method."""
    return type(value), (value.__func__,), getattr(value, "__dict__", None)


@identities.loader
def fill(value: Any, state: Dict[str, Any]) -> None:
    """Set attributes."""
    vars(value).update(state)


def reduce_cached_property(_: Any, value: Any) -> Any:
    """It holds a lock before Python 3.12."""
    return _cached_property, (type(value),), {key: one for key, one in vars(value).items() if key != "lock"}, None, None, fill


@identities.loader
def _cached_property(kind: Any) -> Any:
    return kind(None)
