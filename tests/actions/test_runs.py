"""Runs: what fails leaves the rest, what is refused runs nothing; tests/test_examples.py runs whole notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from jupyter_mlflow.actions import runs
from jupyter_mlflow.errors import ParameterError, RefusedError, UsageError


def notebook(folder: Path, cells: list[tuple[str, str]]) -> Path:
    path = folder / "n.ipynb"
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text, metadata={"tags": tags.split()}) for tags, text in cells])
    nbformat.write(written, path)
    return path


def test_a_failing_step_keeps_the_others_and_resume_goes_on(tmp_path: Path) -> None:
    path = notebook(tmp_path, [("step:a", "x = 1\nprint('a')"), ("step:b", "y = x / 0"), ("step:c", "print(y)"), ("step:d", "print(x)")])
    found = runs.run(path, home=tmp_path / "h", output=tmp_path / "out.ipynb")
    states = {step.name: step.state for step in runs.show(found.run, home=tmp_path / "h").steps}
    assert found.state == "failed"
    assert states == {"a": "done", "b": "failed", "c": "skipped", "d": "done"}
    path = notebook(tmp_path, [("step:a", "x = 1\nprint('a')"), ("step:b", "y = x / 2"), ("step:c", "print(y)"), ("step:d", "print(x)")])
    again = runs.resume(found.run, home=tmp_path / "h")
    states = {step.name: step.state for step in runs.show(again.run, home=tmp_path / "h").steps}
    assert again.state == "done" and states["a"] == "cached" and states["b"] == "done"


@pytest.mark.parametrize(
    ("cells", "options", "error"),
    [
        ([("step:a", "x = 1"), ("step:b after:z", "x")], {}, RefusedError),
        ([("step:a", "g = (i for i in 'ab')"), ("step:b", "next(g)")], {}, RefusedError),
        ([("parameters", "lr = 0.1"), ("step:a", "lr")], {"given": {"rl": 1}}, ParameterError),
        ([("parameters", "lr = 0.1"), ("step:a", "lr")], {"given": {"lr": "__import__('os')"}}, ParameterError),
        ([("step:a", "x = 1")], {"from_step": "z"}, UsageError),
        ([("step:a", "x = 1")], {"output": "n.ipynb"}, UsageError),
    ],
)
def test_refused_before_anything_runs(
    cells: list[tuple[str, str]], options: dict[str, str], error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = notebook(tmp_path, [("", "open('touched', 'w').close()"), *cells])
    with pytest.raises(error):
        runs.run(path, home=tmp_path / "h", **options)
    assert not (tmp_path / "touched").exists()


def test_a_copy_of_a_notebook_with_other_cell_ids_shows_what_was_reused(tmp_path: Path) -> None:
    cells = [("step:a", "print('first')"), ("step:b", "print('second')")]
    for name in ("one.ipynb", "two.ipynb"):
        found = runs.run(notebook(tmp_path, cells), home=tmp_path / "h", output=tmp_path / name)
    assert {step.state for step in runs.show(found.run, home=tmp_path / "h").steps} == {"cached"}
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("one.ipynb", "two.ipynb"))
    assert [cell["id"] for cell in one["cells"]] != [cell["id"] for cell in two["cells"]]
    assert [cell["outputs"] for cell in one["cells"]] == [cell["outputs"] for cell in two["cells"]] != [[], []]
