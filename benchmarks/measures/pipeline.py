"""load -> three models -> compare, against one run of papermill of the same notebook.

Two entry points, each against its like: commands, where both sides start an interpreter, and calls in this process. Nothing is warm:
each run of ours starts its own template, papermill its kernel. A home that was never used makes a run a first one; the same home again
makes it one in which nothing has changed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import notebooks
from benchmarks.measures import OURS, PAPERMILL, Settings, environment
from benchmarks.report import Row, Target
from benchmarks.samples import ratios
from benchmarks.timing import Cost, command, cost, cpus, in_turn, walls

ONE, TWO, CACHED, PAPERMILL_RUN = "one worker", "two workers", "nothing changed", "papermill"
TARGETS = {ONE: Target(1.2), TWO: Target(0.9, strict=True), CACHED: Target(0.1)}


def measure(settings: Settings) -> Iterator[Row]:
    """Three rows for commands, three for calls."""
    notebook = notebooks.write(settings.folder, "ml.ipynb", notebooks.ML)
    yield from _rows("command", _commands(notebook), settings)
    yield from _rows("call", _calls(notebook), settings)


def _rows(entry: str, acts: dict[str, Callable[[], Cost]], settings: Settings) -> Iterator[Row]:
    costs = in_turn(acts, settings.rounds)
    base = costs[PAPERMILL_RUN]
    for name, target in TARGETS.items():
        yield Row(
            name=f"pipeline/{entry}/{name.replace(' ', '-')}",
            what=f"5-step ML pipeline, {name} ({entry})",
            target=target,
            samples=ratios(walls(costs[name]), walls(base)),
            cpu=ratios(cpus(costs[name]), cpus(base)),
        )


def _commands(notebook: Path) -> dict[str, Callable[[], Cost]]:
    """`jupyter mlflow run` and the `papermill` command."""
    homes, folder = _homes(notebook.parent), notebook.parent
    used = next(homes)

    def ours(home: Path, workers: int) -> Cost:
        words = (*OURS, "run", notebook.name, "-o", "ours.ipynb", "--workers", str(workers), "--quiet")
        return cost(lambda: command(*words, folder=folder, environment=environment(home)))

    def papermill() -> Cost:
        words = (*PAPERMILL, notebook.name, "papermill.ipynb")
        return cost(lambda: command(*words, folder=folder, environment=environment(used)))

    return {
        ONE: lambda: ours(next(homes), 1),
        TWO: lambda: ours(next(homes), 2),
        PAPERMILL_RUN: papermill,
        CACHED: lambda: ours(used, 1),
    }


def _calls(notebook: Path) -> dict[str, Callable[[], Cost]]:
    """`jupyter_mlflow.load(...).run()` and `papermill.execute_notebook(...)`, in this process."""
    import papermill

    import jupyter_mlflow

    homes, folder = _homes(notebook.parent), notebook.parent
    used = next(homes)

    def ours(home: Path, workers: int) -> Cost:
        os.environ["JUPYTER_MLFLOW_HOME"] = str(home)
        found: Cost = cost(lambda: jupyter_mlflow.load(notebook).run(workers=workers, output=folder / "ours.ipynb"))
        return found

    def theirs() -> Cost:
        target = str(folder / "papermill.ipynb")
        return cost(lambda: papermill.execute_notebook(str(notebook), target, cwd=str(folder), progress_bar=False))

    return {
        ONE: lambda: ours(next(homes), 1),
        TWO: lambda: ours(next(homes), 2),
        PAPERMILL_RUN: theirs,
        CACHED: lambda: ours(used, 1),
    }


def _homes(folder: Path) -> Iterator[Path]:
    """Homes that nothing was run in."""
    first = len(list(folder.glob("home-*")))
    for number in itertools.count(first):
        home = folder / f"home-{number}"
        home.mkdir(mode=0o700)
        yield home
