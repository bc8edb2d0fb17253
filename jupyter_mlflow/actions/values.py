"""Variables of a run that has ended, loaded into this process.

Loading runs code: an object may do anything when it comes back from its bytes. So only what a run of this home stored is loaded, after
its digest was checked, and only when the user names the run. The snapshot itself is opened in a step's process, as for any later step;
what comes from there is pickled once more, with the notebook's own functions and classes inside.
"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import launches
from jupyter_mlflow.errors import NotFoundError, StepError
from jupyter_mlflow.spec.ids import Digest, Key, StepName
from jupyter_mlflow.spec.pipelines import Kernel, Pipeline
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Input, StepResult, StepTask, TaskCell
from jupyter_mlflow.store import places
from jupyter_mlflow.store.runs import RunStore

_SOURCE = "with open({path!r}, 'wb') as _file:\n    __import__('cloudpickle').dump({name}, _file, protocol=5)"


def names(found: Run) -> list[str]:
    """Variables that can be loaded, in the order in which they were made."""
    return list(dict.fromkeys(key for step in found.steps for key in _keys(step) if key.isidentifier()))


def load(found: Run, name: str, *, home: Path | None = None) -> Any:
    """The value of a variable as the last step that has it left it; raises NotFoundError or StepError."""
    holder = next((step for step in reversed(found.steps) if name in _keys(step) and name.isidentifier()), None)
    if holder is None:
        kept = ", ".join(f"`{one}`" for one in names(found)) or "none"
        raise NotFoundError(f"Run {found.run} has no variable `{name}`. It has {kept}. To keep others, run with keep=[{name!r}].")
    with RunStore(home) as store, tempfile.TemporaryDirectory(prefix="jupyter-mlflow-") as scratch:
        artifacts = str(places.artifacts_folder(store.home))
        result = _run(_task(found, holder, name, _surroundings(found, holder, name), artifacts, Path(scratch)))
        if result.state != "done":  # something else of the run cannot be loaded here: the value may do without
            result = _run(_task(found, holder, name, {name: holder}, artifacts, Path(scratch)))
        if result.state != "done":
            why = result.failure.evalue if result.failure is not None else result.state
            raise StepError(f"`{name}` of run {found.run} cannot be loaded: {why}")
        with (Path(scratch) / "value").open("rb") as file:
            return pickle.load(file)  # noqa: S301 - our own process wrote it a moment ago, after it had checked the digest


def _keys(step: StepRun) -> list[Key]:
    return [key for output in step.result.outputs for key in output.keys] if step.result is not None else []


def _surroundings(found: Run, holder: StepRun, name: str) -> dict[str, StepRun]:
    """Who has which variable, up to the holder: functions and classes call what stands in the notebook's namespace."""
    before = found.steps[: found.steps.index(holder) + 1]
    return {key: step for step in before for key in _keys(step) if key.isidentifier()} | {name: holder}


def _inputs(holders: dict[str, StepRun]) -> tuple[Input, ...]:
    wanted: dict[tuple[StepName, Digest], list[Key]] = {}
    for key, step in holders.items():
        for output in step.result.outputs if step.result is not None else ():
            if key in output.keys:
                wanted.setdefault((step.name, output.digest), []).append(Key(key))
    return tuple(Input(digest=digest, keys=tuple(keys), source=source) for (source, digest), keys in wanted.items())


def _task(found: Run, holder: StepRun, name: str, holders: dict[str, StepRun], store: str, scratch: Path) -> StepTask:
    source = _SOURCE.format(path=str(scratch / "value"), name=name)
    return StepTask(
        run=found.run,
        step=holder.name,
        cells=(TaskCell(id="load", index=0, count=1, source=source),),
        inputs=_inputs(holders),
        store=store,
        folder=str(scratch),
        outbox=str(scratch / "outbox"),
    )


def _run(task: StepTask) -> StepResult:
    executor = launches.open_executor("local", Pipeline(name="load", kernel=Kernel()))
    try:
        executor.start(task)
        while True:
            for message in executor.poll(None):
                if isinstance(message, StepResult):
                    return message
    finally:
        executor.close()
