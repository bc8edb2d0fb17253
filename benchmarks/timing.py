"""Paired timing: A B A B ..., the median of the ratios of neighbours."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of the table. `value` is a ratio unless `unit` says otherwise; `samples` are all that was measured."""

    name: str
    value: float
    target: str
    met: bool
    unit: str = "x"
    note: str = ""
    samples: tuple[float, ...] = field(default=())


def seconds(act: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[list[float], list[float], list[float]]:
    """(ours, theirs, ratios) over `rounds` neighbouring pairs, after one round of warming up."""
    ours()
    theirs()
    mine, other = [], []
    for number in range(rounds):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        one, two = seconds(first), seconds(second)
        mine.append(one if number % 2 else two)
        other.append(two if number % 2 else one)
    return mine, other, [a / b for a, b in zip(mine, other, strict=True)]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def command(*words: str, cwd: str | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command to its end; its output is shown only when it fails."""
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
