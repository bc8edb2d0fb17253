"""`%pipeline check|graph|run|runs|logs|...` and `%%step name --after a,b`, in the notebook itself.

    %pipeline                     the graph
    %pipeline run -p lr=0.1       as `jupyter mlflow run THIS.ipynb -p lr=0.1`, its steps shown in the graph
    %pipeline check other.ipynb   another notebook

`%%step` is a tag in the cell's text. When the cell is run on its own, the line is taken away before IPython sees the cell, so that all
that follows is ordinary code: it may await, show its last expression, or begin with a cell magic.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import MlflowError, UsageError
from jupyter_mlflow.spec import step_magic

_OF_NOTEBOOK = frozenset({"check", "graph", "run"})


def register(shell: Any) -> None:
    """Make the magics known to an IPython shell; doing it twice changes nothing."""

    def pipeline(line: str) -> Any:
        """Check, draw or run the notebook that this cell stands in; `%pipeline --help` lists what there is."""
        return _pipeline(shell, line)

    def step(line: str, cell: str) -> None:
        """Make the cell a step of the pipeline: `%%step name --after a,b`. On its own it runs as ordinary code."""
        del line
        shell.run_cell(cell).raise_error()

    shell.register_magic_function(pipeline, "line", "pipeline")
    shell.register_magic_function(step, "cell", "step")
    transforms = shell.input_transformers_cleanup
    if not any(getattr(one, "__name__", "") == _without_step.__name__ for one in transforms):
        transforms.insert(0, _without_step)  # before IPython takes `%%` for a magic's call


def unregister(shell: Any) -> None:
    """`%unload_ext jupyter_mlflow`."""
    shell.magics_manager.magics["line"].pop("pipeline", None)
    shell.magics_manager.magics["cell"].pop("step", None)
    transforms = shell.input_transformers_cleanup
    transforms[:] = [one for one in transforms if getattr(one, "__name__", "") != _without_step.__name__]


def _without_step(lines: list[str]) -> list[str]:
    return step_magic.without("".join(lines)).splitlines(keepends=True)


def _pipeline(shell: Any, line: str) -> Any:
    from IPython.core.error import UsageError as Told  # IPython shows its text, without a traceback

    if type(shell).__module__.startswith("jupyter_mlflow."):
        print("%pipeline does nothing in a pipeline's own steps.")  # noqa: T201 - a magic prints into its cell
        return None
    try:
        return _answer(shell, shlex.split(line))
    except MlflowError as error:
        raise Told(str(error)) from None
    except ValueError as error:
        raise Told(f"%pipeline {line}: {error}.") from None


def _answer(shell: Any, words: list[str]) -> Any:
    from IPython.core.error import UsageError as Told

    from jupyter_mlflow.actions import live
    from jupyter_mlflow.cli import application
    from jupyter_mlflow.cli.commands import cli

    arguments = _arguments(shell, words or ["graph"])
    if arguments[0] == "graph" and len(arguments) == 2:
        from jupyter_mlflow.api import load

        return load(arguments[1]) if live.in_kernel() else print(load(arguments[1]).graph())  # noqa: T201 - see above
    code = application.call(cli, arguments, "%pipeline", live.view if live.in_kernel() else None)
    if code and (arguments[0], code) != ("check", 1):  # problems were asked for, and told
        raise Told(f"%pipeline {arguments[0]} did not do what was asked; see above.")
    return None


def _arguments(shell: Any, words: list[str]) -> list[str]:
    """The command line, with this notebook's path where a command needs one and none is given."""
    verb, rest = words[0], words[1:]
    if verb in _OF_NOTEBOOK and not {"-h", "--help"} & set(rest) and not (rest and rest[0].endswith(".ipynb")):
        return [verb, str(path(shell)), *rest]
    return words


def path(shell: Any) -> Path:
    """The notebook's file, as Jupyter or VS Code tell it to the kernel; raises UsageError."""
    told = (shell.user_ns.get("__session__"), os.environ.get("JPY_SESSION_NAME"), shell.user_ns.get("__vsc_ipynb_file__"))
    for found in told:
        if found and str(found).endswith(".ipynb") and Path(str(found)).is_file():
            return Path(str(found))
    raise UsageError(
        "Which notebook this is cannot be told from here. Name it, as in `%pipeline check my.ipynb`, or save it and restart the kernel."
    )
