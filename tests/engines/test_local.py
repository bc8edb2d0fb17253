"""The local engine keeps what every engine promises, and is found by its name."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from jupyter_mlflow.engines.base import ENGINES, Engine
from jupyter_mlflow.engines.local import LocalEngine, LocalExecutor
from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.registry import Registry
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.tasks import StepResult, StepTask, TaskCell
from jupyter_mlflow.testing.engines import EngineSuite


class TestLocalEngine(EngineSuite):
    def make_engine(self) -> Engine:
        return ENGINES.load("local")


def test_it_is_registered() -> None:
    assert "local" in ENGINES.names()
    assert isinstance(ENGINES.load("local"), LocalEngine)


PLUGIN = "[jupyter_mlflow.engines]\nfine = fake_plugin:Fine\nbroken = fake_plugin:Missing\nabsent = no_such_module:Engine\n"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Engine]:
    """An installed package that registers engines, not all of which are there."""
    info = tmp_path / "fake_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(PLUGIN)
    (tmp_path / "fake_plugin.py").write_text(
        "class Fine:\n    def missing(self): return 'It is a fake.'\n    def open(self, preload=()): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("jupyter_mlflow.engines", "engine")


def test_engines_of_other_packages_are_found_and_loaded_when_they_are_used(plugin: Registry[Engine]) -> None:
    assert set(plugin.names()) >= {"absent", "broken", "fine", "local"}
    assert plugin.load("fine").missing() == "It is a fake."
    assert plugin.load("fine") is plugin.load("fine")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("loacl", "There is no engine `loacl`. Did you mean `local`?"),
        ("xyz", "There is no engine `xyz`. There are: `absent`, `broken`, `fine`, `local`."),
        ("broken", "The engine `broken` (fake_plugin:Missing) cannot be loaded: AttributeError"),
        ("absent", "The engine `absent` (no_such_module:Engine) cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'."),
    ],
)
def test_what_cannot_be_loaded_is_told_with_the_reason(name: str, told: str, plugin: Registry[Engine]) -> None:
    with pytest.raises(UsageError) as caught:
        plugin.load(name)
    assert told in str(caught.value)


def task(folder: Path, source: str, step: str = "step") -> StepTask:
    cells = (TaskCell(id="c", index=0, count=1, source=source),)
    places = {"store": str(folder / "store"), "folder": str(folder), "outbox": str(folder / step)}
    return StepTask(run=RunId("run-1"), step=StepName(step), cells=cells, **places)


def results(executor: LocalExecutor, count: int) -> list[StepResult]:
    found: list[StepResult] = []
    while len(found) < count:
        found += [one for one in executor.poll(1.0) if isinstance(one, StepResult)]
    return found


def test_a_template_that_died_is_started_anew(tmp_path: Path) -> None:
    executor = LocalExecutor()
    try:
        executor.start(task(tmp_path, "import os, signal, time\nos.kill(int(open('pid').read()), signal.SIGKILL); time.sleep(600)"))
        while executor._template is None:
            list(executor.poll(0.1))
        (tmp_path / "pid").write_text(str(executor._template.pid))
        (first,) = results(executor, 1)
        assert (first.state, first.failure and first.failure.kind) == ("failed", "lost")
        executor.start(task(tmp_path, "1", "next"))
        assert [one.state for one in results(executor, 1)] == ["done"]
    finally:
        executor.close()


def test_a_step_that_somebody_else_ended_is_lost_not_cancelled(tmp_path: Path) -> None:
    """Nobody asked this run to stop; taken for a cancelled step it would look as if somebody had."""
    executor = LocalExecutor()
    try:
        executor.start(task(tmp_path, "import os, signal, time\nos.kill(os.getppid(), signal.SIGTERM); time.sleep(600)"))
        (found,) = results(executor, 1)
        assert found.failure is not None
        assert (found.state, found.failure.kind) == ("failed", "lost")
        assert "outside of the run" in found.failure.evalue
    finally:
        executor.close()


def test_a_runtime_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "msgspec.py").write_text("raise ImportError('this is no msgspec')")
    executor = LocalExecutor()
    try:
        executor.start(task(tmp_path, "1"))
        (found,) = results(executor, 1)
        assert found.failure is not None
        assert found.failure.kind == "lost"
        assert "this is no msgspec" in found.failure.evalue
    finally:
        executor.close()


def test_tasks_that_wait_for_the_template_can_be_cancelled(tmp_path: Path) -> None:
    executor = LocalExecutor()
    try:
        executor.start(task(tmp_path, "open('ran', 'w')"))
        executor.cancel(1.0)
        assert [one.state for one in results(executor, 1)] == ["cancelled"]
        assert not (tmp_path / "ran").exists()
    finally:
        executor.close()


def test_a_folder_that_cannot_be_written_fails_the_step_in_a_sentence(tmp_path: Path) -> None:
    executor = LocalExecutor()
    try:
        (tmp_path / "file").write_text("no folder")
        executor.start(task(tmp_path, "1", "file/step"))
        (found,) = results(executor, 1)
        assert (found.state, found.failure and found.failure.ename) == ("failed", "DiskError")
        executor.start(task(tmp_path, "import shutil; shutil.rmtree('gone'); open('gone', 'w').close()", "gone"))
        (found,) = results(executor, 1)
        assert (found.state, found.failure and found.failure.ename) == ("failed", "DiskError")
        assert found.failure is not None
        assert found.failure.evalue.startswith("Cannot write to ")
    finally:
        executor.close()


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    executor = LocalExecutor()
    executor.start(task(tmp_path, "1"))
    results(executor, 1)
    assert executor._template is not None
    pid = executor._template.pid
    executor.close()
    assert list((tmp_path / "temp").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
