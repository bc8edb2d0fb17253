"""The Python API: `jupyter_mlflow.load("x.ipynb").run(lr=0.1)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import drawings, live, notebooks, pages, plans, reports, runs, values, verification
from jupyter_mlflow.errors import StepError
from jupyter_mlflow.spec.diagnostics import Diagnostic
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.reports import PlanReport, RunReport, StepReport
from jupyter_mlflow.spec.runs import Run


@dataclass(frozen=True)
class Result:
    """A run that has ended: what its steps did, and what they left."""

    record: Run = field(repr=False)
    pipeline: Pipeline | None = field(default=None, repr=False)

    @property
    def run(self) -> str:
        """Its id."""
        return self.record.run

    @property
    def state(self) -> str:
        """`done`, `failed` or `cancelled`; `lost` when its launcher was killed."""
        return self.record.state

    @property
    def seconds(self) -> float:
        """Wall time."""
        return self.record.seconds

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers of the metrics cells."""
        return dict(self.record.metrics)

    @property
    def parameters(self) -> dict[str, Any]:
        """Values that were given; those of secrets are hidden."""
        return dict(self.record.parameters)

    @property
    def steps(self) -> Mapping[str, StepReport]:
        """State, seconds and reason of each step."""
        return self.report.steps

    @property
    def output(self) -> Path | None:
        """The executed copy of the notebook, if one was asked for."""
        return Path(self.record.output) if self.record.output else None

    @property
    def report(self) -> RunReport:
        """All of it, as `jupyter mlflow runs show --json` tells it."""
        return reports.of_run(self.record)

    @property
    def names(self) -> list[str]:
        """Variables that `load` can give: what one step handed to another, and what the run was asked to keep."""
        return values.names(self.record)

    def load(self, name: str) -> Any:
        """A variable as the last step that has it left it.

        Loading runs code that is stored with the value: load only from runs whose notebook you would run yourself. The digest of the
        stored bytes is checked first. Raises NotFoundError when the run did not keep the variable (see `names`).
        """
        return values.load(self.record, name)

    def __getitem__(self, name: str) -> Any:
        return self.load(name)

    def __repr__(self) -> str:
        done = sum(step.state in {"done", "cached"} for step in self.steps.values())
        return f"<run {self.run} {self.state}: {done} of {len(self.steps)} steps in {self.seconds:.1f} s>"

    def _repr_html_(self) -> str:
        return pages.run(self.report, self.pipeline)


class Results(list[Result]):
    """Runs, newest first; shown as a table."""

    def _repr_html_(self) -> str:
        return pages.runs(one.report for one in self)


@dataclass(frozen=True)
class Notebook:
    """A notebook as a pipeline; shows its graph where objects are shown."""

    path: Path

    @property
    def pipeline(self) -> Pipeline:
        """Steps and edges, read anew from the file."""
        return notebooks.check(self.path).pipeline

    def check(self) -> tuple[Diagnostic, ...]:
        """What is wrong with it as a pipeline."""
        return notebooks.check(self.path).diagnostics

    def graph(self, form: str = "text") -> str:
        """The graph as text, json, mermaid or svg."""
        return drawings.draw(self.pipeline, form, str(self.path))

    def run(
        self,
        *,
        output: str | Path | None = None,
        workers: int | None = None,
        cache: bool = True,
        keep: Sequence[str] = (),
        check: bool = True,
        parameters: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> Result:
        """Run it; other keywords are parameters, and `parameters` takes those whose name is taken here.

        In a notebook the graph shows the state of each step while it runs. Variables to `keep` can be loaded from the result although
        no later step reads them. Raises RefusedError or ParameterError before anything ran, and StepError when a step failed, unless
        `check` is false.
        """
        with live.view(str(self.path)) as shown:
            found = runs.run(
                self.path,
                given={**(parameters or {}), **given},
                output=output,
                workers=workers,
                cache=cache,
                keep=keep,
                on_start=shown.start,
                on_event=shown,
            )
        result = Result(found, self.pipeline)
        if check and found.state != "done":
            raise StepError(_failure(result))
        return result

    def plan(self, *, cache: bool = True, **given: Any) -> PlanReport:
        """What `run` would do, without running anything."""
        return plans.plan(self.path, given=given, cache=cache)

    def verify(self, **given: Any) -> RunReport:
        """Run it both ways and compare with Run All; see `verification` of the result."""
        return verification.verify(self.path, given=given)

    def runs(self) -> Results:
        """Former runs of this notebook, newest first."""
        return Results(Result(one) for one in runs.list_runs(notebook=self.path))

    def _repr_svg_(self) -> str:
        return self.graph("svg")


def load(path: str | Path) -> Notebook:
    """A notebook by its path; raises NotFoundError or NotebookError."""
    notebooks.open_notebook(path)
    return Notebook(Path(path))


def _failure(result: Result) -> str:
    told = [f"Run {result.run} {result.state}."]
    for name, step in {**result.report.setup, **result.steps}.items():
        if step.failure is not None and step.state != "cancelled":
            place = f" in cell {step.failure.cell}" if step.failure.cell is not None else ""
            told.append(f"Step `{name}` {step.state}{place}: {step.failure.ename}: {step.failure.evalue}")
    return "\n".join(told)
