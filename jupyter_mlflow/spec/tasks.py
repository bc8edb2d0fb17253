"""The one document between engines and the step runtime: StepTask in, StepResult out, Events in between.

An engine writes a `StepTask` as JSON and starts the runtime with it; the runtime answers with a
`StepResult` as JSON. They share these types and no code.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_mlflow.spec.ids import Digest, Key, RunId, StepName

TASK_VERSION = 1  # raised when a reader of the former version would misread a task or result

NOTEBOOK, LOG, RESULT = "notebook.ipynb", "log.txt", "result.json"
"""What a step leaves in its outbox: the executed slice, all that its cells printed, the StepResult."""

HIDDEN = "******"
"""What stands where a secret stood."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot to load at the start, and which of its keys to take; inputs are given in notebook order of their makers."""

    digest: Digest
    keys: tuple[Key, ...]
    source: StepName


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hard limits of one attempt: seconds, bytes, processors."""

    timeout: float | None = None
    memory: int | None = None
    cpu: float | None = None


class TaskCell(msgspec.Struct, frozen=True, kw_only=True):
    """A code cell to execute; `count` is the execution count to show. Parameters are set right after the cell ran."""

    id: str
    index: int
    count: int
    source: str
    tags: tuple[str, ...] = ()  # `raises-exception` lets the step go on after an error
    parameters: dict[str, Any] = {}


class StepTask(msgspec.Struct, frozen=True, kw_only=True):
    """All a step needs. Paths are absolute; `folder` is where its cells run, `outbox` where its results go."""

    version: int = TASK_VERSION
    run: RunId
    step: StepName
    attempt: int = 1
    cells: tuple[TaskCell, ...]
    metadata: dict[str, Any] = {}  # the notebook's own metadata (kernelspec, language_info)
    kernel: str = "python3"
    language: str = "python"
    inputs: tuple[Input, ...] = ()
    gives: tuple[Key, ...] = ()
    replay: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    values: dict[str, Any] = {}  # names to set before the first cell (secret parameters, which never travel in snapshots)
    environment: dict[str, str] = {}  # set on top of the inherited variables before the kernel starts
    secrets: tuple[str, ...] = ()  # values never to be written to disk or log
    limits: Limits = Limits()
    ignored: tuple[str, ...] = ()  # absolute paths of files that others may write meanwhile: the notebook itself, its executed copy
    store: str  # artifact store: a folder, or any fsspec URL
    folder: str
    outbox: str


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One stored snapshot: keys that share objects travel together."""

    digest: Digest
    size: int  # bytes
    keys: tuple[Key, ...]


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a step read or wrote; `path` is relative to the step's folder where it lies below it."""

    path: str
    digest: Digest
    size: int


class StepFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step failed: the cell that raised, or a limit that was hit, or what could not be loaded."""

    kind: Literal["error", "timeout", "memory", "lost", "input", "refused", "cancelled"]
    ename: str = ""
    evalue: str = ""
    traceback: tuple[str, ...] = ()
    cell: int | None = None  # notebook index
    line: int | None = None


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a task. `notebook` is the executed slice, in `outbox`."""

    version: int = TASK_VERSION
    run: RunId
    step: StepName
    state: Literal["done", "failed", "cancelled"]
    outputs: tuple[Output, ...] = ()
    absent: tuple[Key, ...] = ()  # asked for, but not defined when the step ended
    unportable: dict[str, str] = {}  # key -> why it cannot travel
    summaries: dict[str, str] = {}  # key -> one line for people, such as `DataFrame 1000 x 4`
    metrics: dict[str, float] = {}
    files_read: tuple[FileRecord, ...] = ()
    files_written: tuple[FileRecord, ...] = ()
    imports: tuple[str, ...] = ()  # top-level modules that were imported, for the next template
    effects: tuple[str, ...] = ()  # what makes a step unfit for the cache: `network`, `unseeded`
    seconds: float = 0.0  # wall time of the user's cells
    overhead: float = 0.0  # wall time of all else, in seconds
    peak_memory: int = 0  # bytes
    notebook: str = ""
    log: str = ""
    failure: StepFailure | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a run's numbered event log; `time` is seconds since the epoch."""

    time: float
    kind: Literal["run", "step", "cell", "stream", "output", "progress"]
    number: int = 0  # given by the log, from 1
    step: str = ""
    state: str = ""  # run, step and cell events
    cell: int | None = None  # notebook index
    position: int = 0  # cell events: which of the step's cells, from 1
    total: int = 0
    name: str = ""  # stream events: stdout or stderr
    text: str = ""  # stream: the text; state events: a reason for people
    output: dict[str, Any] = {}  # output events: an nbformat output
    fraction: float | None = None  # progress events: 0 to 1
