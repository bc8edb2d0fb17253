"""A home of its own for each test, far from the user's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.store import runs as history
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import RunStore


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, which is also the one that `places.home` gives."""
    folder = tmp_path / "home"
    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", str(folder))
    return folder


@pytest.fixture
def store(home: Path) -> Iterator[RunStore]:
    """An empty run history."""
    with RunStore(home) as opened:
        yield opened


@pytest.fixture
def artifacts(home: Path) -> LocalArtifacts:
    """An empty artifact store in the home."""
    return LocalArtifacts(home / "artifacts")


@pytest.fixture
def run(store: RunStore) -> Run:
    """A recorded run."""
    made = Run(run=history.new_run_id(), notebook="/work/train.ipynb", state="running", started=time.time())
    store.create(made)
    return made


PROGRAMS = Path(__file__).with_name("programs.py")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts one of `programs.py`; whatever still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", str(PROGRAMS), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
