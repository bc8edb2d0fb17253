"""Running a notebook as a pipeline, and looking at runs.

A run is recorded before anything starts and each step as soon as it ends, so a launcher that is killed loses nothing that
was finished: `resume` goes on from there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlflow.actions import notebooks, parameters
from jupyter_mlflow.actions.drivers import RunDriver
from jupyter_mlflow.assemble import Assembly, assemble
from jupyter_mlflow.engines import local, scheduler
from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.errors import NotFoundError, RefusedError, UsageError
from jupyter_mlflow.notebook.executed import executed
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Event
from jupyter_mlflow.store import garbage, places
from jupyter_mlflow.store.artifacts import open_store
from jupyter_mlflow.store.cache import Cache
from jupyter_mlflow.store.runs import RunStore, new_run_id

OnEvent = Callable[[Event], None]


def run(
    path: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    workers: int | None = None,
    cache: bool = True,
    from_step: str | None = None,
    only: str | None = None,
    on_event: OnEvent = lambda _: None,
    home: Path | None = None,
    parent: RunId | None = None,
    folder: Path | None = None,
    executor: Executor | None = None,
) -> Run:
    """Run a notebook as a pipeline; raises RefusedError, ParameterError or UsageError before anything has run.

    An `executor` that is given serves one run after the other and stays open.
    """
    file = Path(path).resolve()
    notebook = notebooks.open_notebook(path)
    assembly = assemble(notebook)
    _refuse(assembly, file)
    values = parameters.checked(assembly.pipeline, given or {})
    _known_step(assembly.pipeline, from_step)
    _known_step(assembly.pipeline, only)
    target = _target(output, file)
    with RunStore(home) as store:
        record = _record(store, assembly.pipeline, file, values, target, parent)
        driver = RunDriver(
            pipeline=assembly.pipeline,
            folder=folder or file.parent,
            values=values,
            run=record,
            store=store,
            cache=Cache(store, open_store(places.artifacts_folder(store.home))),
            use_cache=cache,
            fresh=_fresh(assembly.pipeline, from_step, only),
            wanted=_wanted(assembly.pipeline, only),
            on_event=on_event,
        )
        driver.announce("running")
        state = _execute(assembly.pipeline, driver, workers, executor)
        if target is not None:
            _write(target, executed(notebook, driver.slices(), {"jupyter_mlflow": {"run": {"id": record.run, "state": state}}}))
        finished = store.update(record.run, state=state, seconds=time.time() - record.started, metrics=driver.metrics)
        driver.announce(state)
        return finished


def _execute(pipeline: Pipeline, driver: RunDriver, workers: int | None, given: Executor | None) -> str:
    waits = {str(step.name): [str(edge.source) for edge in pipeline.edges if edge.target == step.name] for step in pipeline.steps}
    executor = given or local.LocalExecutor(_imports(pipeline))
    stop = scheduler.Stop()
    with _signals(stop):
        try:
            scheduler.run(waits, driver, executor, workers=workers or min(os.cpu_count() or 1, len(waits)), stop=stop)
        finally:
            if given is None:
                executor.close()
            driver.flush()
    if stop.level:
        return "cancelled"
    return "failed" if driver.failed else "done"


@contextlib.contextmanager
def _signals(stop: scheduler.Stop) -> Iterator[None]:
    """Ctrl-C: first start nothing more, then stop what runs."""

    def raised(*_: Any) -> None:
        stop.level += 1

    try:
        before = signal.signal(signal.SIGINT, raised)
    except ValueError:  # not the main thread: nobody can press Ctrl-C here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _refuse(assembly: Assembly, file: Path) -> None:
    if assembly.errors:
        told = "\n".join(f"{file.name}: cell {one.place.cell}: {one.code} {one.message} {one.fix}" for one in assembly.errors)
        raise RefusedError(f"Nothing was run.\n{told}", assembly.diagnostics)


def _known_step(pipeline: Pipeline, name: str | None) -> None:
    if name is not None and name not in {step.name for step in pipeline.steps}:
        raise UsageError(f"There is no step `{name}`. Steps are: {', '.join(step.name for step in pipeline.steps)}.")


def _target(output: str | Path | None, file: Path) -> Path | None:
    if output is None:
        return None
    target = Path(output).resolve()
    if target == file:
        raise UsageError("The output would overwrite the notebook itself; choose another path for -o.")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent} to write the output to.")
    if not os.access(target.parent, os.W_OK):
        raise UsageError(f"The folder {target.parent} cannot be written to.")
    return target


def _record(store: RunStore, pipeline: Pipeline, file: Path, values: dict[str, Any], target: Path | None, parent: RunId | None) -> Run:
    secret = {one.name for one in pipeline.parameters if one.secret}
    name = new_run_id()
    record = Run(
        run=name,
        notebook=str(file),
        state="running",
        parameters={key: "******" if key in secret else value for key, value in values.items()},
        started=time.time(),
        output=str(target or ""),
        folder=str(places.run_folder(store.home, name)),
        parent=parent,
        pid=os.getpid(),
        steps=tuple(StepRun(name=step.name, role=step.role) for step in pipeline.steps),
    )
    store.create(record)
    return record


def _fresh(pipeline: Pipeline, from_step: str | None, only: str | None) -> frozenset[str]:
    """Steps that run although the cache may know them."""
    if only is not None:
        return frozenset({only})
    if from_step is None:
        return frozenset()
    found = {from_step}
    for step in pipeline.steps:
        if any(edge.source in found for edge in pipeline.edges if edge.target == step.name):
            found.add(str(step.name))
    return frozenset(found)


def _wanted(pipeline: Pipeline, only: str | None) -> frozenset[str]:
    """With `only`: that step and all it waits for; the others are skipped."""
    if only is None:
        return frozenset(str(step.name) for step in pipeline.steps)
    found = {only}
    for step in reversed(pipeline.steps):
        if step.name in found:
            found |= {str(edge.source) for edge in pipeline.edges if edge.target == step.name}
    return frozenset(found)


def _imports(pipeline: Pipeline) -> list[str]:
    """Modules worth importing once for all steps."""
    return sorted({name for step in pipeline.steps for name in step.modules})


def _write(target: Path, document: dict[str, Any]) -> None:
    """All or nothing, and never half a notebook."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


