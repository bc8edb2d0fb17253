"""What an executor promises to the scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from jupyter_mlflow.spec.tasks import Event, StepResult, StepTask


class Executor(Protocol):
    """Starts tasks and tells what becomes of them; used by one scheduler at a time."""

    def start(self, task: StepTask) -> None:
        """Start a task; returns at once."""

    def poll(self, timeout: float | None) -> Iterator[Event | StepResult]:
        """What has arrived, after waiting at most `timeout` seconds for the first; each task ends with one result."""

    def cancel(self, grace: float) -> None:
        """Stop all running tasks; what still runs after `grace` seconds is killed."""

    def close(self) -> None:
        """End everything that was started."""
