"""The outputs of all steps, merged in the notebook's order into one executed copy of the user's notebook.

Each step leaves an executed *slice*: a notebook with the cells of that step. A cell of the copy is the user's cell with the outputs, execution count
and metadata (papermill's timings) of the slice's cell of the same id; a code cell that no slice ran has no outputs.

A display that a later step updates (`display(..., display_id=..)`, `handle.update(..)`) needs both slices. So a slice keeps each output's display id
in `output.metadata.jupyter_mlflow_display_id`, and updates of displays that it does not hold in

    metadata.jupyter_mlflow.updates = [{"display_id": .., "data": {..}, "metadata": {..}, "cell": <id of the updating cell, if known>}]

They are applied here as one kernel would have done it: an update, and also a new display under the same id, changes every display of that id which
stands above it. Nothing of this is left in the copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jupyter_mlflow.notebook.cells import TaggedNotebook

DISPLAY_ID = "jupyter_mlflow_display_id"
OURS = "jupyter_mlflow"
UPDATES = "updates"


def executed(notebook: TaggedNotebook, slices: Mapping[str, Mapping[str, Any]], run_metadata: Mapping[str, Any]) -> dict[str, Any]:
    """An nbformat 4.5 document; neither the notebook nor the slices are changed.

    `run_metadata` is merged into the notebook's metadata, objects key by key: `{"papermill": {..}, "jupyter_mlflow": {"run": {..}}}`.
    """
    ran = {cell.get("id"): cell for one in slices.values() for cell in one.get("cells", ())}
    cells = [_cell(cell, ran.get(cell["id"])) for cell in notebook.document["cells"]]
    _apply_updates(cells, _updates(cells, slices))
    metadata = _merged(_metadata(notebook, slices), run_metadata)
    return {
        **notebook.document,
        "cells": [_without_display_ids(cell) for cell in cells],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(own: Mapping[str, Any], ran: Mapping[str, Any] | None) -> dict[str, Any]:
    if own["cell_type"] != "code":
        return dict(own)
    if ran is None:
        return {**own, "outputs": [], "execution_count": None}
    metadata = {**own["metadata"], **(ran.get("metadata") or {})}
    return {
        **own,
        "metadata": metadata,
        "outputs": [dict(one) for one in ran.get("outputs", ())],
        "execution_count": ran.get("execution_count"),
    }


def _metadata(notebook: TaggedNotebook, slices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The notebook's metadata with what kernels added when they ran: the language, and the state of widgets."""
    result = dict(notebook.metadata)
    widgets: dict[str, dict[str, Any]] = {}
    for one in slices.values():
        told = one.get("metadata", {})
        if told.get("language_info"):
            result["language_info"] = told["language_info"]
        for kind, state in told.get("widgets", {}).items():
            both = {**widgets.get(kind, {}).get("state", {}), **state.get("state", {})}
            widgets[kind] = {**state, "state": both}
    return {**result, "widgets": widgets} if widgets else result


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for key, value in new.items():
        both = isinstance(result.get(key), Mapping) and isinstance(value, Mapping)
        result[key] = {**result[key], **value} if both else value
    return result


class _Update(NamedTuple):
    """New content for the displays with one id that stand above `position` and not in one of the cells `beside`."""

    position: int
    display_id: str
    content: Mapping[str, Any]
    beside: frozenset[str] = frozenset()


def _updates(cells: list[dict[str, Any]], slices: Mapping[str, Mapping[str, Any]]) -> list[_Update]:
    """What changes displays further up, in the notebook's order."""
    position = {cell["id"]: index for index, cell in enumerate(cells)}
    shown = [_Update(index, identity, output) for index, cell in enumerate(cells) for output, identity in _displays(cell)]
    left = [update for one in slices.values() for update in _left_over(one, position)]
    return sorted([*shown, *left], key=lambda one: one.position)


def _left_over(slice_: Mapping[str, Any], position: Mapping[str, int]) -> Iterator[_Update]:
    """Updates that a slice could not apply itself; without a cell they count as made by its last one, for displays of other steps."""
    ids = frozenset(cell.get("id", "") for cell in slice_.get("cells", ()))
    last = max((position.get(one, -1) for one in ids), default=-1)
    for update in slice_.get("metadata", {}).get(OURS, {}).get(UPDATES, ()):
        known = position.get(update.get("cell"))
        yield _Update(last if known is None else known, update["display_id"], update, ids if known is None else frozenset())


def _apply_updates(cells: list[dict[str, Any]], updates: list[_Update]) -> None:
    """Change displays; the cells and their outputs are our own copies."""
    waiting: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
    for index, cell in enumerate(cells):
        for output, identity in _displays(cell):
            waiting.setdefault(identity, []).append((index, cell["id"], output))
    for update in updates:
        for index, cell_id, output in waiting.get(update.display_id, ()):
            if index < update.position and cell_id not in update.beside:
                output["data"] = update.content.get("data", {})
                output["metadata"] = {**(update.content.get("metadata") or {}), DISPLAY_ID: update.display_id}


def _displays(cell: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The outputs of a cell that carry a display id."""
    for output in cell.get("outputs", ()) if cell["cell_type"] == "code" else ():
        identity = (output.get("metadata") or {}).get(DISPLAY_ID)
        if isinstance(identity, str):
            yield output, identity


def _without_display_ids(cell: dict[str, Any]) -> dict[str, Any]:
    for output, _ in _displays(cell):
        output["metadata"] = {key: value for key, value in output["metadata"].items() if key != DISPLAY_ID}
    return cell
