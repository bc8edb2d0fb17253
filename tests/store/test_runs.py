"""The history of runs."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlflow.errors import NotFoundError, StoreError, UsageError
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import Digest, Key, RunId, StepName
from jupyter_mlflow.spec.runs import Run, RunState, StepRun
from jupyter_mlflow.spec.tasks import Event, FileRecord, Output, StepFailure, StepResult
from jupyter_mlflow.store import migrations, processes
from jupyter_mlflow.store import runs as history
from jupyter_mlflow.store.runs import RunStore

Start = Callable[..., subprocess.Popen[str]]  # see conftest

DIGEST = Digest("blake3:" + "0" * 64)


def step(name: str, **fields: Any) -> StepRun:
    return StepRun(name=StepName(name), **fields)


def result(run: RunId, name: str) -> StepResult:
    return StepResult(
        run=run,
        step=StepName(name),
        state="done",
        outputs=(Output(digest=DIGEST, size=5, keys=(Key("df"), Key("random:numpy"))),),
        unportable={"lock": "a lock cannot travel"},
        metrics={"accuracy": 0.5, "Größe": 2.0},
        files_written=(FileRecord(path="modèle.bin", digest=DIGEST, size=3),),
        failure=StepFailure(kind="error", ename="ValueError", evalue="\x1b[31m" + 'quote " and \n', traceback=("a", "b"), cell=3, line=2),
    )


def test_what_is_recorded_comes_back_whole(store: RunStore) -> None:
    name = RunId("20261124-015301-k3f9")
    made = Run(
        run=name,
        notebook="/läufe/train 1.ipynb",
        state="running",
        parameters={"lr": 0.1, "names": ["a", None, {"b": True}]},
        started=1.5,
        folder="/läufe",
        parent=RunId("20261123-000000-aaaa"),
        pid=os.getpid(),
        steps=(step("load"), step("train")),
    )
    store.create(made)
    store.put_step(name, step("train", state="done", seconds=2.5, result=result(name, "train")))
    store.put_step(name, step("extra", state="skipped", reason="not wanted"))
    changed = store.update(name, state="done", seconds=3.0, metrics={"accuracy": 0.5}, output="/out.ipynb")
    expected = msgspec.structs.replace(
        made,
        state="done",
        seconds=3.0,
        metrics={"accuracy": 0.5},
        output="/out.ipynb",
        steps=(
            step("load"),
            step("train", state="done", seconds=2.5, result=result(name, "train")),
            step("extra", state="skipped", reason="not wanted"),
        ),
    )
    assert changed == expected
    with RunStore(store.home) as again:
        assert again.get(name) == expected
        assert again.list() == (expected,)


def test_what_json_has_no_word_for(store: RunStore, run: Run) -> None:
    """Neither may cost a row, or make one unreadable."""
    metrics = {"loss": float("nan"), "best": float("-inf"), "accuracy": 0.5}
    made = msgspec.structs.replace(result(run.run, "train"), metrics=metrics)
    store.put_step(run.run, step("train", state="done", result=made))
    store.update(run.run, metrics=metrics, notebook="half \ud800")
    store.append(run.run, [Event(time=0, kind="output", text="half \udcff", output={"data": ["\ud800", 2**70]})])
    found = store.get(run.run)
    assert found.steps[0].result == msgspec.structs.replace(made, metrics={"accuracy": 0.5})
    assert (found.metrics, found.notebook) == ({"accuracy": 0.5}, "half \\ud800")
    [event] = store.events(run.run)
    assert store.list(notebook="half \ud800") == (found,)
    assert (event.text, event.output) == ("half \\udcff", {"data": ["\\ud800", 2**70]})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EVENTS = st.builds(
    Event,
    time=st.floats(allow_nan=False, allow_infinity=False),
    kind=st.sampled_from(["run", "step", "cell", "stream", "output", "progress"]),
    step=TEXT,
    state=TEXT,
    cell=st.none() | st.integers(0, 1000),
    position=st.integers(0, 1000),
    name=TEXT,
    text=TEXT,
    output=st.dictionaries(
        TEXT, st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT, st.lists, max_leaves=5), max_size=3
    ),
    fraction=st.none() | st.floats(0, 1),
)


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(EVENTS, max_size=5), max_size=4), after=st.integers(0, 25))
def test_events_come_back_numbered(batches: list[list[Event]], after: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    with RunStore(tmp_path_factory.mktemp("home")) as store:
        run = history.new_run_id()
        store.create(Run(run=run, notebook="n.ipynb"))
        lasts = [store.append(run, batch) for batch in batches]
        sent = [event for batch in batches for event in batch]
        numbered = tuple(msgspec.structs.replace(event, number=number) for number, event in enumerate(sent, 1))
        assert lasts == [sum(map(len, batches[: count + 1])) for count in range(len(batches))]
        assert store.events(run, after) == numbered[after:]


PARAMETERS = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT, max_size=3
)
RUNS = st.builds(
    Run,
    run=st.just(RunId("r")),
    notebook=TEXT,
    state=st.sampled_from(["queued", "running", "done", "failed", "cancelled", "lost"]),
    parameters=PARAMETERS,
    started=st.floats(0, 4e9),
    steps=st.lists(
        st.builds(
            StepRun, name=TEXT, state=st.sampled_from(["queued", "done", "failed"]), reason=TEXT, started=st.none() | st.floats(0, 4e9)
        ),
        max_size=4,
        unique_by=lambda one: one.name,
    ).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(made=RUNS)
def test_any_run_comes_back(made: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    with RunStore(tmp_path_factory.mktemp("home")) as store:
        store.create(made)
        assert store.get("latest") == made
    assert codec.decode(codec.encode(made), Run) == made


def test_following_ends_with_the_run(store: RunStore, run: Run) -> None:
    store.append(run.run, [Event(time=0, kind="run", state="running")])
    seen = []
    for event in store.follow(run.run, pause=0.001):
        seen.append(event.state)
        if event.number == 1:
            store.append(run.run, [Event(time=1, kind="step", state="done"), Event(time=2, kind="run", state="done")])
            store.update(run.run, state="done")
    assert seen == ["running", "done", "done"]
    assert [event.number for event in store.follow(run.run, after=2)] == [3]


def fill(store: RunStore) -> None:
    for position, (name, notebook, state) in enumerate(
        [
            ("20261122-100000-aaaa", "/a.ipynb", "failed"),
            ("20261123-100000-bbbb", "/b.ipynb", "done"),
            ("20261123-110000-cccc", "/a.ipynb", "done"),
            ("20261124-120000-dddd", "/a.ipynb", "cancelled"),
        ]
    ):
        store.create(Run(run=RunId(name), notebook=notebook, state=state, started=float(position)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("latest", "dddd"),
        ("1", "dddd"),
        ("4", "aaaa"),
        ("20261123-100000-bbbb", "bbbb"),
        ("20261124", "dddd"),
        ("20261123-11", "cccc"),
        ("bbbb", "bbbb"),
        ("0", "There is no run number 0: runs are counted from 1, the newest, to 4."),
        ("5", "There is no run number 5: runs are counted from 1, the newest, to 4."),
        ("20261123", "'20261123' means several runs: 20261123-110000-cccc, 20261123-100000-bbbb. Give more of the id."),
        ("20261124-120000-ddde", "There is no run '20261124-120000-ddde'. Near it: 20261124-120000-dddd, "),
        ("", "There is no run ''. Near it: 20261124-120000-dddd, 20261123-110000-cccc, 20261123-100000-bbbb."),
        ("%", "There is no run '%'."),
        ("٣", "There is no run '٣'."),
        ("aaa", "There is no run 'aaa'."),
    ],
)
def test_naming_a_run(name: str, expected: str, store: RunStore) -> None:
    fill(store)
    if expected.startswith(("There", "'")):
        with pytest.raises(NotFoundError, match="^" + re.escape(expected)):
            store.get(name)
    else:
        assert store.get(name).run.endswith(expected)
        assert store.find(name) == store.get(name).run


@pytest.mark.parametrize("name", ["latest", "1", "x"])
def test_naming_a_run_when_there_is_none(name: str, store: RunStore) -> None:
    with pytest.raises(NotFoundError, match="no runs yet"):
        store.get(name)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "dddd cccc bbbb aaaa"),
        ({"limit": 2}, "dddd cccc"),
        ({"notebook": "/a.ipynb"}, "dddd cccc aaaa"),
        ({"state": "done"}, "cccc bbbb"),
        ({"notebook": "/a.ipynb", "state": "done"}, "cccc"),
        ({"since": 1.0}, "dddd cccc bbbb"),
        ({"since": 1.0, "before": 3.0}, "cccc bbbb"),
        ({"notebook": "' OR 1=1 --"}, ""),
        ({"limit": 0}, ""),
    ],
)
def test_listing(wanted: dict[str, Any], expected: str, store: RunStore) -> None:
    fill(store)
    assert " ".join(run.run[-4:] for run in store.list(**wanted)) == expected


MISUSES: dict[str, Any] = {
    "an unknown run": (lambda store, _: store.update(RunId("none"), state="done"), NotFoundError, "There is no run 'none'"),
    "a step of an unknown run": (lambda store, _: store.put_step(RunId("none"), step("x")), NotFoundError, "There is no run 'none'"),
    "events of an unknown run": (lambda store, _: store.append(RunId("none"), []), NotFoundError, "There is no run 'none'"),
    "reading events of an unknown run": (lambda store, _: store.events(RunId("none")), NotFoundError, "There is no run 'none'"),
    "deleting an unknown run": (lambda store, _: store.delete(RunId("none")), NotFoundError, "There is no run 'none'"),
    "a run twice": (lambda store, run: store.create(run), StoreError, "There is a run .* already"),
    "an unsafe id": (lambda store, _: store.create(Run(run=RunId("../x"), notebook="n")), UsageError, "is no run id"),
    "an unknown state": (lambda store, run: store.update(run.run, state="finished"), UsageError, "cannot be recorded: Invalid enum value"),
    "an unknown field": (lambda store, run: store.update(run.run, colour="red"), UsageError, "has no field .*colour"),
    "steps by update": (lambda store, run: store.update(run.run, steps=()), UsageError, "recorded with put_step"),
    "another id": (lambda store, run: store.update(run.run, run="x"), UsageError, "id never changes"),
    "a step in a wrong state": (lambda store, run: store.put_step(run.run, step("x", state="lost")), UsageError, "cannot be recorded"),
    "a value that is no JSON": (lambda store, run: store.update(run.run, parameters={"x": object()}), UsageError, "cannot be recorded"),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_told_and_changes_nothing(misuse: str, store: RunStore, run: Run) -> None:
    call, kind, message = MISUSES[misuse]
    with pytest.raises(kind, match=message):
        call(store, run)
    assert store.list() == (run,)


def test_deleting_takes_steps_and_events_along(store: RunStore, run: Run) -> None:
    store.put_step(run.run, step("load"))
    store.append(run.run, [Event(time=0, kind="run")])
    store.delete(run.run)
    with store.database.reading() as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("run", "step", "event")]
    assert counts == [0, 0, 0]


def test_ids_sort_by_time_and_differ() -> None:
    assert re.fullmatch(r"20261124-015301-[2-9a-z]{4}", history.new_run_id(1795485181.9))
    assert history.new_run_id(1.0) < history.new_run_id(2.0) < history.new_run_id(4e9)
    assert len({history.new_run_id(1.0) for _ in range(100)}) > 95


def test_lost_launchers_are_found(store: RunStore, start: Start) -> None:
    alive, dead = start("launch", store.home, "alive"), start("launch", store.home, "dead")
    for process in (alive, dead):
        assert process.stdout is not None
        process.stdout.readline()
    assert store.mark_lost() == ()
    dead.kill()
    deadline = time.monotonic() + 10
    while not (lost := store.mark_lost()) and time.monotonic() < deadline:  # not reaped yet: a zombie counts as dead
        time.sleep(0.01)
    assert lost == ("dead",)
    found = store.get("dead")
    assert (found.state, [one.state for one in found.steps], store.get("alive").state) == ("lost", ["cancelled", "cancelled"], "running")
    assert [one.failure.kind if one.failure else None for one in found.steps] == ["lost", None]
    assert store.mark_lost() == ()


def test_following_a_run_ends_when_its_launcher_dies(store: RunStore, start: Start) -> None:
    launcher = start("launch", store.home, "dead")
    assert launcher.stdout is not None
    launcher.stdout.readline()
    launcher.kill()
    assert [*store.follow(RunId("dead"))] == []
    assert store.get("dead").state == "lost"


def test_a_pid_that_another_process_got_does_not_count(store: RunStore, run: Run) -> None:
    assert store.mark_lost() == ()  # no pid says nothing
    store.update(run.run, pid=os.getpid())
    assert store.mark_lost() == ()
    with store.database.writing() as connection:
        connection.execute("UPDATE run SET birth = '1'")
    assert store.mark_lost() == (run.run,)


@pytest.mark.parametrize(
    ("machine", "silent_for", "lost"),
    [
        ("{host}/another-boot/{space}", 0, True),
        ("another-host/{boot}/{space}", 0, False),
        ("another-host/{boot}/{space}", 8 * 86400, True),
        ("{host}/{boot}/another-container", 0, False),
    ],
)
def test_runs_of_other_machines(machine: str, silent_for: float, lost: bool, store: RunStore, run: Run) -> None:
    host, boot, space = processes.machine().split("/")
    with store.database.writing() as connection:
        values = (machine.format(host=host, boot=boot, space=space), time.time() - silent_for)
        connection.execute("UPDATE run SET pid = 1, birth = 'x', machine = ?, touched = ?", values)
    assert bool(store.mark_lost()) is lost
    expected: RunState = "lost" if lost else "running"
    assert store.get(run.run).state == expected


def test_a_forked_process_has_a_connection_of_its_own(store: RunStore, run: Run) -> None:
    child = os.fork()
    if child == 0:
        try:
            store.append(run.run, [Event(time=1, kind="run")])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    store.append(run.run, [Event(time=2, kind="run")])
    assert [event.time for event in store.events(run.run)] == [1, 2]


def test_files_are_private(store: RunStore, run: Run) -> None:
    store.folder(run.run)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.home.iterdir()}
    assert files == {"runs.sqlite": 0o600, "runs.sqlite-wal": 0o600, "runs.sqlite-shm": 0o600, "runs": 0o700}


def test_the_home_may_have_any_name(tmp_path: Path) -> None:
    for name in ("läufe 跑 ' \"", "a?b#c", "x%20y", "\udcff"):
        with RunStore(tmp_path / name) as store:
            store.create(Run(run=RunId("r"), notebook="n"))
            assert store.get("r").notebook == "n"
            assert (tmp_path / name / "runs.sqlite").exists()


DAMAGES: dict[str, tuple[bytes | str, str]] = {
    "another file": (b"no database at all" * 100, "is damaged .* Move it away"),
    "a newer version": (f"PRAGMA user_version = {len(migrations.STEPS) + 1}", "written by a newer jupyter_mlflow .* Upgrade"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_databases_that_cannot_be_used(damage: str, home: Path) -> None:
    content, message = DAMAGES[damage]
    home.mkdir()
    path = home / "runs.sqlite"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        connection = sqlite3.connect(path)
        connection.execute(content)
        connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        RunStore(home)
    if isinstance(content, bytes):
        assert path.read_bytes() == before


def test_migrations_lead_from_every_version_to_this_one(tmp_path: Path) -> None:
    def tables(connection: sqlite3.Connection) -> list[Any]:
        return sorted(connection.execute("SELECT type, name, sql FROM sqlite_master"))

    shapes = []
    for version in range(len(migrations.STEPS) + 1):
        connection = sqlite3.connect(tmp_path / str(version), isolation_level=None)
        for statement in (statement for one in migrations.STEPS[:version] for statement in one):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        migrations.migrate(connection, "x")
        assert migrations.version(connection) == len(migrations.STEPS)
        shapes.append(tables(connection))
        connection.close()
    assert all(shape == shapes[0] for shape in shapes)


def test_a_failed_migration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, ("CREATE TABLE extra (x)", "no sql")))
    with pytest.raises(StoreError, match="failed: near"):
        RunStore(tmp_path / "home")
    monkeypatch.undo()
    with RunStore(tmp_path / "home") as store:
        assert store.list() == ()
