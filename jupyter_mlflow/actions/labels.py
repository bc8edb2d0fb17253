"""A reused executed slice, as the step that reuses it would have left it: its cells' ids and the numbers they show.

Neither is part of what makes a result: cells may have been moved, or stand in another step with the same code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_mlflow.spec.tasks import StepTask, TaskCell


def label(notebook: str, task: StepTask) -> None:
    """Give the cells of a slice the ids and numbers of the task's cells."""
    if not notebook:
        return
    path = Path(notebook)
    document = json.loads(path.read_text(encoding="utf-8"))
    changed = [_labelled(cell, one) for cell, one in zip(document["cells"], task.cells, strict=True)]
    if any(changed):
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="backslashreplace")


def _labelled(cell: dict[str, Any], wanted: TaskCell) -> bool:
    number = wanted.count if cell["execution_count"] is not None else None
    if (cell["id"], cell["execution_count"]) == (wanted.id, number):
        return False
    cell.update(id=wanted.id, execution_count=number)
    for output in cell["outputs"]:
        if "execution_count" in output:
            output["execution_count"] = number
    return True
