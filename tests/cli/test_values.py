"""Parameter options mean what they mean in papermill: its own command line is asked."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

import papermill.cli
import pytest
from click.testing import CliRunner

from jupyter_mlflow.cli import running, values
from jupyter_mlflow.errors import UsageError

ENCODED = base64.b64encode(b"x: coded\ny: coded").decode()


def of_papermill(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    got: dict[str, Any] = {}
    monkeypatch.setattr(papermill.cli, "execute_notebook", lambda parameters, **_: got.update(parameters))
    done = CliRunner().invoke(papermill.cli.papermill, ["in.ipynb", "out.ipynb", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return got


def of_ours(arguments: list[str]) -> dict[str, Any]:
    context = running.run.make_context("run", values.split_pairs(["n.ipynb", *arguments]))
    return running._given(dict(context.params))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        *(
            ["-p", "x", text]
            for text in "0.1 1 -1 1e-3 1_000 0x10 True False None true null yes nan inf -inf +5 007 '' [1] {} a=b 1.0.0 ٣ 2024-01-01".split()
        ),
        ["-p", "x", ""],
        ["-p", "x", " 5 "],
        ["-p", "x", "1", "-p", "x", "2"],
        ["-p", "x", "1", "-r", "x", "2"],
        ["-r", "x", "1", "-p", "x", "2"],
        ["-r", "x", "True"],
        ["--parameters", "x", "1", "--parameters_raw", "y", "1"],
        ["-y", "x: 1\ny: [1, two, {three: 3}]"],
        ["-y", "{x: 2024-01-01, y: 12:30:00, z: 2024-01-01 10:00:00}"],
        ["-y", "x: 1e3\ny: 1.0e+3\nz: yes\nw: 0o7"],
        ["-y", ""],
        ["-y", "x: 1", "-y", "x: 2\ny: 3"],
        ["-b", ENCODED],
        ["-b", base64.b64encode(b"").decode()],
        ["-b", ENCODED, "-f", "p.yaml"],
        ["-f", "p.yaml"],
        ["-f", "p.json"],
        ["-f", "p.yaml", "-f", "p.json"],
        ["-p", "x", "p", "-y", "x: y", "-f", "p.yaml", "-b", ENCODED],
        ["-y", "x: y", "-f", "p.yaml", "-b", ENCODED],
        ["-b", ENCODED, "-f", "p.yaml", "-y", "y: yaml", "-p", "z", "3", "-r", "w", "4"],
    ],
    ids=" ".join,
)
def test_parameters_are_those_of_papermill(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text("x: file\ny: 1.5\nday: 2024-05-06\n")
    Path("p.json").write_text('{"x": {"deep": [1, null]}, "z": "json"}')
    ours, theirs = of_ours(arguments), of_papermill(arguments, monkeypatch)
    if any(isinstance(value, float) and math.isnan(value) for value in theirs.values()):
        ours, theirs = {key: repr(value) for key, value in ours.items()}, {key: repr(value) for key, value in theirs.items()}
    assert ours == theirs
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}


@pytest.mark.parametrize(
    ("given", "split"),
    [
        (["-p", "lr=0.1"], ["-p", "lr", "0.1"]),
        (["-p", "lr", "a=b"], ["-p", "lr", "a=b"]),
        (["-p", "x=1=2", "-r", "y=", "-o", "a=b"], ["-p", "x", "1=2", "-r", "y", "", "-o", "a=b"]),
        (["-p", "x", "-p", "-p", "y=1"], ["-p", "x", "-p", "-p", "y", "1"]),
        (["a=b.ipynb"], ["a=b.ipynb"]),
    ],
    ids=" ".join,
)
def test_an_equals_sign_joins_name_and_value(given: list[str], split: list[str]) -> None:
    assert values.split_pairs(given) == split


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-f", "absent.yaml"], "absent.yaml cannot be read: No such file"),
        (["-y", "x: [1"], "-y is no valid YAML"),
        (["-y", "- 1"], "must hold names and values"),
        (["-y", "5: 1"], "must hold names and values"),
        (["-y", "x: !!python/object/apply:os.system [ls]"], "-y is no valid YAML"),
        (["-b", "A"], "-b is no base64 text"),
        (["-b", "/w=="], "-b is no base64 text"),
    ],
)
def test_wrong_values_are_one_sentence(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as caught:
        of_ours(arguments)
    assert said in str(caught.value)
