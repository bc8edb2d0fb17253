"""Problems with tags: what is found, how grave it is, and where."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from jupyter_mlflow.notebook.blocks import TagProblem, blocks
from jupyter_mlflow.notebook.problems import ProblemKind, quoted
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.testing.notebooks import CellText, notebook

Cells = list[CellText]
Found = list[tuple[str, str, int | None]]

KALE: dict[str, Any] = {"kubeflow_notebook": {}}

OURS: list[tuple[str, Cells, Found]] = [
    ("all well", [("setup", "i"), ("parameters", "p = 1"), ("step:a", "x"), ("step:b after:a", "y"), ("metrics", "m"), ("skip", "z")], []),
    ("foreign tags", [("step:a hide-input raises-exception figure:1 Step:b afterwards:x nb:a:b", "x"), ("label:fig image", "y")], []),
    ("names of all kinds", [("step:a-b", "x"), ("step:_x1", "y"), ("step:été", "z"), ("step:数据", "u"), ("step:" + "n" * 63, "v")], []),
    ("the same tag twice", [("step:a step:a", "x")], []),
    ("step and block of one name", [("step:a block:a", "x")], []),
    (
        "%%step with a name that is none",
        [("", "%%step a b\nx"), ("", "%%step ../x"), ("", '%%step "a'), ("", "%%step")],
        [("bad-step-name", "error", 0), ("bad-step-name", "error", 1), ("bad-step-name", "error", 2), ("empty-name", "warning", 3)],
    ),
    ("%%step against a tag", [("step:a", "%%step b\nx")], [("two-steps", "error", 0)]),
    ("a quote in a name", [(["step:a'b"], "x")], [("bad-step-name", "error", 0)]),
    ("a double quote in a name", [(['step:a"; rm -rf'], "x")], [("bad-step-name", "error", 0)]),
    ("a line break in a name", [(["step:a\nb"], "x")], [("bad-step-name", "error", 0)]),
    ("a folder in a name", [("step:../x", "x"), ("step:a/b", "y"), ("step:..", "z")], [("bad-step-name", "error", n) for n in range(3)]),
    ("a space in a name", [(["step:a b"], "x")], [("bad-step-name", "error", 0)]),
    (
        "a control character in a name",
        [(["step:a\x07"], "x"), (["step:\x1b[31m"], "y"), (["step:a\0"], "z")],
        [("bad-step-name", "error", n) for n in range(3)],
    ),
    ("300 characters", [("step:" + "n" * 300, "x")], [("bad-step-name", "error", 0)]),
    ("64 characters", [("step:" + "é" * 64, "x")], [("bad-step-name", "error", 0)]),
    ("a digit first", [("step:1a", "x"), ("step:-a", "y")], [("bad-step-name", "error", 0), ("bad-step-name", "error", 1)]),
    (
        "no letters",
        [("step:😀", "x"), (["step:a\u202eb"], "y"), (["step:a\u200bb"], "z")],
        [("bad-step-name", "error", n) for n in range(3)],
    ),
    ("a bad name to wait for", [("step:a", "x"), (["step:b", "after:a b,a"], "y")], [("bad-step-name", "error", 1)]),
    ("a bad name explains the rest", [("step:a/b after:x limit:cpu:1", "x")], [("bad-step-name", "error", 0)]),
    ("two steps", [("step:a step:b", "x")], [("two-steps", "error", 0)]),
    ("three steps", [("step:a block:b step:c", "x")], [("two-steps", "error", 0), ("two-steps", "error", 0)]),
    (
        "an empty name",
        [("step:a", "x"), ("step:", "y"), ("step:b after:", "z")],
        [("empty-name", "warning", 1), ("empty-name", "warning", 2)],
    ),
    ("after itself", [("step:a after:a", "x")], [("after-itself", "error", 0)]),
    ("after itself and another", [("step:b", "x"), ("step:a after:a,b", "x")], [("after-itself", "error", 1)]),
    ("after without a step", [("step:a", "x"), ("after:a", "y")], [("after-without-step", "error", 1)]),
    ("after on setup", [("step:a", "x"), ("setup after:a", "y")], [("after-without-step", "error", 1)]),
    ("after on parameters", [("step:a", "x"), ("parameters prev:a", "y")], [("after-without-step", "error", 1)]),
    (
        "role and step",
        [("setup step:a", "x"), ("step:b", "y"), ("step:c metrics", "z")],
        [("role-and-step", "error", 0), ("role-and-step", "error", 2)],
    ),
    ("two roles", [("setup parameters", "x")], [("two-roles", "error", 0)]),
    ("two names of one role", [("setup imports functions", "x")], []),
    ("skip and others", [("step:a", "x"), ("skip step:b after:a", "y")], [("skip-and-others", "info", 1)]),
    ("a setting without a step", [("step:a", "x"), ("limit:cpu:1", "y")], [("setting-without-step", "warning", 1)]),
    ("a setting on setup", [("imports image:x", "x")], [("setting-without-step", "warning", 0)]),
    ("a malformed setting", [("step:a limit:cpu", "x")], [("bad-setting", "warning", 0)]),
    ("settings that disagree", [("step:a image:x", "x"), ("step:a image:y limit:cpu:1", "y")], [("setting-conflict", "warning", 1)]),
    ("settings that agree", [("step:a image:x", "x"), ("step:a image:x limit:cpu:1", "y"), ("step:a limit:memory:1Gi", "z")], []),
    ("a step of blank cells", [("step:a", " "), ("step:b", "x")], [("empty-step", "warning", 0)]),
    ("untagged below setup", [("step:a", "x"), ("setup", "i"), ("", "y"), ("", "z")], [("continues-above", "info", 2)]),
    ("untagged below parameters", [("metrics", "x"), ("step:a", "x"), ("parameters", "i"), ("", "y")], [("continues-above", "info", 3)]),
]

IN_KALE: list[tuple[str, Cells, Found]] = [
    ("special tags win", [("imports step:b prev:c skipped", "x")], [("role-and-step", "warning", 0)]),
    ("two special tags", [("imports pipeline-metrics", "x")], [("two-roles", "warning", 0)]),
    ("two steps", [("step:a step:b", "x")], [("two-steps", "error", 0)]),
    ("empty names", [("step:a", "x"), ("step:", "y"), ("block:", "z")], []),
    ("empty name with prev", [("step:a", "x"), ("step: prev:a", "y")], [("after-without-step", "error", 1)]),
    ("settings without a step", [("step:a", "x"), ("label:x", "y")], [("setting-without-step", "error", 1)]),
    ("a malformed setting", [("step:a label:x", "y")], [("bad-setting", "error", 0)]),
    ("unknown tags", [("step:a hide-input parameters-x", "x")], []),
    ("another notebook", [("notebook:a", "x")], [("kale-notebook-step", "warning", 0)]),
    ("untagged below imports", [("step:a", "x"), ("imports", "i"), ("", "y")], []),
]

MALFORMED: list[tuple[str, Any, Found]] = [
    ("a text", "step:a", [("malformed-tags", "error", 0)]),
    ("null", None, [("malformed-tags", "error", 0)]),
    ("an object", {"step": "a"}, [("malformed-tags", "error", 0)]),
    ("a number among them", ["step:a", 3], [("malformed-tags", "warning", 0)]),
    ("a list among them", [["step:a"]], [("malformed-tags", "warning", 0)]),
    ("none", [], []),
]


def problems(cells: Cells, metadata: dict[str, Any] | None = None) -> tuple[TagProblem, ...]:
    return blocks(read(notebook(cells, metadata), "n")).problems


def shape(found: tuple[TagProblem, ...]) -> Found:
    return [(one.kind, one.severity, one.cell) for one in found]


def rows(table: list[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=[row[0] for row in table])


@rows(OURS)
def test_problems(row: tuple[str, Cells, Found]) -> None:
    _, cells, expected = row
    assert shape(problems(cells)) == expected


@rows(IN_KALE)
def test_problems_in_kale(row: tuple[str, Cells, Found]) -> None:
    _, cells, expected = row
    assert shape(problems(cells, KALE)) == expected


@rows(MALFORMED)
def test_malformed_tags(row: tuple[str, Any, Found]) -> None:
    _, tags, expected = row
    document = json.loads(notebook([("step:a", "x"), ("step:b", "y")]))
    document["cells"][0]["metadata"]["tags"] = tags
    assert shape(blocks(read(json.dumps(document).encode(), "n")).problems) == expected


def test_step_tag_on_text() -> None:
    document = json.loads(notebook([("markdown", "# Load"), ("step:a", "x")]))
    document["cells"][0]["metadata"]["tags"] = ["step:load", "setup", "skip", "hide"]
    (found,) = blocks(read(json.dumps(document).encode(), "n")).problems
    assert (found.kind, found.severity, found.cell, found.tag) == ("tag-on-text-cell", "warning", 0, "step:load")


def test_sentences() -> None:
    """Messages are sentences without anything that could disturb a terminal, a table or a line."""
    for table, metadata in ((OURS, {}), (IN_KALE, KALE)):
        for _, cells, _expected in table:
            for one in problems(cells, metadata):
                for text in (one.message, one.fix):
                    assert text.isprintable()
                    assert text[0].isupper() or text[0] == "`"
                    assert text[-1] in ".?"
                    assert len(text) < 250


def test_messages() -> None:
    (found,) = problems([(["step:my data"], "x")])
    assert found == TagProblem(
        kind="bad-step-name",
        severity="error",
        cell=0,
        tag="step:my data",
        message="`my data` cannot be a step's name: it holds something other than letters, digits, `_` and `-`.",
        fix="For example `step:my-data`.",
    )


def test_all_kinds_are_reached() -> None:
    elsewhere = {"malformed-tags", "tag-on-text-cell", "unknown-setting", "settings-of-unknown-step"}  # MALFORMED, above, and test_settings
    reached = {kind for table in (OURS, IN_KALE) for _, _, found in table for kind, _, _ in found}
    assert reached | elsewhere == set(get_args(ProblemKind))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a\nb", "`a\\nb`"),
        ("\x1b[31m", "`\\x1b[31m`"),
        ("a`b", "`a'b`"),
        ("é\u202e", "`é\\u202e`"),
        ("x" * 99, "`" + "x" * 59 + "…`"),
        ("\ud800", "`\\ud800`"),
    ],
)
def test_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown
