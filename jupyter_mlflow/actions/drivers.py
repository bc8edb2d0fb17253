"""One run's side of the scheduler: makes tasks, asks the cache, records what became of each step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import Pipeline, Step
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Event, Input, Limits, StepFailure, StepResult, StepTask, TaskCell
from jupyter_mlflow.store import places
from jupyter_mlflow.store.cache import Cache, Hit, Ingredients
from jupyter_mlflow.store.runs import RunStore

_BATCH_SECONDS = 0.25  # events reach the log at least this often while steps run
_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


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
            self.skipped(step, "not asked for")
            return None
        one = self._step(step)
        blocked = self._blocked(one)
        if blocked:
            self._settle(StepRun(name=one.name, state="refused", reason=blocked, failure=StepFailure(kind="refused", evalue=blocked)))
            self.failed = True
            return None
        task = self._task(one, attempt)
        ingredients = self.cache.ingredients(task, self.run.notebook)
        found = self.cache.lookup(ingredients, self.folder)
        if isinstance(found, Hit) and self.use_cache and one.settings.cache and step not in self.fresh:
            self._reuse(one, found, task)
            return None
        reason = found.reason if not isinstance(found, Hit) else "asked to run again"
        self._made[step] = ingredients, time.time()
        self._settle(StepRun(name=one.name, state="running", attempt=attempt, started=time.time(), reason=reason, cache_key=found.key))
        return task

    def settled(self, step: str) -> str:
        """State of a step that needs no run."""
        return self._states[step].state

    def ended(self, result: StepResult, attempt: int, *, again: float | None) -> None:
        """Record a result."""
        step = str(result.step)
        before = self._states[step]
        state = "queued" if again is not None else {"done": "done", "failed": "failed", "cancelled": "cancelled"}[result.state]
        reason = before.reason if again is None else f"attempt {attempt} failed, tried again in {again:g} s"
        seconds = time.time() - (before.started or time.time())
        changed = msgspec.structs.replace(
            before, state=state, reason=reason, seconds=seconds, overhead=result.overhead, result=result, failure=result.failure
        )
        if result.state == "done":
            self._finish(step, result)
        elif again is None:
            self.failed = self.failed or result.state == "failed"
            self.results.setdefault(step, result)
        self._settle(changed)

    def skipped(self, step: str, reason: str) -> None:
        """Record that a step does not run."""
        self._settle(StepRun(name=StepName(step), state="skipped", reason=reason))

    def happened(self, event: Event) -> None:
        """Pass an event on, and log it in batches."""
        self.on_event(event)
        self._waiting.append(event)
        if time.monotonic() - self._flushed > _BATCH_SECONDS:
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
            reason = self.results[str(read.source)].unportable.get(read.key) if str(read.source) in self.results else None
            if reason and read.certain:
                return f"Step `{step.name}` uses `{read.key}` made by step `{read.source}`, which cannot travel: {reason}."
        return ""

    def _secrets(self) -> dict[str, Any]:
        return {one.name: self.values[one.name] for one in self.pipeline.parameters if one.secret and one.name in self.values}

    def _task(self, step: Step, attempt: int) -> StepTask:
        secrets = self._secrets()
        outbox = places.step_folder(self.store.home, self.run.run, step.name)
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
            replay=step.replay,
            modules=step.modules,
            metrics=step.metrics,
            values={read.key: secrets[read.key] for read in step.reads if read.key in secrets},
            environment=step.settings.env,
            secrets=tuple(str(value) for value in secrets.values()),
            limits=Limits(
                timeout=step.settings.timeout, memory=_amount(step.settings.limits.memory), cpu=_processors(step.settings.limits.cpu)
            ),
            store=str(places.artifacts_folder(self.store.home)),
            folder=str(self.folder),
            outbox=str(outbox),
        )

    def _cells(self, step: Step) -> tuple[TaskCell, ...]:
        assigned: dict[int, dict[str, Any]] = {}
        for one in self.pipeline.parameters:
            if one.name in self.values:
                assigned.setdefault(one.cell, {})[one.name] = self.values[one.name]
        return tuple(
            TaskCell(id=cell.id, index=cell.index, count=cell.count, source=cell.source, parameters=assigned.get(cell.index, {}))
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

    def _reuse(self, step: Step, hit: Hit, task: StepTask) -> None:
        self.cache.restore_files(hit.result, self.folder)
        result = self.cache.fetch(hit, self.run.run, Path(task.outbox))
        self.results[str(step.name)] = result
        self.metrics.update(result.metrics)
        self._settle(
            StepRun(name=step.name, state="cached", cached=True, reason=hit.reason, cache_key=hit.key, result=result, started=time.time())
        )

    def _finish(self, step: str, result: StepResult) -> None:
        self.results[step] = result
        self.metrics.update(result.metrics)
        ingredients, started = self._made[step]
        if self._step(step).settings.cache:
            self.cache.insert(
                ingredients, self.folder, result, started=started, outbox=self.store.step_folder(self.run.run, StepName(step))
            )

    def _settle(self, step: StepRun) -> None:
        step = msgspec.structs.replace(step, role=self._step(step.name).role)
        self._states[str(step.name)] = step
        self.store.put_step(self.run.run, step)
        self.happened(Event(time=time.time(), kind="step", step=step.name, state=step.state, text=step.reason))


def _amount(text: str | None) -> int | None:
    """Bytes of `512Mi`."""
    if text is None:
        return None
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return int(float(text[: -len(unit)]) * factor)
    return int(float(text))


def _processors(text: str | None) -> float | None:
    """Processors of `500m` or `2`."""
    if text is None:
        return None
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
