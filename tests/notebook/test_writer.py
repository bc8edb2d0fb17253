"""Edits change the text of what is edited and nothing else."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jupyter_mlflow.errors import NotFoundError, UsageError
from jupyter_mlflow.notebook import edits, scanning
from jupyter_mlflow.notebook.blocks import blocks
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.notebook.writer import Edit, MetadataEdit, TagEdit, edited, retag
from jupyter_mlflow.testing.notebooks import notebook

DATA = Path(__file__).with_name("data")

NBFORMAT = b"""{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "a",
   "metadata": {},
   "outputs": [],
   "source": ["x = 1"]
  },
  {
   "cell_type": "code",
   "execution_count": 1e0,
   "id": "b",
   "metadata": {
    "collapsed": true,
    "tags": [
     "hide-input",
     "step:b",
     "slow"
    ],
    "weight": 1.50
   },
   "outputs": [],
   "source": []
  }
 ],
 "metadata": {
  "kernelspec": {
   "name": "python3"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"""


def diff(before: bytes, after: bytes) -> list[str]:
    lines = difflib.unified_diff(before.decode().split("\n"), after.decode().split("\n"), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


CHANGES: list[tuple[str, list[Edit], list[str]]] = [
    ("none", [], []),
    ("the same tags", [TagEdit(cell=1, tags=("hide-input", "step:b", "slow"))], []),
    ("no tags where there are none", [TagEdit(cell=0, tags=())], []),
    (
        "first tag",
        [TagEdit(cell=0, tags=("step:a",))],
        ['-   "metadata": {},', '+   "metadata": {', '+    "tags": [', '+     "step:a"', "+    ]", "+   },"],
    ),
    (
        "one tag more",
        [TagEdit(cell=1, tags=("hide-input", "step:b", "slow", "after:a"))],
        ['-     "slow"', '+     "slow",', '+     "after:a"'],
    ),
    ("one in front", [TagEdit(cell=1, tags=("x", "hide-input", "step:b", "slow"))], ['+     "x",']),
    ("another", [TagEdit(cell=1, tags=("hide-input", "step:c", "slow"))], ['-     "step:b",', '+     "step:c",']),
    ("one less", [TagEdit(cell=1, tags=("hide-input", "slow"))], ['-     "step:b",']),
    ("the first less", [TagEdit(cell=1, tags=("step:b", "slow"))], ['-     "hide-input",']),
    ("the last less", [TagEdit(cell=1, tags=("hide-input", "step:b"))], ['-     "step:b",', '-     "slow"', '+     "step:b"']),
    ("none left", [TagEdit(cell=1, tags=())], ['-    "tags": [', '-     "hide-input",', '-     "step:b",', '-     "slow"', "-    ],"]),
    ("the last edit counts", [TagEdit(cell=1, tags=("x",)), TagEdit(cell=1, tags=("hide-input", "slow"))], ['-     "step:b",']),
    (
        "both cells",
        [TagEdit(cell=1, tags=("hide-input", "slow")), TagEdit(cell=0, tags=("a",))],
        ['-   "metadata": {},', '+   "metadata": {', '+    "tags": [', '+     "a"', "+    ]", "+   },", '-     "step:b",'],
    ),
    (
        "our metadata",
        [MetadataEdit(value={"steps": {"a": {"retries": 2, "labels": {}}}})],
        [
            '+  "jupyter_mlflow": {',
            '+   "steps": {',
            '+    "a": {',
            '+     "retries": 2,',
            '+     "labels": {}',
            "+    }",
            "+   }",
            "+  },",
        ],
    ),
    ("none of our metadata", [MetadataEdit(value={})], []),
]


@pytest.mark.parametrize("row", CHANGES, ids=[row[0] for row in CHANGES])
def test_changed_lines(row: tuple[str, list[Edit], list[str]]) -> None:
    _, changes, expected = row
    after = retag(read(NBFORMAT, "x"), changes)
    assert diff(NBFORMAT, after) == expected
    json.loads(after)


STYLES: list[tuple[str, bytes, bytes]] = [
    (
        "compact",
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{},"source":""}],"metadata":{}}',
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":["a","\xc3\xa9"]},"source":""}],"metadata":{}}',
    ),
    (
        "one line",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"z": 1}}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"tags": ["a", "\xc3\xa9"], "z": 1}}]}',
    ),
    (
        "a line per cell",
        b'{\n "nbformat": 4,\n "cells": [\n  {"cell_type": "code", "metadata": {}}\n ]\n}',
        b'{\n "nbformat": 4,\n "cells": [\n  {"cell_type": "code", "metadata": {"tags": ["a", "\xc3\xa9"]}}\n ]\n}',
    ),
    (
        "tabs and Windows line breaks",
        b'{\r\n\t"nbformat": 4,\r\n\t"cells": [\r\n\t\t{\r\n\t\t\t"cell_type": "code"\r\n\t\t}\r\n\t]\r\n}\r\n',
        (
            b'{\r\n\t"nbformat": 4,\r\n\t"cells": [\r\n\t\t{\r\n\t\t\t"cell_type": "code",\r\n\t\t\t"metadata": {\r\n\t\t\t\t"tags": [\r\n'
            b'\t\t\t\t\t"a",\r\n\t\t\t\t\t"\xc3\xa9"\r\n\t\t\t\t]\r\n\t\t\t}\r\n\t\t}\r\n\t]\r\n}\r\n'
        ),
    ),
    (
        "four spaces and a byte-order mark",
        b'\xef\xbb\xbf{\n    "nbformat": 4,\n    "cells": [{\n        "cell_type": "code",\n        "metadata": {}\n    }]\n}',
        (
            b'\xef\xbb\xbf{\n    "nbformat": 4,\n    "cells": [{\n        "cell_type": "code",\n        "metadata": {\n            "tags": [\n'
            b'                "a",\n                "\xc3\xa9"\n            ]\n        }\n    }]\n}'
        ),
    ),
    (
        "no indentation",
        b'{\n"nbformat": 4,\n"cells": [\n{\n"cell_type": "code",\n"metadata": {}\n}\n]\n}',
        b'{\n"nbformat": 4,\n"cells": [\n{\n"cell_type": "code",\n"metadata": {\n"tags": [\n"a",\n"\xc3\xa9"\n]\n}\n}\n]\n}',
    ),
    (
        "escapes",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"tags": ["\\u00fc"]}}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"tags": ["a", "\\u00e9"]}}]}',
    ),
    (
        "escapes that say nothing",
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\u001b \\u003c \\\\u00fc"}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {"tags": ["a", "\xc3\xa9"]}, "source": "\\u001b \\u003c \\\\u00fc"}]}',
    ),
    (
        "odd spacing",
        b'{ "nbformat" :4 ,"cells":[ {"cell_type":"code" , "metadata" :{ "tags":[ "q" ,"a"  , "r" ]} } ] }',
        b'{ "nbformat" :4 ,"cells":[ {"cell_type":"code" , "metadata" :{ "tags":[ "a" ,"\xc3\xa9" ]} } ] }',
    ),
    (
        "an empty list",
        b'{\n  "nbformat": 4,\n  "cells": [\n    {\n      "cell_type": "code",\n      "metadata": {\n        "tags": [ ]\n      }\n    }\n  ]\n}',
        (
            b'{\n  "nbformat": 4,\n  "cells": [\n    {\n      "cell_type": "code",\n      "metadata": {\n        "tags": [\n          "a",\n'
            b'          "\xc3\xa9"\n        ]\n      }\n    }\n  ]\n}'
        ),
    ),
    (
        "keys out of order",
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"z":1,"b":2}}]}',
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"z":1,"b":2,"tags":["a","\xc3\xa9"]}}]}',
    ),
    (
        "null metadata",
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":null}]}',
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":["a","\xc3\xa9"]}}]}',
    ),
    (
        "tags that are a text",
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":"a"}}]}',
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":["a","\xc3\xa9"]}}]}',
    ),
    (
        "tags that are no text",
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":[1.0, "b", null]}}]}',
        b'{"nbformat":4,"cells":[{"cell_type":"code","metadata":{"tags":[1.0, "a", null, "\xc3\xa9"]}}]}',
    ),
    (
        "keys twice",
        b'{"nbformat":4,"cells":[],"cells":[{"cell_type":"code","metadata":{"tags":["x"]},"metadata":{"tags":["y"],"tags":["b"]}}]}',
        b'{"nbformat":4,"cells":[],"cells":[{"cell_type":"code","metadata":{"tags":["x"]},"metadata":{"tags":["y"],"tags":["a","\xc3\xa9"]}}]}',
    ),
    (
        "nbformat 3",
        b'{"nbformat":3,"worksheets":[{"cells":[]},{"cells":[{"cell_type":"code","input":"x","metadata":{}}]}]}',
        b'{"nbformat":3,"worksheets":[{"cells":[]},{"cells":[{"cell_type":"code","input":"x","metadata":{"tags":["a","\xc3\xa9"]}}]}]}',
    ),
    (
        "brackets and quotes in texts",
        b'{"]": "}\\"\\\\", "nbformat": 4, "cells": [{"source": "]}\\\\\\"", "cell_type": "code", "\\u006detadata": {"a\\"": "{["}}]}',
        b'{"]": "}\\"\\\\", "nbformat": 4, "cells": [{"source": "]}\\\\\\"", "cell_type": "code", "\\u006detadata": {"a\\"": "{[", "tags": ["a", "\xc3\xa9"]}}]}',
    ),
]


@pytest.mark.parametrize("row", STYLES, ids=[row[0] for row in STYLES])
def test_styles(row: tuple[str, bytes, bytes]) -> None:
    _, before, after = row
    tagged = read(before, "x")
    assert retag(tagged, [TagEdit(cell=len(tagged.cells) - 1, tags=("a", "é"))]).decode() == after.decode()


def test_half_characters_can_be_written() -> None:
    after = retag(read(NBFORMAT, "x"), [MetadataEdit(value={"name": "\ud83d é"})])
    assert b'"name": "\\ud83d \\u00e9"' in after
    read(after, "x")


def test_metadata_is_changed_where_it_differs() -> None:
    before = b'{"nbformat":4,"cells":[],"metadata":{"jupyter_mlflow" : {"steps":{"a":{"retries":2.50,  "x" :[1, 2.0,3]}}, "b":1e3}, "q":1}}'
    value = {"steps": {"a": {"retries": 2.5, "x": [1, 3, 4]}, "c": {}}, "b": 1000.0}
    after = retag(read(before, "x"), [MetadataEdit(value=value)])
    assert (
        after
        == b'{"nbformat":4,"cells":[],"metadata":{"jupyter_mlflow" : {"steps":{"a":{"retries":2.50,  "x" :[1,3, 4]},"c":{}}, "b":1e3}, "q":1}}'
    )
    assert retag(read(after, "x"), [MetadataEdit(value={})]) == b'{"nbformat":4,"cells":[],"metadata":{"q":1}}'


def test_one_is_not_true() -> None:
    before = b'{"nbformat":4,"cells":[],"metadata":{"jupyter_mlflow":{"a":1,"b":[1,0]}}}'
    after = retag(read(before, "x"), [MetadataEdit(value={"a": True, "b": [1.0, False]})])
    assert after == b'{"nbformat":4,"cells":[],"metadata":{"jupyter_mlflow":{"a":true,"b":[1.0,false]}}}'


def test_no_such_cell() -> None:
    for index in (-1, 2):
        with pytest.raises(UsageError, match=f"There is no cell {index}"):
            retag(read(NBFORMAT, "x"), [TagEdit(cell=index, tags=("a",))])


@pytest.mark.parametrize("path", sorted(DATA.glob("*.ipynb")), ids=lambda path: path.name)
def test_tagging_and_untagging_gives_the_file_back(path: Path) -> None:
    data = path.read_bytes()
    tagged = read(data, path.name)
    for cell in tagged.cells:
        if not cell.metadata:
            there = edited(tagged, [TagEdit(cell=cell.index, tags=("a", "b"))])
            assert retag(there, [TagEdit(cell=cell.index, tags=())]) == data
        elif cell.tags:
            there = edited(tagged, [TagEdit(cell=cell.index, tags=("x", *cell.tags))])
            assert retag(there, [TagEdit(cell=cell.index, tags=cell.tags)]) == data


# What users think in

CELLS = [
    ("setup", "i"),
    ("hide step:a slow", "x"),
    ("markdown", "t"),
    ("step:a", "y"),
    ("step:b after:a limit:cpu:1", "z"),
    (["step:c", "prev:a, b"], "w"),
    ("skip", "n"),
    ("label:fig", "m"),
]

THINGS: list[tuple[str, Any, dict[int, list[str]]]] = [
    (
        "set step",
        lambda n: edits.set_step(n, [0, 1, 6, 7], "new"),
        {0: ["step:new"], 1: ["hide", "step:new", "slow"], 6: ["step:new"], 7: ["label:fig", "step:new"]},
    ),
    ("set the same step", lambda n: edits.set_step(n, [1, 3], "a"), {}),
    ("set step keeps settings and after", lambda n: edits.set_step(n, [4], " é "), {4: ["step:é", "after:a", "limit:cpu:1"]}),
    ("set setup", lambda n: edits.set_part(n, [1, 4], "setup"), {1: ["hide", "setup", "slow"], 4: ["setup", "limit:cpu:1"]}),
    ("skip", lambda n: edits.set_skipped(n, [4, 6], skipped=True), {4: ["step:b", "after:a", "limit:cpu:1", "skip"]}),
    ("do not skip", lambda n: edits.set_skipped(n, [4, 6], skipped=False), {6: []}),
    ("join above", lambda n: edits.join_above(n, [0, 1, 5, 7]), {0: [], 1: ["hide", "slow"], 5: []}),
    ("add after", lambda n: edits.add_after(n, "a", ["x", "b", "x"]), {1: ["hide", "step:a", "slow", "after:x", "after:b"]}),
    ("add after that is there", lambda n: edits.add_after(n, "c", ["a", "b"]), {}),
    ("remove after", lambda n: edits.remove_after(n, "c", ["a"]), {5: ["step:c", "prev:b"]}),
    ("remove all after", lambda n: edits.remove_after(n, "c", ["b", "a"]), {5: ["step:c"]}),
    ("remove after that is not there", lambda n: edits.remove_after(n, "c", ["x", "c"]), {}),
    (
        "rename",
        lambda n: edits.rename_step(n, "a", "new"),
        {1: ["hide", "step:new", "slow"], 3: ["step:new"], 4: ["step:b", "after:new", "limit:cpu:1"], 5: ["step:c", "prev:new,b"]},
    ),
    ("rename to the same", lambda n: edits.rename_step(n, "a", " a"), {}),
]


@pytest.mark.parametrize("row", THINGS, ids=[row[0] for row in THINGS])
def test_edits(row: tuple[str, Any, dict[int, list[str]]]) -> None:
    _, make, expected = row
    before = read(notebook(CELLS), "x")
    after = edited(before, make(before))
    changed = {one.index: list(one.tags) for one, old in zip(after.cells, before.cells, strict=True) if one.tags != old.tags}
    assert changed == expected
    if not expected:
        assert after.text == before.text


WRONG: list[tuple[str, Any, str]] = [
    ("a bad name", lambda n: edits.set_step(n, [1], "a b"), "`a b` cannot be a step's name"),
    ("a text cell", lambda n: edits.set_step(n, [2], "a"), "Cell 2 is a markdown cell"),
    ("no such cell", lambda n: edits.join_above(n, [99]), "There is no cell 99"),
    ("no such step", lambda n: edits.add_after(n, "nope", ["a"]), "There is no step `nope`"),
    ("rename to another", lambda n: edits.rename_step(n, "a", "b"), "There is a step `b` already"),
    ("rename nothing", lambda n: edits.rename_step(n, "zz", "b"), "There is no step `zz`"),
    ("wait for a bad name", lambda n: edits.add_after(n, "a", ["../x"]), "`../x` cannot be a step's name"),
    ("settings of a bad name", lambda n: edits.set_settings(n, "", {}), "cannot be a step's name"),
]


@pytest.mark.parametrize("row", WRONG, ids=[row[0] for row in WRONG])
def test_wrong_edits(row: tuple[str, Any, str]) -> None:
    _, make, message = row
    with pytest.raises(UsageError, match=message):
        make(read(notebook(CELLS), "x"))
    assert issubclass(NotFoundError, UsageError)


def test_edits_of_kale_notebooks_stay_kale() -> None:
    before = read((DATA / "kale_0_7.ipynb").read_bytes(), "x")
    after = edited(before, edits.add_after(before, "load_data", ["split"]))
    after = edited(after, edits.rename_step(after, "split", "cut"))
    after = edited(after, edits.set_step(after, [10], "woods"))
    assert [list(after.cells[index].tags) for index in (6, 9, 10, 12)] == [
        ["block:load_data", "prev:cut"],
        ["block:cut", "prev:load_data"],
        ["block:woods", "prev:cut", "limit:memory:1Gi", "limit:nvidia.com/gpu:1"],
        ["block:logistic", "prev:cut", "annotation:docs:http://wine.example:80/logistic", "label:team:cellar"],
    ]
    after = edited(after, edits.join_above(after, [10]))
    assert after.cells[10].tags == ()


def test_settings_of_steps() -> None:
    tagged = read(notebook([("step:a", "x")]), "x")
    plain = tagged.text
    tagged = edited(tagged, edits.set_settings(tagged, "a", {"retries": 2, "image": "i"}))
    tagged = edited(tagged, edits.set_settings(tagged, None, {"cache": False}))
    assert tagged.metadata["jupyter_mlflow"] == {"steps": {"a": {"retries": 2, "image": "i"}}, "defaults": {"cache": False}}
    assert blocks(tagged).blocks[0].settings.retries == 2
    tagged = edited(tagged, edits.rename_step(tagged, "a", "b"))
    assert tagged.metadata["jupyter_mlflow"]["steps"] == {"b": {"retries": 2, "image": "i"}}
    tagged = edited(tagged, edits.set_settings(tagged, "b", {"retries": None, "image": None}))
    tagged = edited(tagged, edits.set_settings(tagged, None, {"cache": None}))
    assert retag(tagged, edits.rename_step(tagged, "b", "a")) == plain


# Any notebook, however it is laid out

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TAGS = st.lists(
    st.sampled_from(["step:a", "after:b", "setup", "hide", "é", "x y", '"', "\\"]) | st.text(max_size=6), max_size=4, unique=True
)
SPACES = st.text(" \t\r\n", max_size=3)


@st.composite
def cells(draw: st.DrawFn) -> dict[str, Any]:
    metadata = draw(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
    if draw(st.booleans()):
        metadata["tags"] = draw(TAGS)
    cell = {"cell_type": draw(st.sampled_from(["code", "markdown", "raw"])), "source": draw(st.text(max_size=10)), "x": draw(JSON)}
    return {**cell, "metadata": metadata} if metadata or draw(st.booleans()) else cell


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A notebook's text in a layout that no tool would write."""
    documents = {
        "metadata": draw(st.dictionaries(st.text(max_size=5), JSON, max_size=3)),
        "cells": draw(st.lists(cells(), max_size=3)),
        "nbformat": 4,
    }
    order = draw(st.permutations(list(documents)))
    document = {key: documents[key] for key in order}
    ascii_only = draw(st.booleans())
    layout = draw(st.sampled_from([0, 1, 2, 4, "\t", None, "odd"]))
    text = _odd(draw, document) if layout == "odd" else json.dumps(document, indent=layout, ensure_ascii=ascii_only)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return (
        draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + (text + draw(st.sampled_from(["", "\n", "\n\n"]))).replace("\n", newline).encode()
    )


def _odd(draw: st.DrawFn, value: Any) -> str:
    """JSON with random white space between all of its parts."""

    def space() -> str:
        return draw(SPACES).replace("\r", "")

    if isinstance(value, dict):
        inside = ",".join(f"{space()}{json.dumps(key)}{space()}:{space()}{_odd(draw, one)}{space()}" for key, one in value.items())
        return "{" + inside + ("" if value else space()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{space()}{_odd(draw, one)}{space()}" for one in value) + ("" if value else space()) + "]"
    return json.dumps(value)


THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@THOROUGH
@given(texts())
def test_nothing_changes_without_a_change(data: bytes) -> None:
    tagged = read(data, "x")
    assert retag(tagged, []) == data
    assert retag(tagged, [TagEdit(cell=one.index, tags=one.tags) for one in tagged.cells]) == data
    assert retag(tagged, [MetadataEdit(value={})]) == data


@THOROUGH
@given(texts(), TAGS, st.integers(0, 2))
def test_only_the_tags_change(data: bytes, tags: list[str], index: int) -> None:
    tagged = read(data, "x")
    assume(index < len(tagged.cells))
    after = retag(tagged, [TagEdit(cell=index, tags=tuple(tags))])
    assert after[: _start(data, index)] == data[: _start(data, index)]
    assert after[_end(after, index) :] == data[_end(data, index) :]
    assert read(after, "x").cells[index].tags == tuple(tags)
    assert _without_tags(after, index) == _without_tags(data, index)


def _span(data: bytes, index: int) -> tuple[int, int]:
    """Where a cell stands in the text."""
    root = {one.key: one.value for one in scanning.members(data, scanning.root(data))}
    return scanning.items(data, root["cells"])[index]


def _start(data: bytes, index: int) -> int:
    return _span(data, index)[0]


def _end(data: bytes, index: int) -> int:
    return _span(data, index)[1]


def _without_tags(data: bytes, index: int) -> Any:
    """The document in its order of keys, but for the tags of a cell and metadata that hold nothing else."""
    document = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    cell = document["cells"][index]
    cell.get("metadata", {}).pop("tags", None)
    if not cell.get("metadata"):
        cell.pop("metadata", None)
    return json.dumps(document)


@THOROUGH
@given(texts(), st.dictionaries(st.text(max_size=5), JSON, max_size=3), st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_only_our_metadata_changes(data: bytes, first: dict[str, Any], second: dict[str, Any]) -> None:
    tagged = read(data, "x")
    for value in (first, {**first, **second}, second):
        tagged = edited(tagged, [MetadataEdit(value=value)])
        expected = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
        if value:
            expected["metadata"]["jupyter_mlflow"] = value
        assert json.loads(tagged.text.removeprefix(b"\xef\xbb\xbf")) == expected
