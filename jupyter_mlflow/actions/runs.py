"""Running a notebook as a pipeline, and looking at runs.

A run is recorded before anything starts and each step as soon as it ends, so a launcher that is killed loses nothing that
was finished: `resume` goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlflow.actions import kernels, launches, notebooks, parameters, reports
from jupyter_mlflow.actions.drivers import RunDriver
from jupyter_mlflow.assemble import Assembly, assemble
from jupyter_mlflow.engines import scheduler
from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.errors import NotFoundError, RefusedError, UsageError
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.problems import visible
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.diagnostics import Diagnostic
from jupyter_mlflow.spec.ids import Key, RunId
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.reports import DiffReport, RemovalReport
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import HIDDEN, Event
from jupyter_mlflow.store import garbage, places
from jupyter_mlflow.store.artifacts import open_store
from jupyter_mlflow.store.cache import Cache
from jupyter_mlflow.store.runs import RunStore, new_run_id

OnStart = Callable[[Run], None]
OnEvent = Callable[[Event], None]
Stop = scheduler.Stop


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to run, with everything checked that can be checked before."""

    file: Path  # names the notebook in history and cache
    folder: Path  # where its cells run
    beside: tuple[Path, ...]  # files there that the user's tools may save meanwhile
    notebook: TaggedNotebook
    pipeline: Pipeline
    values: dict[str, Any]
    fresh: frozenset[str]  # steps that run although the cache may know them
    wanted: frozenset[str]  # the others are skipped
    kernel: kernels.Installed


def request(
    path: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    from_step: str | None = None,
    only: str | None = None,
    folder: Path | None = None,
    data: bytes | None = None,
    keep: Sequence[str] = (),
    beside: Sequence[Path] = (),
) -> Request:
    """Read and check; raises RefusedError, ParameterError, NotebookError or UsageError.

    `data` stands for the file's text; variables to `keep` are stored although no later step reads them. Files `beside`
    the notebook may be written by others while it runs, as the notebook itself may.
    """
    notebook = notebooks.open_notebook(path) if data is None else read(data, str(path))
    file = Path(path).resolve()
    assembly = assemble(notebook, notebooks.modules_in(folder or file.parent))
    _refuse(assembly, file)
    pipeline = _keeping(assembly.pipeline, keep)
    values = parameters.checked(pipeline, given or {})
    _known_step(pipeline, from_step)
    _known_step(pipeline, only)
    return Request(
        file=file,
        folder=folder or file.parent,
        beside=(file, *beside),
        notebook=notebook,
        pipeline=pipeline,
        values=values,
        fresh=_fresh(pipeline, from_step, only),
        wanted=_wanted(pipeline, only),
        kernel=kernels.find(pipeline.kernel),
    )


def run(
    path: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    workers: int | None = None,
    cache: bool = True,
    from_step: str | None = None,
    only: str | None = None,
    on_start: OnStart = lambda _: None,
    on_event: OnEvent = lambda _: None,
    home: Path | None = None,
    parent: RunId | None = None,
    folder: Path | None = None,
    data: bytes | None = None,
    keep: Sequence[str] = (),
    beside: Sequence[Path] = (),
    engine: str = "local",
    executor: Executor | None = None,
    stop: scheduler.Stop | None = None,
) -> Run:
    """Run a notebook as a pipeline; raises RefusedError, ParameterError or UsageError before anything has run.

    An `executor` that is given serves one run after the other and stays open. `stop` lets others stop the run.
    """
    asked = request(path, given=given, from_step=from_step, only=only, folder=folder, data=data, keep=keep, beside=beside)
    target = output_target(output, asked.file)
    with RunStore(home) as store:
        options = {"workers": workers, "cache": cache, "from_step": from_step, "only": only, "folder": str(asked.folder), "engine": engine}
        used = executor or launches.open_executor(engine, asked.pipeline)
        try:
            record = _record(store, asked, target, parent, {key: value for key, value in options.items() if value is not None})
            driver = driver_of(asked, record, store, on_event, use_cache=cache)
            on_start(record)
            return launches.carry_out(driver, asked.notebook, used, target=target, workers=workers, stop=stop)
        finally:
            if executor is None:
                used.close()


def driver_of(asked: Request, record: Run, store: RunStore, on_event: OnEvent = lambda _: None, *, use_cache: bool = True) -> RunDriver:
    """What makes the tasks of a run and asks the cache."""
    return RunDriver(
        pipeline=asked.pipeline,
        folder=asked.folder,
        values=asked.values,
        run=record,
        store=store,
        cache=Cache(store, open_store(places.artifacts_folder(store.home)), kernels.interpreter(asked.kernel)),
        use_cache=use_cache,
        fresh=asked.fresh,
        wanted=asked.wanted,
        on_event=on_event,
        ignored=tuple(str(path.with_name(name)) for path in asked.beside for name in (path.name, f".~{path.name}")),  # Jupyter saves so
        finished=store.get(record.parent) if record.parent is not None else None,
        inherited={**os.environ, **asked.kernel.env},
    )


def _refuse(assembly: Assembly, file: Path) -> None:
    if assembly.errors:
        told = "\n".join(f"{file.name}: {_place(one)}: {one.code} {one.message} {one.fix}" for one in assembly.errors)
        raise RefusedError(f"Nothing was run.\n{told}", assembly.diagnostics)


def _place(one: Diagnostic) -> str:
    return "metadata" if one.place.cell is None else f"cell {one.place.cell}"


