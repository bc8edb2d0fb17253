"""A run as it goes on, folded from its events: what progress views show, in a terminal or in a notebook.

A board is data that changes with each event; it knows no clock and no screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a help text needs the glyphs, and no JSON
    from jupyter_mlflow.spec.runs import Run
    from jupyter_mlflow.spec.tasks import Event

GLYPHS = {
    "queued": "○",
    "running": "◐",
    "cached": "◆",
    "done": "●",
    "failed": "✕",
    "skipped": "–",
    "cancelled": "⊘",
    "refused": "!",
    "lost": "?",
}
"""One vocabulary of states, the same wherever a run is shown; `lost` is a run whose launcher died."""

FINISHED = frozenset({"cached", "done", "failed", "skipped", "cancelled", "refused"})


@dataclass
class Row:
    """One step; `seconds` is set when it has ended, until then `since` says when it began."""

    name: str
    aside: bool = False  # a set-up or parameters step: shown only while there is something to say
    state: str = "queued"
    reason: str = ""
    since: float | None = None
    seconds: float | None = None
    cell: int = 0  # which of the step's cells, from 1
    cells: int = 0
    fraction: float | None = None  # of a progress bar in the cell
    said: str = ""  # the last line it printed
    wrong: str = ""  # why its cell failed

    def elapsed(self, now: float) -> float | None:
        """Seconds it ran, or runs so far."""
        if self.seconds is not None:
            return self.seconds
        return None if self.since is None else max(0.0, now - self.since)


@dataclass
class Board:
    """All steps of a run, in notebook order."""

    rows: dict[str, Row] = field(default_factory=dict)
    run: str = ""
    state: str = "queued"
    since: float | None = None
    seconds: float | None = None
    stopping: bool = False

    def take(self, event: Event) -> None:
        """Fold one event in."""
        if event.kind == "run":
            self._of_run(event)
            return
        row = self.rows.get(event.step)
        if row is None:
            row = self.rows[event.step] = Row(event.step)
        if event.kind == "step":
            _of_step(row, event)
        elif event.kind == "cell":
            _of_cell(row, event)
        elif event.kind == "progress":
            row.fraction = event.fraction
        elif event.kind == "stream":
            row.said = _last_line(event.text) or row.said

    def _of_run(self, event: Event) -> None:
        self.run = event.text or self.run
        self.state = event.state
        if event.state == "running":
            self.since = self.since or event.time
        elif self.since is not None:
            self.seconds = event.time - self.since

    def count(self, *states: str) -> int:
        """How many steps are in one of the states; set-up counts as none."""
        return sum(row.state in states for row in self.rows.values() if not row.aside)

    def total(self) -> int:
        """How many steps there are; set-up counts as none."""
        return sum(not row.aside for row in self.rows.values())


def of_run(run: Run) -> Board:
    """An empty board of the steps of a run."""
    from jupyter_mlflow.spec.pipelines import ASIDE

    rows = {str(step.name): Row(str(step.name), step.role in ASIDE) for step in run.steps}
    return Board(rows, run=run.run, since=run.started)


def _of_step(row: Row, event: Event) -> None:
    row.state, row.reason = event.state, event.text
    if event.state == "running":
        row.since, row.seconds, row.fraction, row.wrong = event.time, None, None, ""
    elif row.since is not None:
        row.seconds = event.time - row.since
    elif event.state in FINISHED:
        row.seconds = 0.0 if event.state == "cached" else None


def _of_cell(row: Row, event: Event) -> None:
    row.cell, row.cells = event.position, event.total
    if event.state == "running":
        row.fraction = None
    elif event.state == "failed":
        row.wrong = event.text


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines()]
    return next((line for line in reversed(lines) if line), "")
