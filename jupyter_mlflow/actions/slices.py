"""The executed slice that a step has left, also while others still run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import NOTEBOOK
from jupyter_mlflow.store import places


def cells(found: Run, step: str) -> dict[str, dict[str, Any]]:
    """The executed cells of a step that has ended, by id; empty when it left none."""
    left = document(found, step)
    return {cell["id"]: cell for cell in left.get("cells", ()) if "id" in cell} if left is not None else {}


def document(found: Run, step: str) -> dict[str, Any] | None:
    """All of it; None when there is none, or none any more."""
    path = places.step_path(Path(found.folder), step) / NOTEBOOK
    try:
        left: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return left
