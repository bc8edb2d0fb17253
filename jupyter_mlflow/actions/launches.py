"""A recorded run from its first step to its end, and that it has an end whatever happens.

    Ctrl-C           start nothing more; what runs may finish
    Ctrl-C again     interrupt what runs; killed when it does not end at once
    SIGTERM, SIGHUP  the same as both

Either way, and when something breaks, the run gets a final state, its executed copy is written with what there is, and
`resume` goes on from the steps that finished. Only `kill -9` of this process leaves a run without an end, which the next look at it
tells from the dead launcher (`lost`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_mlflow.actions.drivers import RunDriver
from jupyter_mlflow.engines import scheduler
from jupyter_mlflow.engines.base import ENGINES, Executor
from jupyter_mlflow.errors import MlflowError, StoreError, UsageError
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.executed import executed
from jupyter_mlflow.spec.pipelines import Pipeline
from jupyter_mlflow.spec.runs import Run, RunState
from jupyter_mlflow.spec.tasks import Event

_INTERRUPT, _END = 1, 2  # levels of scheduler.Stop


def open_executor(engine: str, pipeline: Pipeline) -> Executor:
    """An executor of the engine; raises UsageError with the way out when it cannot be used here."""
    found = ENGINES.load(engine)
    missing = found.missing()
    if missing:
        raise UsageError(f"The engine `{engine}` cannot be used here. {missing}")
    return found.open(sorted({name for step in pipeline.steps for name in step.modules}))


def carry_out(
    driver: RunDriver,
    notebook: TaggedNotebook,
    executor: Executor,
    *,
    target: Path | None = None,
    workers: int | None = None,
    stop: scheduler.Stop | None = None,
) -> Run:
    """Run all steps that `driver` knows, write the executed copy to `target` and record the end."""
    stop = stop or scheduler.Stop()
    with _signals(stop, driver):
        driver.announce("running")
        broken = _schedule(driver, executor, workers, stop)
        state: RunState = "failed" if broken is not None else "cancelled" if stop.level else "failed" if driver.failed else "done"
        unwritten = _write_copy(driver, notebook, target, state)
        if unwritten is not None and state == "done":
            state = "failed"
        finished = _record_end(driver, state)
    problem = broken or unwritten
    if problem is not None:
        raise problem
    return finished


def _schedule(driver: RunDriver, executor: Executor, workers: int | None, stop: scheduler.Stop) -> MlflowError | None:
    """Run the steps; gives what broke the run as a whole, after everything that was started has ended."""
    waits = driver.pipeline.waits
    try:
        scheduler.run(waits, driver, executor, workers=workers or min(os.cpu_count() or 1, len(waits) or 1), stop=stop)
        driver.flush()
    except (MlflowError, OSError) as error:
        executor.close()
        return error if isinstance(error, MlflowError) else StoreError(f"The run was ended: {error}.")
    return None


def _write_copy(driver: RunDriver, notebook: TaggedNotebook, target: Path | None, state: RunState) -> MlflowError | None:
    if target is None:
        return None
    try:
        write(target, executed(notebook, driver.slices(), {"jupyter_mlflow": {"run": {"id": driver.run.run, "state": state}}}))
    except OSError as error:
        return StoreError(
            f"The executed notebook cannot be written to {target}: {error.strerror or error}. "
            f"What each step gave is kept in {driver.run.folder}."
        )
    return None


def _record_end(driver: RunDriver, state: RunState) -> Run:
    finished = driver.store.end(driver.run.run, state=state, seconds=time.time() - driver.run.started, metrics=driver.metrics)
    driver.announce(state)
    if state == "done":
        _remove_temporaries(driver)
    return finished


def _remove_temporaries(driver: RunDriver) -> None:
    """Files and folders of `tempfile` that Run All would remove when its kernel ends; a run that failed may be resumed and need them."""
    root = Path(tempfile.gettempdir()).resolve()
    for result in driver.results.values():
        for effect in result.effects:
            kind, _, name = effect.partition(":")
            path = Path(name)
            if kind == "temporary" and path.resolve().parent == root and not path.is_symlink():
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def _signals(stop: scheduler.Stop, driver: RunDriver) -> Iterator[None]:
    """Requests to end reach `stop`; signals that are ignored (as `nohup` does) stay ignored."""

    def raised(number: int, _: Any) -> None:
        stop.level = stop.level + 1 if number == signal.SIGINT else max(_END, stop.level + 1)
        with contextlib.suppress(OSError, RuntimeError):  # a closed pipe; or we came in the middle of another print
            state = "stopping" if stop.level == _INTERRUPT else "killing"
            driver.on_event(Event(time=time.time(), kind="run", state=state, text=driver.run.run))

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, raised)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write(target: Path, document: dict[str, Any]) -> None:
    """All or nothing, and never half a notebook; a file that is there keeps its rights."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(document, file, indent=1, ensure_ascii=False)  # in portions: outputs may be large
            file.write("\n")
        with contextlib.suppress(FileNotFoundError):
            draft.chmod(target.stat().st_mode & 0o777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
