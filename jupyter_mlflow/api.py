"""The Python API: `jupyter_mlflow.load("x.ipynb").run(lr=0.1)`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import drawings, notebooks, runs
from jupyter_mlflow.spec.diagnostics import Diagnostic
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.runs import Run


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

    def run(self, *, output: str | Path | None = None, workers: int | None = None, cache: bool = True, **given: Any) -> Run:
        """Run it; other keywords are parameters. Raises RefusedError or ParameterError before anything ran."""
        return runs.run(self.path, given=given, output=output, workers=workers, cache=cache)

    def _repr_svg_(self) -> str:
        return self.graph("svg")


def load(path: str | Path) -> Notebook:
    """A notebook by its path; raises NotFoundError or NotebookError."""
    notebooks.open_notebook(path)
    return Notebook(Path(path))
