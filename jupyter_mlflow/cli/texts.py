"""Reports as lines of text for people."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_mlflow.actions.boards import GLYPHS

if TYPE_CHECKING:
    from jupyter_mlflow.spec import reports
    from jupyter_mlflow.spec.diagnostics import Diagnostic
    from jupyter_mlflow.spec.tasks import Event

_ACTIONS = {"reuse": "◆ reuse", "run": "● run", "depends": "○ depends", "skip": "– skip"}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LONGEST = 500  # characters of an error's text: a DataFrame in a message must not flood the terminal


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """`12 kB`, `3.4 MB`."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        if count < 1000 or unit == "TB":
            break
    return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"


def counted(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(report: reports.RunReport) -> Iterator[str]:
    """How a run ended, where its output is, and what to do next."""
    steps = list(report.steps.values())
    done = sum(one.state in {"done", "cached"} for one in steps)
    cached = sum(one.cached for one in steps)
    yield f"run {report.run} {report.state}: {done} of {counted(len(steps), 'step')}, {cached} cached, {seconds(report.seconds)}"
    if report.metrics:
        yield "  ".join(f"{name} {value:.6g}" for name, value in report.metrics.items())
    if report.output:
        yield report.output
    if report.verification is not None:
        yield from verification(report.verification)
    if report.state in {"failed", "cancelled", "lost"}:
        yield f"Go on from the finished steps with: jupyter mlflow resume {report.run}"


def failures(report: reports.RunReport) -> Iterator[str]:
    """What went wrong in which step, the place first."""
    for name, one in {**report.setup, **report.steps}.items():
        if one.failure is None or one.state == "cancelled":
            continue
        failure = one.failure
        place = f" in cell {failure.cell}" if failure.cell is not None else ""
        place += f", line {failure.line}" if failure.line is not None and place else ""
        what = ": ".join(text for text in (failure.ename, _short(failure.evalue)) if text)
        yield f"{GLYPHS[one.state]} {name} {one.state}{place}: {what}"
        yield from _trace(failure.traceback)
        if one.state == "failed":
            yield f"  All it printed: jupyter mlflow logs {report.run} {_word(name)}"


def verification(found: reports.Verification) -> Iterator[str]:
    """Whether both ways agree, and if not where they part."""
    compared = ", ".join(counted(number, noun.removesuffix("s")) for noun, number in found.compared.items())
    if found.difference is None:
        yield f"The pipeline gives what Run All gives ({compared} compared)."
    else:
        one = found.difference
        place = f"cell {one.cell}" if one.cell is not None else f"file {one.name}"
        yield f"First difference to Run All: step `{one.step}`, {place}, {one.what}."
        yield f"  Run All:   {one.run_all or '(nothing)'}"
        yield f"  pipeline:  {one.pipeline or '(nothing)'}"
    yield from (f"  Note: {note}" for note in found.notes)


def check(report: reports.CheckReport) -> Iterator[str]:
    """Each problem with place, reason and way out."""
    for one in report.diagnostics:
        yield from _problem(report.notebook, one)
    yield f"{counted(report.steps, 'step')}, {counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}"
    if report.diagnostics:
        yield f"More about a problem: jupyter mlflow explain {report.diagnostics[0].code}"


def _problem(notebook: str, one: Diagnostic) -> Iterator[str]:
    place = f" cell {one.place.cell}" if one.place.cell is not None else ""
    place += f" line {one.place.line}" if one.place.line else ""
    yield f"{notebook}:{place} {one.severity} {one.code} {one.name}"
    yield f"    {one.message}"
    if one.fix:
        yield f"    {one.fix}"


def rule_list(report: reports.RulesReport) -> Iterator[str]:
    """One line per rule."""
    for rule in report.rules:
        yield f"{rule.code}  {rule.severity:<7}  {rule.name:<24}  {rule.title}"


def rule_page(report: reports.RulesReport) -> Iterator[str]:
    """All that is to say about each rule."""
    for rule in report.rules:
        yield f"{rule.code} {rule.name} ({rule.severity})\n\n{rule.title}\n\n{rule.text}".rstrip()


def plan(report: reports.PlanReport) -> Iterator[str]:
    """What would be done with each step."""
    width = max((len(step.name) for step in report.steps), default=0)
    for step in report.steps:
        yield f"{_ACTIONS[step.action]:<9}  {step.name:<{width}}  {step.reason}".rstrip()
    counts = {action: sum(step.action == action for step in report.steps) for action in _ACTIONS}
    told = f"{counts['reuse']} would be reused, {counts['run']} would run"
    yield f"{told}, {counts['depends']} depend on what others give." if counts["depends"] else f"{told}."


def run_list(report: reports.RunsReport) -> Iterator[str]:
    """One line per run."""
    if not report.runs:
        yield "No runs yet. Start one with: jupyter mlflow run NOTEBOOK"
    for one in report.runs:
        cached = sum(step.cached for step in one.steps.values())
        steps = f"{counted(len(one.steps), 'step')}, {cached} cached"
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.started))
        head = f"{GLYPHS[one.state]} {one.run}  {started}  {one.state:<9} {seconds(one.seconds):>10}  {steps:<20}"
        yield f"{head}  {Path(one.notebook).name}{_failed_step(one)}"


