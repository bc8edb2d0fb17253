"""Processes are killed at any moment; what they had recorded is there."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import RunStore

Start = Callable[..., subprocess.Popen[str]]  # see conftest


@pytest.mark.parametrize("round_", range(6))
def test_recorded_rows_survive_kill_9(round_: int, store: RunStore, run: Run, start: Start) -> None:
    """Two writers, killed at a random moment: all that either has said to be recorded is there, and all is whole."""
    writers = [start("write", store.home, run.run) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    time.sleep(random.Random(round_).uniform(0, 0.2))
    for writer in writers:
        writer.kill()
    said = [line.split() for writer in writers for line in writer.communicate()[0].splitlines()]
    with RunStore(store.home) as again:
        found = again.get(run.run)
        numbers = [event.number for event in again.events(run.run)]
    assert {name for name, _ in said} <= {step.name for step in found.steps}
    assert max(int(last) for _, last in said) <= len(numbers)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) % 3 == 0  # a batch is there wholly or not at all
    with sqlite3.connect(store.database.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.parametrize("round_", range(4))
def test_stored_objects_survive_kill_9(round_: int, tmp_path: Path, start: Start) -> None:
    writer = start("store", tmp_path / "store", 3_000_000, 10_000)
    assert writer.stdout is not None
    writer.stdout.readline()
    time.sleep(random.Random(round_).uniform(0, 0.2))
    writer.kill()
    said = set(writer.communicate()[0].split())
    artifacts = LocalArtifacts(tmp_path / "store")
    assert said <= set(artifacts)
    for digest in artifacts:
        assert artifacts.local_path(digest).stat().st_size == 3_000_000
    assert len(list(artifacts.leftovers())) <= 1
