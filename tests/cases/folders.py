"""The folder that a case runs in, and what a run left there."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from tests.cases import case as cases

NOTEBOOK = "notebook.ipynb"
_TEXT = {".txt", ".csv", ".json", ".log", ".py", ".md", ".cfg", ".toml"}
_HIDDEN = {"__pycache__", ".ipynb_checkpoints", NOTEBOOK}


@contextlib.contextmanager
def made(case: cases.Case) -> Iterator[pathlib.Path]:
    """A new folder with the case's files and nothing else."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="case-")).resolve()
    try:
        for path, content in case.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listing(folder: pathlib.Path) -> dict[str, str]:
    """Relative path to content, for text; binary files count by name, as their bytes may hold dates."""
    return {
        str(path.relative_to(folder)): path.read_text(errors="replace").replace(str(folder), "<folder>") if path.suffix in _TEXT else ""
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _HIDDEN & set(path.relative_to(folder).parts)
    }


def environment(name: str) -> dict[str, str]:
    """Variables that keep the user's own IPython profile out of a run."""
    place = pathlib.Path(tempfile.gettempdir()) / f"cases-ipython-{name}"
    place.mkdir(exist_ok=True)
    return {"IPYTHONDIR": str(place)}
