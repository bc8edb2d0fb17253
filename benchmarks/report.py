"""Targets and what was measured: verdicts, the table, the JSON.

The JSON's shape is `results.v1.schema.json`, beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.samples import spread

VERSION = 1

Unit = Literal["x", "s", "ms", "MB", "of 1"]
"""`x`: a ratio to the other side of the pair. `of 1`: a share."""

Verdict = Literal["met", "missed", "for comparison", "not measured"]
"""`for comparison`: there is no target, the number puts others into perspective."""


@dataclass(frozen=True)
class Target:
    """A bound for the median."""

    limit: float
    unit: Unit = "x"
    strict: bool = False  # below, not at most
    least: bool = False  # at least, not at most

    def __str__(self) -> str:
        sign = "≥" if self.least else "<" if self.strict else "≤"
        return f"{sign} {shown(self.limit, self.unit)}"

    def met(self, value: float) -> bool:
        """Whether a value keeps it."""
        if self.least:
            return value >= self.limit
        return value < self.limit if self.strict else value <= self.limit


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; without samples it was not measured, and the note says why."""

    name: str
    what: str
    unit: Unit = "x"
    target: Target | None = None
    samples: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()  # the same ratio by processor time
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """By the median."""
        if not self.samples:
            return "not measured"
        if self.target is None:
            return "for comparison"
        return "met" if self.target.met(spread(self.samples).median) else "missed"


def shown(value: float, unit: Unit) -> str:
    """A number for people; small ratios as one over something."""
    if unit == "x":
        return f"1/{1 / value:.0f}" if 0 < value <= 0.1 else f"{value:.2f}x"
    if unit == "of 1":
        return f"{value:.1%}"
    return f"{value:.3g} {unit}"


def line(row: Row) -> tuple[str, ...]:
    """What stands in the columns of the table."""
    if not row.samples:
        return row.what, str(row.target or ""), "", "", "", row.verdict, row.note
    found = spread(row.samples)
    cpu = shown(spread(row.cpu).median, row.unit) if row.cpu else ""
    between = f"{shown(found.least, row.unit)} to {shown(found.most, row.unit)}" if len(row.samples) > 1 else ""
    return row.what, str(row.target or ""), shown(found.median, row.unit), between, cpu, row.verdict, row.note


HEADER = ("what", "target", "measured", "spread", "cpu", "verdict", "note")


def table(rows: Sequence[Row]) -> str:
    """For a terminal; notes stand below."""
    lines = [HEADER[:-1], *(line(row)[:-1] for row in rows)]
    widths = [max(len(one[column]) for one in lines) for column in range(len(HEADER) - 1)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)).rstrip() for one in lines]
    notes = [f"  {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, *(["", *notes] if notes else [])])


def markdown(rows: Sequence[Row]) -> str:
    """For docs/performance.md."""
    lines = [HEADER, ("---",) * len(HEADER), *(line(row) for row in rows)]
    return "\n".join(f"| {' | '.join(one)} |" for one in lines)


def document(rows: Sequence[Row], machine: dict[str, Any], rounds: int) -> dict[str, Any]:
    """As JSON."""
    return {"version": VERSION, "machine": machine, "rounds": rounds, "rows": [_row(row) for row in rows]}


def _row(row: Row) -> dict[str, Any]:
    measured = spread(row.samples)._asdict() if row.samples else None
    return {
        "name": row.name,
        "what": row.what,
        "unit": row.unit,
        "target": str(row.target) if row.target else None,
        "verdict": row.verdict,
        "measured": measured,
        "samples": list(row.samples),
        "cpu": list(row.cpu),
        "note": row.note,
    }
