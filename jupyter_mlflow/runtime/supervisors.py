"""The supervisor: takes one task from its first byte to its result.

    inputs, fetched and verified  ->  host, begun  ->  cells, by papermill  ->  captures, stored  ->  result

Whatever goes wrong on the way becomes a failure in the result, and what ran so far is kept in the outbox.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import MlflowError, RefusedError, StoreError
from jupyter_mlflow.runtime import captures, engine, executions, kernels, notebooks, processes, shells
from jupyter_mlflow.runtime.connections import Connection, EventLines
from jupyter_mlflow.runtime.executions import Execution
from jupyter_mlflow.runtime.guards import Guard
from jupyter_mlflow.runtime.hosts import Child, DiedError, ForkedHost, Host
from jupyter_mlflow.runtime.notebooks import Saver
from jupyter_mlflow.runtime.recorders import Recorder
from jupyter_mlflow.runtime.redaction import Redactor
from jupyter_mlflow.runtime.reports import Reports
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import LOG, NOTEBOOK, RESULT, StepFailure, StepResult, StepTask
from jupyter_mlflow.store import artifacts, places

Shell = Callable[[], shells.ZMQInteractiveShell]


def supervise(
    task: StepTask, client: Connection | EventLines, secrets: Iterable[str], shell: Shell, waiting: Child | None = None
) -> StepResult:
    """Run `task` and tell `client`; gives the result, which also is in the outbox. `shell` is asked for when it is needed.

    `waiting` is a child that was forked before there was a task.
    """
    started = time.monotonic()
    outbox = Path(task.outbox)
    try:
        result = _supervise(task, client, secrets, shell, started, waiting)
        notebooks.write(outbox / RESULT, codec.encode(result))
    except (OSError, StoreError) as error:  # the disk is full, or gone
        processes.end_descendants()
        reason = f"Cannot write to {outbox}: {error.strerror or error}." if isinstance(error, OSError) else str(error)
        result = StepResult(
            run=task.run, step=task.step, state="failed", failure=StepFailure(kind="lost", ename="DiskError", evalue=reason)
        )
    client.finish(result)
    return result


def _supervise(
    task: StepTask, client: Connection | EventLines, secrets: Iterable[str], shell: Shell, started: float, waiting: Child | None
) -> StepResult:
    outbox = places.private_folder(Path(task.outbox))
    redactor = Redactor((*task.secrets, *secrets))
    with open(os.open(outbox / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=0) as log:  # noqa: PTH123
        reports = Reports(task, redactor, client.emit, log)
        step = _Step(task, outbox, redactor, reports, Guard(client, task.limits, started, reports), shell, waiting)
        result = step.run(started)
        reports.flush()
    return result


class _Step:
    """The parts of one supervision."""

    def __init__(
        self, task: StepTask, outbox: Path, redactor: Redactor, reports: Reports, guard: Guard, shell: Shell, waiting: Child | None
    ) -> None:
        self.task = task
        self.outbox = outbox
        self.redactor = redactor
        self.reports = reports
        self.guard = guard
        self.shell = shell
        self.waiting = waiting
        self.recorder = Recorder(notebooks.build(task), reports)
        self.saver = Saver(self.recorder.notebook, outbox)
        self.host: Host | None = None
        self.seconds = 0.0
        self.captured = captures.Captured()

    def run(self, started: float) -> StepResult:
        failure = self._failure()
        peak = self.host.close() if self.host is not None else 0
        processes.end_descendants()
        self.recorder.settle()
        self.saver.save()
        if failure is not None:
            self.reports.note(failure.evalue)
        task = self.task
        return StepResult(
            run=task.run,
            step=task.step,
            state="done" if failure is None else "cancelled" if failure.kind == "cancelled" else "failed",
            failure=failure,
            seconds=self.seconds,
            overhead=time.monotonic() - started - self.seconds,
            peak_memory=max(peak, self.guard.peak),
            notebook=str(self.outbox / NOTEBOOK),
            log=str(self.outbox / LOG),
            **self.captured.fields(),
        )

    def _failure(self) -> StepFailure | None:
        doing = ""
        try:
            self.host = self._open()
            doing = " while its inputs were loaded"
            failure = self._begin(self.host)
            if failure is None:
                failure = self._execute(self.host)
            if failure is None:
                doing = " while its results were captured"
                self._finish(self.host)
        except DiedError as error:
            return executions.lost(error, self.guard, doing=doing)
        except RefusedError as error:
            return StepFailure(kind="refused", ename="Refused", evalue=self.redactor.text(str(error)))
        except MlflowError as error:
            return StepFailure(kind="input", ename=type(error).__name__, evalue=self.redactor.text(str(error)))
        return failure

    def _open(self) -> Host:
        if kernels.is_own(self.task):
            return ForkedHost(self.task, self.shell(), self.recorder, self.guard, self.waiting)
        if self.waiting is not None:
            processes.end_tree(self.waiting.pid)
        return kernels.KernelHost(self.task, self.recorder, self.guard)

    def _begin(self, host: Host) -> StepFailure | None:
        task = self.task
        store = artifacts.open_store(task.store)
        inputs = [{"path": str(store.local_path(found.digest)), "keys": found.keys, "source": found.source} for found in task.inputs]
        answer = host.begin(
            {
                "inputs": inputs,
                "gives": task.gives,
                "modules": task.modules,
                "replay": task.replay,
                "values": task.values,
                "folder": task.folder,
                "step": task.step,
            }
        )
        return None if answer["ok"] else self._not_loaded(answer)

    def _not_loaded(self, answer: dict[str, Any]) -> StepFailure:
        hide = self.redactor.text
        made = f", which step {answer['source']} made," if answer.get("source") else ""
        return StepFailure(
            kind="input",
            ename=answer["ename"],
            evalue=hide(f"Cannot load {answer.get('key') or 'an input'}{made} in step {self.task.step}: {answer['evalue']}"),
            traceback=tuple(map(hide, answer.get("traceback", ()))),
        )

    def _execute(self, host: Host) -> StepFailure | None:
        execution = Execution(self.task, host, self.recorder, self.guard, self.saver)
        try:
            engine.execute(execution, self.task.kernel)
        finally:
            self.seconds = execution.seconds
        return execution.failure

    def _finish(self, host: Host) -> None:
        folder = places.private_folder(self.outbox / "snapshots")
        task = self.task
        request = {"gives": task.gives, "metrics": task.metrics, "outbox": str(folder), "secrets": task.secrets, "ignored": task.ignored}
        answer = host.finish(request)
        self.captured = captures.store(answer, task, artifacts.open_store(task.store), self.redactor)
        folder.rmdir()
