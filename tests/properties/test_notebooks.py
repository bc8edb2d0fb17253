"""Notebooks of any shape: reading and writing them back changes nothing, edits touch nothing else, and `check` never stumbles."""

from __future__ import annotations

import copy
import json
import os
import string
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mlflow.actions import drawings
from jupyter_mlflow.assemble import assemble
from jupyter_mlflow.errors import NotebookError
from jupyter_mlflow.notebook import tags as notebook_tags
from jupyter_mlflow.notebook.documents import HALF_PAIR
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.notebook.writer import MetadataEdit, TagEdit, retag
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.pipelines import Pipeline

EXAMPLES = settings(
    max_examples=int(os.environ.get("EXAMPLES", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# All characters that JSON text can hold, halves of surrogate pairs and control characters among them.
TEXTS = st.text(st.characters(codec=None, categories=None), max_size=12) | st.text(string.printable, max_size=20)
WHOLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WHOLE
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WHOLE, inner, max_size=3), max_leaves=6)
ANYTHING = VALUES | st.sampled_from([float("nan"), float("inf"), 10**400, "\ud800", "\0", "x" * 1000, [[[]]], {"": {}}])

NAMES = st.sampled_from(["a", "b", "é", "x-1", "_", "setup"]) | WHOLE
TAGS = (
    st.sampled_from(
        ["setup", "parameters", "metrics", "skip", "imports", "functions", "block:a", "prev:b", "limit:cpu:1", "image:x", "hide"]
    )
    | st.builds("step:{}".format, NAMES)
    | st.builds("after:{}".format, NAMES)
    | WHOLE
)
LINES = st.sampled_from(
    [
        *(
            "x = [1]",
            "x.append(y)",
            "y = x",
            "print(x, y)",
            "import os",
            "def f(a=x):\n    global y\n    y = a\n    return f",
            "f(x)",
            "%time x",
        ),
        *(
            "!ls {x}",
            "%%bash\necho",
            "class A(B):\n    z = x",
            "del x",
            "for x in y: pass",
            "x?",
            "with open('f') as y: y.write(x)",
            "lr = 0.1  # secret",
        ),
        *(
            "from os import *",
            "exec(x)",
            "globals()[x] = y",
            "try:\n    x\nexcept E as y:\n    raise",
            "lambda: (yield)",
            "await f()",
            "return",
            "def f(:",
        ),
        *(
            "match x:\n    case [y, *_]: pass",
            "[x := y for y in x]",
            "@f\ndef g(*a, **k): nonlocal x",
            "async def h():\n    async for x in y: pass",
            "x: int = 1",
        ),
        *(
            "super().f()",
            "__import__(x)",
            "x.y.z = x",
            "x[y] = y[x]",
            "a, *b = x",
            "f(*x, **y)",
            "raise f from x",
            "assert x, y",
            "print(f'{x!r:{y}}')",
        ),
    ]
)
SOURCES = st.lists(LINES | TEXTS, max_size=4).map("\n".join)


@st.composite
def cells(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["code", "code", "code", "markdown", "raw"]))
    source = draw(SOURCES)
    made: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {**draw(st.dictionaries(WHOLE, VALUES, max_size=2)), "tags": draw(st.lists(TAGS, max_size=3))},
        "source": draw(st.sampled_from([source, source.splitlines(keepends=True)])),
    }
    if kind == "code":
        made |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": draw(WHOLE)}], "execution_count": None}
    if draw(st.booleans()):
        made["id"] = draw(st.text(string.ascii_letters + string.digits, min_size=1, max_size=8) | ANYTHING)
    return made


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    found = {
        "cells": draw(st.lists(cells(), max_size=5)),
        "metadata": draw(
            st.dictionaries(WHOLE | st.sampled_from(["jupyter_mlflow", "kernelspec", "kubeflow_notebook"]), VALUES, max_size=3)
        ),
        "nbformat": 4,
        "nbformat_minor": draw(st.integers(0, 5)),
    }
    order = draw(st.permutations(list(found)))
    return {key: found[key] for key in order}


def readable(document: dict[str, Any]) -> bool:
    """Half of a character in code is refused, for no kernel can read it."""
    return not any(HALF_PAIR.search("".join(cell["source"])) for cell in document["cells"] if cell["cell_type"] == "code")


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A notebook's text in one of many layouts."""
    text = json.dumps(
        draw(documents().filter(readable)),
        indent=draw(st.sampled_from([None, 0, 1, 2, "\t"])),
        ensure_ascii=True,
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
        sort_keys=draw(st.booleans()),
    )
    return (
        draw(st.sampled_from(["", "\ufeff"]))
        + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
        + draw(st.sampled_from(["", "\n", " \n\n"]))
    ).encode()


@EXAMPLES
@given(files())
def test_nothing_edited_nothing_changed(data: bytes) -> None:
    found = read(data, "n.ipynb")
    same = [TagEdit(cell=cell.index, tags=cell.tags) for cell in found.cells]
    ours = found.metadata.get("jupyter_mlflow")
    assert retag(found, same) == data
    if isinstance(ours, dict) and ours:
        assert retag(found, [*same, MetadataEdit(value=ours)]) == data


