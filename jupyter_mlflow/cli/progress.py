"""Progress on stderr: a live table on a terminal, plain lines elsewhere.

A view is told of a run's start and of its events, while it is entered as a context.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_mlflow.actions import boards
from jupyter_mlflow.cli import application, texts
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import Event

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

_COLOURS = {
    "running": "cyan",
    "cached": "blue",
    "done": "green",
    "failed": "bold red",
    "refused": "bold red",
    "cancelled": "yellow",
    "queued": "dim",
    "skipped": "dim",
}
_NOTES = {
    "stopping": "Stopping: no further step starts, those that run go on. Ctrl-C again stops them now.",
    "killing": "Stopping all steps now.",
    "comparing": "Running all cells in one kernel, to compare.",
}
_BAR = 10  # characters of a progress bar


class View(Protocol):
    """Shows one run; `start` is called before its first event."""

    def __enter__(self) -> View: ...  # noqa: PYI034 - `Self` came with Python 3.11

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def start(self, run: Run) -> None:
        """A run begins."""

    def __call__(self, event: Event) -> None:
        """Something happened in it."""


def chosen(title: str) -> View:
    """A live table on a terminal that can show it, else lines."""
    alive = sys.stderr.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"} and not os.environ.get("CI")
    return Table(title) if alive else Lines()


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Silent:  # noqa: PYI034 - see above
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def start(self, run: Run) -> None:
        """Nothing."""

    def __call__(self, event: Event) -> None:
        """Nothing, but that Ctrl-C was understood."""
        if event.kind == "run" and event.state in {"stopping", "killing"}:
            application.say(_NOTES[event.state], err=True)


class Lines(Silent):
    """One line per step and cell, for logs of other programs."""

    def __init__(self) -> None:
        self._board = boards.Board()

    def start(self, run: Run) -> None:
        """Says which run it is, so that it can be looked at or resumed from elsewhere."""
        self._board = boards.of_run(run)
        steps = texts.counted(self._board.total(), "step")
        application.say(f"{_clock(run.started)} run {run.run}: {steps} of {run.notebook}", err=True)

    def __call__(self, event: Event) -> None:
        """Say it."""
        if event.kind == "run":
            if event.state in _NOTES:
                application.say(f"{_clock(event.time)} {_NOTES[event.state]}", err=True)
            return
        self._board.take(event)
        row = self._board.rows.get(event.step)
        if row is None:
            return
        if event.kind == "step":
            spent = f" {texts.seconds(row.seconds)}" if row.seconds and event.state != "cached" else ""
            reason = f"  {event.text}" if event.text and event.state != "done" else ""  # it was told when the step began
            application.say(f"{_clock(event.time)} {boards.GLYPHS[event.state]} {event.step} {event.state}{spent}{reason}", err=True)
        elif event.kind == "cell" and event.state == "running" and event.total > 1:
            application.say(
                f"{_clock(event.time)} {boards.GLYPHS['running']} {event.step} cell {event.position} of {event.total}", err=True
            )


class Table(Silent):
    """A table that changes in place, and stays when the run has ended."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._title = os.path.basename(title)  # noqa: PTH119 - a text, which need not be a path
        self._console = console
        self._live: Live | None = None
        self._picture: Picture | None = None
        self._echo: contextlib.AbstractContextManager[None] = contextlib.nullcontext()

    def start(self, run: Run) -> None:
        """Draw all steps as queued."""
        from rich.console import Console
        from rich.live import Live

        console = self._console or Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._picture = Picture(self._title, boards.of_run(run))
        self._live = Live(self._picture, console=console, refresh_per_second=8, redirect_stdout=False, redirect_stderr=False)
        self._echo = _without_echo()
        self._echo.__enter__()
        self._live.start(refresh=True)

    def __call__(self, event: Event) -> None:
        """Take it in; the table is drawn anew a few times a second."""
        if self._picture is None:
            return
        if event.kind == "run" and event.state in _NOTES:
            self._picture.note = _NOTES[event.state]
        else:
            self._picture.board.take(event)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None and self._picture is not None:
            self._picture.note, self._picture.final = "", True
            self._live.stop()
            self._live = None
            self._echo.__exit__(None, None, None)


