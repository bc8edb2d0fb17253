"""The executed slice: a notebook of the step's cells and nothing else, written whole or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode
from nbformat.v4 import nbjson

from jupyter_mlflow.spec.tasks import NOTEBOOK, StepTask, TaskCell

# Saving may take one part in twenty of the time, but never waits longer than that: a killed step keeps what it showed before.
_SHARE = 20
_LONGEST = 2.0


def node(value: Any) -> Any:
    """`value` with its dicts as nbformat's, which papermill wants."""
    return nbformat.from_dict(value)  # type: ignore[no-untyped-call]


def build(task: StepTask) -> Any:
    """The task's cells as a notebook that papermill can run."""
    metadata = {name: value for name, value in task.metadata.items() if name not in {"widgets", "papermill"}}
    metadata.setdefault("kernelspec", {"name": task.kernel, "display_name": task.kernel, "language": task.language})
    metadata["papermill"] = {
        "default_parameters": {},
        "environment_variables": {},
        "parameters": {},
        "version": papermill.__version__,
    }
    cells = [_cell(cell) for cell in task.cells]
    return node({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


class Saver:
    """Writes a notebook to the outbox now and then; a slow disk or a large notebook makes it rarer."""

    def __init__(self, notebook: NotebookNode, outbox: Path) -> None:
        self._notebook = notebook
        self._path = outbox / NOTEBOOK
        self._next = 0.0

    def save_if_due(self) -> None:
        """Save unless it was saved a moment ago."""
        if time.monotonic() >= self._next:
            self.save()

    def save(self) -> None:
        """Save now."""
        began = time.monotonic()
        write(self._path, (_writes(self._notebook) + "\n").encode("utf-8", "backslashreplace"))
        ended = time.monotonic()
        self._next = ended + max(_LONGEST, _SHARE * (ended - began))


def write(path: Path, data: bytes) -> None:
    """Put a private file in place in one go."""
    young = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(young, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(data)
        young.replace(path)
    except BaseException:
        young.unlink(missing_ok=True)
        raise


def _writes(notebook: NotebookNode) -> str:
    return str(nbjson.writes(notebook))  # type: ignore[no-untyped-call]


def _cell(cell: TaskCell) -> dict[str, Any]:
    return {
        "id": cell.id,
        "cell_type": "code",
        "metadata": {"tags": list(cell.tags)} if cell.tags else {},
        "execution_count": None,
        "source": cell.source,
        "outputs": [],
    }
