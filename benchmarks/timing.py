"""What a call costs, with all processes that it starts; several calls measured in turn."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

SHOWN = 2000  # characters of a failed command's output


class Cost(NamedTuple):
    """Seconds of one call: by the wall clock, and of the processors, ours and of all processes it waited for."""

    wall: float
    cpu: float


def cost(act: Callable[[], object]) -> Cost:
    """Call it once."""
    before, start = os.times(), time.perf_counter()
    act()
    wall, after = time.perf_counter() - start, os.times()
    return Cost(wall, sum(after[:4]) - sum(before[:4]))


def in_turn(acts: Mapping[str, Callable[[], Cost]], rounds: int, *, warm_up: bool = True) -> dict[str, list[Cost]]:
    """Each once per round, every round starting with the next one, so that no one always comes after the same other."""
    names = list(acts)
    found: dict[str, list[Cost]] = {name: [] for name in names}
    for name in names if warm_up else ():
        acts[name]()
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(acts[name]())
    return found


def walls(costs: list[Cost]) -> list[float]:
    """Only the wall clock."""
    return [one.wall for one in costs]


def cpus(costs: list[Cost]) -> list[float]:
    """Only the processors."""
    return [one.cpu for one in costs]


def command(*words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end, give what it printed; when it fails, show it."""
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-SHOWN:]}\n{done.stderr[-SHOWN:]}"
        raise RuntimeError(message)
    return done.stdout
