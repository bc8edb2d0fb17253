"""Both ways: all cells in one kernel, and the pipeline; then the first difference."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import notebooks, runs
from jupyter_mlflow.errors import MlflowError
from jupyter_mlflow.spec.runs import Run

_VARIES = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?(?:e-?\d+)? ?(?:ns|µs|us|ms|s)\b|\d\d:\d\d(?::\d\d)?")


def verify(path: str | Path, *, given: dict[str, Any], home: Path | None = None, **options: Any) -> tuple[Run, str]:
    """The pipeline's run, and the first difference to Run All in words (empty when there is none)."""
    with tempfile.TemporaryDirectory() as folder:
        whole, parts = Path(folder) / "whole.ipynb", Path(folder) / "parts.ipynb"
        found = runs.run(path, given=given, output=parts, cache=False, home=home, **options)
        _run_all(Path(path).resolve(), whole, given)
        return found, _difference(path, json.loads(whole.read_text()), json.loads(parts.read_text()))


def _run_all(path: Path, output: Path, given: dict[str, Any]) -> None:
    import base64

    text = base64.b64encode(json.dumps(given).encode()).decode()
    command = [sys.executable, "-m", "papermill", str(path), str(output), "-b", text, "--cwd", str(path.parent), "--no-progress-bar"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - papermill, with values as data
    if not output.exists():
        raise MlflowError(f"Run All could not start: {done.stderr.strip().splitlines()[-1:]}")


def _difference(path: str | Path, whole: dict[str, Any], parts: dict[str, Any]) -> str:
    steps = {cell.index: step.name for step in notebooks.check(path).pipeline.steps for cell in step.cells}
    shown = {cell.get("id"): cell for cell in whole["cells"]}
    for index, cell in enumerate(parts["cells"]):
        one, two = _text(shown.get(cell.get("id"), {})), _text(cell)
        if index in steps and one != two:
            return f"First difference in step `{steps[index]}`, cell {index}.\n  Run All:  {one[:400]!r}\n  pipeline: {two[:400]!r}"
    return ""


def _text(cell: dict[str, Any]) -> str:
    found = []
    for output in cell.get("outputs", ()):
        data = output.get("text") or output.get("data", {}).get("text/plain") or output.get("ename", "")
        found.append("".join(data))
    return _VARIES.sub("…", "".join(found))
