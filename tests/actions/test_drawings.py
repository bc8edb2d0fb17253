"""Drawings say what the pipeline is, in every form, whatever its steps are called."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlflow.actions import drawings, layouts
from jupyter_mlflow.assemble import assemble
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.pipelines import Edge, Pipeline
from jupyter_mlflow.testing import notebooks

SVG = "{http://www.w3.org/2000/svg}"
CELLS = [
    ("", "import math, random"),
    ("parameters", "lr = 0.1\ntoken = 'secret text'  # secret"),
    ("step:load", "data = [1, 2, 3]"),
    ("", "more = data * 2"),
    ("step:left", "left = math.fsum(data) * lr"),
    ("step:right after:left", "right = [more]"),
    ("step:end", "print(left, right, token)"),
]


def pipeline(cells: Any = CELLS) -> Pipeline:
    """The pipeline of some cells; what `left` gives to `end` is made doubtful."""
    found = assemble(read(notebooks.notebook(cells), "n")).pipeline
    return msgspec.structs.replace(
        found, edges=tuple(_doubtful(edge) if edge.source == "left" and edge.target == "end" else edge for edge in found.edges)
    )


def _doubtful(edge: Edge) -> Edge:
    return msgspec.structs.replace(edge, channels=tuple(msgspec.structs.replace(one, certainty="possible") for one in edge.channels))


def test_text() -> None:
    assert drawings.as_text(pipeline()).splitlines() == [
        "  setup  cell 0  math",
        "  parameters  cell 1  lr=0.1, token=******",
        "● load  cells 2-3",
        "● left  cell 4",
        "  ← load  data",
        "● right  cell 5",
        "  ← load  more",
        "  ← left  after",
        "● end  cell 6",
        "  ← left  left?",
        "  ← right  right",
    ]


def test_mermaid() -> None:
    lines = drawings.as_mermaid(pipeline()).splitlines()
    assert lines[:2] == ["flowchart TD", '    s0["load"]']
    assert "    s0 --> s1" in lines and "    s1 -.-> s3" in lines


def test_json_holds_no_secret_and_only_edges_of_steps() -> None:
    found = json.loads(drawings.draw(pipeline(), "json", "n.ipynb"))
    assert [step["name"] for step in found["steps"]] == ["load", "left", "right", "end"]
    assert [step["name"] for step in found["setup"]] == ["setup", "parameters"]
    assert {edge["source"] for edge in found["edges"]} <= {step["name"] for step in found["steps"]}


@pytest.mark.parametrize("states", [None, {"load": ("done", "4.2 s"), "left": ("failed", "")}])
def test_svg(states: Any) -> None:
    root = ET.fromstring(drawings.as_svg(pipeline(), states))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert len(texts) == 8 and (texts[0].endswith("load"), texts[1]) == (True, "4.2 s" if states else "cells 2-3")
    assert ("✕ left" in texts) == bool(states)
    dashed = [group for group in root.iter(f"{SVG}g") if any(path.get("class") == "e p" for path in group)]
    assert [group.findtext(f"{SVG}title", "").partition("\n")[0] for group in dashed] == ["left → end: left?"]


@pytest.mark.parametrize("form", ["text", "json", "mermaid", "svg"])
def test_without_steps(form: str) -> None:
    assert isinstance(drawings.draw(pipeline([("markdown", "# Nothing")]), form), str)


@pytest.mark.parametrize("name", ["a<b>&\"'", "</title><script>alert(1)</script>", "x" * 60, "Größe 漢字 🙂", "a\\u0007b", "]]>"])
def test_names_are_only_text(name: str) -> None:
    steps = pipeline([(["step:load"], "x = 1"), (["step:use"], "x")]).steps
    renamed = Pipeline(name=name, steps=tuple(msgspec.structs.replace(step, name=name + str(number)) for number, step in enumerate(steps)))
    root = ET.fromstring(drawings.as_svg(renamed))
    assert not list(root.iter(f"{SVG}script"))
    assert [group.findtext(f"{SVG}title", "").partition(" (")[0] for group in root.iter(f"{SVG}g")] == [name + "0", name + "1"]
    assert "<" not in drawings.as_mermaid(renamed)
    assert all(line.count('"') == 2 for line in drawings.as_mermaid(renamed).splitlines()[1:])


@st.composite
def graphs(draw: Any) -> tuple[list[str], list[tuple[str, str]]]:
    nodes = [f"n{number}" for number in range(draw(st.integers(0, 14)))]
    pairs = [(one, two) for place, two in enumerate(nodes) for one in nodes[:place]]
    return nodes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []


@given(graphs())
def test_layout(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    nodes, edges = graph
    widths = {node: 60.0 + 10 * (number % 5) for number, node in enumerate(nodes)}
    found = layouts.layered(nodes, edges, widths, gap=20)
    assert all(found.layer[source] < found.layer[target] for source, target in edges)
    for edge, route in found.routes.items():
        assert (route[0], route[-1]) == edge
        assert all(found.layer[two] == found.layer[one] + 1 for one, two in pairwise(route))
    rows: dict[int, list[str]] = {}
    for node in nodes:
        rows.setdefault(found.layer[node], []).append(node)
    for row in rows.values():
        row.sort(key=lambda node: found.x[node])
        assert all(found.x[two] - found.x[one] >= (widths[one] + widths[two]) / 2 + 20 - 1e-6 for one, two in pairwise(row))
    assert all(found.x[node] - widths[node] / 2 >= -1e-6 for node in nodes)
    assert found == layouts.layered(nodes, edges, widths, gap=20)


@pytest.mark.parametrize(
    ("rows", "below", "count"),
    [
        ([["a", "b"], ["c", "d"]], {"a": ["c"], "b": ["d"]}, 0),
        ([["a", "b"], ["c", "d"]], {"a": ["d"], "b": ["c"]}, 1),
        ([["a", "b"], ["c", "d"]], {"a": ["c", "d"], "b": ["c", "d"]}, 1),
        ([["a", "b", "c"], ["d", "e", "f"]], {"a": ["f"], "b": ["e"], "c": ["d"]}, 3),
    ],
)
def test_crossings(rows: Any, below: Any, count: int) -> None:
    full = {vertex: below.get(vertex, []) for row in rows for vertex in row}
    assert layouts.crossings(rows, full) == count


def test_lines_are_untangled_where_they_can_be() -> None:
    nodes = ["a", "b", "c", "x", "y", "z"]
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    found = layouts.layered(nodes, edges, dict.fromkeys(nodes, 50.0), gap=20)
    assert sorted("abc", key=found.x.__getitem__) == [
        source for target in sorted("xyz", key=found.x.__getitem__) for source, one in edges if one == target
    ]
    assert all(abs(found.x[source] - found.x[target]) < 1 for source, target in edges)
