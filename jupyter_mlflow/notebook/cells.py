"""A notebook as it was read: cells with their tags, and what the file says around them.

    TaggedNotebook = NotebookCell* kernel metadata
    NotebookCell   = source tag*

Outputs stay in `document` and nowhere else, so that a notebook with 100 MB of them is as quick to work with as one without.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_mlflow.spec.pipelines import Kernel

CellType = Literal["code", "markdown", "raw"]

Dialect = Literal["ours", "kale"]
"""`kale`: written for Kale, where an untagged cell always continues the cell above it and only Kale's tags are expected."""


class NotebookCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell; `index` counts all cells from 0, `id` is unique in the notebook even where the file has none."""

    index: int
    id: str
    type: CellType
    source: str
    tags: tuple[str, ...]  # as they stand in the file; what is no text is left out
    metadata: dict[str, Any]

    @property
    def runs(self) -> bool:
        """Whether Jupyter would send it to the kernel: blank code cells are passed over and get no execution count."""
        return self.type == "code" and bool(self.source.strip())


class TaggedNotebook(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook that was read; nothing in it is ever changed, edits give new bytes."""

    name: str  # the file's name without folder and `.ipynb`
    dialect: Dialect
    kernel: Kernel
    cells: tuple[NotebookCell, ...]
    metadata: dict[str, Any]
    document: dict[str, Any]  # nbformat 4 JSON with an id on each cell, whatever the file had
    text: bytes  # the file as read
