"""The agent: the code inside the user's kernel that puts state in place before a step's cells run and captures it afterwards.

It needs the standard library only, like `payloads` and `portable` beside it, so that the runtime can inject them all into a kernel of any
environment (see `injection`).
"""

from __future__ import annotations

import builtins
import importlib
import math
import os
import pickle
import sys
import traceback
import types
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from jupyter_mlflow.runtime import payloads
from jupyter_mlflow.runtime.portable import identities


class _Here:
    """What this process knows: the user's namespace, the step, the state it started from."""

    namespace = {}  # type: Dict[str, Any]
    step = ""
    folder = ""
    environ = {}  # type: Dict[str, str]
    start = {}  # type: Dict[str, Any]  # see `_start`
    files_read = {}  # type: Dict[str, None]
    files_written = {}  # type: Dict[str, None]
    outside = {}  # type: Dict[str, None]  # absolute paths written
    temporary = []  # type: List[str]  # files and folders of `tempfile` that outlive the step
    kept = None  # type: Optional[Dict[str, Tuple[Optional[bytes], bool]]]  # files before an import wrote them; whether it only appends
    before = {}  # type: Dict[str, Tuple[int, int]]
    network = False
    unseen = False
    listening = False
    hooked = False


identities.Here.singletons = (
    ("os", "environ"),
    ("random", "_inst"),  # whose methods are `random.random` and so on
    ("numpy.random.mtrand", "_rand"),
    ("sys", "stdout"),
    ("sys", "stderr"),
    ("matplotlib", "rcParams"),
)
"""Objects that there is one of in each process: others refer to them by name, their state travels on its own."""


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
    looks = {"modules": lambda: dict(sys.modules), "logging": _loggers, "signals": _signals, "limits": _limits, "shell": _shell_state}
    return {name: look() for name, look in looks.items() if gives is None or "process:" + name in gives}


def _changed(now: Dict[Any, Any], then: Dict[Any, Any]) -> Dict[Any, Any]:
    return {key: value for key, value in now.items() if key not in then or (then[key] is not value and then[key] != value)}


def _portable(value: Any) -> bool:
    try:
        payloads.Draft({"": value})
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
    """Entries of `sys.modules` that no import made; None in place of a module forbids its import."""
    then = _Here.start["modules"]
    changed = {name: one for name, one in list(sys.modules.items()) if then.get(name, sys) is not one}
    return {name: one for name, one in changed.items() if getattr(one, "__spec__", None) is None}


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


def _handler(kind: Any, name: str) -> Any:
    """A handler that arrives twice, with its logger and as a name's value, is one."""
    return identities.Here.things[name] if name in identities.Here.things else identities.remember(name, kind.__new__(kind))


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
    return _handler, (type(handler), identities.named(handler, "handler")), state, None, None, _handler_state


def _directory(kind: Any, state: Dict[str, Any]) -> Any:
    """A temporary folder that arrives is removed with its object, or by `cleanup()`, but not at the end of this process."""
    import weakref

    made = kind.__new__(kind)
    vars(made).update(state)
    made._finalizer = weakref.finalize(made, kind._cleanup, made.name, warn_message="Implicitly cleaning up %r" % made)
    made._finalizer.atexit = False
    return made


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


def _visit_first() -> None:
    """`_dh` begins with the folder that the kernel started in."""
    shell = _shell()
    visited = shell.user_ns.get("_dh") if shell is not None else None
    if isinstance(visited, list) and visited:
        visited[:] = [type(visited[0])(os.getcwd())]


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


_SHELLS = frozenset({"IPython", "ipykernel", "jupyter_mlflow"})
_PIECES = tuple(
    " display_formatter events magics_manager input_transformer_manager history_manager display_pub displayhook kernel".split(" ")
)


def _piece(name: str, kind: str) -> Any:
    """A part of this process's shell."""
    found = getattr(_shell(), name) if name else _shell()
    return found.formatters[kind] if kind else found


def _reduce_piece(_: Any, value: Any) -> Any:
    shell = _shell()
    for name in _PIECES if shell is not None else ():
        if (getattr(shell, name, None) if name else shell) is value:
            return _piece, (name, "")
    for kind, formatter in shell.display_formatter.formatters.items() if shell is not None else ():
        if formatter is value:
            return _piece, ("display_formatter", kind)
    return NotImplemented