class Picture:
    """What rich draws of a board."""

    def __init__(self, title: str, board: boards.Board) -> None:
        self.title = title
        self.board = board
        self.note = ""
        self.final = False  # the last picture shows all rows: the terminal can scroll

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A headline and the rows that fit."""
        from rich.table import Table as Grid
        from rich.text import Text

        now = time.time()
        yield Text(self.headline(now), style="bold", no_wrap=True, overflow="ellipsis")
        rows = [row for row in self.board.rows.values() if not row.aside or row.state in {"running", "failed", "refused"}]
        shown = rows if self.final else fitting(rows, max(3, console.size.height - 4))
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, max_width=max(12, options.max_width // 3), overflow="ellipsis")
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for row in shown:
            grid.add_row(*self._cells(row, now))
        grid.expand = True
        yield grid
        if len(shown) < len(rows):
            yield Text(f"and {texts.counted(len(rows) - len(shown), 'more step')}", style="dim")
        if self.note:
            yield Text(self.note, style="yellow")

    def headline(self, now: float) -> str:
        """`churn.ipynb  3 of 6 steps, 2 cached, 12 s`."""
        board = self.board
        parts = [f"{board.count('done', 'cached')} of {texts.counted(board.total(), 'step')}"]
        parts += [f"{board.count(state)} {state}" for state in ("cached", "failed") if board.count(state)]
        if board.since is not None:
            parts.append(texts.seconds(board.seconds if board.seconds is not None else max(0.0, now - board.since)))
        return f"{self.title}  {', '.join(parts)}"

    def _cells(self, row: boards.Row, now: float) -> tuple[Any, ...]:
        from rich.text import Text

        colour = _COLOURS.get(row.state, "")
        name = Text(f"{boards.GLYPHS[row.state]} ", style=colour) + Text(row.name, style="" if row.state != "queued" else "dim")
        elapsed = row.elapsed(now)
        spent = "" if elapsed is None or row.state == "cached" else texts.seconds(elapsed)
        return name, Text(row.state, style=colour), Text(spent, style="dim"), Text(detail(row), style="dim")


def detail(row: boards.Row) -> str:
    """What there is to say of a step beside its state."""
    if row.state == "running":
        parts = [f"cell {row.cell} of {row.cells}"] if row.cells > 1 else []
        if row.fraction is not None:
            full = round(row.fraction * _BAR)
            parts.append(f"{'━' * full}{'╌' * (_BAR - full)} {row.fraction:.0%}")
        elif row.said:
            parts.append(texts.plain(row.said))
        return "  ".join(parts)
    if row.state == "failed" and row.wrong:
        return row.wrong.splitlines()[0]
    return "" if row.since is not None else row.reason  # why it ran is no longer of interest once it ran


def fitting(rows: list[boards.Row], limit: int) -> list[boards.Row]:
    """At most `limit` rows, in their order: those that run or went wrong first, then the next ones, then the last that ended."""
    if len(rows) <= limit:
        return rows
    urgency = {"running": 0, "failed": 0, "refused": 0, "queued": 1}
    numbered = sorted(enumerate(rows), key=lambda pair: (urgency.get(pair[1].state, 2), pair[0] if pair[1].state == "queued" else -pair[0]))
    kept = {number for number, _ in numbered[:limit]}
    return [row for number, row in enumerate(rows) if number in kept]


@contextlib.contextmanager
def _without_echo() -> Iterator[None]:
    """Keys that are pressed meanwhile, `^C` among them, would shift the table."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    try:
        before = termios.tcgetattr(sys.stdin)
        termios.tcsetattr(sys.stdin, termios.TCSANOW, [*before[:3], before[3] & ~termios.ECHO, *before[4:]])
    except (termios.error, OSError, ValueError, AttributeError):  # no terminal to type on
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
