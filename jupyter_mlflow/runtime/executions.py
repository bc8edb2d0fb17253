"""Running the cells of one step on a host, one after the other."""

from __future__ import annotations

import re
import signal
import time

import msgspec
from nbformat import NotebookNode

from jupyter_mlflow.runtime import notebooks
from jupyter_mlflow.runtime.guards import Guard
from jupyter_mlflow.runtime.hosts import DiedError, Host, Outcome
from jupyter_mlflow.runtime.notebooks import Saver
from jupyter_mlflow.runtime.recorders import Recorder
from jupyter_mlflow.spec.tasks import StepFailure, StepTask, TaskCell

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# `Cell In[3], line 2` and `Cell In[3], line 2, in f(x)`; the last one in the traceback that names our cell counts.
_LINE = re.compile(r"Cell In\s?\[(\d+)\], line (\d+)")

_ENDED = "The cell ended the kernel, but cells or steps after it need it."


class Execution:
    """What papermill's engine needs to run a step."""

    def __init__(self, task: StepTask, host: Host, recorder: Recorder, guard: Guard, saver: Saver) -> None:
        self.recorder = recorder
        self.saver = saver
        self.failure: StepFailure | None = None
        self.seconds = 0.0
        self._task = task
        self._host = host
        self._guard = guard

    def run(self, index: int, cell: NotebookNode) -> bool:
        """Run a cell, set its parameters; False when the step must end here."""
        source = self._task.cells[index]
        self._tell(source, "running", index)
        self.recorder.announce(cell, source.index)
        began = time.monotonic()
        try:
            self.failure = self._run(source, cell)
        except DiedError as error:
            self.failure = lost(error, self._guard, source)
        self.seconds += time.monotonic() - began
        if self.failure is not None:
            self._show_failure(self.failure)
        self.recorder.settle()
        self._tell(source, "failed" if self.failure else "done", index, self.failure.evalue if self.failure else "")
        return self.failure is None

    def language_info(self) -> NotebookNode:
        """What the notebook's metadata says of the language."""
        info: NotebookNode = notebooks.node(self._host.language_info())
        return info

    def _run(self, source: TaskCell, cell: NotebookNode) -> StepFailure | None:
        if source.source.strip():
            cell.execution_count = source.count
            outcome = self._host.run(source.source, source.count)
            failure = self._failure(outcome, source)
            if failure is not None:
                return failure
        if source.parameters:
            self._host.assign(source.parameters)
        return None

    def _failure(self, outcome: Outcome, source: TaskCell) -> StepFailure | None:
        verdict = self._guard.verdict
        if verdict is not None:
            return _placed(verdict, source)
        if outcome.exits and (source is not self._task.cells[-1] or self._task.gives):
            return StepFailure(kind="error", ename="SystemExit", evalue=_ENDED, cell=source.index)
        if outcome.ok or "raises-exception" in source.tags:
            return None
        return self._error(outcome, source)

    def _error(self, outcome: Outcome, source: TaskCell) -> StepFailure:
        shown = self.recorder.last_error()
        traceback = tuple(shown.traceback) if shown is not None else ()
        hide = self.recorder.reports.redactor.text
        limit = self._task.limits.memory if outcome.memory else None
        limited = f" (the step may use {limit >> 20} MiB of memory)" if limit is not None else ""
        return StepFailure(
            kind="error" if limit is None else "memory",
            ename=outcome.ename,
            evalue=hide(outcome.evalue) + limited,
            traceback=traceback,
            cell=source.index,
            line=_line(traceback, source.count),
        )

    def _show_failure(self, failure: StepFailure) -> None:
        """An error that the cell did not raise itself is shown in it all the same."""
        shown = self.recorder.last_error()
        if failure.kind != "error" and (shown is None or shown.ename == "KeyboardInterrupt"):
            self.recorder.fail(failure.ename, failure.evalue, [f"{failure.ename}: {failure.evalue}"])

    def _tell(self, cell: TaskCell, state: str, index: int, text: str = "") -> None:
        self.recorder.reports.cell(cell, state, index + 1, len(self._task.cells), text)


def lost(error: DiedError, guard: Guard, cell: TaskCell | None = None, doing: str = "") -> StepFailure:
    """The failure of a process that ended before it was asked to."""
    place = cell.index if cell is not None else None
    if guard.verdict is not None:
        return msgspec.structs.replace(guard.verdict, cell=place)
    text = f"The step's process {error}{doing}."
    if error.signal_number == signal.SIGKILL and guard.out_of_memory():
        return StepFailure(kind="memory", ename="OutOfMemory", evalue=f"The system ran out of memory. {text}", cell=place)
    return StepFailure(kind="lost", ename="ProcessDied", evalue=text, cell=place)


def _placed(failure: StepFailure, cell: TaskCell) -> StepFailure:
    return msgspec.structs.replace(failure, cell=cell.index)


def _line(traceback: tuple[str, ...], count: int) -> int | None:
    found = [int(line) for number, line in _LINE.findall(_COLOURS.sub("", "\n".join(traceback))) if int(number) == count]
    return found[-1] if found else None
