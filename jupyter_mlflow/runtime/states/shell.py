"""The state of IPython's shell: settings, magics, hooks, formatters. What libraries register there, they register in each process."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, List, Set

from jupyter_mlflow.runtime.portable import identities
from jupyter_mlflow.runtime.states import beginnings


def current() -> Any:
    """IPython's shell, where there is one."""
    core = sys.modules.get("IPython.core.getipython")
    return core.get_ipython() if core is not None else None


_SIMPLE = (str, int, float, bool, type(None))


def _simple(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(isinstance(one, _SIMPLE) for one in value)
    return isinstance(value, _SIMPLE)


def _configurables() -> Dict[str, Any]:
    shell = current()
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


def folders() -> Any:
    """The working folder, and those of `%pushd` and `%cd -`."""
    shell = current()
    visited = (shell.dir_stack, shell.user_ns.get("_dh")) if shell is not None else ()
    return os.getcwd(), [list(one or ()) for one in visited]


def visit_first() -> None:
    """`_dh` begins with the folder that the kernel started in."""
    shell = current()
    visited = shell.user_ns.get("_dh") if shell is not None else None
    if isinstance(visited, list) and visited:
        visited[:] = [type(visited[0])(os.getcwd())]


def put_folders(state: Any) -> None:
    """Change the working folder."""
    os.chdir(state[0])
    shell = current()
    if shell is not None and state[1]:
        shell.dir_stack[:] = state[1][0]
        shell.user_ns["_dh"][:] = state[1][1]


def look() -> Dict[Any, Any]:
    """What cells can change about the shell, by place."""
    shell = current()
    if shell is None:
        return {}
    state: Dict[Any, Any] = {"mode": shell.InteractiveTB.mode}
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


def capture() -> Any:
    """What differs from the start, as far as it is the notebook's."""
    then = beginnings.Here.start["shell"]
    found = {place: _moved(place, value, then.get(place)) for place, value in beginnings.changed(look(), then).items()}
    return {place: value for place, value in found.items() if value is not None}


def _moved(place: Any, value: Any, before: Any) -> Any:
    """How a piece of the shell's state travels; None when a library put it there, which does so in each process."""
    if place[0] == "magic":
        return _as_magic(value)
    if place[0] == "hooks":
        return [one for one in value if one not in (before or ()) and _of_notebook(one)] or None
    if place[0] == "printer":
        return value if _of_notebook(value) or _of_notebook(place[2]) or beginnings.portable(value) else None
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


def put(state: Any) -> None:
    """Change this process's shell."""
    shell = current()
    if shell is None:
        return
    configurables, hooks = _configurables(), _hooks(shell)
    made: Set[type] = set()
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


_SHELLS = frozenset({"IPython", "ipykernel", "jupyter_mlflow"})


_PIECES = tuple(
    " display_formatter events magics_manager input_transformer_manager history_manager display_pub displayhook kernel".split(" ")
)


def _piece(name: str, kind: str) -> Any:
    """A part of this process's shell."""
    found = getattr(current(), name) if name else current()
    return found.formatters[kind] if kind else found


def _reduce_piece(_: Any, value: Any) -> Any:
    shell = current()
    for name in _PIECES if shell is not None else ():
        if (getattr(shell, name, None) if name else shell) is value:
            return _piece, (name, "")
    for kind, formatter in shell.display_formatter.formatters.items() if shell is not None else ():
        if formatter is value:
            return _piece, ("display_formatter", kind)
    return NotImplemented


def as_after_a_cell() -> None:
    """Some magics look at the result of the cell before, which every step but the first has."""
    shell = current()
    if shell is not None and getattr(shell, "last_execution_result", True) is None:
        shell.last_execution_result = importlib.import_module("IPython.core.interactiveshell").ExecutionResult(None)


identities.loader(_piece)
identities.Here.specials.append(lambda kind: _reduce_piece if kind.__module__.partition(".")[0] in _SHELLS else None)
