"""Preloading: imports that every later step finds done, as long as doing them early changes nothing.

A module is not preloaded when its import fails, prints, warns, starts threads, takes signals, changes the
folder or the import path, or looks at `get_ipython()`, because then a step would see something else than in
a kernel of its own; nor when it, or anything that it imports, is the user's own file. The modules are
imported in a forked process. If all are fit, that process is the template from then on, so nothing is
imported twice; if not, it ends and another one goes without the unfit.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import json
import os
import signal
import site
import sys
import sysconfig
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from jupyter_mlflow.runtime import lightness, processes

# Known to fail the tests below; naming them spares a second attempt.
_UNFIT = {
    "matplotlib_inline.backend_inline": "its import looks at get_ipython()",
    "tqdm.auto": "its import looks at get_ipython()",
    "tqdm.autonotebook": "its import looks at get_ipython()",
    "tqdm.notebook": "its import looks at get_ipython()",
    "plotly.io": "its import looks at get_ipython()",
}
# These look at get_ipython(), see the template's shell as they would see the kernel's, and do the same to it.
_MAY_LOOK = ("IPython.", "matplotlib.pyplot", "pandas.core.config_init")
# Linear algebra libraries start threads when they are loaded, and again in a child after a fork.
_BLAS = ("openblas", "libmkl_rt", "libblis")
_BLAS_SIZES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")
# So does the allocator of pyarrow.
_HARMLESS_THREADS = frozenset({"jemalloc_bg_thd"})

_ATTEMPTS = 5
_FOUND_UNFIT = 3  # exit code


def serve(path: Path, modules: list[str]) -> int:
    """Be a template that has imported `modules`, or the guardian of one."""
    path = path.absolute()
    os.chdir(os.sep)  # the socket's folder goes before we do
    lightness.load()
    from jupyter_mlflow.runtime import shells, templates

    # Read when matplotlib is imported; a Jupyter kernel has set it by then.
    if not os.environ.get("MPLBACKEND"):
        os.environ["MPLBACKEND"] = shells.INLINE
    # Read when OpenMP is loaded: threads that wait must sleep, for the processors belong to the steps beside this one too.
    # With threads that spin, two small PyTorch trainings on two processors took 5 to 15 times as long. Results are the same.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    shell = shells.build()
    importlib.import_module("jupyter_mlflow.runtime.agent")
    refused = _declined(modules)
    if not modules:
        templates.serve(path, shell, {"preloaded": [], "refused": {}})
        return 0
    for _ in range(_ATTEMPTS):
        wanted = [name for name in dict.fromkeys(modules) if name not in refused]
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _play(wanted, refused, writing, lambda about: templates.serve(path, shell, about))
        os.close(writing)
        with os.fdopen(reading, "rb") as verdicts:
            found = json.loads(verdicts.read() or b"{}")
        code = _guard(pid)
        if code != _FOUND_UNFIT:
            return code
        refused |= found
    templates.serve(path, shell, {"preloaded": [], "refused": dict.fromkeys(modules, "no set of modules was fit") | refused})
    return 0


def _play(wanted: list[str], refused: dict[str, str], verdicts: int, perform: Callable[[dict[str, Any]], None]) -> None:
    """In the forked process: import, and go on as the template or give up."""
    code = 1
    try:
        processes.die_with_parent(signal.SIGTERM)
        unfit = rehearse(wanted)
        with os.fdopen(verdicts, "wb") as pipe:
            pipe.write(json.dumps(unfit).encode())
        if unfit:
            code = _FOUND_UNFIT
        else:
            perform({"preloaded": [name for name in wanted if name in sys.modules], "refused": refused})
            code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the last line of this process
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def _guard(pid: int) -> int:
    """Wait for the forked process and hand it the signals that are meant for it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1


def rehearse(modules: list[str]) -> dict[str, str]:
    """Import `modules`; gives what is wrong with those that should not have been."""
    unfit = _declined(modules)
    for name in modules:
        if name in unfit:
            continue
        with _watched() as watch:
            reason = _import(name)
        reason = reason or watch.reason()
        if reason is not None:
            unfit[name] = reason
    return unfit


