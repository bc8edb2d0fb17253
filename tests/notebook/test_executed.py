"""One executed copy from the slices of all steps."""

from __future__ import annotations

import copy
import json
from typing import Any

import nbformat
import pytest

from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.executed import executed
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.testing.notebooks import notebook

CELLS = [
    ("setup", "import os"),
    ("markdown", "# Title"),
    ("step:a hide", "x = 1"),
    ("skip", "never"),
    ("step:b", "y = 2"),
    ("", ""),
    ("step:a", "x"),
    ("step:c", "z = 3"),
]


def opened(cells: Any = CELLS, metadata: dict[str, Any] | None = None) -> TaggedNotebook:
    """A notebook whose cells show outputs of former days."""
    document = json.loads(notebook(cells, metadata))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [stream("old")], 99
    return read(json.dumps(document).encode(), "x")


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(text: str, display_id: str = "", **metadata: Any) -> dict[str, Any]:
    kept = {**metadata, "jupyter_mlflow_display_id": display_id} if display_id else metadata
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": kept}


def ran(index: int, count: int, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{index}",
        "source": "not looked at",
        "metadata": metadata,
        "outputs": list(outputs),
        "execution_count": count,
    }


def piece(*cells: dict[str, Any], updates: Any = (), **metadata: Any) -> dict[str, Any]:
    told = {"jupyter_mlflow": {"updates": list(updates)}} if updates else {}
    return {"cells": list(cells), "metadata": {**metadata, **told}, "nbformat": 4, "nbformat_minor": 5}


def update(display_id: str, text: str, cell: str | None = None) -> dict[str, Any]:
    return {"display_id": display_id, "data": {"text/plain": text}, "metadata": {"new": True}, **({"cell": cell} if cell else {})}


def outputs(document: dict[str, Any]) -> dict[int, Any]:
    return {
        index: [one["text"] if one["output_type"] == "stream" else one["data"]["text/plain"] for one in cell["outputs"]]
        for index, cell in enumerate(document["cells"])
        if cell.get("outputs")
    }


def test_everything_in_its_place() -> None:
    tagged = opened(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "P"},
            "theme": "dark",
            "jupyter_mlflow": {"steps": {"a": {"retries": 1}}},
        }
    )
    before = copy.deepcopy(tagged.document)
    slices = {
        "setup": piece(ran(0, 1)),
        "a": piece(
            ran(2, 2, stream("a1"), papermill={"duration": 1}), ran(6, 4, stream("a2")), language_info={"name": "python", "version": "3.11"}
        ),
        "b": piece(ran(4, 3, {"output_type": "error", "ename": "E", "evalue": "", "traceback": []})),
    }
    result = executed(tagged, slices, {"papermill": {"duration": 2}, "jupyter_mlflow": {"run": "r1"}})
    nbformat.validate(result)
    assert tagged.document == before
    assert [(one.get("execution_count"), len(one.get("outputs", ()))) for one in result["cells"]] == [
        (1, 0),
        (None, 0),
        (2, 1),
        (None, 0),
        (3, 1),
        (None, 0),
        (4, 1),
        (None, 0),
    ]
    assert [one["source"] for one in result["cells"]] == [one.source for one in tagged.cells]
    assert result["cells"][2]["metadata"] == {"tags": ["step:a", "hide"], "papermill": {"duration": 1}}
    assert result["metadata"] == {
        "kernelspec": {"name": "python3", "display_name": "P"},
        "theme": "dark",
        "jupyter_mlflow": {"steps": {"a": {"retries": 1}}, "run": "r1"},
        "papermill": {"duration": 2},
        "language_info": {"name": "python", "version": "3.11"},
    }


def test_nothing_ran() -> None:
    result = executed(opened(), {}, {})
    assert outputs(result) == {}
    assert all(one.get("execution_count") is None for one in result["cells"])
    nbformat.validate(result)


