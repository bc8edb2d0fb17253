"""Opening notebooks."""

from __future__ import annotations

from pathlib import Path

from jupyter_mlflow.assemble import Assembly, assemble
from jupyter_mlflow.errors import NotebookError, NotFoundError
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.reader import read


def open_notebook(path: str | Path) -> TaggedNotebook:
    """Read a notebook; raises NotFoundError or NotebookError with one clear sentence."""
    file = Path(path)
    if file.is_dir():
        raise NotebookError(f"{path} is a folder, not a notebook.")
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no notebook {path}.") from error
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {error.strerror}.") from error
    return read(data, file.stem)


def check(path: str | Path) -> Assembly:
    """The pipeline of a notebook and what is wrong with it; never runs its code."""
    return assemble(open_notebook(path))
