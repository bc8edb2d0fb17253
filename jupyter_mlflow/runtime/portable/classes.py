"""Classes by value: made as `type` makes them, without what metaclasses, bases and decorators did when they were first made."""

from __future__ import annotations

import abc
import contextlib
import types
from typing import Any, Dict, Tuple

from jupyter_mlflow.runtime.portable import identities

_NOT_STATE = frozenset({"__dict__", "__weakref__", "__slots__", "_abc_impl", "__module__"})


@identities.loader
def _class(name: str, meta: Any, title: Tuple[str, str, str], bases: Any, slots: Any) -> Any:
    """A class without its content; the same one for all payloads that hold it."""
    if name in identities.Here.things:
        return identities.Here.things[name]
    body = {"__module__": title[0], "__qualname__": title[1]}
    if slots:
        body["__slots__"] = slots[0]
    return identities.remember(name, _bare_class(meta, title[2], bases, body))


def _bare_class(meta: Any, name: str, bases: Any, body: Dict[str, Any]) -> Any:
    """As `type` makes a class: what its bases do when a subclass is made, they did where it was first made."""
    quiet = {base: vars(base)["__init_subclass__"] for one in bases for base in one.__mro__ if "__init_subclass__" in vars(base)}
    quiet = {base: hook for base, hook in quiet.items() if base.__flags__ & identities.HEAP and not base.__flags__ & identities.IMMUTABLE}
    root = next(one for one in meta.__mro__ if not one.__flags__ & identities.HEAP)
    for base in quiet:
        type.__setattr__(base, "__init_subclass__", classmethod(_nothing))
    try:
        made = root.__new__(meta, name, bases, body)
    finally:
        for base, hook in quiet.items():
            type.__setattr__(base, "__init_subclass__", hook)
    if isinstance(made, abc.ABCMeta) and hasattr(abc, "_abc_init"):
        abc._abc_init(made)
    return made


def _nothing(*_: Any, **__: Any) -> None:
    pass


@identities.loader
def _class_state(cls: Any, state: Dict[str, Any]) -> None:
    there = vars(cls)
    values = there.get("_value2member_map_")
    for key in [one for one in there if one not in state["vars"] and one not in _NOT_STATE and not isinstance(there[one], _SLOTS)]:
        type.__delattr__(cls, key)
    for key, value in state["vars"].items():
        if key == "_value2member_map_" and values is not None:  # of an enum: combinations of flags that another payload brought stay
            values.update(value)
        else:
            type.__setattr__(cls, key, value)
    for one in state["registered"]:
        abc.ABCMeta.register(cls, one)
    if state["global"]:  # so that the user's own pickle finds it
        identities.Here.namespace.setdefault(state["global"], cls)


_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def reduce_class(_: Any, cls: Any) -> Any:
    """Unless it is known by name."""
    if not identities.by_value(cls):
        return NotImplemented if identities.is_at(cls, cls.__module__, cls.__qualname__) else _reduce_builtin_type(cls)
    title = (cls.__module__, cls.__qualname__, cls.__name__)
    found = vars(cls)
    content = {key: value for key, value in found.items() if key not in _NOT_STATE and not _is_slot(cls, value)}
    registered = [one() for one in abc._get_dump(cls)[0]] if "_abc_impl" in found and hasattr(abc, "_get_dump") else []
    state = {
        "vars": content,
        "registered": [one for one in registered if one is not None],
        "global": title[2] if identities.Here.namespace.get(title[2]) is cls else "",
    }
    slots = (found["__slots__"],) if "__slots__" in found else ()
    if slots and not isinstance(slots[0], (str, tuple, list, dict)):
        slots = (tuple(key for key, value in found.items() if isinstance(value, types.MemberDescriptorType)),)
    return _class, (identities.named(cls, cls.__qualname__), type(cls), title, cls.__bases__, slots), state, None, None, _class_state


def _is_slot(cls: type, value: Any) -> bool:
    return isinstance(value, _SLOTS) and value.__objclass__ is cls


@identities.loader
def _builtin_type(name: str) -> Any:
    return getattr(types, name)


def _reduce_builtin_type(cls: type) -> Any:
    name = next((key for key, value in vars(types).items() if value is cls), None)
    return NotImplemented if name is None else (_builtin_type, (name,))


@identities.loader
def _type_variable(name: str, kind: Any, arguments: Tuple[Any, ...], options: Dict[str, Any], module: str) -> Any:
    if name not in identities.Here.things:
        identities.remember(name, kind(*arguments, **options))
        with contextlib.suppress(AttributeError, TypeError):
            identities.Here.things[name].__module__ = module
    return identities.Here.things[name]


def reduce_type_variable(_: Any, value: Any) -> Any:
    """One of `typing`'s named things."""
    if identities.is_at(value, value.__module__, value.__name__):
        return NotImplemented
    options: Dict[str, Any] = {}
    arguments: Tuple[Any, ...] = (value.__name__,)
    kind = type(value).__name__
    if kind == "NewType":
        arguments += (value.__supertype__,)
    elif kind == "TypeAliasType":
        arguments += (value.__value__,)
        options["type_params"] = value.__type_params__
    else:
        arguments += getattr(value, "__constraints__", ())
        found = {"bound": "__bound__", "covariant": "__covariant__", "contravariant": "__contravariant__"}
        options = {key: getattr(value, name) for key, name in found.items() if getattr(value, name, None)}
        if getattr(value, "has_default", bool)():
            options["default"] = value.__default__
    return _type_variable, (identities.named(value, value.__name__), type(value), arguments, options, value.__module__)
