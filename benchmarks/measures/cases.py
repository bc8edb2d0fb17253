"""How many of the tricky notebooks end as Run All does.

They take minutes and have a program of their own; its verdicts are read here:

    python -m tests.cases --json > build/cases.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.measures import Settings
from benchmarks.report import Row, Target


def measure(settings: Settings) -> Iterator[Row]:
    """Two rows: faithful or refused, and silently wrong."""
    what = "tricky notebooks as Run All, or refused"
    if settings.cases is None or not settings.cases.is_file():
        note = "first run `python -m tests.cases --json > build/cases.json`"
        yield Row(name="cases/faithful", what=what, unit="of 1", target=Target(1.0, "of 1", least=True), note=note)
        return
    found = json.loads(settings.cases.read_text(encoding="utf-8"))
    told = ", ".join(f"{count} {verdict}" for verdict, count in found["verdicts"].items() if count)
    share = found["good"] / found["cases"]
    yield Row(
        name="cases/faithful",
        what=what,
        unit="of 1",
        target=Target(1.0, "of 1", least=True),
        samples=(share,),
        note=f"{found['good']} of {found['cases']}: {told}",
    )
    silent = found["verdicts"].get("silent", 0) / found["cases"]
    yield Row(name="cases/silent", what="tricky notebooks, silently wrong", unit="of 1", target=Target(0.0, "of 1"), samples=(silent,))
