"""Runs as HTML, for where objects are shown: the graph with the state of each step, and a table below it.

Plain HTML without scripts, so that it is still there when the kernel is gone, and on pages that show notebooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from jupyter_mlflow.actions import drawings
from jupyter_mlflow.actions.boards import GLYPHS, Board, Row
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.reports import RunReport

_STYLE = (
    "<style>.jmr{font-size:13px}.jmr table{border-collapse:collapse;margin:6px 0;font-size:inherit}"
    ".jmr td,.jmr th{text-align:left;padding:2px 14px 2px 0;"
    "border:0;background:none;white-space:nowrap}.jmr .q{opacity:.65}.jmr .w{white-space:normal;max-width:60ch}</style>"
)


def board(found: Board, pipeline: Pipeline | None, title: str, now: float) -> str:
    """A run that goes on, or has just ended."""
    states = {row.name: (row.state, _word(row, now)) for row in found.rows.values()}
    picture = drawings.as_svg(pipeline, states) if pipeline is not None else ""
    head = f"{found.count('done', 'cached')} of {found.total()} steps"
    head += "".join(f", {found.count(state)} {state}" for state in ("cached", "failed") if found.count(state))
    spent = found.seconds if found.seconds is not None else now - found.since if found.since is not None else None
    head += f", {spent:.1f} s" if spent is not None else ""
    wrong = [row for row in found.rows.values() if row.state in {"failed", "refused"}]
    told = _table((GLYPHS[row.state], row.name, row.state, row.wrong or row.reason) for row in wrong) if wrong else ""
    return f'<div class="jmr">{_STYLE}<div><b>{escape(title)}</b> <span class="q">{escape(head)}</span></div>{picture}{told}</div>'


def run(report: RunReport, pipeline: Pipeline | None = None) -> str:
    """A run that has ended."""
    steps = {**report.setup, **report.steps}
    states = {name: (one.state, "" if one.state == "cached" else f"{one.seconds:.1f} s") for name, one in steps.items()}
    known = pipeline is not None and {step.name for step in drawings.shown(pipeline)} == set(report.steps)
    picture = drawings.as_svg(pipeline, states) if pipeline is not None and known else ""
    head = f"{GLYPHS[report.state]} run {report.run} {report.state} in {report.seconds:.1f} s"
    values = "".join(_values(noun, found) for noun, found in (("parameters", report.parameters), ("metrics", report.metrics)))
    rows = ((GLYPHS[one.state], name, one.state, f"{one.seconds:.1f} s", _why(one)) for name, one in steps.items())
    table = f"<details><summary>Steps</summary>{_table(rows)}</details>"
    return f'<div class="jmr">{_STYLE}<div><b>{escape(head)}</b></div>{picture}{values}{table}</div>'


def runs(reports: Iterable[RunReport]) -> str:
    """A list of runs."""
    rows = [
        (
            GLYPHS[one.state],
            one.run,
            one.state,
            f"{one.seconds:.1f} s",
            "  ".join(f"{name} {value:.6g}" for name, value in one.metrics.items()),
        )
        for one in reports
    ]
    return f'<div class="jmr">{_STYLE}{_table(rows) if rows else "No runs yet."}</div>'


def _word(row: Row, now: float) -> str:
    elapsed = row.elapsed(now)
    spent = f"{elapsed:.1f} s" if elapsed is not None and row.state != "cached" else ""
    if row.state != "running":
        return spent
    part = f"{row.fraction:.0%}" if row.fraction is not None else f"cell {row.cell} of {row.cells}" if row.cells > 1 else ""
    return "  ".join(text for text in (part, spent) if text)


def _why(step: Any) -> str:
    return step.reason if step.failure is None else f"{step.failure.ename}: {step.failure.evalue}"


def _values(noun: str, found: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} = {value:.6g}" if isinstance(value, float) else f"{name} = {value}" for name, value in found.items())
    return f'<div><span class="q">{noun}</span> {escape(told)}</div>' if told else ""


def _table(rows: Iterable[Iterable[str]]) -> str:
    cells = ("".join(f"<td{_kind(number)}>{escape(text)}</td>" for number, text in enumerate(row)) for row in rows)
    return f"<table>{''.join(f'<tr>{one}</tr>' for one in cells)}</table>"


def _kind(number: int) -> str:
    return ' class="w"' if number > 2 else ""