@EXAMPLES
@given(files(), st.lists(TAGS, max_size=4, unique=True), st.dictionaries(WHOLE, VALUES, max_size=3), st.data())
def test_edits_touch_nothing_else(data: bytes, tags: list[str], value: dict[str, Any], choose: st.DataObject) -> None:
    before = json.loads(data.decode("utf-8-sig"))
    found = read(data, "n.ipynb")
    edits: list[Any] = [MetadataEdit(value=value)] if choose.draw(st.booleans()) else []
    if found.cells:
        edits.append(TagEdit(cell=choose.draw(st.integers(0, len(found.cells) - 1)), tags=tuple(tags)))
    after = json.loads(retag(found, edits).decode("utf-8-sig"))
    for edit in edits:
        if isinstance(edit, TagEdit):
            metadata = before["cells"][edit.cell].setdefault("metadata", {})
            metadata["tags"] = list(edit.tags)
            if not edit.tags and "tags" not in after["cells"][edit.cell].get("metadata", {}):
                del metadata["tags"]
        else:
            before["metadata"]["jupyter_mlflow"] = edit.value
            if not edit.value and "jupyter_mlflow" not in after["metadata"]:
                del before["metadata"]["jupyter_mlflow"]
    assert after == before
    assert list(after) == list(before)


@EXAMPLES
@given(documents(), st.data())
def test_check_never_stumbles(document: dict[str, Any], choose: st.DataObject) -> None:
    """Any value anywhere: a clear error, or a pipeline that can be drawn and written as JSON."""
    document = copy.deepcopy(document)
    for _ in range(choose.draw(st.integers(0, 2))):
        harm(document, choose)
    try:
        found = assemble(read(json.dumps(document).encode(), "n.ipynb"))
    except NotebookError as error:
        assert str(error).startswith("n.ipynb: ")  # noqa: PT017 - an error is one of two good ends
        return
    for one in found.diagnostics:
        assert one.message
        assert one.fix
        codec.encode(one)
    drawn(found.pipeline)


def harm(value: Any, choose: st.DataObject) -> None:
    """Put something in the place of one of the values inside."""
    while isinstance(value, (dict, list)) and value:
        key = choose.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        if not isinstance(value[key], (dict, list)) or not value[key] or choose.draw(st.integers(0, 3)) == 0:
            value[key] = copy.deepcopy(choose.draw(ANYTHING))  # a later harm must not reach into the table of values
            return
        value = value[key]


def drawn(pipeline: Pipeline) -> None:
    """Each form of the graph can be read again."""
    for form in ("text", "mermaid"):
        assert isinstance(drawings.draw(pipeline, form), str)
    assert json.loads(drawings.draw(pipeline, "json"))["version"] == 1
    ET.fromstring(drawings.draw(pipeline, "svg"))
    assert codec.decode(codec.encode(pipeline), Pipeline) == pipeline


@EXAMPLES
@given(st.lists(WHOLE, min_size=1, max_size=4, unique=True), WHOLE)
def test_names_never_break_a_drawing(names: list[str], title: str) -> None:
    """Names that tags could not give, but other makers of pipelines might."""
    from jupyter_mlflow.spec.ids import StepName
    from jupyter_mlflow.spec.pipelines import Cell, Channel, Edge, Step

    pipeline = Pipeline(
        name=title,
        steps=tuple(Step(name=StepName(name), cells=(Cell(id="x", index=0, count=1, source=""),)) for name in names),
        edges=tuple(
            Edge(source=StepName(names[0]), target=StepName(name), channels=(Channel(kind="variable", name=name),)) for name in names[1:]
        ),
    )
    drawn(pipeline)
    mermaid = drawings.draw(pipeline, "mermaid")
    assert len(mermaid.splitlines()) == 1 + len(names) + len(names) - 1


@EXAMPLES
@given(st.lists(TAGS, max_size=5))
def test_tags_are_understood_once_and_for_all(tags: list[str]) -> None:
    """Understanding a cell's tags never fails, and the order of other tools' tags means nothing."""
    cell = read(
        json.dumps({"cells": [{"cell_type": "code", "metadata": {"tags": tags}, "source": "x"}], "metadata": {}, "nbformat": 4}).encode(),
        "n",
    ).cells[0]
    assert cell.tags == tuple(tags)
    for dialect in ("ours", "kale"):
        first = notebook_tags.understand(cell, dialect)
        assert first == notebook_tags.understand(cell, dialect)


@pytest.mark.parametrize("seed", range(3))
def test_bytes_that_were_hit(seed: int) -> None:
    """A real notebook with a few bytes changed: one sentence, or a pipeline."""
    import random

    from jupyter_mlflow.testing.notebooks import notebook

    chance = random.Random(seed)
    whole = notebook([("setup", "import os"), ("parameters", "lr = 0.1"), ("step:a", "x = [lr]"), ("step:b after:a", "print(x)")])
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randint(0, 3)] = bytes(
                chance.choice(b'{}[]",:\\0123456789\x00\xff\n abe') for _ in range(chance.randint(0, 3))
            )
        try:
            drawn(assemble(read(bytes(data), "n.ipynb")).pipeline)
        except NotebookError as error:
            assert "\n" not in str(error)  # noqa: PT017 - an error is one of two good ends
