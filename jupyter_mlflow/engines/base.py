"""What an engine is, and what it promises to the scheduler.

An engine is registered under the entry point group `jupyter_mlflow.engines`; whether it keeps its promises is checked by
`jupyter_mlflow.testing.engines`, against ours and others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from jupyter_mlflow.registry import Registry
from jupyter_mlflow.spec.tasks import Event, StepResult, StepTask


class Engine(Protocol):
    """A kind of place where steps run. The registry makes one without arguments, so that making it must cost nothing."""

    def missing(self) -> str:
        """Why steps cannot run there, and the way out, in one or two sentences; empty when they can."""

    def open(self, preload: Iterable[str] = ()) -> Executor:
        """An executor for one run; `preload` names modules that many steps import, as a hint."""


class Executor(Protocol):
    """Starts tasks and tells what becomes of them; used by one thread.

    What it promises for each task:

    - one StepResult, after all its Events, whatever happens to the processes, containers or machines that run it;
    - what the task's limits forbid ends it, with the kind of failure that says so;
    - outputs are in the task's store before the result comes, the executed notebook and the log in its outbox in every case;
    - nothing of it goes on when the result has come.
    """

    def start(self, task: StepTask) -> None:
        """Start a task and return without waiting for it; raises RuntimeLostError when there is nothing to start it with."""

    def poll(self, timeout: float | None) -> Iterator[Event | StepResult]:
        """What has arrived, after waiting at most `timeout` seconds for the first."""

    def cancel(self, grace: float) -> None:
        """Interrupt all tasks that run; what still runs after `grace` seconds is killed. Their results say `cancelled`."""

    def close(self) -> None:
        """End everything that was started, without results; closing again does nothing."""


ENGINES: Registry[Engine] = Registry("jupyter_mlflow.engines", "engine")
"""All engines that are installed."""
