"""State of the process and settings of libraries, by name: how they are captured and put in place."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Dict, Tuple

from jupyter_mlflow.runtime.states import beginnings, figures, loggers, modules, shell


def look(gives: Any) -> Dict[str, Any]:
    """What the process is like before anything of the notebook: only what differs from it travels.

    Only of what shall be captured: to look at thousands of modules and settings costs a forked process more than to run three cells.
    """
    looks = {"modules": lambda: dict(sys.modules), "logging": loggers.look, "signals": _signals, "limits": _limits, "shell": shell.look}
    return {name: look() for name, look in looks.items() if gives is None or "process:" + name in gives}


def _asked(module: str, *names: str) -> Any:
    """A function that asks a module, if somebody imported it."""

    def ask() -> Any:
        found: Any = sys.modules[module]
        for name in names:
            found = getattr(found, name)
        return found()

    return ask


def _environ() -> Any:
    now, then = dict(os.environ), beginnings.Here.environ
    return {key: now.get(key) for key in {*now, *then} if now.get(key) != then.get(key)}


def _set_environ(state: Any) -> None:
    for key, value in state.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


def _set_path(state: Any) -> None:
    sys.path[:] = state


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
    return beginnings.changed(_signals(), beginnings.Here.start["signals"])


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
    return beginnings.changed(_limits(), beginnings.Here.start["limits"])


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


_PROCESS: Dict[str, Tuple[Any, Any]] = {
    "environ": (_environ, _set_environ),
    "cwd": (shell.folders, shell.put_folders),
    "syspath": (lambda: list(sys.path), _set_path),
    "modules": (modules.entries, modules.put_entries),
    "warnings": (lambda: list(sys.modules["warnings"].filters), _set_filters),
    "logging": (loggers.capture, loggers.put),
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
    "shell": (shell.capture, shell.put),
    "numpy": (_numpy, _set_numpy),
    "matplotlib": (figures.capture, figures.put),
    "pandas": (_pandas, _set_pandas),
    "torch": (_torch, _set_torch),
    "polars": (_asked("polars", "Config", "save"), _set_polars),
    "sklearn": (_asked("sklearn", "get_config"), _set_sklearn),
}
"""Process state: how it is captured and how it is put in place. A KeyError says that there is none."""


def capture(name: str) -> Any:
    """The state of that name; a KeyError says that there is none."""
    return _PROCESS[name][0]()


def put(name: str, state: Any) -> None:
    """Put the state of that name in place."""
    _PROCESS[name][1](state)
