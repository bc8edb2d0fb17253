"""What lies inside modules: of the notebook's folder, put there by the notebook, or entered into `sys.modules` by hand."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import types
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from jupyter_mlflow.runtime.portable import identities
from jupyter_mlflow.runtime.states import beginnings


def entries() -> Any:
    """Entries of `sys.modules` that no import made; None in place of a module forbids its import."""
    then = beginnings.Here.start["modules"]
    changed = {name: one for name, one in list(sys.modules.items()) if then.get(name, sys) is not one}
    return {name: one for name, one in changed.items() if getattr(one, "__spec__", None) is None}


def put_entries(state: Any) -> None:
    """Enter modules by hand."""
    sys.modules.update(state)


def _own_modules(root: str) -> List[types.ModuleType]:
    """Modules of that name which lie in the notebook's folder."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (
            (name == root or name.startswith(root + "."))
            and file
            and os.path.realpath(file).startswith(os.path.realpath(beginnings.Here.folder) + os.sep)
        ):
            found.append(module)
    return found


def capture(root: str) -> Any:
    """The values in the modules of that name; a KeyError says that none was imported."""
    modules = _own_modules(root)
    if not modules:
        raise KeyError(root)
    return {"modules": [module.__name__ for module in modules], "values": dict(_values(modules))}


def _values(modules: List[types.ModuleType]) -> Iterator[Tuple[Tuple[str, str], Any]]:
    """What lies in modules besides code; `__warningregistry__` knows which warnings were shown."""
    for module in modules:
        for name, value in list(vars(module).items()):
            code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
            if (not name.startswith("__") or name == "__warningregistry__") and not isinstance(value, code) and _text(value) is not None:
                yield (module.__name__, name), value


def _text(value: Any) -> Any:
    """How a value looks when pickled; None for what stays as the import made it."""
    try:
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - whatever a `__reduce__` raises
        return None


def put(_root: str, state: Any) -> None:
    """Import the modules and give them those values."""
    for name in state["modules"]:
        importlib.import_module(name)
    known = {id(value) for value in identities.Here.namespace.values()}
    for (module, name), value in state["values"].items():
        target = vars(sys.modules[module])
        old = target.get(name)
        if name == "__warningregistry__":
            target[name] = {**value, "version": _warnings_version()}
        elif id(value) in known:  # a name of the notebook shows it: one object for all
            _put_instead(state["modules"], name, old, value, target)
        elif type(old) is not type(value) or _text(old) != _text(value):
            _refill(old, value) if type(old) is type(value) and isinstance(old, (list, dict, set)) else target.update({name: value})


def _put_instead(modules: Iterable[str], name: str, old: Any, value: Any, target: Dict[str, Any]) -> None:
    target[name] = value
    for module in modules if isinstance(old, (list, dict, set)) else ():
        vars(sys.modules[module]).update({key: value for key, one in vars(sys.modules[module]).items() if one is old})


def _warnings_version() -> Any:
    """The number that a registry of shown warnings must bear to count."""
    import warnings

    shown: Any = getattr(warnings, "_showwarnmsg", None)
    registry: Dict[Any, Any] = {}
    warnings._showwarnmsg = lambda _message: None  # type: ignore[attr-defined]
    try:
        warnings.warn_explicit("", UserWarning, "", 1, registry=registry)
    except UserWarning:  # a filter makes errors of warnings
        pass
    finally:
        warnings._showwarnmsg = shown  # type: ignore[attr-defined]
    return registry.get("version", 0)


def _refill(old: Any, value: Any) -> None:
    """Same object, new content: others may hold it."""
    old.clear()
    old.extend(value) if isinstance(old, list) else old.update(value)


def _owner(path: str) -> Tuple[Any, str]:
    names = path.split(".")
    value = identities.Here.namespace[names[0]]
    for name in names[1:-1]:
        value = getattr(value, name)
    return value, names[-1]


def capture_patch(path: str) -> Any:
    """What an attribute of something imported is now; whether it is there at all."""
    owner, name = _owner(path)
    if name in vars(owner):
        return True, vars(owner)[name]
    return (True, getattr(owner, name)) if hasattr(owner, name) else (False, None)


def put_patch(path: str, state: Any) -> None:
    """Set or delete that attribute."""
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
