"""Which cells run together, under which name, waiting for what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.notebook.blocks import Block, Blocks, blocks
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.testing.notebooks import CellText, notebook

Cells = list[CellText]
Found = list[tuple[str, str, list[int], list[str]]]

KALE: dict[str, Any] = {"kubeflow_notebook": {}}

OURS: list[tuple[str, Cells, Found]] = [
    ("two steps", [("step:a", "x = 1"), ("step:b after:a", "y = x")], [("a", "step", [0], []), ("b", "step", [1], ["a"])]),
    (
        "%%step is a tag",
        [("", "i"), ("", "%%step a\nx"), ("", "more"), ("", "\n %%step b --after a,c -a d --after=e  # why\n%%time\ny")],
        [("setup", "setup", [0], []), ("a", "step", [1, 2], []), ("b", "step", [3], ["a", "c", "d", "e"])],
    ),
    (
        "%%step beside a tag of the same name",
        [("step:a", "x"), ("step:b after:a", "%%step b\ny")],
        [("a", "step", [0], []), ("b", "step", [1], ["a"])],
    ),
    (
        "no %%step",
        [("step:a", "x\n%%step b"), ("", "%%steps b\ny"), ("", "# %%step b"), ("", "%step b")],
        [("a", "step", [0, 1, 2, 3], [])],
    ),
    ("prev is after", [("step:a", "x"), ("step:b prev:a", "y")], [("a", "step", [0], []), ("b", "step", [1], ["a"])]),
    ("block is step", [("block:a", "x"), ("block:b", "y")], [("a", "step", [0], []), ("b", "step", [1], [])]),
    ("untagged continues", [("step:a", "x"), ("", "y"), ("", "z")], [("a", "step", [0, 1, 2], [])]),
    ("foreign tags count as none", [("step:a", "x"), ("hide-input raises-exception", "y")], [("a", "step", [0, 1], [])]),
    ("untagged before the first step", [("", "i"), ("", "j"), ("step:a", "x")], [("setup", "setup", [0, 1], []), ("a", "step", [2], [])]),
    (
        "a step goes on further down",
        [("step:a", "x"), ("step:b", "y"), ("step:a after:b", "z")],
        [("a", "step", [0, 2], ["b"]), ("b", "step", [1], [])],
    ),
    (
        "after on any cell",
        [("step:a", "x"), ("step:b", "y"), ("step:c after:a", "z"), ("step:c prev:b after:a", "z")],
        [("a", "step", [0], []), ("b", "step", [1], []), ("c", "step", [2, 3], ["a", "b"])],
    ),
    ("after with commas", [("step:a", "x"), (["step:b", "after: a , c"], "y")], [("a", "step", [0], []), ("b", "step", [1], ["a", "c"])]),
    ("white space", [([" step : a "], "x"), (["step:b", "after :a"], "y")], [("a", "step", [0], []), ("b", "step", [1], ["a"])]),
    (
        "imports and functions are setup",
        [("imports", "i"), ("functions", "f"), ("setup", "s"), ("step:a", "x")],
        [("setup", "setup", [0, 1, 2], []), ("a", "step", [3], [])],
    ),
    (
        "setup in the middle",
        [("setup", "i"), ("step:a", "x"), ("setup", "j"), ("step:b", "y")],
        [("setup", "setup", [0], []), ("a", "step", [1], []), ("setup-2", "setup", [2], []), ("b", "step", [3], [])],
    ),
    (
        "untagged below setup goes to the step above",
        [("step:a", "x"), ("setup", "j"), ("", "y")],
        [("a", "step", [0, 2], []), ("setup", "setup", [1], [])],
    ),
    (
        "untagged above, beside and below setup",
        [("", "i"), ("setup", "j"), ("", "k"), ("step:a", "x")],
        [("setup", "setup", [0, 1, 2], []), ("a", "step", [3], [])],
    ),
    (
        "untagged around parameters is setup",
        [("", "i"), ("parameters", "p = 1"), ("", "j"), ("step:a", "x")],
        [("setup", "setup", [0], []), ("parameters", "parameters", [1], []), ("setup-2", "setup", [2], []), ("a", "step", [3], [])],
    ),
    (
        "papermill's injected parameters",
        [("parameters", "p = 1"), ("injected-parameters", "p = 2"), ("step:a", "x")],
        [("parameters", "parameters", [0, 1], []), ("a", "step", [2], [])],
    ),
    (
        "parameters inside a step",
        [("step:a", "x"), ("pipeline-parameters", "p = 1"), ("", "y")],
        [("a", "step", [0, 2], []), ("parameters", "parameters", [1], [])],
    ),
    (
        "metrics",
        [("step:a", "x"), ("metrics", "m"), ("step:b", "y"), ("pipeline-metrics", "n")],
        [("a", "step", [0], []), ("metrics", "metrics", [1], []), ("b", "step", [2], []), ("metrics-2", "metrics", [3], [])],
    ),
    (
        "untagged below metrics",
        [("step:a", "x"), ("metrics", "m"), ("", "n")],
        [("a", "step", [0], []), ("metrics", "metrics", [1, 2], [])],
    ),
    ("skip is transparent", [("step:a", "x"), ("skip", "no"), ("", "y")], [("a", "step", [0, 2], [])]),
    (
        "skip inside setup",
        [("setup", "i"), ("skip", "no"), ("setup", "j"), ("step:a", "x")],
        [("setup", "setup", [0, 2], []), ("a", "step", [3], [])],
    ),
    ("skip first", [("skip", "no"), ("", "i"), ("step:a", "x")], [("setup", "setup", [1], []), ("a", "step", [2], [])]),
    ("skip beats a step", [("step:a", "x"), ("skip step:b", "no"), ("", "y")], [("a", "step", [0, 2], [])]),
    (
        "text cells",
        [("setup", "i"), ("markdown", "text"), ("setup", "j"), ("raw", "r"), ("step:a", "x")],
        [("setup", "setup", [0, 2], []), ("a", "step", [4], [])],
    ),
    ("blank cells", [("step:a", "x"), ("setup", " \n"), ("", "\t"), ("step:a", "y")], [("a", "step", [0, 3], [])]),
    (
        "a blank cell opens a step",
        [("step:a", ""), ("", "x"), ("step:b after:a", "\n"), ("", "y")],
        [("a", "step", [1], []), ("b", "step", [3], ["a"])],
    ),
    ("comments are code", [("step:a", "# nothing")], [("a", "step", [0], [])]),
    (
        "names that roles would have",
        [("setup", "i"), ("parameters", "p = 1"), ("step:setup", "x"), ("step:Parameters", "y"), ("metrics", "m")],
        [
            ("setup-2", "setup", [0], []),
            ("parameters-2", "parameters", [1], []),
            ("setup", "step", [2], []),
            ("Parameters", "step", [3], []),
            ("metrics", "metrics", [4], []),
        ],
    ),
    (
        "a role's name of a blank step",
        [("step:setup", ""), ("setup", "i"), ("step:a", "x")],
        [("setup-2", "setup", [1], []), ("a", "step", [2], [])],
    ),
    ("one name in two spellings of Unicode", [("step:caf\u00e9", "x"), ("step:cafe\u0301", "y")], [("café", "step", [0, 1], [])]),
    ("steps differ by case", [("step:a", "x"), ("step:A", "y")], [("a", "step", [0], []), ("A", "step", [1], [])]),
    ("no code", [("markdown", "text")], []),
    ("no cells", [], []),
]

WHOLE: list[tuple[str, str, Cells, Found]] = [
    ("plain", "train", [("", "x"), ("", "y")], [("train", "step", [0, 1], [])]),
    (
        "imports, parameters, work",
        "train",
        [("", "i"), ("parameters", "p = 1"), ("", "x"), ("", "y")],
        [("setup", "setup", [0], []), ("parameters", "parameters", [1], []), ("train", "step", [2, 3], [])],
    ),
    (
        "parameters first",
        "train",
        [("parameters", "p = 1"), ("", "x")],
        [("parameters", "parameters", [0], []), ("train", "step", [1], [])],
    ),
    ("parameters last", "train", [("", "x"), ("parameters", "p = 1")], [("train", "step", [0], []), ("parameters", "parameters", [1], [])]),
    (
        "parameters twice",
        "train",
        [("parameters", "p = 1"), ("", "i"), ("parameters", "q = 1"), ("", "x")],
        [
            ("parameters", "parameters", [0], []),
            ("setup", "setup", [1], []),
            ("parameters-2", "parameters", [2], []),
            ("train", "step", [3], []),
        ],
    ),
    ("setup first", "train", [("setup", "i"), ("", "x")], [("setup", "setup", [0], []), ("train", "step", [1], [])]),
    ("setup between", "train", [("", "x"), ("setup", "i"), ("", "y")], [("train", "step", [0, 1, 2], [])]),
    ("only setup", "train", [("setup", "i")], [("setup", "setup", [0], [])]),
    ("metrics last", "train", [("", "x"), ("metrics", "m")], [("train", "step", [0], []), ("metrics", "metrics", [1], [])]),
    ("skip", "train", [("skip", "no"), ("", "x"), ("", "")], [("train", "step", [1], [])]),
    ("an empty step tag", "train", [("step:", "x"), ("", "y")], [("train", "step", [0, 1], [])]),
    ("a file name with spaces", "01 Churn model (v2)", [("", "x")], [("notebook-01-Churn-model-v2", "step", [0], [])]),
    ("a file name without letters", "...", [("", "x")], [("notebook", "step", [0], [])]),
    ("a file named setup", "setup", [("setup", "i"), ("", "x")], [("setup-2", "setup", [0], []), ("setup", "step", [1], [])]),
    ("a long file name", "n" * 300, [("", "x")], [("n" * 63, "step", [0], [])]),
    ("another script", "訓練", [("", "x")], [("訓練", "step", [0], [])]),
]

IN_KALE: list[tuple[str, Cells, Found]] = [
    (
        "untagged goes on with imports",
        [("step:a", "x"), ("imports", "i"), ("", "j")],
        [("a", "step", [0], []), ("setup", "setup", [1, 2], [])],
    ),
    (
        "untagged goes on with parameters",
        [("pipeline-parameters", "p = 1"), ("", "q = 1"), ("step:a", "x")],
        [("parameters", "parameters", [0, 1], []), ("a", "step", [2], [])],
    ),
    (
        "untagged goes on with metrics",
        [("step:a", "x"), ("pipeline-metrics", "m"), ("", "n")],
        [("a", "step", [0], []), ("metrics", "metrics", [1, 2], [])],
    ),
    ("untagged before the first tag runs", [("", "i"), ("step:a", "x")], [("setup", "setup", [0], []), ("a", "step", [1], [])]),
    ("an empty step is untagged", [("step:a", "x"), ("step:", "y"), ("block:", "z")], [("a", "step", [0, 1, 2], [])]),
    ("special tags win", [("imports step:b prev:c", "i"), ("step:a", "x")], [("setup", "setup", [0], []), ("a", "step", [1], [])]),
    ("a cell for another notebook", [("notebook:a", "x"), ("", "y")], [("a", "step", [0, 1], [])]),
]


def cut(cells: Cells, name: str = "n", metadata: dict[str, Any] | None = None) -> Blocks:
    return blocks(read(notebook(cells, metadata), name))


def shape(found: Blocks) -> Found:
    return [(one.name, one.role, [cell.index for cell in one.cells], list(one.after)) for one in found.blocks]


def rows(table: list[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=[row[0] for row in table])


@rows(OURS)
def test_blocks(row: tuple[str, Cells, Found]) -> None:
    _, cells, expected = row
    assert shape(cut(cells)) == expected


@rows(WHOLE)
def test_notebook_without_steps(row: tuple[str, str, Cells, Found]) -> None:
    _, name, cells, expected = row
    assert shape(cut(cells, name)) == expected


@rows(IN_KALE)
def test_blocks_of_kale(row: tuple[str, Cells, Found]) -> None:
    _, cells, expected = row
    assert shape(cut(cells, metadata=KALE)) == expected


def test_counts_are_those_of_run_all() -> None:
    found = cut([("markdown", "t"), ("step:a", "x"), ("skip", "no"), ("", " "), ("step:b", "# c"), ("skip", ""), ("", "z")])
    assert {cell.index: cell.count for block in found.blocks for cell in block.cells} == {1: 1, 4: 2, 6: 3}
    assert [(cell.index, cell.count, cell.source) for cell in found.skipped] == [(2, 0, "no")]


def test_cells_are_as_in_the_notebook() -> None:
    read_ = read(notebook([("step:a foreign", "x = 1\n\ny = 2")]), "n")
    (block,) = blocks(read_).blocks
    (cell,) = block.cells
    assert (cell.id, cell.source, cell.tags) == (read_.cells[0].id, "x = 1\n\ny = 2", ("step:a", "foreign"))


def test_every_code_cell_is_in_one_place() -> None:
    """Nothing that would run is lost, whatever the tags."""
    for table in (OURS, IN_KALE):
        for _, cells, _expected in table:
            for metadata in ({}, KALE):
                tagged = read(notebook(cells, metadata), "n")
                found = blocks(tagged)
                placed = [cell.index for block in found.blocks for cell in block.cells] + [cell.index for cell in found.skipped]
                assert sorted(placed) == [cell.index for cell in tagged.cells if cell.runs]


KALE_FILES = {
    "kale_0_7.ipynb": [
        ("setup", "setup", [1, 2, 3], []),
        ("parameters", "parameters", [4], []),
        ("load_data", "step", [6, 7], []),
        ("split", "step", [9], ["load_data"]),
        ("forest", "step", [10, 11], ["split"]),
        ("logistic", "step", [12], ["split"]),
        ("compare", "step", [14], ["forest", "logistic"]),
        ("metrics", "metrics", [15], []),
    ],
    "kale_2.ipynb": [
        ("setup", "setup", [1], []),
        ("parameters", "parameters", [2, 3], []),
        ("setup-2", "setup", [4], []),
        ("load", "step", [5, 6], []),
        ("baseline", "step", [7, 8], ["load"]),
        ("boosted", "step", [9, 10], ["load"]),
        ("report", "step", [12], ["baseline", "boosted"]),
        ("metrics", "metrics", [13], []),
    ],
}


@pytest.mark.parametrize("name", KALE_FILES)
def test_kale_notebooks_open_as_they_are(name: str) -> None:
    data = Path(__file__).with_name("data").joinpath(name).read_bytes()
    found = blocks(read(data, name))
    assert shape(found) == KALE_FILES[name]
    assert found.problems == ()


def test_kale_notebooks_settings() -> None:
    folder = Path(__file__).with_name("data")
    old = settings_of(folder / "kale_0_7.ipynb")
    assert old["forest"]["limits"] == {"memory": "1Gi", "gpu": "1"}
    assert old["split"]["limits"] == {"memory": "512Mi"}
    assert old["logistic"]["annotations"] == {"docs": "http://wine.example:80/logistic"}
    assert old["logistic"]["labels"] == {"access-ml-pipeline": "true", "team": "cellar"}
    assert {one["image"] for one in old.values()} == {"registry.example:5000/wine/notebook:0.7"}
    new = settings_of(folder / "kale_2.ipynb")
    assert new["boosted"]["image"] == "registry.example:5000/ml/boost:2.3"
    assert new["boosted"]["limits"] == {"memory": "2Gi", "cpu": "1500m", "others": {"amd.com/gpu": "2"}}
    assert new["boosted"]["secrets"] == [{"name": "tracking", "key": "token", "env": "TRACKING_TOKEN"}]
    assert new["report"]["labels"] == {"stage": "final"}
    assert new["baseline"]["image"] == "registry.example/kale/step:2.3"
    assert "cache" not in new["baseline"]
    assert new["load"]["cache"] is False


def settings_of(path: Path) -> dict[str, Any]:
    from jupyter_mlflow.spec import codec

    def plain(block: Block) -> Any:
        return json.loads(codec.encode(block.settings))

    return {block.name: plain(block) for block in blocks(read(path.read_bytes(), path.name)).blocks}
