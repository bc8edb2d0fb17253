"""Real runs in processes of their own, which can be interrupted and killed, and all of whose descendants are known."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.store.runs import RunStore
from jupyter_mlflow.testing.notebooks import notebook

PATIENCE = 120.0
_MARK = "JM_TEST_MARK"


class Place:
    """A folder with a notebook and a home; every process that descends from one started here carries a mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.path = folder / "n.ipynb"
        self.output = folder / "out.ipynb"
        self.mark = uuid.uuid4().hex
        self.started: list[subprocess.Popen[str]] = []

    def write(self, text: str, **steps: Any) -> None:
        metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}, "jupyter_mlflow": {"steps": steps}}
        self.path.write_bytes(notebook(text, metadata))

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "JUPYTER_MLFLOW_HOME": str(self.home), _MARK: self.mark, **more}

    def launch(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start `jupyter mlflow ...`."""
        started = subprocess.Popen(
            [sys.executable, "-m", "jupyter_mlflow.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(started)
        return started

    def run(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return self.launch("run", str(self.path), "-o", str(self.output), *arguments, **more)

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out + err

    def processes(self) -> dict[int, str]:
        """Everything that descends from what was started here and is alive."""
        found = {}
        for place in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if place.name.isdigit() and f"{_MARK}={self.mark}".encode() in (place / "environ").read_bytes():
                    state = (place / "stat").read_text().rpartition(")")[2].split()[0]
                    if state not in "ZX":
                        found[int(place.name)] = (place / "cmdline").read_text().replace("\0", " ")
        return found

    def latest(self) -> Run:
        with RunStore(self.home) as store:
            store.mark_lost()
            return store.get("latest")

    def states(self) -> dict[str, str]:
        return {str(step.name): step.state for step in self.latest().steps}

    def texts(self) -> list[str]:
        """What each code cell of the executed copy printed."""
        document = json.loads(self.output.read_text())
        return [
            "".join("".join(one.get("text", "")) for one in cell["outputs"]) for cell in document["cells"] if cell["cell_type"] == "code"
        ]

    def exists(self, name: str) -> Callable[[], bool]:
        return (self.folder / name).exists


def until(holds: Callable[[], bool], what: str = "") -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)
