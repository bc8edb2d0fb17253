"""`jupyter_mlflow.load(..).run(..)`, as a script uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jupyter_mlflow
from jupyter_mlflow.errors import NotebookError, NotFoundError, ParameterError, RefusedError, StepError, StoreError
from jupyter_mlflow.testing import notebooks

CELLS = [
    (
        "",
        "from collections import namedtuple\n\nclass Model:\n    def __init__(self, lr):\n        self.lr = lr\n    def predict(self):\n        return helper(self.lr)\n\ndef helper(x):\n    return x * 2",
    ),
    ("parameters", "lr = 0.1\noutput = 'a'"),
    ("step:fit", "model = Model(lr)\nalias = [model]\nunread = 'nobody reads it'"),
    ("step:use", "score = model.predict()\nalias[0] is model"),
    ("metrics", "score"),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", str(tmp_path / "home"))
    return write(tmp_path)


def write(folder: Path, cells: Any = CELLS) -> Path:
    found = folder / "n.ipynb"
    found.write_bytes(notebooks.notebook(cells))
    return found


def test_a_result(path: Path, tmp_path: Path) -> None:
    notebook = jupyter_mlflow.load(path)
    result = notebook.run(lr=0.5, output=tmp_path / "out.ipynb", parameters={"output": "b"})
    assert (result.state, result.metrics["score"], result.parameters) == ("done", 1.0, {"lr": 0.5, "output": "b"})
    assert {name: step.state for name, step in result.steps.items()} == dict.fromkeys(["fit", "use", "metrics"], "done")
    assert result.output == tmp_path / "out.ipynb" and result.output.exists()
    assert repr(result) == f"<run {result.run} done: 3 of 3 steps in {result.seconds:.1f} s>"
    model = result["model"]
    assert (model.lr, model.predict(), type(model).__name__) == (0.5, 1.0, "Model")
    assert result.load("alias")[0].lr == 0.5
    assert {"model", "alias", "lr", "score"} <= set(result.names)
    assert [one.run for one in notebook.runs()] == [result.run]
    assert notebook.runs()[0]["model"].lr == 0.5


def test_variables_can_be_kept(path: Path) -> None:
    notebook = jupyter_mlflow.load(path)
    with pytest.raises(NotFoundError, match=r"keep=\['unread'\]"):
        notebook.run()["unread"]
    kept = notebook.run(keep=["unread", "nowhere"])
    assert kept["unread"] == "nobody reads it"
    with pytest.raises(NotFoundError, match="no variable `nowhere`"):
        kept["nowhere"]


def test_tampered_values_are_not_loaded(path: Path, tmp_path: Path) -> None:
    result = jupyter_mlflow.load(path).run()
    for stored in (tmp_path / "home" / "artifacts").rglob("*"):
        if stored.is_file() and stored.stat().st_size > 40:
            stored.chmod(0o600)
            stored.write_bytes(stored.read_bytes()[:-4] + b"evil")
    with pytest.raises((StepError, StoreError)):
        result["model"]


@pytest.mark.parametrize(
    ("cells", "given", "error", "said"),
    [
        ([("step:a", "1 / 0")], {}, StepError, "Step `a` failed in cell 0: ZeroDivisionError: division by zero"),
        ([("step:a after:b", "1")], {}, RefusedError, "JM101"),
        (CELLS, {"rl": 1}, ParameterError, "no parameter `rl`"),
    ],
)
def test_errors(cells: Any, given: dict[str, Any], error: type[Exception], said: str, path: Path) -> None:
    with pytest.raises(error, match=said):
        jupyter_mlflow.load(write(path.parent, cells)).run(**given)


def test_a_failure_can_be_looked_at(path: Path) -> None:
    result = jupyter_mlflow.load(write(path.parent, [("step:a", "1 / 0")])).run(check=False)
    failure = result.steps["a"].failure
    assert result.state == "failed" and failure is not None and failure.ename == "ZeroDivisionError"


def test_loading(path: Path) -> None:
    with pytest.raises(NotFoundError):
        jupyter_mlflow.load(path.with_name("absent.ipynb"))
    with pytest.raises(NotebookError):
        jupyter_mlflow.load(path.parent)


def test_representations(path: Path) -> None:
    notebook = jupyter_mlflow.load(path)
    assert notebook._repr_svg_().startswith("<svg")
    assert "fit" in notebook.graph()
    result = notebook.run()
    page = result._repr_html_()
    assert page.count("<table>") == 1 and "<svg" in page and "score" in page
    assert result.run in notebook.runs()._repr_html_()
    assert {step.action for step in notebook.plan().steps} == {"reuse"}
    assert notebook.check() == ()


def test_texts_of_users_are_only_text(path: Path) -> None:
    evil = "<script>alert(1)</script>"
    notebook = jupyter_mlflow.load(write(path.parent, [("parameters", "name = 'x'"), ("step:a", "raise ValueError(name)")]))
    result = notebook.run(name=evil, check=False)
    assert "<script" not in result._repr_html_() and "<script" not in notebook.runs()._repr_html_()


def test_verify(path: Path) -> None:
    found = jupyter_mlflow.load(path).verify(lr=2.0)
    assert found.verification is not None and found.verification.same
