"""Objects of libraries that pickle loses something of, or that travel only when they are idle."""

from __future__ import annotations

import importlib
import sys
import threading
import types
import weakref
from typing import Any, Dict, Tuple

from jupyter_mlflow.runtime.portable import identities


@identities.loader
def _frame_state(frame: Any, state: Tuple[Any, Dict[str, Any]]) -> None:
    frame.__setstate__(state[0])
    frame.__dict__.update(state[1])


def reduce_frame(_: Any, frame: Any) -> Any:
    """Attributes that users set, which pandas forgets."""
    own = {key: value for key, value in vars(frame).items() if not key.startswith("_")}
    made = frame.__reduce_ex__(5) if own else None
    if not isinstance(made, tuple) or len(made) < 3 or not hasattr(type(frame), "__setstate__"):
        return NotImplemented
    own = {key: value for key, value in own.items() if key not in made[2]}
    return (made[0], made[1], (made[2], own), None, None, _frame_state) if own else NotImplemented


@identities.loader
def _figure_state(figure: Any, state: Tuple[Any, bool]) -> None:
    if state[1]:
        show_figures()
    figure.__setstate__(
        {key: one for key, one in state[0].items() if key != "_restore_to_pylab"}
    )  # which of them are open is process state


@identities.loader
def _transform_state(node: Any, state: Dict[str, Any]) -> None:
    node.__setstate__({**state, "_parents": {id(one): one for one in state["_parents"].values() if one is not None}})


def reduce_transform(_: Any, node: Any) -> Any:
    """A node of matplotlib's transforms, with what depends on it.

    matplotlib finds that by ids, and keeps them. In another process an object that is made later may have such an id and take the place of one
    that then is not told of changes, so that something is drawn, or cut off, where it was before.
    """
    made = node.__reduce_ex__(5)
    known = isinstance(made, tuple) and len(made) >= 3 and isinstance(made[2], dict) and "_parents" in made[2]
    return (made[0], made[1], made[2], None, None, _transform_state) if known else NotImplemented


def show_figures() -> Any:
    """Let the shell show figures as it does once something was drawn with pyplot; gives the backend."""
    pyplot = importlib.import_module("matplotlib.pyplot")
    if getattr(pyplot, "_backend_mod", None) is None:
        pyplot.switch_backend(dict.__getitem__(importlib.import_module("matplotlib").rcParams, "backend"))
    return getattr(pyplot, "_backend_mod", None)


def reduce_figure(_: Any, figure: Any) -> Any:
    """A figure, and whether it would be shown."""
    made = figure.__reduce_ex__(5)
    drawn = getattr(sys.modules.get("matplotlib.pyplot"), "_backend_mod", None) is not None
    return (made[0], made[1], (made[2], drawn), None, None, _figure_state) if isinstance(made, tuple) and len(made) >= 3 else NotImplemented


def reduce_tensor(_: Any, tensor: Any) -> Any:
    """With its gradient, which PyTorch leaves out; not if it remembers what it was computed from."""
    if tensor.grad_fn is not None:
        raise TypeError("it is the result of a computation that PyTorch could go back through, which stays in its process; `.detach()` it")
    made = tensor.__reduce_ex__(5) if tensor.grad is not None else None
    return (*made, tensor.grad, None, None, _set_gradient) if isinstance(made, tuple) and len(made) == 2 else NotImplemented


@identities.loader
def _set_gradient(tensor: Any, gradient: Any) -> None:
    tensor.grad = gradient


@identities.loader
def _module(name: str) -> Any:
    found = sys.modules.get(name)
    if found is not None and not identities.is_importable(found):
        return found
    return types.ModuleType(name)


@identities.loader
def _imported(name: str) -> Any:
    return importlib.import_module(name)


@identities.loader
def _module_state(module: Any, state: Dict[str, Any]) -> None:
    vars(module).update(state["vars"])
    if state["listed"]:
        sys.modules.setdefault(module.__name__, module)


def reduce_module(_: Any, module: Any) -> Any:
    """By name, or by value if it was made by hand."""
    name, listed = module.__name__, sys.modules.get(module.__name__) is module
    if name == "__main__" or (listed and identities.is_importable(module)):
        return _imported, (name,)
    state = {"vars": {key: one for key, one in vars(module).items() if key != "__builtins__"}, "listed": listed}
    return _module, (name,), state, None, None, _module_state


@identities.loader
def _lock(reentrant: bool) -> Any:
    return threading.RLock() if reentrant else threading.Lock()


def reduce_lock(_: Any, lock: Any) -> Any:
    """A lock that nobody holds is like any other."""
    if not repr(lock).startswith("<unlocked"):
        raise TypeError("a lock that is held cannot travel")
    return _lock, (type(lock).__name__ == "RLock",)


def reduce_weak(_: Any, value: Any) -> Any:
    """Weak collections keep only what something else holds: of what travels, nobody knows that but of definitions and modules."""
    held = list(value)
    if not all(isinstance(one, (type, types.FunctionType, types.ModuleType)) for one in held):
        raise TypeError("what it refers to weakly may not be there in another process")
    if isinstance(value, weakref.WeakSet):
        return type(value), (held,)
    return type(value), (), None, None, iter([(one, value[one]) for one in held])


@identities.loader
def _sentinel(name: str) -> Any:
    return identities.Here.things[name] if name in identities.Here.things else identities.remember(name, object())


def reduce_sentinel(_: Any, value: Any) -> Any:
    """`object()` is nothing but itself."""
    return _sentinel, (identities.named(value, "object"),)


@identities.loader
def constant(module: str, name: str) -> Any:
    """What a module knows by that name."""
    found: Any = importlib.import_module(module)
    for one in name.split("."):
        found = getattr(found, one)
    return found


def reduce_constant(_: Any, value: Any) -> Any:
    """An object without state that a library refers to by name, such as `dataclasses.MISSING`."""
    if getattr(value, "__dict__", None):
        return NotImplemented
    module = sys.modules[type(value).__module__]
    name = next((key for key, one in vars(module).items() if one is value), None)
    return NotImplemented if name is None else (constant, (module.__name__, name))


def reduce_field_kind(_: Any, value: Any) -> Any:
    """What a dataclass keeps about its fields."""
    return constant, ("dataclasses", value.name)