for _made in (_piece, _handler, _handler_state, _directory):
    identities.loader(_made)


def _special(kind: type) -> Any:
    """How objects of the standard library and IPython travel that live in a process, yet can be made again in another."""
    logging, core = sys.modules.get("logging"), sys.modules.get("IPython.core.interactiveshell")
    if logging is not None and issubclass(kind, logging.Handler):
        return lambda _, handler: _reduce_handler(handler)
    if core is not None and kind.__module__.partition(".")[0] in _SHELLS:
        return _reduce_piece
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None and issubclass(kind, tempfile.TemporaryDirectory):
        return lambda _, one: (_directory, (kind, {key: value for key, value in vars(one).items() if key != "_finalizer"}))
    return None


identities.Here.specials = [_special]

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


def _apply_module(_root: str, state: Any) -> None:
    for name in state["modules"]:
        importlib.import_module(name)
    known = {id(value) for value in _Here.namespace.values()}
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

    shown, registry = getattr(warnings, "_showwarnmsg", None), {}  # type: Any, Dict[Any, Any]
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
_ORDER = ("patch", "process", "module", "random")  # how states are put in place: what a module shows may depend on filters of warnings
_FIRST = ("process:syspath", "process:environ")  # imports and class look-ups may need them


# ---- files and network -------------------------------------------------------------------------------------------------


def _hook(event: str, arguments: Tuple[Any, ...]) -> None:
    if _Here.kept is not None and event == "open":
        _keep(*arguments)
    if not _Here.listening:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)):
            name = os.fsdecode(path)
            writes = _writes(mode, flags)
            _note(name, _Here.files_written if writes else _Here.files_read)
            if writes and os.path.isabs(name):
                _Here.outside[name] = None
            if writes and mode and set(mode) & set("a+"):
                _note(name, _Here.files_read)
    elif event == "socket.connect":
        _Here.network = _Here.network or not isinstance(arguments[1], (str, bytes))


def _writes(mode: Any, flags: Any) -> bool:
    return bool(mode and set(mode) & set("wax+")) or (mode is None and bool(flags & (os.O_WRONLY | os.O_RDWR)))


def _note(name: str, where: Dict[str, None]) -> None:
    path = _inside(name)
    if path:
        where[path] = None


def _inside(name: str) -> str:
    """The path of a file in the notebook's folder."""
    path = os.path.normpath(os.path.join(os.getcwd(), name))
    ours = path.startswith(_Here.folder + os.sep) and not path.endswith(".pyc")
    return path if ours and "__pycache__" not in path and "site-packages" not in path and "/.ipython" not in path else ""


def _keep(path: Any, mode: Any, flags: Any) -> None:
    """Before a file is written while modules are imported again: keep what it holds."""
    kept, name = _Here.kept, _inside(os.fsdecode(path)) if isinstance(path, (str, bytes)) and _writes(mode, flags) else ""
    if kept is None or not name:
        return
    appends = mode is not None and "a" in mode
    if name in kept:
        kept[name] = kept[name][0], kept[name][1] and appends
        return
    _Here.kept = None  # not this time
    kept[name] = _bytes(name), appends
    _Here.kept = kept


def _bytes(name: str) -> Optional[bytes]:
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return None


def _undo() -> List[str]:
    """What an import wrote in Run All it wrote once: put files back. Those that it did not only append to cannot be right."""
    kept, _Here.kept, wrong = _Here.kept or {}, None, []
    for name, (before, appends) in kept.items():
        if _bytes(name) == before:
            continue
        if not appends:
            wrong.append(os.path.relpath(name, _Here.folder))
        if before is None:
            os.unlink(name)
        else:
            with open(name, "wb") as file:
                file.write(before)
    return wrong


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
    identities.Here.namespace, identities.Here.step = namespace, request.get("step", "")
    _Here.namespace, _Here.step, _Here.folder = namespace, request.get("step", ""), os.path.abspath(request.get("folder") or os.getcwd())
    _Here.environ, _Here.start = dict(os.environ), _start(request.get("gives"))
    _Here.kept, _Here.temporary = {}, []
    _visit_first()
    _install()
    restored, states = [], {}  # type: List[str], Dict[str, Any]
    given = {}  # type: Dict[str, Any]
    try:
        for given in _early(request.get("inputs", ())):
            values = payloads.load(given["path"])
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
        for key in sorted(states, key=lambda one: (_ORDER.index(one.partition(":")[0]), one)):
            given = {"keys": [key], "source": _source_of(request, key)}
            _apply(key, states[key])
        given = {"keys": ["modules"]}
        _only_once(_undo())
    except Exception as problem:  # noqa: BLE001 - whatever a payload raises is told, with the step that made it
        lines = traceback.format_exception(type(problem), problem, problem.__traceback__)
        _undo()
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


