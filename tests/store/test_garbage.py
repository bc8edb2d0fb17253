"""What is removed, what is kept, and that nothing is lost beside running runs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.errors import NotFoundError, UsageError
from jupyter_mlflow.spec.ids import Digest, Key, RunId, StepName
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import FileRecord, Output, StepResult, StepTask, TaskCell
from jupyter_mlflow.store import artifacts as stores
from jupyter_mlflow.store import garbage
from jupyter_mlflow.store.cache import Cache, Hit
from jupyter_mlflow.store.garbage import Freed
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.remote import RemoteArtifacts
from jupyter_mlflow.store.runs import RunStore

Start = Callable[..., subprocess.Popen[str]]  # see conftest

DAY = 86400.0


def put(artifacts: LocalArtifacts, text: str, *, age: float = DAY) -> Digest:
    digest = artifacts.put_bytes(text.encode())
    used = time.time() - age
    os.utime(artifacts._signature(digest), (used, used))
    return digest


def result(run: str, name: str, outputs: tuple[Digest, ...] = (), files: tuple[Digest, ...] = ()) -> StepResult:
    return StepResult(
        run=RunId(run),
        step=StepName(name),
        state="done",
        outputs=tuple(Output(digest=digest, size=1, keys=(Key("x"),)) for digest in outputs),
        files_written=tuple(FileRecord(path="f", digest=digest, size=1) for digest in files),
    )


def record(store: RunStore, run: str, made: StepResult | None = None, *, age: float = 10 * DAY, state: Any = "done", **fields: Any) -> None:
    steps = (StepRun(name=made.step, state="done", result=made, **fields),) if made else ()
    store.create(Run(run=RunId(run), notebook="n.ipynb", state=state, started=time.time() - age, steps=steps, pid=os.getpid()))
    (store.step_folder(RunId(run), StepName("load")) / "log.txt").write_text("12345")


def keep(store: RunStore, artifacts: LocalArtifacts, made: StepResult, folder: Path) -> str:
    cache = Cache(store, artifacts)
    cells = (TaskCell(id="c", index=0, count=1, source=made.step),)
    task = StepTask(run=made.run, step=made.step, cells=cells, store="", folder=str(folder), outbox="")
    ingredients = cache.ingredients(task, "/n.ipynb")
    assert cache.insert(ingredients, folder, made, started=time.time() + 1) == ""
    return cache.lookup(ingredients, folder).key


def test_removing_a_run(store: RunStore, artifacts: LocalArtifacts) -> None:
    gone, shared, kept = (put(artifacts, text) for text in ("gone", "shared", "kept"))
    record(store, "old", result("old", "load", (gone, shared)))
    record(store, "new", result("new", "load", (shared,), (kept,)), age=0)
    planned = garbage.remove_runs(store, artifacts, ["old"], dry_run=True)
    assert (len(store.list()), len([*artifacts]), store.folder(RunId("old")).exists()) == (2, 3, True)
    done = garbage.remove_runs(store, artifacts, ["old"])
    assert done == planned == Freed(runs=(RunId("old"),), artifacts=1, bytes=4 + 5)
    assert ([run.run for run in store.list()], {*artifacts}) == (["new"], {shared, kept})
    assert [path.name for path in (store.home / "runs").iterdir()] == ["new"]


def test_a_cached_step_goes_with_its_run_unless_another_reused_it(store: RunStore, artifacts: LocalArtifacts, tmp_path: Path) -> None:
    one, two = put(artifacts, "one"), put(artifacts, "two")
    first, second = result("first", "one", (one,)), result("first", "two", (two,))
    keys = [keep(store, artifacts, made, tmp_path) for made in (first, second)]
    for digest in (one, two):
        os.utime(artifacts._signature(digest), (0, 0))
    record(store, "first", first, cache_key=keys[0])
    record(store, "second", second, cache_key=keys[1])
    done = garbage.remove_runs(store, artifacts, ["first"])
    assert (done.cached_steps, done.artifacts, {*artifacts}) == (1, 1, {two})


def test_collecting_by_age(store: RunStore, artifacts: LocalArtifacts, tmp_path: Path) -> None:
    old, young, cached, stray = (put(artifacts, text) for text in ("old", "young", "cached", "stray"))
    record(store, "old", result("old", "load", (old,)), age=40 * DAY)
    record(store, "young", result("young", "load", (young,)), age=20 * DAY)
    keep(store, artifacts, result("x", "cached", (cached,)), tmp_path)
    os.utime(artifacts._signature(cached), (0, 0))
    done = garbage.collect(store, artifacts, older_than=30 * DAY)
    assert done == Freed(runs=(RunId("old"),), artifacts=2, bytes=len("old" + "stray") + 5)
    assert {*artifacts} == {young, cached}
    with store.database.writing() as connection:
        connection.execute("UPDATE trace SET used = 0")
    assert garbage.collect(store, artifacts, older_than=30 * DAY, dry_run=True).cached_steps == 1
    assert garbage.collect(store, artifacts, older_than=30 * DAY) == Freed(cached_steps=1, artifacts=1, bytes=6)
    assert stray not in artifacts
    with store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (0,)


def test_what_nobody_names_yet_is_kept_for_a_while(store: RunStore, artifacts: LocalArtifacts) -> None:
    fresh, old = put(artifacts, "fresh", age=60), put(artifacts, "old")
    assert garbage.collect(store, artifacts, older_than=0).artifacts == 1
    assert {*artifacts} == {fresh}
    used = put(artifacts, "old")
    assert (used, artifacts.sound(old)) == (old, True)  # using it counts
    assert garbage.collect(store, artifacts, older_than=0).artifacts == 0


def test_what_was_stored_since_an_unfinished_run_began_is_kept(store: RunStore, artifacts: LocalArtifacts) -> None:
    before, since = put(artifacts, "before", age=3 * DAY), put(artifacts, "since", age=1 * DAY)
    record(store, "running", age=2 * DAY, state="running")
    done = garbage.collect(store, artifacts, older_than=0)
    assert (done.runs, {*artifacts}, store.get("running").state) == ((), {since}, "running")
    assert before not in artifacts
    with pytest.raises(UsageError, match=r"Run running has not ended\. Cancel it"):
        garbage.remove_runs(store, artifacts, ["running"])


def test_the_run_of_a_dead_launcher_can_be_removed(store: RunStore, artifacts: LocalArtifacts, start: Start) -> None:
    launcher = start("launch", store.home, "dead")
    assert launcher.stdout is not None
    launcher.stdout.readline()
    launcher.kill()
    launcher.wait()
    assert garbage.remove_runs(store, artifacts, ["dead", "1"]).runs == ("dead",)


def test_an_unknown_run_removes_nothing(store: RunStore, artifacts: LocalArtifacts) -> None:
    record(store, "one")
    with pytest.raises(NotFoundError):
        garbage.remove_runs(store, artifacts, ["one", "none"])
    assert len(store.list()) == 1


def test_leftovers_of_dead_processes(store: RunStore, artifacts: LocalArtifacts) -> None:
    record(store, "kept")
    orphan, young = store.home / "runs" / "orphan", store.home / "runs" / "young"
    arriving, new = artifacts.folder / "incoming" / "a", artifacts.folder / "incoming" / "b"
    for folder in (orphan, young):
        folder.mkdir()
    for file in (arriving, new, orphan / "x"):
        file.write_text("123")
    for path in (orphan, arriving):
        os.utime(path, (0, 0))
    assert garbage.collect(store, artifacts, older_than=30 * DAY) == Freed(bytes=6)
    assert [path.exists() for path in (orphan, young, arriving, new)] == [False, True, False, True]


def test_only_copies_of_a_remote_store_are_collected(store: RunStore, tmp_path: Path) -> None:
    remote = stores.open_store(f"memory://{tmp_path.name}")
    assert isinstance(remote, RemoteArtifacts)
    digest = put(remote.copies, "x")
    remote.put_bytes(b"x")
    os.utime(remote.copies._signature(digest), (0, 0))
    assert garbage.collect(store, remote, older_than=0) == Freed(artifacts=1, bytes=1)
    assert (remote.has(digest), [*remote.copies], remote.local_path(digest).read_bytes()) == (True, [], b"x")


def test_space_of_deleted_rows_is_given_back(store: RunStore, artifacts: LocalArtifacts) -> None:
    from jupyter_mlflow.spec.tasks import Event

    record(store, "big")
    store.append(RunId("big"), [Event(time=0, kind="stream", text="x" * 100_000)] * 30)
    garbage.remove_runs(store, artifacts, ["big"])
    assert store.database.path.stat().st_size < 500_000


def test_storing_beside_collecting_loses_nothing(
    store: RunStore, artifacts: LocalArtifacts, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Collectors that think everything is old run against writers that store, then record."""
    monkeypatch.setattr(garbage, "GRACE", 0.05)
    writers = [start("record", store.home, artifacts.folder, 150) for _ in range(2)]
    while any(writer.poll() is None for writer in writers):
        garbage.collect(store, artifacts, older_than=DAY)
    assert [writer.wait() for writer in writers] == [0, 0]
    named = [output.digest for run in store.list() for step in run.steps if step.result for output in step.result.outputs]
    assert len(named) == 300
    assert all(artifacts.sound(digest) for digest in named)


def test_a_hit_is_safe_from_collection(store: RunStore, artifacts: LocalArtifacts, tmp_path: Path) -> None:
    digest = put(artifacts, "hit")
    made = result("x", "load", (digest,))
    keep(store, artifacts, made, tmp_path)
    os.utime(artifacts._signature(digest), (0, 0))
    cache = Cache(store, artifacts)
    cells = (TaskCell(id="c", index=0, count=1, source="load"),)
    task = StepTask(run=RunId("x"), step=StepName("load"), cells=cells, store="", folder="", outbox="")
    assert isinstance(cache.lookup(cache.ingredients(task, "/n.ipynb"), tmp_path), Hit)
    with store.database.writing() as connection:
        connection.execute("UPDATE trace SET used = 0")
    assert garbage.collect(store, artifacts, older_than=DAY).cached_steps == 1
    assert artifacts.has(digest)  # the run that hit it has not recorded it yet
