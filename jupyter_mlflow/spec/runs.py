"""A run and its steps as they are stored and reported."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.pipelines import Role
from jupyter_mlflow.spec.tasks import StepFailure, StepResult

RunState = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
"""`lost`: its launcher died; `resume` goes on from the finished steps."""

StepState = Literal["queued", "running", "cached", "done", "failed", "skipped", "cancelled", "refused"]
"""`cached` was reused, not run; `skipped` was not wanted or waits behind a failure; `refused` could not start: an input cannot travel."""


class StepRun(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one run."""

    name: StepName
    role: Role = "step"
    state: StepState = "queued"
    cached: bool = False
    reason: str = ""  # why reused or why not, why skipped
    attempt: int = 0
    started: float | None = None  # seconds since the epoch
    seconds: float = 0.0
    overhead: float = 0.0
    cache_key: str = ""
    result: StepResult | None = None
    failure: StepFailure | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a pipeline."""

    run: RunId
    notebook: str
    state: RunState = "queued"
    engine: str = "local"
    parameters: dict[str, Any] = {}
    options: dict[str, Any] = {}  # how it was asked for, so that `resume` asks the same
    started: float = 0.0
    seconds: float = 0.0
    output: str = ""
    folder: str = ""
    parent: RunId | None = None  # the run this one resumes
    pid: int = 0  # of the launcher
    steps: tuple[StepRun, ...] = ()
    metrics: dict[str, float] = {}
