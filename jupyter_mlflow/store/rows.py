"""Nouns as the text of a row, such that it can always be read again.

JSON has no word for `nan` and the infinities, and UTF-8 none for half a character. Both happen in the middle
of real runs: a loss that diverged, output cut in the wrong place. A row must not be lost or unreadable for
that, so metrics that are no numbers are left out, and half characters are escaped.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import StepResult


def body(noun: Any) -> str:
    """The noun as JSON text."""
    try:
        return codec.encode(noun).decode()
    except UnicodeEncodeError:
        return codec.encode(_whole(codec.builtins(noun))).decode()


def text(value: str) -> str:
    """A text that a database takes."""
    return value.encode("utf-8", "backslashreplace").decode()


def run_body(run: Run) -> str:
    """A run without its steps, which have rows of their own."""
    return body(msgspec.structs.replace(run, steps=(), metrics=_finite(run.metrics)))


def step_body(step: StepRun) -> str:
    """A step with its result."""
    return body(step if step.result is None else msgspec.structs.replace(step, result=finite(step.result)))


def finite(result: StepResult) -> StepResult:
    """The result without metrics that are no numbers."""
    return msgspec.structs.replace(result, metrics=_finite(result.metrics))


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _whole(value: Any) -> Any:
    """Plain values with every text fit for UTF-8."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    return value
