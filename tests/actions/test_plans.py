"""A plan says what the run then does, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import plans, runs
from jupyter_mlflow.testing import notebooks

CELLS = [
    ("parameters", "n = 3\nunused = 1"),
    ("step:load", "data = list(range(n))"),
    ("step:write", "open('f.txt', 'w').write(str(data)); None"),
    ("step:read", "text = open('f.txt').read()"),
    ("step:free", "import math"),
]


def write(folder: Path, cells: Any = CELLS) -> Path:
    path = folder / "n.ipynb"
    path.write_bytes(notebooks.notebook(cells))
    return path


def actions(path: Path, home: Path, **options: Any) -> dict[str, str]:
    return {str(step.name): step.action for step in plans.plan(path, home=home, **options).steps}


ALL = ["parameters", "load", "write", "read", "free"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["reuse"] * 5),
        ({"cache": False}, ["run"] * 5),
        ({"from_step": "write"}, ["reuse", "reuse", "run", "run", "reuse"]),
        ({"only": "read"}, ["reuse", "reuse", "reuse", "run", "skip"]),
        ({"given": {"n": 4}}, ["run", "depends", "depends", "depends", "reuse"]),
    ],
    ids=str,
)
def test_after_a_run(options: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    path = write(tmp_path)
    runs.run(path, home=tmp_path / "h")
    files = {one for one in tmp_path.rglob("*") if "sqlite" not in one.name}
    planned = actions(path, tmp_path / "h", **options)
    assert [planned[name] for name in ALL] == expected
    assert {one for one in tmp_path.rglob("*") if "sqlite" not in one.name} == files
    assert len(runs.list_runs(home=tmp_path / "h")) == 1
    found = runs.show(runs.run(path, home=tmp_path / "h", **options).run, home=tmp_path / "h")
    for step in found.steps:
        possible = {"reuse": {"cached"}, "run": {"done"}, "depends": {"cached", "done"}, "skip": {"skipped"}}[planned[str(step.name)]]
        assert step.state in possible, step


def test_files_that_would_be_put_back_are_not_known_yet(tmp_path: Path) -> None:
    path = write(tmp_path)
    runs.run(path, home=tmp_path / "h")
    (tmp_path / "f.txt").write_text("changed")
    planned = {str(step.name): step for step in plans.plan(path, home=tmp_path / "h").steps}
    assert (planned["write"].action, planned["read"].action) == ("reuse", "depends")
    assert "f.txt" in planned["read"].reason
    assert (tmp_path / "f.txt").read_text() == "changed"


def test_before_any_run_and_after_a_change(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert actions(path, tmp_path / "h") == {"parameters": "run", "load": "depends", "write": "depends", "read": "depends", "free": "run"}
    runs.run(path, home=tmp_path / "h")
    write(tmp_path, [*CELLS[:2], ("step:write", CELLS[2][1] + "  # other words"), ("step:read", CELLS[3][1] + "\ntext += '!'"), CELLS[4]])
    planned = {str(step.name): step for step in plans.plan(path, home=tmp_path / "h").steps}
    assert (planned["write"].action, planned["read"].action) == ("reuse", "run")
    assert planned["read"].reason == "code of cell [4] changed"


APART = [("step:c", "n = 1"), ("step:a", "x = 2"), ("step:b", "y = n + 1"), ("step:a", "print(x, y)")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"c": "cached", "a": "cached", "b": "cached"}),
        ({"only": "a"}, {"c": "cached", "a": "done", "b": "cached"}),
        ({"from_step": "c"}, {"c": "done", "a": "done", "b": "done"}),
    ],
    ids=str,
)
def test_a_step_may_wait_for_one_below_it(options: Any, expected: dict[str, str], tmp_path: Path) -> None:
    path, home = write(tmp_path, APART), tmp_path / "home"
    assert {step.state for step in runs.run(path, home=home).steps} == {"done"}
    planned = actions(path, home, **options)
    found = runs.run(path, home=home, **options)
    states = {str(step.name): step.state for step in found.steps}
    assert (found.state, states) == ("done", expected)
    assert all({"reuse": "cached", "run": "done", "depends": states[name]}[action] == states[name] for name, action in planned.items())


def test_only_runs_what_a_step_needs_wherever_it_stands(tmp_path: Path) -> None:
    found = runs.run(write(tmp_path, [*APART, ("step:d", "print(x)")]), home=tmp_path / "home", only="a")
    assert {str(step.name): step.state for step in found.steps} == {"c": "done", "a": "done", "b": "done", "d": "skipped"}
