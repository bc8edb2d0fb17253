"""What `--json` prints: one document of a known shape, errors included, with the right exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

import jupyter_mlflow
from jupyter_mlflow.cli.commands import cli
from jupyter_mlflow.spec import reports
from tests.cli.conftest import Command, Done

SCHEMAS = Path(jupyter_mlflow.__file__).parent / "schemas"
BROKEN = [("step:a", "x = 1"), ("step:b after:nowhere", "x")]
FAILING = [("step:a", "x = 1"), ("step:b", "y = x\nprint('before')\n1 / 0"), ("step:c", "print(y)")]


def conforms(document: Any, name: str) -> None:
    """The document is valid, and says nothing that its schema does not."""
    schema = json.loads((SCHEMAS / f"{name}.v1.json").read_text())
    strict = {
        **schema,
        "$defs": {key: one if "properties" not in one else {**one, "additionalProperties": False} for key, one in schema["$defs"].items()},
    }
    jsonschema.Draft202012Validator(strict).validate(document)


def document(done: Done, name: str, code: int = 0) -> Any:
    assert (done.code, done.err) == (code, ""), done.err
    assert done.out.count("\n") == 1
    conforms(done.document, name)
    return done.document


@pytest.mark.parametrize("name", reports.DOCUMENTS)
def test_schema_files_are_those_of_the_types(name: str) -> None:
    stored = (SCHEMAS / f"{name}.v{reports.VERSION}.json").read_text()
    assert json.loads(stored) == reports.schema(name), f"run: jupyter-mlflow schema {name} > jupyter_mlflow/schemas/{name}.v1.json"
    jsonschema.Draft202012Validator.check_schema(json.loads(stored))


def test_there_is_no_schema_file_of_nothing() -> None:
    assert sorted(path.name for path in SCHEMAS.iterdir()) == sorted(f"{name}.v{reports.VERSION}.json" for name in reports.DOCUMENTS)


def test_all_commands_on_a_pipeline(command: Command, write: Any, tmp_path: Path) -> None:
    write()
    home = tmp_path / "home"
    checked = document(command("check", "n.ipynb", "--json"), "check")
    assert (checked["steps"], checked["errors"]) == (5, 0)
    drawn = document(command("graph", "n.ipynb", "--json"), "graph")
    assert drawn == document(command("graph", "n.ipynb", "--format", "json"), "graph")
    edge = next(one for one in drawn["edges"] if one["target"] == "right")
    assert (edge["source"], [(one["kind"], one["name"], one["certainty"]) for one in edge["channels"]]) == (
        "load",
        [("variable", "data", "certain")],
    )
    assert [step["name"] for step in drawn["steps"]] == ["load", "left", "right", "join", "metrics"]

    planned = document(command("run", "n.ipynb", "--dry-run", "--json", home=home), "plan")
    assert {step["action"] for step in planned["steps"]} <= {"run", "depends"}
    first = document(command("run", "n.ipynb", "-p", "lr=0.5", "-o", "out.ipynb", "--json", home=home), "run")
    assert first["state"] == "done" and first["metrics"]["score"] == 9.0 and first["output"] == str(tmp_path / "out.ipynb")
    assert {name: one["state"] for name, one in first["steps"].items()} == dict.fromkeys(
        ["load", "left", "right", "join", "metrics"], "done"
    )
    planned = document(command("run", "n.ipynb", "-p", "lr=0.5", "--dry-run", "--json", home=home), "plan")
    assert {step["action"] for step in planned["steps"]} == {"reuse"}
    second = document(command("run", "n.ipynb", "-p", "lr=0.25", "--json", home=home), "run")
    assert (second["steps"]["right"]["state"], second["steps"]["left"]["state"]) == ("cached", "done")

    listed = document(command("runs", "--json", home=home), "runs")
    assert [one["run"] for one in listed["runs"]] == [second["run"], first["run"]]
    assert listed["runs"][1] == document(command("runs", "show", first["run"][-4:], "--json", home=home), "run") == first
    different = document(command("runs", "diff", "2", "1", "--json", home=home), "diff")
    assert different["parameters"] == {"lr": {"first": 0.5, "second": 0.25}}
    assert different["metrics"]["score"] == {"first": 9.0, "second": 7.5}
    assert {"left", "join", "metrics"} <= set(different["steps"]) and "right" not in different["steps"]
    for line in command("logs", "latest", "left", "--json", home=home).out.splitlines():
        conforms(json.loads(line), "event")
    assert document(command("runs", "rm", first["run"], "--dry-run", "--json", home=home), "removal")["dry_run"]
    assert document(command("runs", "rm", first["run"], "--json", home=home), "removal")["runs"] == [first["run"]]
    assert len(document(command("runs", "--json", home=home), "runs")["runs"]) == 1
    assert document(command("explain", "jm101", "--json"), "rules")["rules"][0]["name"] == "unknown-step"
    assert len(document(command("explain", "--json"), "rules")["rules"]) > 5


def test_a_failed_run_and_its_resumption(command: Command, write: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    write(FAILING)
    failed = document(command("run", "n.ipynb", "--json", home=home), "run", code=1)
    assert {name: one["state"] for name, one in failed["steps"].items()} == {"a": "done", "b": "failed", "c": "skipped"}
    failure = failed["steps"]["b"]["failure"]
    assert (failure["ename"], failure["cell"], failure["line"]) == ("ZeroDivisionError", 1, 3)
    write([*FAILING[:1], ("step:b", "y = x"), FAILING[2]])
    resumed = document(command("resume", "latest", "--json", home=home), "run")
    assert (resumed["parent"], resumed["steps"]["a"]["state"], resumed["state"]) == (failed["run"], "cached", "done")


def test_both_ways(command: Command, write: Any, tmp_path: Path) -> None:
    write(
        [
            ("step:a", "x = 1\nprint(x)"),
            ("step:b", "import os, pathlib\npathlib.Path('f').write_text('1' if pathlib.Path('f').exists() else '2')\nx"),
        ]
    )
    found = document(command("run", "n.ipynb", "--verify", "--json"), "run")
    assert found["verification"] == {"same": True, "compared": {"cells": 2, "files": 1}, "difference": None, "notes": []}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.ipynb"]
    write([("step:a", "import os\nprint('same')"), ("step:b", "print(os.getpid())")])
    found = document(command("run", "n.ipynb", "--verify", "--json"), "run", code=1)
    assert (found["state"], found["verification"]["difference"]["step"], found["verification"]["difference"]["cell"]) == ("done", "b", 1)


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "said"),
    [
        (["run", "absent.ipynb"], 2, "NotFoundError", "There is no notebook absent.ipynb."),
        (["check", "absent.ipynb"], 2, "NotFoundError", "absent.ipynb"),
        (["graph", "empty.ipynb"], 2, "NotebookError", "empty"),
        (["run", "broken.ipynb"], 1, "RefusedError", "nowhere"),
        (["run", "broken.ipynb", "--dry-run"], 1, "RefusedError", "nowhere"),
        (["run", "broken.ipynb", "--verify"], 1, "RefusedError", "nowhere"),
        (["run", "n.ipynb", "-p", "lrr", "1"], 2, "ParameterError", "Did you mean `lr`?"),
        (["run", "n.ipynb", "-p", "lr", "open('touched', 'w')"], 2, "ParameterError", "`lr` (cell 1) is of type float"),
        (["run", "n.ipynb", "-p", "name", "5"], 2, "ParameterError", "-r name"),
        (["run", "n.ipynb", "--from", "nowhere"], 2, "UsageError", "There is no step `nowhere`."),
        (["run", "n.ipynb", "--from", "left", "--only", "left"], 2, "UsageError", "--from and --only"),
        (["run", "n.ipynb", "--verify", "--only", "left"], 2, "UsageError", "leave out --only"),
        (["run", "n.ipynb", "-o", "n.ipynb"], 2, "UsageError", "overwrite the notebook"),
        (["run", "n.ipynb", "-o", "no/where.ipynb"], 2, "UsageError", "There is no folder"),
        (["run", "n.ipynb", "--workers", "0"], 2, "UsageError", "0 is not in the range"),
        (["run", "n.ipynb", "--unknown"], 2, "UsageError", "No such option"),
        (["run"], 2, "UsageError", "Missing argument 'NOTEBOOK'"),
        (["fly"], 2, "UsageError", "No such command 'fly'"),
        (["graph", "n.ipynb", "--format", "pdf"], 2, "UsageError", "'pdf' is not one of"),
        (["graph", "n.ipynb", "-o", "no/where.svg"], 2, "UsageError", "no/where.svg cannot be written"),
        (["runs", "show", "zzz"], 2, "NotFoundError", "There is no run 'zzz'"),
        (["runs", "diff", "zzz", "latest"], 2, "NotFoundError", "zzz"),
        (["runs", "rm"], 2, "UsageError", "Name the runs"),
        (["runs", "rm", "--older", "soon"], 2, "UsageError", "no age"),
        (["logs", "zzz"], 2, "NotFoundError", "zzz"),
        (["resume", "zzz"], 2, "NotFoundError", "zzz"),
        (["explain", "JM999"], 2, "NotFoundError", "There is no rule JM999."),
        (["schema", "zzz"], 2, "UsageError", "zzz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors(arguments: list[str], code: int, kind: str, said: str, command: Command, write: Any, tmp_path: Path) -> None:
    write()
    write(BROKEN, "broken.ipynb")
    (tmp_path / "empty.ipynb").write_text("")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = command(*arguments, "--json")
    found = document(done, "error", code)
    assert found["error"]["kind"] == kind and said in found["error"]["message"]
    plain = command(*arguments)
    assert (plain.code, plain.out) == (code, "") and said in plain.err and "Traceback" not in plain.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_refusal_carries_its_problems(command: Command, write: Any) -> None:
    write(BROKEN)
    checked = document(command("check", "n.ipynb", "--json"), "check", code=1)
    refused = document(command("run", "n.ipynb", "--json"), "error", code=1)
    assert refused["error"]["diagnostics"] == checked["diagnostics"] != []


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = []
    for name, one in group.commands.items():
        found.append(((*words, name), one))
        found += commands(one, (*words, name)) if isinstance(one, click.Group) else []
    return found


@pytest.mark.parametrize(("words", "one"), commands(cli), ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_every_command_has_help_with_examples_and_json(words: tuple[str, ...], one: click.Command, command: Command) -> None:
    done = command(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Examples:" in done.out and f"jupyter mlflow {' '.join(words)}" in done.out and "--json" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