def _keeping(pipeline: Pipeline, names: Sequence[str]) -> Pipeline:
    """Each step is asked for the names; those that do not have them say so, and nothing is lost."""
    keys = tuple(Key(name) for name in names)
    if not keys:
        return pipeline
    steps = tuple(msgspec.structs.replace(step, gives=tuple(dict.fromkeys([*step.gives, *keys]))) for step in pipeline.steps)
    return msgspec.structs.replace(pipeline, steps=steps)


def _known_step(pipeline: Pipeline, name: str | None) -> None:
    if name is not None and name not in {step.name for step in pipeline.steps}:
        raise UsageError(f"There is no step `{name}`. Steps are: {', '.join(step.name for step in pipeline.steps)}.")


def output_target(output: str | Path | None, file: Path) -> Path | None:
    """Where the executed copy goes; raises UsageError when nothing can be written there."""
    if output is None:
        return None
    try:
        target = Path(output).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a circle of links, a null byte
        raise UsageError(f"The output cannot be written to {visible(str(output))}: {error}.") from error
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file for the output, such as {target / 'out.ipynb'}.")
    if target == file or (target.exists() and file.exists() and target.samefile(file)):
        raise UsageError("The output would overwrite the notebook itself; choose another path for -o.")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent} to write the output to.")
    if not os.access(target.parent, os.W_OK):
        raise UsageError(f"The folder {target.parent} cannot be written to.")
    return target


def _record(store: RunStore, asked: Request, target: Path | None, parent: RunId | None, options: dict[str, Any]) -> Run:
    secret = {one.name for one in asked.pipeline.parameters if one.secret}
    name = new_run_id()
    record = Run(
        run=name,
        notebook=str(asked.file),
        state="running",
        parameters={key: HIDDEN if key in secret else value for key, value in asked.values.items()},
        started=time.time(),
        output=str(target or ""),
        options=options,
        engine=str(options["engine"]),
        folder=str(places.run_folder(store.home, name)),
        parent=parent,
        pid=os.getpid(),
        steps=tuple(StepRun(name=step.name, role=step.role) for step in asked.pipeline.steps),
    )
    store.create(record)
    return record


def _fresh(pipeline: Pipeline, from_step: str | None, only: str | None) -> frozenset[str]:
    """Steps that run although the cache may know them."""
    if only is not None:
        return frozenset({only})
    if from_step is None:
        return frozenset()
    behind: dict[str, list[str]] = {step: [] for step in pipeline.waits}
    for step, sources in pipeline.waits.items():
        for source in sources:
            behind[source].append(step)
    return _all_from(from_step, behind)


def _wanted(pipeline: Pipeline, only: str | None) -> frozenset[str]:
    """With `only`: that step and all it waits for; the others are skipped."""
    if only is None:
        return frozenset(str(step.name) for step in pipeline.steps)
    return _all_from(only, pipeline.waits)


def _all_from(start: str, leads: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """`start`, and all that it leads to in any number of steps."""
    found = {start}
    todo = [start]
    while todo:
        more = [step for step in leads[todo.pop()] if step not in found]
        found.update(more)
        todo += more
    return frozenset(found)


# ---- looking at runs -----------------------------------------------------------------------------------------------------


def resume(
    name: str,
    *,
    on_start: OnStart = lambda _: None,
    on_event: OnEvent = lambda _: None,
    home: Path | None = None,
    given: Mapping[str, Any] | None = None,
) -> Run:
    """Go on with a run that failed, was cancelled or lost its launcher; what was finished is reused."""
    with RunStore(home) as store:
        store.mark_lost()
        old = store.get(name)
    if old.state == "running":
        raise UsageError(f"Run {old.run} is still running.")
    values = {**{key: value for key, value in old.parameters.items() if value != HIDDEN}, **(given or {})}
    options = {**old.options, "folder": Path(old.options["folder"])} if "folder" in old.options else old.options
    return run(
        old.notebook, given=values, output=old.output or None, on_start=on_start, on_event=on_event, home=home, parent=old.run, **options
    )


def list_runs(*, home: Path | None = None, limit: int = 50, notebook: str | Path | None = None) -> list[Run]:
    """Runs, newest first; of one notebook if given."""
    with RunStore(home) as store:
        store.mark_lost()
        return list(store.list(limit=limit, notebook=str(Path(notebook).resolve()) if notebook is not None else None))


def show(name: str, *, home: Path | None = None) -> Run:
    """One run, by id, unique beginning of an id, or `latest`."""
    with RunStore(home) as store:
        store.mark_lost()
        return store.get(name)


def remove(names: Sequence[str], *, older_than: float | None = None, dry_run: bool = False, home: Path | None = None) -> RemovalReport:
    """Delete runs and what only they needed; `older_than` is in seconds. Gives what was freed."""
    with RunStore(home) as store:
        artifacts = open_store(places.artifacts_folder(store.home))
        if older_than is not None:
            freed = garbage.collect(store, artifacts, older_than=older_than, dry_run=dry_run)
        else:
            freed = garbage.remove_runs(store, artifacts, list(names), dry_run=dry_run)
        return RemovalReport(
            dry_run=dry_run, runs=freed.runs, cached_steps=freed.cached_steps, artifacts=freed.artifacts, bytes=freed.bytes
        )


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


def diff(first: str, second: str, *, home: Path | None = None) -> DiffReport:
    """Where two runs differ: parameters, metrics, code and states of steps."""
    with RunStore(home) as store:
        store.mark_lost()
        return reports.of_difference(store.get(first), store.get(second))
