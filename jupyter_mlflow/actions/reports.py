"""What is told about runs, as the documents of `spec.reports`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_mlflow.actions import comparisons, slices
from jupyter_mlflow.spec import reports
from jupyter_mlflow.spec.pipelines import ASIDE
from jupyter_mlflow.spec.runs import Run, StepRun


def of_run(found: Run, verification: reports.Verification | None = None) -> reports.RunReport:
    """One run."""
    return reports.RunReport(
        run=found.run,
        notebook=found.notebook,
        state=found.state,
        started=found.started,
        seconds=round(found.seconds, 3),
        parameters=found.parameters,
        steps={str(step.name): _step(step) for step in found.steps if step.role not in ASIDE},
        setup={str(step.name): _step(step) for step in found.steps if step.role in ASIDE},
        metrics=found.metrics,
        output=found.output,
        parent=found.parent,
        verification=verification,
    )


def of_runs(found: Iterable[Run]) -> reports.RunsReport:
    """Several runs, in the order given."""
    return reports.RunsReport(runs=tuple(of_run(one) for one in found))


def of_difference(one: Run, two: Run) -> reports.DiffReport:
    """Where two runs differ."""
    first, second = ({str(step.name): step for step in run.steps} for run in (one, two))
    steps = {name: _step_change(one, two, first.get(name), second.get(name)) for name in dict.fromkeys([*first, *second])}
    return reports.DiffReport(
        runs=(one.run, two.run),
        notebooks=(one.notebook, two.notebook),
        parameters=_changes(one.parameters, two.parameters),
        metrics=_changes(one.metrics, two.metrics),
        steps={name: change for name, change in steps.items() if change is not None},
    )


def _step(step: StepRun) -> reports.StepReport:
    metrics = {} if step.result is None else {name: value for name, value in step.result.metrics.items() if math.isfinite(value)}
    return reports.StepReport(
        state=step.state,
        cached=step.cached,
        seconds=round(step.seconds, 3),
        reason=step.reason,
        attempt=step.attempt,
        metrics=metrics,
        failure=step.failure,
    )


def _changes(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, reports.Change]:
    names = dict.fromkeys([*one, *two])
    absent = object()
    return {
        name: reports.Change(first=one.get(name), second=two.get(name)) for name in names if one.get(name, absent) != two.get(name, absent)
    }


def _step_change(one: Run, two: Run, first: StepRun | None, second: StepRun | None) -> reports.StepChange | None:
    states = tuple(step.state if step is not None else None for step in (first, second))
    code = _code_change(_sources(one, first), _sources(two, second))
    reasons = second.reason if second is not None and second.state != "cached" else ""
    same_key = first is not None and second is not None and first.cache_key == second.cache_key
    if not code and same_key and {*states} <= {"done", "cached"}:
        return None
    return reports.StepChange(first=states[0], second=states[1], code=code, reasons=reasons)


def _code_change(one: list[str] | None, two: list[str] | None) -> str:
    if one is None or two is None:
        return ""
    return "\n".join(line for line in difflib.unified_diff(one, two, lineterm="", n=2) if not line.startswith(("---", "+++")))


def _sources(run: Run, step: StepRun | None) -> list[str] | None:
    """Lines of a step's cells as they ran, with a blank line between cells; None when its notebook is gone."""
    if step is None or step.result is None or not step.result.notebook:
        return None
    document = slices.document(run, step.name)
    return "\n\n".join(comparisons.joined(cell["source"]) for cell in document["cells"]).splitlines() if document is not None else None
