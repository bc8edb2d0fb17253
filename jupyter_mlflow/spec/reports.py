"""What commands tell other programs: the documents behind `--json`, one type each.

Their JSON Schemas are in `jupyter_mlflow/schemas/<name>.v1.json` and are made from these types (`schemas`). A document
only ever grows: a field that goes or changes its meaning raises `VERSION`, and with it the name of the schema file.

Every document carries `version`. A command that cannot do what was asked prints an `ErrorReport` instead of its own
document and exits with 1 (the notebook or a step is at fault) or 2 (the command is).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.diagnostics import Diagnostic, Severity
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.pipelines import Edge, Parameter, Read, Role
from jupyter_mlflow.spec.runs import RunState, StepState
from jupyter_mlflow.spec.tasks import Event, StepFailure

VERSION: Literal[1] = 1

Action = Literal["reuse", "run", "depends", "skip"]
"""`depends`: whether it runs is known only when the steps it waits for have run; `skip`: it was not asked for."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command did not do what was asked."""

    kind: str  # name of the error's class, such as `ParameterError`
    message: str
    diagnostics: tuple[Diagnostic, ...] = ()  # of a refused run


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """Any command that failed to do what was asked."""

    version: Literal[1] = VERSION
    error: Problem


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run."""

    state: StepState
    cached: bool
    seconds: float
    reason: str  # why it was reused or why not, why it was skipped
    attempt: int
    metrics: dict[str, float] = {}
    failure: StepFailure | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pipeline and Run All part; texts are as they were compared, shortened."""

    step: StepName
    cell: int | None  # notebook index; None for a file
    what: Literal["output", "image", "error", "file"]
    name: str = ""  # the file, or the output's type
    run_all: str
    pipeline: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The pipeline beside all cells in one kernel."""

    same: bool
    compared: dict[str, int]  # what -> how many: cells, files
    difference: Difference | None = None
    notes: tuple[str, ...] = ()  # what was not compared, and why


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `setup` holds the steps that come from set-up and parameters cells."""

    version: Literal[1] = VERSION
    run: RunId
    notebook: str
    state: RunState
    started: float
    seconds: float
    parameters: dict[str, Any]
    steps: dict[str, StepReport]
    setup: dict[str, StepReport]
    metrics: dict[str, float]
    output: str
    parent: RunId | None = None
    verification: Verification | None = None


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do with a step; `reason` is a sentence for people."""

    name: StepName
    role: Role
    cells: tuple[int, ...]
    action: Action
    reason: str
    waits: tuple[StepName, ...] = ()


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """`run --dry-run`."""

    version: Literal[1] = VERSION
    notebook: str
    steps: tuple[PlannedStep, ...]


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """`check`."""

    version: Literal[1] = VERSION
    notebook: str
    steps: int
    errors: int
    warnings: int
    diagnostics: tuple[Diagnostic, ...]


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of problem that `check` looks for."""

    code: str
    name: str
    severity: Severity
    title: str
    text: str


class RulesReport(msgspec.Struct, frozen=True, kw_only=True):
    """`explain`: one rule, or all."""

    version: Literal[1] = VERSION
    rules: tuple[RuleReport, ...]


class GraphStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a graph."""

    name: StepName
    role: Role
    cells: tuple[int, ...]
    after: tuple[StepName, ...]  # explicit, from tags
    reads: tuple[Read, ...]
    gives: tuple[str, ...]


class GraphReport(msgspec.Struct, frozen=True, kw_only=True):
    """`graph --format json`; edges join `steps` only, while what `setup` gives goes everywhere."""

    version: Literal[1] = VERSION
    notebook: str
    steps: tuple[GraphStep, ...]
    setup: tuple[GraphStep, ...]
    edges: tuple[Edge, ...]
    parameters: tuple[Parameter, ...]


class RunsReport(msgspec.Struct, frozen=True, kw_only=True):
    """`runs`, newest first."""

    version: Literal[1] = VERSION
    runs: tuple[RunReport, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A value in the first and in the second run; null where there is none."""

    first: Any
    second: Any


class StepChange(msgspec.Struct, frozen=True, kw_only=True):
    """A step that differs; `code` is a unified diff of its cells, `reasons` say why the second run did not reuse it."""

    first: StepState | None
    second: StepState | None
    code: str = ""
    reasons: str = ""


class DiffReport(msgspec.Struct, frozen=True, kw_only=True):
    """`runs diff`; only what differs."""

    version: Literal[1] = VERSION
    runs: tuple[RunId, RunId]
    notebooks: tuple[str, str]
    parameters: dict[str, Change]
    metrics: dict[str, Change]
    steps: dict[str, StepChange]


class RemovalReport(msgspec.Struct, frozen=True, kw_only=True):
    """`runs rm`."""

    version: Literal[1] = VERSION
    dry_run: bool
    runs: tuple[RunId, ...]
    cached_steps: int
    artifacts: int  # stored objects that nothing else needs
    bytes: int


DOCUMENTS: dict[str, type] = {
    "run": RunReport,
    "plan": PlanReport,
    "check": CheckReport,
    "graph": GraphReport,
    "rules": RulesReport,
    "runs": RunsReport,
    "diff": DiffReport,
    "removal": RemovalReport,
    "event": Event,  # `logs --json` prints one on each line
    "error": ErrorReport,
}


def schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one document."""
    kind = DOCUMENTS[name]
    found: dict[str, Any] = codec.decode(codec.encode(codec.schema(kind)), dict)
    title = f"jupyter mlflow: {name}, version {VERSION}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.v{VERSION}.json", "title": title, **found}