def _only_once(files: List[str]) -> None:
    if files:
        raise RuntimeError(
            "importing them again, or a setup cell that configures, writes %s anew, which Run All does once; write it in a cell of a step"
            % ", ".join("`%s`" % one for one in files)
        )


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
    except ImportError:
        if not statement.startswith(("import ", "from ")):  # who needs it will say so
            raise
    finally:
        sys.stdout, sys.stderr = streams
        sink.close()


def _listen() -> None:
    _Here.files_read, _Here.files_written, _Here.outside, _Here.network = {}, {}, {}, False
    _Here.before = _scan(_Here.folder)
    _install()
    _Here.listening = True


def _install() -> None:
    if not _Here.hooked:
        sys.addaudithook(_hook)
        _Here.hooked = True


def assign(values: Dict[str, Any], namespace: Dict[str, Any]) -> None:
    """Set parameters."""
    namespace.update(values)


def finish(request: Dict[str, Any], namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Capture what later steps read."""
    _Here.listening = False
    gives = list(request.get("gives", ()))
    if gives:
        _outlive(namespace)
    read, written = _files(request["outbox"], request.get("ignored", ()))
    absent, unportable, drafts = [], {}, {}  # type: List[str], Dict[str, str], Dict[str, payloads.Draft]
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
            drafts[key] = payloads.Draft({key: value})
        except BaseException as problem:  # noqa: BLE001 - RecursionError, user's __reduce__ and all
            unportable[key] = _reason(key, value, problem)
    outputs = []  # type: List[Dict[str, Any]]
    shared, apart = payloads.sharing(drafts.values())
    for number, group in enumerate(payloads.groups(drafts)):
        path = os.path.join(request["outbox"], "%d.jms" % number)
        values = {key: drafts[key].values[key] for key in group}
        try:
            draft = drafts[group[0]] if len(group) == 1 and not shared else payloads.Draft(values, shared, apart)
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
        "effects": [name for name, seen in (("network", _Here.network), ("unseen-files", _Here.unseen)) if seen]
        + ["temporary:" + os.path.abspath(path) for path in _Here.temporary],
    }


def _value(key: str, namespace: Dict[str, Any]) -> Any:
    kind, colon, name = key.partition(":")
    return _CAPTURES[kind](name) if colon else namespace[key]


def _files(outbox: str, ignored: Iterable[str] = ()) -> Tuple[List[str], List[str]]:
    ours = os.path.join(_Here.folder, os.path.relpath(outbox, _Here.folder).split(os.sep)[0]) + os.sep  # a home inside the folder
    now, before = {path: state for path, state in _scan(_Here.folder).items() if not path.startswith(ours)}, _Here.before
    written = {path for path in _Here.files_written if path in now}
    others = frozenset(ignored)
    temporary = _temporary_folder()
    lasting = any(path.startswith(temporary) and "joblib_memmapping" not in path and os.path.exists(path) for path in _Here.outside)
    # a native library, a command or another step beside this one: nobody can tell which, so the step is not reused
    _Here.unseen = lasting or any(before.get(path) != state for path, state in now.items() if path not in written and path not in others)
    read = {path for path in _Here.files_read if path in before}
    return sorted(read), sorted(written)


def _temporary_folder() -> str:
    tempfile = sys.modules.get("tempfile")
    return os.path.join(tempfile.gettempdir(), "") if tempfile is not None else os.devnull


def _outlive(namespace: Dict[str, Any]) -> None:
    """Files and folders of `tempfile` last as long as their object: those left here last until the run is done."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is None:
        return
    import weakref

    for finalizer, about in list(getattr(weakref.finalize, "_registry", {}).items()):
        if getattr(about.func, "__qualname__", "") == "TemporaryDirectory._cleanup":
            finalizer.detach()
            _Here.temporary.append(str(about.args[0]))
    for value in namespace.values():
        if type(value) is tempfile._TemporaryFileWrapper:
            value._closer.delete = False
            _Here.temporary.append(str(value.name))


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
