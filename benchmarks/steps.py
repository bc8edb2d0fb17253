"""Single steps, run as the local engine runs them: a warm template, one task after the other."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_mlflow.engines.local import LocalExecutor
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.tasks import Input, StepResult, StepTask, TaskCell


class Steps:
    """Runs steps in one template; their results and snapshots lie in `folder`."""

    def __init__(self, executor: LocalExecutor, folder: Path) -> None:
        self._executor = executor
        self._folder = folder
        self._numbers = itertools.count()

    def start(self, sources: Sequence[str], *, inputs: tuple[Input, ...] = (), gives: tuple[str, ...] = ()) -> None:
        """Start a step of these cells; `result` waits for it."""
        outbox = self._folder / "outboxes" / str(next(self._numbers))
        work = self._folder / "work"
        for made in (outbox.parent, work):
            made.mkdir(exist_ok=True)
        self._executor.start(
            StepTask(
                run=RunId("benchmark"),
                step=StepName("step"),
                cells=tuple(TaskCell(id=f"c{n}", index=n, count=n + 1, source=source) for n, source in enumerate(sources)),
                inputs=inputs,
                gives=gives,  # type: ignore[arg-type]
                store=str(self._folder / "store"),
                folder=str(work),
                outbox=str(outbox),
            )
        )

    def result(self) -> StepResult:
        """Of the step that ends next; one that fails is an error."""
        while True:
            for message in self._executor.poll(None):
                if not isinstance(message, StepResult):
                    continue
                if message.state != "done":
                    raise RuntimeError(f"A step that should be measured failed: {message.failure}")
                return message

    def run(self, sources: Sequence[str], *, inputs: tuple[Input, ...] = (), gives: tuple[str, ...] = ()) -> StepResult:
        """Start a step and wait for it."""
        self.start(sources, inputs=inputs, gives=gives)
        return self.result()


@contextlib.contextmanager
def template(folder: Path, *modules: str) -> Iterator[Steps]:
    """A template that has imported `modules`, and has run a step."""
    executor = LocalExecutor(modules)
    try:
        steps = Steps(executor, folder)
        steps.run(["1"])
        yield steps
    finally:
        executor.close()
