"""How long a command takes to answer; an interpreter that does nothing is measured beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks import notebooks
from benchmarks.measures import OURS, Settings, environment
from benchmarks.report import Row, Target
from benchmarks.timing import Cost, command, cost, in_turn, walls

CELLS = 50
ROUNDS = 3  # they are short: so many times more


def measure(settings: Settings) -> Iterator[Row]:
    """`--help`, `check`, and Python itself."""
    file = notebooks.write(settings.folder, "cells.ipynb", notebooks.chain(CELLS))
    variables = environment(settings.folder / "home")

    def run(*words: str) -> Callable[[], Cost]:
        return lambda: cost(lambda: command(*words, folder=settings.folder, environment=variables))

    acts = {
        "help": run(sys.executable, "-m", "jupyter", "mlflow", "--help"),
        "check": run(*OURS, "check", file.name),
        "python": run(sys.executable, "-c", "pass"),
    }
    costs = in_turn(acts, settings.rounds * ROUNDS)
    yield _row("help", "`jupyter mlflow --help`", Target(0.15, "s"), costs["help"])
    yield _row("check", f"`check` of {CELLS} cells", Target(0.5, "s"), costs["check"])
    yield _row("python", "`python -c pass`", None, costs["python"])


def _row(name: str, what: str, target: Target | None, costs: list[Cost]) -> Row:
    return Row(name=f"commands/{name}", what=what, unit="s", target=target, samples=tuple(walls(costs)))
