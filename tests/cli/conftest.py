"""Commands as a user gives them: real processes, each test with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.testing import notebooks

PIPELINE = [
    ("", "import math"),
    ("parameters", "lr = 0.1\nname = 'a'\ntoken = 'none'  # secret"),
    ("step:load", "data = [1, 2, 3]\nprint('loaded', name)"),
    ("step:left", "left = sum(data) * lr\nprint(left)"),
    ("step:right", "right = math.prod(data)\nprint(right)"),
    ("step:join", "both = left + right"),
    ("", "both"),
    ("metrics", "score = both"),
]


class Done:
    """A command that has ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Command = Callable[..., Done]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"JUPYTER_MLFLOW_HOME": str(tmp_path_factory.mktemp("home")), "COLUMNS": "100"}


@pytest.fixture
def command(tmp_path: Path, environment: dict[str, str]) -> Command:
    """Runs `jupyter mlflow ARGUMENTS` in the test's folder."""

    def run(*arguments: Any, home: Path | None = None, text: str | None = None, **variables: str) -> Done:
        env = environment | variables | ({"JUPYTER_MLFLOW_HOME": str(home)} if home is not None else {})
        words = [sys.executable, "-m", "jupyter_mlflow.cli", *map(str, arguments)]
        done = subprocess.run(words, cwd=tmp_path, env=env, input=text, capture_output=True, text=True, timeout=120, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook into the test's folder."""

    def made(cells: Any = PIPELINE, name: str = "n.ipynb") -> Path:
        path = tmp_path / name
        path.write_bytes(notebooks.notebook(cells))
        return path

    return made