def _failed_step(one: reports.RunReport) -> str:
    failed = [name for name, step in {**one.setup, **one.steps}.items() if step.state in {"failed", "refused"}]
    return f"  {', '.join(failed)} failed" if failed else ""


def run_page(report: reports.RunReport) -> Iterator[str]:
    """All of one run."""
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(report.started))
    yield f"run {report.run}  {GLYPHS[report.state]} {report.state}  {seconds(report.seconds)}  {started}"
    yield f"notebook    {report.notebook}"
    if report.output:
        yield f"output      {report.output}"
    if report.parent:
        yield f"resumes     {report.parent}"
    for noun, values in (("parameters", report.parameters), ("metrics", report.metrics)):
        if values:
            yield f"{noun:<11} {'  '.join(f'{name}={_value(value)}' for name, value in values.items())}"
    yield "steps"
    steps = {**report.setup, **report.steps}
    width = max((len(name) for name in steps), default=0)
    for name, one in steps.items():
        yield f"  {GLYPHS[one.state]} {name:<{width}}  {one.state:<9} {seconds(one.seconds):>10}  {one.reason}".rstrip()
    yield from failures(report)


def difference(report: reports.DiffReport) -> Iterator[str]:
    """What differs between two runs."""
    one, two = report.runs
    yield f"{one} -> {two}"
    if report.notebooks[0] != report.notebooks[1]:
        yield f"notebook {report.notebooks[0]} -> {report.notebooks[1]}"
    for noun, changes in (("parameter", report.parameters), ("metric", report.metrics)):
        for name, change in changes.items():
            yield f"{noun} {name}: {_value(change.first)} -> {_value(change.second)}"
    for name, step in report.steps.items():
        states = f"{step.first or 'absent'} -> {step.second or 'absent'}"
        yield f"step {name}: {states}{f'; not reused: {step.reasons}' if step.reasons else ''}"
        yield from (f"    {line}" for line in step.code.splitlines())
    if not (report.parameters or report.metrics or report.steps):
        yield "No difference."


def removal(report: reports.RemovalReport) -> Iterator[str]:
    """What was freed, or would be."""
    word = "Would remove" if report.dry_run else "Removed"
    things = [counted(len(report.runs), "run"), counted(report.cached_steps, "cached step"), counted(report.artifacts, "stored object")]
    yield f"{word} {', '.join(things)}: {size(report.bytes)}."


def plain(text: str) -> str:
    """Without the terminal's control sequences."""
    return _ESCAPES.sub("", text)


def _trace(traceback: Iterable[str]) -> Iterator[str]:
    """The last lines of a traceback that show the user's own code."""
    lines = plain("\n".join(traceback)).splitlines()
    marked = [line for line in lines if re.match(r"\s*-+> ?\d+", line)]
    yield from (f"  {line.strip()}" for line in marked[-1:])


def _short(text: str) -> str:
    text = plain(text).strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _word(text: str) -> str:
    import shlex

    return shlex.quote(text)


class Log:
    """Events of a run as readable text; headings tell the steps apart where several speak at once."""

    def __init__(self, *, several: bool) -> None:
        self._several = several
        self._speaker: tuple[str, int | None] = ("", None)
        self._fresh = True  # whether the next character starts a line

    def take(self, event: Event) -> Iterator[tuple[str, bool]]:
        """Texts to print, and whether on stderr."""
        if event.kind == "stream":
            yield from self._heading(event)
            self._fresh = event.text.endswith("\n")
            yield event.text, event.name == "stderr"
        elif event.kind == "output":
            shown = _shown(event.output)
            if shown:
                yield from self._heading(event)
                yield from self._line(shown)
        elif event.kind == "step":
            self._speaker = ("", None)
            reason = f": {event.text}" if event.text and event.state != "done" else ""
            yield from self._line(f"--- {GLYPHS[event.state]} {event.step} {event.state}{reason}")

    def _heading(self, event: Event) -> Iterator[tuple[str, bool]]:
        speaker = (event.step, event.cell)
        if speaker != self._speaker:
            self._speaker = speaker
            name = f"{event.step}, " if self._several else ""
            yield from self._line(f"--- {name}cell {event.cell}" if event.cell is not None else f"--- {event.step}")

    def _line(self, text: str) -> Iterator[tuple[str, bool]]:
        yield ("" if self._fresh else "\n") + text + "\n", False
        self._fresh = True


def _shown(output: Mapping[str, Any]) -> str:
    if output.get("output_type") == "error":
        return plain("\n".join(output.get("traceback", ())) or f"{output.get('ename')}: {output.get('evalue')}")
    found = output.get("data", {}).get("text/plain", "")
    return found if isinstance(found, str) else "".join(found)
