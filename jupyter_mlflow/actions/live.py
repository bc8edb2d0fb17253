"""A run shown in the notebook that starts it: the graph, drawn anew while states change."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from jupyter_mlflow.actions import boards, notebooks, pages
from jupyter_mlflow.errors import MlflowError
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import Event

# Drawings per second: each is a message to the browser that replaces the picture.
_PAUSE = 0.25


def view(notebook: str) -> Live:
    """A live picture where one can be shown, that is in a kernel; else a view that shows nothing."""
    return Live(notebook, alive=in_kernel())


def in_kernel() -> bool:
    """Whether this process is a Jupyter kernel, which shows rich outputs."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class Live:
    """Told of a run's start and of its events; a context, at whose end the last picture is drawn."""

    def __init__(self, notebook: str, *, alive: bool = True) -> None:
        self._path = notebook
        self._alive = alive
        self._board: boards.Board | None = None
        self._pipeline: Pipeline | None = None
        self._handle: Any = None
        self._drawn = 0.0

    def __enter__(self) -> Live:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._handle is not None:
            self._handle.update(self._picture())

    def start(self, run: Run) -> None:
        """Show all steps as queued."""
        if not self._alive:
            return
        from IPython.display import DisplayHandle

        self._board = boards.of_run(run)
        try:
            self._pipeline = notebooks.check(self._path).pipeline
        except MlflowError:  # it was changed a moment ago: the table does
            self._pipeline = None
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._handle.display(self._picture())

    def __call__(self, event: Event) -> None:
        """Take it in, and draw if the last picture is old enough or a step has changed."""
        if self._board is None:
            return
        self._board.take(event)
        if time.monotonic() - self._drawn > _PAUSE:
            self._handle.update(self._picture())

    def _picture(self) -> Any:
        from IPython.display import HTML

        assert self._board is not None
        self._drawn = time.monotonic()
        return HTML(pages.board(self._board, self._pipeline, Path(self._path).name, time.time()))  # type: ignore[no-untyped-call]
