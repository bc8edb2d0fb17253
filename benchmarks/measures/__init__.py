"""One file for each group of rows; each has `measure(settings)`, which gives rows as they are known.

Not here: what a number means for the verdict (`report`), how costs are taken (`timing`).
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Row

GROUPS = {
    "cases": "tricky notebooks end as Run All does; reads what `python -m tests.cases --json` wrote",
    "pipeline": "five steps of machine learning against one run of papermill, cold and with nothing changed",
    "peers": "the same five steps with ploomber and elyra; only with --peers",
    "step": "one isolated step of three trivial cells against papermill in its process",
    "handover": "a DataFrame of 80 MB from one step to the next",
    "analysis": "from notebook to graph, 50 to 500 cells",
    "commands": "how long a command takes to answer",
    "memory": "private memory of one more step that runs",
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all measures are told. `folder` is theirs, and empty at the start of each group."""

    rounds: int
    folder: Path
    cases: Path | None = None
    peers: bool = False


def run(group: str, settings: Settings) -> Iterator[Row]:
    """The rows of one group."""
    found: Iterator[Row] = importlib.import_module(f"benchmarks.measures.{group}").measure(settings)
    return found


def environment(home: Path) -> dict[str, str]:
    """Our variables for a command: a home of its own, and compiled modules are kept, as after any installation."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "JUPYTER_MLFLOW_HOME": str(home)}


OURS = (sys.executable, "-m", "jupyter_mlflow.cli")
PAPERMILL = (sys.executable, "-m", "papermill")
