"""Edits of tags and of our metadata, written into the notebook's own text.

    edit = cell's tags | our notebook metadata

`retag` changes the text of what is edited and no other byte: foreign tags and metadata, key order, indentation, escapes, number formats and the last
line break stay. Without a real change the bytes are the same. `edits` makes the edits that users think in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.notebook import scanning, splices, styles
from jupyter_mlflow.notebook.cells import NotebookCell, TaggedNotebook
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.notebook.settings import METADATA
from jupyter_mlflow.notebook.styles import Style


class TagEdit(msgspec.Struct, frozen=True, kw_only=True):
    """All tags that a cell is to have, foreign ones included."""

    cell: int
    tags: tuple[str, ...]


class MetadataEdit(msgspec.Struct, frozen=True, kw_only=True):
    """All that the notebook's metadata is to hold under `jupyter_mlflow`; nothing removes the key."""

    value: dict[str, Any]


Edit = TagEdit | MetadataEdit


def retag(notebook: TaggedNotebook, edits: Iterable[Edit]) -> bytes:
    """The notebook's bytes with edits; of several edits of one thing the last counts. Raises `UsageError` for a cell that does not exist."""
    data = notebook.text
    style = styles.style_of(data)
    tags: dict[int, Any] = {}
    for edit in edits:
        if isinstance(edit, MetadataEdit):
            data = _with_metadata(data, edit.value, style)
        else:
            tags[edit.cell] = _tag_list(_cell(notebook, edit.cell), edit.tags)
    return _with_tags(data, tags, style) if tags else data


def edited(notebook: TaggedNotebook, edits: Iterable[Edit]) -> TaggedNotebook:
    """The notebook with edits, for more of them."""
    return read(retag(notebook, edits), notebook.name)


def _cell(notebook: TaggedNotebook, index: int) -> NotebookCell:
    if not 0 <= index < len(notebook.cells):
        raise UsageError(f"There is no cell {index}: the notebook has {len(notebook.cells)} cells, counted from 0.")
    return notebook.cells[index]


def _tag_list(cell: NotebookCell, tags: Sequence[str]) -> Any:
    """The list to write; what stands among the tags but is no text keeps its position, and an empty list is not written at all."""
    old = cell.metadata.get("tags", splices.REMOVED)
    if tuple(tags) == cell.tags:
        return old
    result: list[Any] = list(dict.fromkeys(tags))
    for position, one in enumerate(old if isinstance(old, list) else ()):
        if not isinstance(one, str):
            result.insert(position, one)
    return result or splices.REMOVED


def _with_metadata(data: bytes, value: dict[str, Any], style: Style) -> bytes:
    ours = splices.Changes({METADATA: value or splices.REMOVED})
    return splices.apply(data, [splices.changed(data, scanning.root(data), splices.Changes({"metadata": ours}), style)])


def _with_tags(data: bytes, tags: dict[int, Any], style: Style) -> bytes:
    return splices.apply(
        data,
        [
            splices.changed(data, start, splices.Changes({"metadata": splices.Changes({"tags": tags[index]})}), style)
            for index, start in enumerate(_starts_of_cells(data))
            if index in tags
        ],
    )


def _starts_of_cells(data: bytes) -> Iterator[int]:
    """Where each cell's object begins, in nbformat 4 and in the worksheets of nbformat 3."""
    members = {one.key: one.value for one in scanning.members(data, scanning.root(data))}
    if json.loads(data[members["nbformat"] : scanning.skip(data, members["nbformat"])]) == 4:
        yield from (start for start, _ in scanning.items(data, members["cells"]))
        return
    for sheet, _ in scanning.items(data, members["worksheets"]) if "worksheets" in members else ():
        for one in scanning.members(data, sheet):
            if one.key == "cells":
                yield from (start for start, _ in scanning.items(data, one.value))
