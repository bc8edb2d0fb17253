"""The five steps with other tools, against the same run of papermill: only with `--peers`.

Each runs as its documentation says, from its own environment, once after its products were removed and once with nothing changed. papermill
runs in ours. Where a tool cannot be installed or fails, its row says so and the others go on.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import notebooks, peers
from benchmarks.measures import PAPERMILL, Settings, environment
from benchmarks.report import Row
from benchmarks.samples import ratios
from benchmarks.timing import Cost, command, cost, cpus, in_turn, walls


def measure(settings: Settings) -> Iterator[Row]:
    """Rows of ploomber (twice) and elyra."""
    if not settings.peers:
        return
    notebook = notebooks.write(settings.folder, "ml.ipynb", notebooks.ML)
    yield from _guarded("ploomber", lambda: _ploomber(settings, notebook))
    yield from _guarded("elyra", lambda: _elyra(settings, notebook))


def _guarded(name: str, rows: Callable[[], list[Row]]) -> Iterator[Row]:
    try:
        yield from rows()
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        yield Row(name=f"peers/{name}", what=f"5-step ML pipeline, {name}", note=" ".join(str(error).split())[-200:])


def _ploomber(settings: Settings, notebook: Path) -> list[Row]:
    python = peers.installed("ploomber", "ploomber", "ploomber-engine", "papermill")
    folder = settings.folder / "ploomber"
    folder.mkdir()
    words = peers.ploomber(folder, python)

    def run(*, afresh: bool) -> Cost:
        if afresh:
            shutil.rmtree(folder / "out", ignore_errors=True)
        return cost(lambda: command(*words, folder=folder, environment=peers.variables(python)))

    acts = {"papermill": _papermill(notebook), "all": lambda: run(afresh=True), "unchanged": lambda: run(afresh=False)}
    costs = in_turn(acts, settings.rounds)
    return [
        _row("ploomber", "ploomber with ploomber-engine", costs["all"], costs["papermill"]),
        _row("ploomber-unchanged", "ploomber, nothing changed", costs["unchanged"], costs["papermill"]),
    ]


def _elyra(settings: Settings, notebook: Path) -> list[Row]:
    python = peers.installed("elyra", "elyra")
    folder = settings.folder / "elyra"
    folder.mkdir()
    words = peers.elyra(folder, python)
    acts = {
        "papermill": _papermill(notebook),
        "all": lambda: cost(lambda: command(*words, folder=folder, environment=peers.variables(python))),
    }
    costs = in_turn(acts, settings.rounds)
    return [_row("elyra", "elyra, local processor (it has no cache)", costs["all"], costs["papermill"])]


def _papermill(notebook: Path) -> Callable[[], Cost]:
    words = (*PAPERMILL, notebook.name, "papermill.ipynb")
    variables = environment(notebook.parent / "home")
    return lambda: cost(lambda: command(*words, folder=notebook.parent, environment=variables))


def _row(name: str, what: str, costs: list[Cost], base: list[Cost]) -> Row:
    return Row(
        name=f"peers/{name}",
        what=f"5-step ML pipeline, {what}",
        samples=ratios(walls(costs), walls(base)),
        cpu=ratios(cpus(costs), cpus(base)),
    )