def _declined(modules: list[str]) -> dict[str, str]:
    """Modules that need not even be tried, and why: nothing is spoilt by them."""
    reasons = {name: _UNFIT.get(name) or _whose(name) for name in modules}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _import(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - whatever a module does when it is imported
        if isinstance(error, ModuleNotFoundError) and error.name == name and name.rpartition(".")[0] in sys.modules:
            return None  # `from package import function`: what can be imported of it has been
        return f"its import fails: {type(error).__name__}: {error}"[:300]
    return None


def _whose(name: str) -> str | None:
    """Why not even to try: it is not there, or not from an installed distribution."""
    root = name.partition(".")[0]
    if root in sys.builtin_module_names:
        return None
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return "it is not installed"
    places = [spec.origin] if spec.origin and spec.has_location else list(spec.submodule_search_locations or ())
    return None if all(map(_is_installed, places)) else "it is a file of the user's, which may change"


def _is_installed(path: str) -> bool:
    real = os.path.realpath(path)
    return any(real.startswith(folder + os.sep) for folder in _INSTALLED)


def _installation() -> tuple[str, ...]:
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple({os.path.realpath(path) for path in paths if path})


_INSTALLED = _installation()


class _Watch:
    """What an import did beside importing."""

    def __init__(self) -> None:
        self.looked: list[str] = []
        self.warned: list[warnings.WarningMessage] = []
        self.printed = 0
        self._before = _state()

    def reason(self) -> str | None:
        """The first thing that makes the import unfit."""
        added = {name: sys.modules[name] for name in sys.modules.keys() - self._before["modules"]}
        places = {name: getattr(module, "__file__", None) for name, module in added.items()}
        foreign = [name for name, place in places.items() if place and not _is_installed(place)]
        now = _state()
        checks = {
            "its import prints": self.printed > 0,
            f"its import warns: {self.warned[0].message if self.warned else ''}"[:200]: bool(self.warned),
            "its import starts threads": now["threads"] > self._before["threads"],
            f"its import looks at get_ipython() (in {', '.join(dict.fromkeys(self.looked))})": bool(self.looked),
            f"it imports a file of the user's: {', '.join(foreign)}": bool(foreign),
            "its import changes the folder or the import path": now["folder"] != self._before["folder"],
            "its import takes over signals": now["signals"] != self._before["signals"],
        }
        return next((reason for reason, holds in checks.items() if holds), None)


def _state() -> dict[str, Any]:
    return {
        "modules": set(sys.modules),
        "threads": threading.active_count() + _strange_threads(),
        "folder": (os.getcwd(), tuple(sys.path)),  # noqa: PTH109
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)],
    }


def _strange_threads() -> int:
    """Threads beside the main one that do not look after themselves in a fork."""
    found = sum(name not in _HARMLESS_THREADS for name in processes.threads())
    return max(found - 1 - _blas_threads(), 0)


def _blas_threads() -> int:
    """One less than processors, for each library."""
    try:
        with open("/proc/self/maps") as file:  # noqa: PTH123
            libraries = {line.rpartition("/")[2].strip() for line in file if any(name in line for name in _BLAS)}
    except OSError:
        return 0
    sizes = [int(size) for name in _BLAS_SIZES if (size := os.environ.get(name, "")).isdigit()]
    return len(libraries) * (min([len(os.sched_getaffinity(0)), *sizes]) - 1)


@contextlib.contextmanager
def _watched() -> Iterator[_Watch]:
    with (
        warnings.catch_warnings(record=True) as warned,
        _probed() as looked,
        tempfile.TemporaryFile() as printed,
        _redirected(printed.fileno()),
    ):
        watch = _Watch()
        yield watch
    watch.looked = looked
    watch.warned = warned
    watch.printed = _PRINTED.pop()


_PRINTED: list[int] = []


@contextlib.contextmanager
def _redirected(target: int) -> Iterator[None]:
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _PRINTED.append(os.fstat(target).st_size)
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


@contextlib.contextmanager
def _probed() -> Iterator[list[str]]:
    """Notes which modules ask for the shell; they get it."""
    looked: list[str] = []
    shell = InteractiveShell._instance  # noqa: SLF001

    def initialized(cls: type[InteractiveShell]) -> bool:
        _note(looked)
        return cls._instance is not None

    def get_ipython() -> Any:
        _note(looked)
        return shell

    InteractiveShell.initialized = classmethod(initialized)  # type: ignore[method-assign,assignment]
    builtins.get_ipython = get_ipython  # type: ignore[attr-defined]
    try:
        yield looked
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]
        del InteractiveShell.initialized  # it is inherited


def _note(looked: list[str]) -> None:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__") == "IPython.core.getipython":
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "?") if frame is not None else "?"
    if not name.startswith(_MAY_LOOK):
        looked.append(name)
