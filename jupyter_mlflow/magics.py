"""`%pipeline check|graph|run|runs|logs` and `%%step name --after a,b`, in the notebook itself."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import UsageError


def register(shell: Any) -> None:
    """Make the magics known to an IPython shell."""

    def pipeline(line: str) -> Any:
        """Check, draw or run the notebook that this cell stands in."""
        return _pipeline(shell, shlex.split(line))

    def step(line: str, cell: str) -> None:
        """Run the cell; as a pipeline it is the step of that name."""
        del line
        shell.run_cell(cell).raise_error()

    shell.register_magic_function(pipeline, "line", "pipeline")
    shell.register_magic_function(step, "cell", "step")


def _pipeline(shell: Any, words: list[str]) -> Any:
    from click.testing import CliRunner
    from IPython.display import SVG

    from jupyter_mlflow.api import load
    from jupyter_mlflow.cli.commands import cli
    from jupyter_mlflow.cli.values import split_pairs

    verb, rest = (words[0], words[1:]) if words else ("graph", [])
    if verb == "graph" and not rest:
        return SVG(load(_path(shell)).graph("svg"))  # type: ignore[no-untyped-call]
    arguments = [verb, _path(shell), *rest] if verb in {"check", "graph", "run"} else [verb, *rest]
    done = CliRunner().invoke(cli, split_pairs(arguments), prog_name="%pipeline")
    print(done.output, end="")  # noqa: T201 - a magic prints into its cell
    return None


def _path(shell: Any) -> str:
    """The notebook's file, as Jupyter or VS Code tell it to the kernel."""
    for found in (shell.user_ns.get("__session__"), os.environ.get("JPY_SESSION_NAME"), shell.user_ns.get("__vsc_ipynb_file__")):
        if found and str(found).endswith(".ipynb") and Path(found).exists():
            return str(found)
    raise UsageError("Which notebook this is cannot be told from here; save it, or use `jupyter mlflow` in a terminal.")
