"""What is known by name: in libraries by module and path, in the notebook by a name that is the same in each run."""

from __future__ import annotations

import sys
import types
from typing import Any, Callable, Dict, List, Optional, Tuple

HEAP, IMMUTABLE = 1 << 9, 1 << 8  # flags of types: made at run time; not to be changed

NAME = "_jupyter_mlflow_portable"
_LOADERS = sys.modules.setdefault(NAME, types.ModuleType(NAME))
"""Payloads refer to what they call when they are loaded by this name, wherever these files were loaded from."""


class Here:
    """What this process knows."""

    namespace: Dict[str, Any] = {}
    step = ""
    things: Dict[str, Any] = {}  # what payloads refer to by a name that is the same in each run
    names: Dict[int, str] = {}  # and back
    numbers: Dict[str, int] = {}
    specials: List[Callable[[type], Optional[Callable[[Any, Any], Any]]]] = []  # more ways, by type
    singletons: Tuple[Tuple[str, str], ...] = ()  # what there is one of in each process: module and name


class NeedsIdentitiesError(Exception):
    """A signal to `payloads`: the draft has to look at each single object, which is slow and rarely needed."""


def loader(function: Any) -> Any:
    """Marks what payloads call when they are loaded."""
    function.__module__ = NAME
    setattr(_LOADERS, function.__name__, function)
    return function


def named(value: Any, label: str) -> str:
    """The name of a thing, the same in each run: step, label, ordinal."""
    name = Here.names.get(id(value))
    if name is None:
        name = "%s:%s" % (Here.step, label)
        Here.numbers[name] = Here.numbers.get(name, 0) + 1
        name = "%s:%d" % (name, Here.numbers[name])
        remember(name, value)
    return name


def remember(name: str, value: Any) -> Any:
    """Know a thing that a payload brought by its name."""
    Here.things[name] = value
    Here.names[id(value)] = name
    return value


def is_at(value: Any, module: Any, path: Any) -> bool:
    """Whether a look-up in another process would find it: never in the notebook itself."""
    if not isinstance(module, str) or module == "__main__" or not isinstance(path, str) or module not in sys.modules:
        return False
    found: Any = sys.modules[module]
    for name in path.split("."):
        found = getattr(found, name, None)
    return found is value and is_importable(sys.modules[module])


def is_importable(module: Any) -> bool:
    """Whether another process can import a module, too."""
    return getattr(module, "__spec__", None) is not None or hasattr(module, "__file__") or module.__name__.startswith("_jupyter_mlflow_")


def by_value(cls: type) -> bool:
    """Whether a class is the notebook's, or made at run time."""
    return bool(cls.__flags__ & HEAP) and not is_at(cls, getattr(cls, "__module__", None), getattr(cls, "__qualname__", None))
