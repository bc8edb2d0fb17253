"""What a run would do, without running anything: which steps would be reused, which would run, and why.

A step's cache key holds the digests of what earlier steps give. So a plan is certain only up to the first step that runs:
what waits for that one *depends* on what it gives, and the plan says just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions import layouts, runs
from jupyter_mlflow.actions.drivers import RunDriver
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.pipelines import Step
from jupyter_mlflow.spec.reports import Action, PlannedStep, PlanReport
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.spec.tasks import FileRecord
from jupyter_mlflow.store import digests
from jupyter_mlflow.store.cache import Hit
from jupyter_mlflow.store.runs import RunStore


def plan(
    path: str | Path,
    *,
    given: Mapping[str, Any] | None = None,
    cache: bool = True,
    from_step: str | None = None,
    only: str | None = None,
    home: Path | None = None,
) -> PlanReport:
    """What `runs.run` with the same arguments would do; refuses what that would refuse."""
    asked = runs.request(path, given=given, from_step=from_step, only=only)
    with RunStore(home) as store:
        driver = runs.driver_of(asked, Run(run=RunId("plan"), notebook=str(asked.file)), store, use_cache=cache)
        planner = _Planner(driver, asked)
        pipeline = asked.pipeline
        order = layouts.in_order(
            [str(step.name) for step in pipeline.steps], [(str(edge.source), str(edge.target)) for edge in pipeline.edges]
        )
        named = {str(step.name): step for step in pipeline.steps}
        planned = {name: planner.planned(named[name]) for name in order}
        return PlanReport(notebook=str(path), steps=tuple(planned[name] for name in named))


class _Planner:
    """Goes through the steps, each after those it waits for; `open` are those whose results are not known."""

    def __init__(self, driver: RunDriver, asked: runs.Request) -> None:
        self._driver = driver
        self._asked = asked
        self._waits = asked.pipeline.waits
        self._open: list[StepName] = []
        self._back: set[str] = set()  # files that reused steps would put back

    def planned(self, step: Step) -> PlannedStep:
        """The next step of the plan."""
        waits = tuple(map(StepName, self._waits[str(step.name)]))
        action, reason = self._decide(step, waits)
        if action != "reuse":
            self._open.append(step.name)
        cells = tuple(cell.index for cell in step.cells)
        return PlannedStep(name=step.name, role=step.role, cells=cells, action=action, reason=reason, waits=waits)

    def _decide(self, step: Step, waits: tuple[StepName, ...]) -> tuple[Action, str]:
        if step.name not in self._asked.wanted:
            return "skip", "not asked for"
        if not self._driver.use_cache:
            return "run", "the cache is not used"
        if step.name in self._asked.fresh:
            return "run", "asked to run again"
        if not step.settings.cache:
            return "run", "its cache is off"
        unknown = [name for name in waits if name in self._open]
        if unknown:
            return "depends", f"depends on what {_listed(unknown)} will give"
        return self._look_up(step)

    def _look_up(self, step: Step) -> tuple[Action, str]:
        task = self._driver.task(step, 1, Path())
        ingredients = self._driver.cache.ingredients(task, str(self._asked.file), inherited=self._driver.inherited)
        found = self._driver.cache.lookup(ingredients, self._asked.folder)
        if isinstance(found, Hit):
            read = {record.path for record in found.result.files_read} & self._back
            if read:
                return "depends", f"depends on files that earlier steps put back: {', '.join(sorted(read))}"
            self._driver.results[str(step.name)] = found.result
            self._back |= {one.path for one in found.result.files_written if _differs(one, self._asked.folder)}
            return "reuse", found.reason
        named = sorted(path for path in self._back if any(path in reason for reason in found.reasons))
        if named:
            return "depends", f"depends on files that earlier steps put back: {', '.join(named)}"
        return "run", found.reason


def _listed(names: list[StepName]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _differs(record: FileRecord, folder: Path) -> bool:
    path = folder / record.path
    return not path.is_file() or digests.of_file(path)[0] != record.digest
