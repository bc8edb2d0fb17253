"""Copies of a folder in which a notebook can run without leaving anything in the folder itself.

    base/…/parent/            links to what stands beside the folder, so that `../data` leads where it always led
    base/…/parent/folder/     the copy

Files larger than `_LARGE`, and folders of tools, are links: what a notebook writes into those is not held back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.store import digests

_LARGE = 64 << 20
_LINKED = frozenset({".git", ".venv", "venv", "node_modules", ".mypy_cache", ".ruff_cache"})
_IGNORED = frozenset({".ipynb_checkpoints", "__pycache__"})
_LEVELS = 3  # `../../../x` still leads where it led
_MOST_NEIGHBOURS = 2000
_MOST_FILES = 20_000
_MOST_BYTES = 4 << 30


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of the folder, gone at the end; raises UsageError when it is too large for that."""
    _affordable(folder)
    base = Path(tempfile.mkdtemp(prefix="jupyter-mlflow-"))
    try:
        target = base.joinpath(*folder.parts[-_LEVELS:]) if len(folder.parts) > _LEVELS else base.joinpath(*folder.parts[1:])
        _neighbours(folder, target, base)
        shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns(*_LINKED, *_IGNORED), copy_function=_copy)
        _link_tools(folder, target)
        yield target
    finally:
        shutil.rmtree(base, ignore_errors=True)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file below a folder, by its relative path."""
    found = {}
    for path in files(folder):
        with contextlib.suppress(OSError):
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns)
    return found


def contents(folder: Path, names: set[str]) -> dict[str, str]:
    """Digests of files, by their relative path."""
    return {name: digests.of_file(folder / name)[0] for name in sorted(names) if (folder / name).is_file()}


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder that are its own."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LINKED | _IGNORED]
        yield from (Path(parent) / name for name in names)


def _affordable(folder: Path) -> None:
    total = 0
    for number, path in enumerate(files(folder)):
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            total += size if size <= _LARGE else 0
        if number > _MOST_FILES or total > _MOST_BYTES:
            raise UsageError(f"{folder} holds too much to be copied for a comparison. Put the notebook into a folder of its own.")


def _neighbours(folder: Path, target: Path, base: Path) -> None:
    """Links to all that stands beside the folder and beside its parents."""
    while target != base:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            beside = list(folder.parent.iterdir())
            for path in beside if len(beside) <= _MOST_NEIGHBOURS else ():
                if path.name not in {folder.name, base.name}:
                    (target.parent / path.name).symlink_to(path)
        folder, target = folder.parent, target.parent


def _link_tools(folder: Path, target: Path) -> None:
    for name in _LINKED:
        if (folder / name).is_dir():
            (target / name).symlink_to(folder / name)


def _copy(source: str, target: str) -> None:
    path = Path(source)
    if path.stat().st_size > _LARGE:
        Path(target).symlink_to(path)
    elif path.is_file():
        shutil.copy2(source, target)