# ---- looking at runs -----------------------------------------------------------------------------------------------------


def resume(name: str, *, on_event: OnEvent = lambda _: None, home: Path | None = None, given: Mapping[str, Any] | None = None) -> Run:
    """Go on with a run that failed, was cancelled or lost its launcher; what was finished is reused."""
    with RunStore(home) as store:
        store.mark_lost()
        old = store.get(name)
    if old.state == "running":
        raise UsageError(f"Run {old.run} is still running.")
    values = {**{key: value for key, value in old.parameters.items() if value != "******"}, **(given or {})}
    return run(old.notebook, given=values, output=old.output or None, on_event=on_event, home=home, parent=old.run)


def list_runs(*, home: Path | None = None, limit: int = 50) -> list[Run]:
    """Runs, newest first."""
    with RunStore(home) as store:
        store.mark_lost()
        return list(store.list(limit=limit))


def show(name: str, *, home: Path | None = None) -> Run:
    """One run, by id, unique beginning of an id, or `latest`."""
    with RunStore(home) as store:
        store.mark_lost()
        return store.get(name)


def remove(names: Sequence[str], *, older_than: float | None = None, dry_run: bool = False, home: Path | None = None) -> dict[str, Any]:
    """Delete runs and what only they needed; `older_than` is in seconds. Gives what was freed."""
    with RunStore(home) as store:
        artifacts = open_store(places.artifacts_folder(store.home))
        if older_than is not None:
            freed = garbage.collect(store, artifacts, older_than=older_than, dry_run=dry_run)
        else:
            freed = garbage.remove_runs(store, artifacts, list(names), dry_run=dry_run)
        found: dict[str, Any] = msgspec.to_builtins(freed)
        return found


def logs(name: str, step: str | None = None, *, follow: bool = False, home: Path | None = None) -> Iterator[Event]:
    """Events of a run, of one step if given; with `follow` also those to come until it ends."""
    with RunStore(home) as store:
        found = store.get(name)
        if step is not None and step not in {one.name for one in found.steps}:
            raise NotFoundError(f"Run {found.run} has no step `{step}`. It has {', '.join(one.name for one in found.steps)}.")
        events = store.follow(found.run) if follow else store.events(found.run)
        for event in events:
            if step is None or event.step == step:
                yield event


def diff(first: str, second: str, *, home: Path | None = None) -> dict[str, Any]:
    """Where two runs differ: parameters, metrics, and each step's state and seconds."""
    one, two = show(first, home=home), show(second, home=home)
    return {
        "version": 1,
        "runs": [one.run, two.run],
        "parameters": _differences(one.parameters, two.parameters),
        "metrics": _differences(one.metrics, two.metrics),
        "steps": _differences(
            {str(step.name): {"state": step.state, "key": step.cache_key} for step in one.steps},
            {str(step.name): {"state": step.state, "key": step.cache_key} for step in two.steps},
        ),
    }


def _differences(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [one.get(name), two.get(name)] for name in sorted({*one, *two}) if one.get(name) != two.get(name)}


def report(found: Run, pipeline: Pipeline | None = None) -> dict[str, Any]:
    """The object that `run --json` ends with."""
    hidden = {step.name for step in pipeline.steps if step.role in {"setup", "parameters"}} if pipeline is not None else set[StepName]()
    steps = {str(step.name): _step_report(step) for step in found.steps}
    return {
        "version": 1,
        "run": found.run,
        "notebook": found.notebook,
        "state": found.state,
        "seconds": round(found.seconds, 3),
        "steps": {name: one for name, one in steps.items() if name not in hidden},
        "setup": {name: one for name, one in steps.items() if name in hidden},
        "metrics": found.metrics,
        "output": found.output,
        "parent": found.parent,
    }


def _step_report(step: StepRun) -> dict[str, Any]:
    failure = msgspec.to_builtins(step.failure) if step.failure is not None else None
    return {
        "state": step.state,
        "cached": step.cached,
        "seconds": round(step.seconds, 3),
        "reason": step.reason,
        "attempt": step.attempt,
        "failure": failure,
    }
