"""Commands that run nothing load nothing heavy: told by the modules they load, not by the clock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PIPELINE

HEAVY = {
    "IPython",
    "asyncio",
    "fsspec",
    "ipykernel",
    "jupyter_client",
    "matplotlib",
    "nbclient",
    "nbformat",
    "numpy",
    "pandas",
    "papermill",
    "rich",
    "tornado",
    "yaml",
    "zmq",
}
PROGRAM = "import sys, json\nfrom jupyter_mlflow.cli import application, commands\ncode = application.call(commands.cli, sys.argv[1:], 'x')\nprint(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]))"


def loaded(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    code, names = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(names)


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (["--help"], ["msgspec", "sqlite3"]),
        (["run", "--help"], ["msgspec", "sqlite3"]),
        (["check", "n.ipynb"], ["sqlite3"]),
        (["check", "n.ipynb", "--json"], ["sqlite3"]),
        (["graph", "n.ipynb", "--format", "svg"], ["sqlite3"]),
        (["explain", "JM101"], ["sqlite3"]),
        (["runs"], []),
    ],
    ids=str,
)
def test_nothing_heavy(
    arguments: list[str], more: list[str], write: Any, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", environment["JUPYTER_MLFLOW_HOME"])
    write([*PIPELINE, *(("", f"extra_{number} = both + {number}") for number in range(40))])
    assert not loaded(tmp_path, *arguments) & (HEAVY | {*more})


def test_magics_load_only_what_understands_them(write: Any, tmp_path: Path) -> None:
    write([("step:a", "%matplotlib inline\nx = !ls"), ("step:b", "print(x)")])
    assert not loaded(tmp_path, "check", "n.ipynb") & {
        "numpy",
        "pandas",
        "papermill",
        "matplotlib",
        "nbclient",
        "ipykernel",
        "rich",
        "tornado",
    }
