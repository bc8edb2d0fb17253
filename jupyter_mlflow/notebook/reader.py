"""Bytes of an .ipynb file -> `TaggedNotebook`.

Generous with what Jupyter and its many neighbours really write (missing ids, missing metadata, nbformat 3, byte-order marks), and clear where a file
cannot mean anything: one sentence that names the place, as a path into the JSON such as `cells[3].source`.
"""

from __future__ import annotations

from typing import Any

from jupyter_mlflow.errors import NotebookError
from jupyter_mlflow.notebook import documents
from jupyter_mlflow.notebook.cell_ids import cell_ids
from jupyter_mlflow.notebook.cells import CellType, Dialect, NotebookCell, TaggedNotebook
from jupyter_mlflow.notebook.kernels import kernel
from jupyter_mlflow.notebook.problems import visible
from jupyter_mlflow.notebook.upgrade import upgraded

_TYPES: tuple[CellType, ...] = ("code", "markdown", "raw")
_FIRST_WITH_IDS = 5  # nbformat 4.5


def read(data: bytes, name: str) -> TaggedNotebook:
    """Read a notebook; `name` is its file name or path, with or without `.ipynb`. Raises `NotebookError`."""
    try:
        document = _version_4(documents.decode(data))
        cells = _cells(document)
        metadata = document["metadata"]
        _refuse_depth(metadata, *(cell.metadata for cell in cells))
    except NotebookError as error:
        raise NotebookError(f"{visible(name)}: {error}") from error.__cause__
    return TaggedNotebook(
        name=name.rpartition("/")[2].removesuffix(".ipynb") or "notebook",
        dialect=_dialect(metadata, cells),
        kernel=kernel(metadata),
        cells=cells,
        metadata=metadata,
        document=document,
        text=data,
    )


def _refuse_depth(*metadata: dict[str, Any]) -> None:
    """Metadata is copied and written by others later, and a depth that Python cannot follow would fail there."""
    if any(documents.depth_exceeds(one) for one in metadata):
        raise NotebookError("the file cannot be read: its metadata is nested too deeply.")


def _version_4(document: dict[str, Any]) -> dict[str, Any]:
    """The document as nbformat 4; it was parsed by us and for us, so filling in what is missing changes nobody's data."""
    version = document.get("nbformat")
    if version is None:
        reason = "it has cells, but no `nbformat`" if "cells" in document else "it is JSON, but has neither `nbformat` nor `cells`"
        raise NotebookError(f"the file is no notebook: {reason}.")
    if isinstance(version, bool) or not isinstance(version, int):
        raise NotebookError(f"`nbformat` is {documents.kind_of(version)}; it must be the number 3 or 4.")
    _object(document, "metadata", "metadata")
    if version == 3:
        return upgraded(document)
    if version != 4:
        age = "newer than the versions 3 and 4 that can be read" if version > 4 else "too old"
        mend = "" if version > 4 else "; `jupyter nbconvert --to notebook` brings it up to date"
        raise NotebookError(f"`nbformat` is {version}, which is {age}{mend}.")
    minor = document.get("nbformat_minor")
    document["nbformat_minor"] = max(minor, _FIRST_WITH_IDS) if isinstance(minor, int) else _FIRST_WITH_IDS
    return document


def _cells(document: dict[str, Any]) -> tuple[NotebookCell, ...]:
    cells = document.get("cells")
    if not isinstance(cells, list):
        found = "missing" if cells is None else f"{documents.kind_of(cells)}, not a list"
        raise NotebookError(f"the file is no notebook: `cells` is {found}.")
    contents = [(_type(cell, index), _source(cell, index)) for index, cell in enumerate(cells)]
    ids = cell_ids([cell.get("id") for cell in cells], contents)
    return tuple(_cell(index, *parts) for index, parts in enumerate(zip(cells, ids, contents, strict=True)))


def _cell(index: int, cell: dict[str, Any], identity: str, content: tuple[CellType, str]) -> NotebookCell:
    kind, source = content
    cell["id"] = identity
    cell["source"] = source
    metadata = _object(cell, "metadata", f"cells[{index}].metadata")
    if kind == "code":
        cell.setdefault("execution_count", None)
        cell.setdefault("outputs", [])
    tags = metadata.get("tags")
    return NotebookCell(
        index=index,
        id=identity,
        type=kind,
        source=source,
        tags=tuple(one for one in tags if isinstance(one, str)) if isinstance(tags, list) else (),
        metadata=metadata,
    )


def _type(cell: Any, index: int) -> CellType:
    if not isinstance(cell, dict):
        raise NotebookError(f"`cells[{index}]` is {documents.kind_of(cell)}, not a cell.")
    for one in _TYPES:
        if cell.get("cell_type") == one:
            return one
    found = repr(cell["cell_type"])[:60] if "cell_type" in cell else "missing"
    raise NotebookError(f"`cells[{index}].cell_type` is {found}; it must be code, markdown or raw.")


def _source(cell: dict[str, Any], index: int) -> str:
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(one, str) for one in source):
        source = "".join(source)
    if not isinstance(source, str):
        found = "a list that holds other things than text" if isinstance(source, list) else documents.kind_of(source)
        raise NotebookError(f"`cells[{index}].source` is {found}; it must be a text or a list of lines.")
    half = documents.HALF_PAIR.search(source)
    if half and cell["cell_type"] == "code":
        line = source.count("\n", 0, half.start()) + 1
        raise NotebookError(
            f"`cells[{index}].source` holds half of a character (\\u{ord(half.group()):04x}) in line {line}, which no kernel can read."
        )
    return source


def _object(owner: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    """The object `owner[key]`, put there when it is missing or null."""
    value = owner.get(key)
    if value is None:
        value = owner[key] = {}
    if not isinstance(value, dict):
        raise NotebookError(f"`{path}` is {documents.kind_of(value)}, not an object.")
    return value


def _dialect(metadata: dict[str, Any], cells: tuple[NotebookCell, ...]) -> Dialect:
    if isinstance(metadata.get("kubeflow_notebook"), dict):
        return "kale"
    blocks = any(tag.lstrip().startswith("block:") for cell in cells if cell.type == "code" for tag in cell.tags)
    return "kale" if blocks else "ours"
