"""matplotlib in this process: its settings, where it draws, and the figures that pyplot keeps open."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Dict

from jupyter_mlflow.runtime.portable import libraries

_OF_PROCESS = frozenset({"backend", "interactive"})
_INLINE = ("close_figures", "figure_formats", "print_figure_kwargs", "rc")


def capture() -> Any:
    """A KeyError says that nobody imported it."""
    matplotlib = sys.modules["matplotlib"]
    pyplot = sys.modules.get("matplotlib.pyplot")
    maps = getattr(matplotlib, "colormaps", {})
    known = getattr(maps, "_builtin_cmaps", maps)
    return {
        "rc": {key: value for key, value in dict.items(matplotlib.rcParams) if key not in _OF_PROCESS},
        "maps": {name: maps[name] for name in maps if name not in known},
        "backend": dict.__getitem__(matplotlib.rcParams, "backend"),
        "drawn": getattr(pyplot, "_backend_mod", None) is not None,
        "interactive": matplotlib.is_interactive(),
        "inline": _inline(),
        "figures": _open_figures(),
    }


def put(state: Any) -> None:
    """The settings first, because opening a figure heeds them."""
    matplotlib = importlib.import_module("matplotlib")
    dict.update(matplotlib.rcParams, state["rc"])
    for name, one in state["maps"].items():
        if name not in matplotlib.colormaps or matplotlib.colormaps[name] != one:
            matplotlib.colormaps.register(one, name=name, force=True)
    backend = state["backend"]
    if isinstance(backend, str) and backend != dict.__getitem__(matplotlib.rcParams, "backend"):
        matplotlib.use(backend)
    if state["drawn"]:
        libraries.show_figures()
    if state["inline"]:
        settings = importlib.import_module("matplotlib_inline.config").InlineBackend.instance()
        for name, value in state["inline"].items():
            setattr(settings, name, value)
    if matplotlib.is_interactive() != state["interactive"]:
        matplotlib.interactive(state["interactive"])
    if state["figures"]:
        _open(state["figures"])


def _inline() -> Dict[str, Any]:
    config = sys.modules.get("matplotlib_inline.config")
    if config is None or not config.InlineBackend.initialized():
        return {}
    settings = config.InlineBackend.instance()
    return {name: getattr(settings, name) for name in _INLINE if hasattr(settings, name)}


def _open_figures() -> Any:
    """By number, the current one last. With the inline backend as it is set at first, none is left when a cell ends."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return [(number, manager.canvas.figure) for number, manager in helpers.Gcf.figs.items()] if helpers is not None else []


def _open(figures: Any) -> None:
    backend: Any = libraries.show_figures()
    helpers = importlib.import_module("matplotlib._pylab_helpers")
    for number, figure in figures:
        helpers.Gcf._set_new_active_manager(backend.new_figure_manager_given_figure(number, figure))
    show: Any = getattr(backend, "show", None)
    if hasattr(show, "_to_draw"):  # of the inline backend: they were shown where they were drawn
        show._to_draw, show._draw_called = [], False
