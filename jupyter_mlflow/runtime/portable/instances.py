"""Objects of the notebook's classes, whole: whatever their hooks for pickle would leave out, and without running their code."""

from __future__ import annotations

import contextlib
import copyreg
import types
from typing import Any, Dict, Tuple

from jupyter_mlflow.runtime.portable import identities

PICKLES = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"})
_INTERFERES = PICKLES | {"__new__", "__getattr__", "__getattribute__", "__setattr__", "__setitem__", "append", "extend", "add", "update"}


def _exact(value: Any, layout: Any) -> Tuple[Any, ...]:
    """What a subclass of an immutable type is made of."""
    if layout in (int, float, complex):
        return (layout.__pos__(value),)
    if layout is str:
        return (str.__str__(value),)
    if layout is bytes:
        return (bytes.__getitem__(value, slice(None)),)
    if layout in (tuple, frozenset):
        return (layout(layout.__iter__(value)),)
    return ()


_FILLED: Dict[type, Any] = {dict: dict.update, list: list.extend, set: set.update}
_LAYOUTS = {object, int, float, complex, str, bytes, tuple, frozenset, *_FILLED}


def layout_of(kind: type) -> type:
    """The first class below that is not the notebook's."""
    while identities.by_value(kind):
        kind = kind.__base__  # type: ignore[assignment]
    return kind


def travels_whole(kind: type) -> bool:
    """Whether pickle would run code of the notebook to take objects of a class apart or to make them again."""
    if not identities.by_value(kind) or kind in copyreg.dispatch_table:
        return False
    own = [one for one in kind.__mro__ if identities.by_value(one)]
    others = [one for one in kind.__mro__ if one not in own and one.__module__ != "builtins"]
    return (
        any(_INTERFERES & set(vars(one)) for one in own)
        and not any(PICKLES & set(vars(one)) for one in others)
        and layout_of(kind) in _LAYOUTS
    )


@identities.loader
def _instance(kind: Any, layout: Any, arguments: Tuple[Any, ...]) -> Any:
    return layout.__new__(kind, *arguments)


def _state_of(value: Any, layout: Any = object) -> Dict[str, Any]:
    try:
        content = object.__getattribute__(value, "__dict__")
    except AttributeError:
        content = None
    slots = []
    for cls in type(value).__mro__:
        for name, slot in vars(cls).items() if cls.__flags__ & identities.HEAP else ():
            if isinstance(slot, types.MemberDescriptorType):
                with contextlib.suppress(AttributeError):
                    slots.append((cls, name, slot.__get__(value, cls)))
    items = None if layout not in _FILLED else dict(dict.items(value)) if layout is dict else list(layout.__iter__(value))
    return {"dict": content, "slots": slots, "items": items, "layout": layout}


@identities.loader
def _whole_state(value: Any, state: Dict[str, Any]) -> None:
    if state["dict"]:
        object.__getattribute__(value, "__dict__").update(state["dict"])
    for cls, name, content in state["slots"]:
        vars(cls)[name].__set__(value, content)
    if state["items"]:
        _FILLED[state["layout"]](value, state["items"])


def reduce_whole(pickler: Any, value: Any) -> Any:
    """An object of a class that interferes with pickle."""
    pickler.ignored = True
    layout = layout_of(type(value))
    return _instance, (type(value), layout, _exact(value, layout)), _state_of(value, layout), None, None, _whole_state


@identities.loader
def _member(kind: Any, name: Any, value: Any, layout: Any, arguments: Tuple[Any, ...]) -> Any:
    """A member of an enum: the one that is here, if the class came before."""
    known = vars(kind).get("_member_map_", {}).get(name)
    with contextlib.suppress(TypeError):
        known = known or vars(kind).get("_value2member_map_", {}).get(value)
    return layout.__new__(kind, *arguments) if known is None else known


def reduce_member(_: Any, value: Any) -> Any:
    """A member of an enum."""
    kind = type(value)
    layout = next((one for one in kind.__mro__ if one in _LAYOUTS and one is not object), object)
    return _member, (kind, value._name_, value._value_, layout, _exact(value, layout)), _state_of(value), None, None, _whole_state
