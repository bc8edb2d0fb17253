"""One task without a template: the same supervisor in a process of its own, as containers start it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.runtime import tasks
from jupyter_mlflow.spec.tasks import StepTask

_EXIT_CODES = {"done": 0, "failed": 1, "cancelled": 130}


def run(source: str, events: Path | None) -> int:
    """Run the task in the file `source`, or in standard input for `-`; gives the exit code."""
    task = _read(source)
    from jupyter_mlflow.runtime import lightness

    lightness.load()
    from jupyter_mlflow.runtime import processes, shells, supervisors
    from jupyter_mlflow.runtime.connections import EventLines

    processes.adopt_orphans()
    with _events_file(events) as file:
        result = supervisors.supervise(task, EventLines(file), (), shells.build)
    return _EXIT_CODES[result.state]


def _read(source: str) -> StepTask:
    try:
        return tasks.read(sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes())
    except OSError as error:
        raise UsageError(f"Cannot read the task {source}: {error.strerror}.") from error


@contextlib.contextmanager
def _events_file(path: Path | None) -> Iterator[BinaryIO]:
    """Unbuffered, so that a forked child has nothing of it to write again."""
    target = os.dup(1) if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(target, "wb", buffering=0) as file:  # noqa: PTH123
        yield file
