"""One run's side of the scheduler: makes tasks, asks the cache, records what became of each step.

A problem with one step (its inputs are gone, the disk is full, the cache is damaged) fails that step and what waits for it. A run history
that cannot be written ends the run: nothing could be promised of it any more.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlflow.actions import labels
from jupyter_mlflow.engines.scheduler import Driver, Unrun
from jupyter_mlflow.errors import MlflowError
from jupyter_mlflow.notebook import amounts
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import ASIDE, Pipeline, Read, Step
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Event, Input, Limits, StepFailure, StepResult, StepTask, TaskCell
from jupyter_mlflow.store import places
from jupyter_mlflow.store.cache import Cache, Hit, Ingredients
from jupyter_mlflow.store.ingredients import key as ingredients_key
from jupyter_mlflow.store.runs import RunStore

_STATE = ("process:", "patch:")  # every later step counts on it, whether it names it or not
_BATCH_SECONDS = 0.25  # events reach the log at least this often while steps run


@dataclass
class RunDriver:
    """State of one run while it goes on; implements `engines.scheduler.Driver`."""

    pipeline: Pipeline
    folder: Path
    values: dict[str, Any]
    run: Run
    store: RunStore
    cache: Cache
    use_cache: bool
    fresh: frozenset[str]
    wanted: frozenset[str]
    on_event: Callable[[Event], None]
    finished: Run | None = None  # the run that this one goes on with
    ignored: tuple[str, ...] = ()  # files that others may write meanwhile
    inherited: Mapping[str, str] | None = None  # environment variables that steps start with, if they are not ours
    failed: bool = False
    metrics: dict[str, float] = field(default_factory=dict)
    results: dict[str, StepResult] = field(default_factory=dict)
    _states: dict[str, StepRun] = field(default_factory=dict)
    _made: dict[str, tuple[Ingredients, float]] = field(default_factory=dict)
    _waiting: list[Event] = field(default_factory=list)
    _flushed: float = 0.0

    # ---- the scheduler's questions -----------------------------------------------------------------------------------

    def begin(self, step: str, attempt: int) -> StepTask | None:
        """The task of a step, unless it is reused, not wanted or cannot start."""
        if step not in self.wanted:
            self.unrun(step, "skipped", "not asked for")
            return None
        one = self._step(step)
        try:
            blocked = self._blocked(one)
            if blocked:
                self._fail(one, StepFailure(kind="refused", ename="Refused", evalue=blocked))
                return None
            return self._begin(one, attempt)
        except (MlflowError, OSError) as error:
            self._fail(one, StepFailure(kind="input", ename=type(error).__name__, evalue=str(error)))
            return None

    def _begin(self, step: Step, attempt: int) -> StepTask | None:
        task = self.task(step, attempt, places.step_folder(self.store.home, self.run.run, step.name))
        ingredients = self.cache.ingredients(task, self.run.notebook, inherited=self.inherited)
        key = ingredients_key(ingredients)
        continued, changed = self._finished(step, ingredients, task) if attempt == 1 else (None, "")
        if continued is not None and self.finished is not None:
            self._reused(step, continued, f"finished in run {self.finished.run}", key)
            return None
        reason = self._why_again(step)
        if not reason:
            found = self.cache.lookup(ingredients, self.folder)
            if isinstance(found, Hit):
                self.cache.restore_files(found.result, self.folder)
                result = self.cache.fetch(found, self.run.run, Path(task.outbox))
                labels.label(result.notebook, task)
                self._reused(step, msgspec.structs.replace(result, step=step.name), found.reason, key)
                return None
            reason = changed or found.reason
        self._made[str(step.name)] = ingredients, time.time()
        self._settle(self._now(step.name, state="running", attempt=attempt, started=time.time(), reason=reason, cache_key=key))
        return task

    def _why_again(self, step: Step) -> str:
        """Why a step runs whatever the cache knows."""
        if not self.use_cache:
            return "the cache is not used"
        if step.name in self.fresh:
            return "asked to run again"
        return "" if step.settings.cache else "its cache is off"

    def _finished(self, step: Step, ingredients: Ingredients, task: StepTask) -> tuple[StepResult | None, str]:
        """The step's result in the run that this one goes on with, if it still holds; else why not."""
        before = next((one for one in self.finished.steps if one.name == step.name), None) if self.finished is not None else None
        if before is None or before.result is None or before.state not in {"done", "cached"}:
            return None, ""
        changed = self.cache.still_holds(ingredients, before.cache_key, before.result, self.folder)
        if changed:
            return None, changed
        self.cache.restore_files(before.result, self.folder)
        copies = {name: _copied(getattr(before.result, name), Path(task.outbox)) for name in ("notebook", "log")}
        labels.label(copies["notebook"], task)
        return msgspec.structs.replace(before.result, run=self.run.run, **copies), ""

    def settled(self, step: str) -> str:
        """State of a step that needs no run."""
        return self._states[step].state

    def ended(self, result: StepResult, attempt: int, *, again: float | None) -> None:
        """Record a result."""
        step = str(result.step)
        before = self._states[step]
        failure = self._explained(step, result.failure)
        seconds = time.time() - (before.started or time.time())
        reason = before.reason
        if again is not None:
            reason = f"attempt {attempt} failed, tried again in {again:g} s"
        elif result.state == "done":
            unkept = self._keep(step, result)
            reason = f"{reason}; not kept for later runs: {unkept}" if unkept else reason
        else:
            self.failed = self.failed or result.state == "failed"
            self.results.setdefault(step, result)
        self._settle(
            msgspec.structs.replace(
                before,
                state="queued" if again is not None else result.state,
                reason=reason,
                seconds=seconds,
                overhead=result.overhead,
                result=result,
                failure=failure,
            )
        )

    def unrun(self, step: str, state: Unrun, reason: str) -> None:
        """Record that a step does not run."""
        self._settle(self._now(step, state=state, reason=reason))

    def happened(self, event: Event) -> None:
        """Pass an event on, and log it in batches."""
        with contextlib.suppress(OSError):  # nobody looks any more (a closed pipe): the run goes on
            self.on_event(event)
        self._waiting.append(event)
        self.tick()

    def tick(self) -> None:
        """Write the events that have waited long enough, also when no further ones come."""
        if self._waiting and time.monotonic() - self._flushed > _BATCH_SECONDS:
            self.flush()

    def retries(self, step: str) -> tuple[int, float]:
        """From the step's settings."""
        settings = self._step(step).settings
        return settings.retries, settings.retry_delay

    # ---- around the run ----------------------------------------------------------------------------------------------

    def announce(self, state: str) -> None:
        """Tell the state of the whole run."""
        self.happened(Event(time=time.time(), kind="run", state=state, text=self.run.run))
        self.flush()

    def flush(self) -> None:
        """Write the events that wait."""
        if self._waiting:
            self.store.append(self.run.run, self._waiting)
        self._waiting = []
        self._flushed = time.monotonic()

    def slices(self) -> dict[str, dict[str, Any]]:
        """Executed notebooks of the steps that ran or were reused."""
        found = {}
        for step, result in self.results.items():
            path = Path(result.notebook)
            if result.notebook and path.is_file():
                found[step] = json.loads(path.read_text(encoding="utf-8"))
        return found

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _step(self, name: str) -> Step:
        return next(step for step in self.pipeline.steps if step.name == name)

    def _blocked(self, step: Step) -> str:
        """Why a step cannot start: something it reads cannot travel."""
        for read in step.reads:
            reason = self._unportable(read)
            if reason and (read.certain or read.key.startswith(_STATE)):
                return f"Step `{step.name}` uses `{read.key}` made by step `{read.source}`, which cannot travel: {reason}."
        return ""

    def _unportable(self, read: Read) -> str:
        """Why what a step reads could not leave the step that made it; empty if it could."""
        result = self.results.get(str(read.source))
        return result.unportable.get(read.key, "") if result is not None else ""

    def _secrets(self) -> dict[str, Any]:
        return {one.name: self.values[one.name] for one in self.pipeline.parameters if one.secret and one.name in self.values}

    def task(self, step: Step, attempt: int, outbox: Path) -> StepTask:
        """The task of a step whose inputs are in `results`."""
        secrets = self._secrets()
        return StepTask(
            run=self.run.run,
            step=step.name,
            attempt=attempt,
            cells=self._cells(step),
            metadata={
                "kernelspec": {"name": self.pipeline.kernel.name, "language": self.pipeline.kernel.language, "display_name": "Python"}
            },
            kernel=self.pipeline.kernel.name,
            language=self.pipeline.kernel.language,
            inputs=self._inputs(step),
            gives=tuple(key for key in step.gives if key not in secrets),
            replay=step.replay if self.pipeline.kernel.is_python else self._replayed(step),
            modules=step.modules,
            metrics=step.metrics,
            values={read.key: secrets[read.key] for read in step.reads if read.key in secrets}
            if self.pipeline.kernel.is_python
            else self.values,
            environment=step.settings.env,
            secrets=tuple(str(value) for value in secrets.values()),
            limits=_limits(step),
            store=str(places.artifacts_folder(self.store.home)),
            ignored=self.ignored,
            folder=str(self.folder),
            outbox=str(outbox),
        )

    def _replayed(self, step: Step) -> tuple[str, ...]:
        """Set-up and parameters cells above a step whose variables cannot travel."""
        above = (one for one in self.pipeline.steps if one.role in ASIDE and one.name != step.name)
        return tuple(cell.source for one in above for cell in one.cells if cell.index < step.cells[0].index)

    def _cells(self, step: Step) -> tuple[TaskCell, ...]:
        assigned: dict[int, dict[str, Any]] = {}
        for one in self.pipeline.parameters:
            if one.name in self.values:
                assigned.setdefault(one.cell, {})[one.name] = self.values[one.name]
        return tuple(
            TaskCell(
                id=cell.id,
                index=cell.index,
                count=cell.count,
                source=cell.source,
                tags=cell.tags,
                parameters=assigned.get(cell.index, {}),
            )
            for cell in step.cells
        )

    def _inputs(self, step: Step) -> tuple[Input, ...]:
        """Snapshots in notebook order of their makers, each with the keys that are read from it."""
        wanted: dict[tuple[StepName, str], list[str]] = {}
        for read in step.reads:
            result = self.results.get(str(read.source))
            for output in result.outputs if result is not None else ():
                if read.key in output.keys:
                    wanted.setdefault((read.source, output.digest), []).append(read.key)
        order = [one.name for one in self.pipeline.steps]
        pairs = sorted(wanted, key=lambda pair: order.index(pair[0]))
        return tuple(Input(digest=digest, keys=tuple(wanted[source, digest]), source=source) for source, digest in pairs)  # type: ignore[arg-type]

    def _reused(self, step: Step, result: StepResult, reason: str, key: str) -> None:
        self.results[str(step.name)] = result
        self.metrics.update(result.metrics)
        self._settle(
            self._now(
                step.name, state="cached", cached=True, reason=reason, cache_key=key, result=result, started=time.time(), failure=None
            )
        )

    def _keep(self, step: str, result: StepResult) -> str:
        """Take a finished step's result, and keep it for later runs; gives why it cannot be kept, which is no reason to fail."""
        self.results[step] = result
        self.metrics.update(result.metrics)
        if not self._step(step).settings.cache:
            return ""
        ingredients, started = self._made[step]
        outbox = self.store.step_folder(self.run.run, StepName(step))
        try:
            return self.cache.insert(ingredients, self.folder, result, started=started, outbox=outbox)
        except (MlflowError, OSError) as error:
            return str(error).rstrip(".")

    def _explained(self, step: str, failure: StepFailure | None) -> StepFailure | None:
        """A name that is missing because it could not travel: the failure says so."""
        if failure is None or failure.ename != "NameError":
            return failure
        for read in self._step(step).reads:
            reason = self._unportable(read)
            if reason and f"'{read.key}'" in failure.evalue:
                return msgspec.structs.replace(failure, evalue=f"{failure.evalue}. It was made by step `{read.source}`: {reason}.")
        return failure

    def _fail(self, step: Step, failure: StepFailure) -> None:
        self.failed = True
        self._settle(
            self._now(step.name, state="refused" if failure.kind == "refused" else "failed", reason=failure.evalue, failure=failure)
        )

    def _now(self, step: str, **fields: Any) -> StepRun:
        """The step's record with these fields changed."""
        before = self._states.get(step) or StepRun(name=StepName(step), role=self._step(step).role)
        return msgspec.structs.replace(before, **fields)

    def _settle(self, step: StepRun) -> None:
        self._states[str(step.name)] = step
        self.store.put_step(self.run.run, step)
        text = step.failure.evalue if step.failure is not None and step.state == "failed" else step.reason
        self.happened(Event(time=time.time(), kind="step", step=step.name, state=step.state, text=text))


def _limits(step: Step) -> Limits:
    """Limits as numbers; zero means none, as it does in Kubernetes."""
    memory, cpu = step.settings.limits.memory, step.settings.limits.cpu
    return Limits(
        timeout=step.settings.timeout,
        memory=int(amounts.number(memory or "0")) or None,
        cpu=amounts.number(cpu or "0") or None,
    )


def _copied(path: str, outbox: Path) -> str:
    """A file of the former run, in this run's folder; without it the step is as good."""
    if not path:
        return ""
    target = outbox / Path(path).name
    try:
        shutil.copyfile(path, target)
    except FileNotFoundError:
        return ""
    return str(target)


def _proof(driver: RunDriver) -> Driver:
    return driver
