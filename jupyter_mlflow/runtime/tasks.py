"""Reading the one document that starts everything."""

from __future__ import annotations

import msgspec

from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import TASK_VERSION, StepTask


def read(data: bytes) -> StepTask:
    """The task in `data`; raises `UsageError` if there is none that this version can run."""
    try:
        task = codec.decode(data, StepTask)
    except msgspec.DecodeError as error:  # a ValidationError is one, too
        raise UsageError(f"This is no StepTask: {error}.") from error
    if task.version != TASK_VERSION:
        raise UsageError(f"This runtime reads tasks of version {TASK_VERSION}, not {task.version}.")
    return task
