"""The short notations give the notebooks that they look like."""

from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.testing.notebooks import CellText, notebook, parse

TEXTS: list[tuple[str, str, list[CellText]]] = [
    ("nothing", "", []),
    ("no marks", "x = 1\ny = 2", [("", "x = 1\ny = 2")]),
    ("marks", "# %% [step:a]\nx = 1\n\n# %%\ny", [("step:a", "x = 1"), ("", "y")]),
    ("code above the first mark", "import a\n# %% [step:a hide]\nx", [("", "import a"), ("step:a hide", "x")]),
    ("indented", "\n    # %% [step:a]\n    if x:\n        y\n    ", [("step:a", "if x:\n    y")]),
    ("an empty cell", "# %% [step:a]\n# %%\nx", [("step:a", ""), ("", "x")]),
    ("a magic and a comment", "# %%\n%%time\n# %% no mark\nx", [("", "%%time\n# %% no mark\nx")]),
    ("a blank line inside", "# %%\nx\n\n\ny", [("", "x\n\n\ny")]),
]


@pytest.mark.parametrize("row", TEXTS, ids=[row[0] for row in TEXTS])
def test_text(row: tuple[str, str, list[CellText]]) -> None:
    _, text, expected = row
    assert list(parse(text)) == expected
    assert notebook(text) == notebook(expected)


def test_cells() -> None:
    tagged = read(notebook([("step:a  hide", "x\ny"), ("markdown", "# T"), ("raw", "r"), ("", ""), (["a b"], "z")]), "n")
    assert [(one.id, one.type, one.source, one.tags) for one in tagged.cells] == [
        ("cell-0", "code", "x\ny", ("step:a", "hide")),
        ("cell-1", "markdown", "# T", ()),
        ("cell-2", "raw", "r", ()),
        ("cell-3", "code", "", ()),
        ("cell-4", "code", "z", ("a b",)),
    ]


@pytest.mark.parametrize("minor", [0, 4, 5])
def test_valid(minor: int) -> None:
    data = notebook([("step:a", "x"), ("markdown", "é"), ("raw", "")], minor=minor)
    document = json.loads(data)
    nbformat.validate(document)
    assert data == (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
