"""What one step of a run has left already, while others still run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.store import places


def cells(found: Run, step: str) -> dict[str, dict[str, Any]]:
    """The executed cells of a step that has ended, by id; empty when it left none."""
    path = Path(found.folder) / "steps" / places.step_folder_name(step) / "notebook.ipynb"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {cell["id"]: cell for cell in document.get("cells", ()) if "id" in cell}