def test_old_notebooks_become_valid_ones() -> None:
    document = json.loads(notebook([("step:a", "x")], minor=2))
    tagged = read(json.dumps(document).encode(), "x")
    result = executed(tagged, {"a": piece({**ran(0, 1, stream("y")), "id": tagged.cells[0].id})}, {})
    nbformat.validate(result)
    assert outputs(result) == {0: ["y"]}


UPDATES: list[tuple[str, dict[str, Any], dict[int, list[str]]]] = [
    (
        "an update of an earlier step's display",
        {"a": piece(ran(2, 1, shown("1", "d"))), "b": piece(ran(4, 2), updates=[update("d", "2")])},
        {2: ["2"]},
    ),
    (
        "several displays and updates",
        {
            "a": piece(ran(2, 1, shown("1", "d"), shown("1", "e"), shown("1"))),
            "b": piece(ran(4, 2), updates=[update("d", "2"), update("d", "3"), update("nobody's", "4")]),
        },
        {2: ["3", "1", "1"]},
    ),
    (
        "steps in any order give what one kernel gives",
        {
            "c": piece(ran(7, 3), updates=[update("d", "c")]),
            "b": piece(ran(4, 2), updates=[update("d", "b")]),
            "a": piece(ran(2, 1, shown("a", "d"))),
        },
        {2: ["c"]},
    ),
    (
        "a display under a known id updates those above",
        {"a": piece(ran(2, 1, shown("1", "d"))), "b": piece(ran(4, 2, shown("2", "d")))},
        {2: ["2"], 4: ["2"]},
    ),
    (
        "an update does not reach down",
        {"a": piece(ran(2, 1), updates=[update("d", "early")]), "b": piece(ran(4, 2, shown("late", "d")))},
        {4: ["late"]},
    ),
    (
        "a later display beats an earlier update",
        {"a": piece(ran(2, 1, shown("1", "d"))), "b": piece(ran(4, 2), updates=[update("d", "2")]), "c": piece(ran(7, 3, shown("3", "d")))},
        {2: ["3"], 7: ["3"]},
    ),
    (
        "a slice's own displays are its own business",
        {
            "a": piece(ran(2, 1), ran(6, 3, shown("own", "d")), ran(7, 4), updates=[update("d", "left over")]),
            "b": piece(ran(4, 2, shown("b", "d"))),
        },
        {4: ["left over"], 6: ["own"]},
    ),
    (
        "an update that tells its cell",
        {"a": piece(ran(2, 1), ran(6, 3), updates=[update("d", "too early", "cell-2")]), "b": piece(ran(4, 2, shown("b", "d")))},
        {4: ["b"]},
    ),
]


@pytest.mark.parametrize("row", UPDATES, ids=[row[0] for row in UPDATES])
def test_updates(row: tuple[str, dict[str, Any], dict[int, list[str]]]) -> None:
    _, slices, expected = row
    before = copy.deepcopy(slices)
    result = executed(opened(), slices, {})
    assert outputs(result) == expected
    assert slices == before
    assert "jupyter_mlflow" not in json.dumps(result)
    nbformat.validate(result)


def test_updated_metadata_replaces_the_old() -> None:
    slices = {"a": piece(ran(2, 1, shown("1", "d", old=True))), "b": piece(ran(4, 2), updates=[update("d", "2")])}
    assert executed(opened(), slices, {})["cells"][2]["outputs"] == [shown("2", new=True)]


def test_other_metadata_of_outputs_stays() -> None:
    assert executed(opened(), {"a": piece(ran(2, 1, shown("1", "d", width=3)))}, {})["cells"][2]["outputs"] == [shown("1", width=3)]


def test_widgets_of_all_steps() -> None:
    kind = "application/vnd.jupyter.widget-state+json"

    def state(**models: Any) -> dict[str, Any]:
        return {"widgets": {kind: {"state": models, "version_major": 2, "version_minor": 0}}}

    result = executed(opened(), {"a": piece(ran(2, 1), **state(m=1)), "b": piece(ran(4, 2), **state(n=2))}, {})
    assert result["metadata"]["widgets"] == {kind: {"state": {"m": 1, "n": 2}, "version_major": 2, "version_minor": 0}}
