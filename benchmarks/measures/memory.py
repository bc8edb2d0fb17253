"""Private memory of one more step that runs at the same time.

Steps with heavy imports and a small fit are held in their last cell while `smaps_rollup` of all processes of the engine is read: template,
supervisors and children. What four steps take beyond one, divided by three, is what each further step costs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import steps
from benchmarks.measures import Settings
from benchmarks.measures.step import MODULES
from benchmarks.report import Row, Target

SOURCES = (
    "import numpy as np\nimport pandas as pd\nfrom sklearn.ensemble import RandomForestClassifier",
    "frame = pd.DataFrame({'x': np.arange(200.0), 'y': np.arange(200) % 2})",
    "forest = RandomForestClassifier(n_estimators=10, random_state=0).fit(frame[['x']], frame['y'])",
)
HOLD = "import pathlib, time\npathlib.Path({here!r}).touch()\nwhile not pathlib.Path({gone!r}).exists(): time.sleep(0.01)"
FEW, MANY = 1, 4


def measure(settings: Settings) -> Iterator[Row]:
    """One row; not where the system has no `smaps_rollup`."""
    what = "one more running step, heavy imports, private memory"
    target = Target(40, "MB")
    if not Path("/proc/self/smaps_rollup").exists():
        yield Row(name="memory/step", what=what, unit="MB", target=target, note="this system does not tell the private memory of a process")
        return
    samples = []
    with steps.template(settings.folder, *MODULES) as running:
        for number in range(settings.rounds):
            few, many = (_held(running, settings.folder / f"{number}-{count}", count) for count in (FEW, MANY))
            samples.append((many - few) / (MANY - FEW) / 1e6)
    yield Row(name="memory/step", what=what, unit="MB", target=target, samples=tuple(samples))


def _held(running: steps.Steps, folder: Path, count: int) -> int:
    """Bytes while `count` steps wait."""
    folder.mkdir()
    for number in range(count):
        hold = HOLD.format(here=str(folder / f"here-{number}"), gone=str(folder / "gone"))
        running.start([*SOURCES, hold])
    while len(list(folder.glob("here-*"))) < count:
        time.sleep(0.01)
    found = sum(map(_private, _descendants(os.getpid())))
    (folder / "gone").touch()
    for _ in range(count):
        running.result()
    return found


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _descendants(child)


def _private(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024
