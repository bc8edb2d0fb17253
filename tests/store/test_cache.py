"""When a step is reused, and what is said when it is not."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_mlflow.errors import StoreError, TamperedError
from jupyter_mlflow.spec.ids import Digest, Key, RunId, StepName
from jupyter_mlflow.spec.tasks import FileRecord, Input, Output, StepResult, StepTask, TaskCell
from jupyter_mlflow.store import cache as caches
from jupyter_mlflow.store import digests, interpreters, salts
from jupyter_mlflow.store.cache import Cache, Hit, Miss
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import RunStore

A, B = Digest("blake3:" + "a" * 64), Digest("blake3:" + "b" * 64)


@dataclass
class World:
    """A notebook's folder, with a step that ran once and was kept."""

    store: RunStore
    artifacts: LocalArtifacts
    folder: Path
    task: StepTask
    result: StepResult
    interpreter: interpreters.Interpreter
    inherited: dict[str, str] = field(default_factory=lambda: {"TZ": "UTC"})
    notebook: str = "/work/train.ipynb"

    @property
    def cache(self) -> Cache:
        """A new one each time, as another process has."""
        return Cache(self.store, self.artifacts, self.interpreter)

    def look(self) -> Hit | Miss:
        cache = self.cache
        return cache.lookup(cache.ingredients(self.task, self.notebook, inherited=self.inherited), self.folder)

    def keep(self, **more: Any) -> str:
        cache = self.cache
        made = cache.ingredients(self.task, self.notebook, inherited=self.inherited)
        return cache.insert(made, self.folder, self.result, **{"started": time.time() + 1, **more})

    def change(self, **fields: Any) -> None:
        self.task = msgspec.structs.replace(self.task, **fields)

    def cells(self, *sources: str, **parameters: Any) -> None:
        self.change(cells=tuple(cell(number, source, parameters) for number, source in enumerate(sources, 3)))


def cell(number: int, source: str, parameters: dict[str, Any] | None = None) -> TaskCell:
    return TaskCell(id=f"c{number}", index=number + 2, count=number, source=source, parameters=parameters or {})


@pytest.fixture
def world(store: RunStore, artifacts: LocalArtifacts, tmp_path: Path) -> World:
    folder = tmp_path / "läufe"
    folder.mkdir()
    (folder / "data.csv").write_text("1,2")
    (folder / "helpers.py").write_text("x = 1")
    (folder / "model.bin").write_text("made by the step")
    site = tmp_path / "site-packages"
    (site / "pandas-2.1.dist-info").mkdir(parents=True)
    (site / "pandas-2.1.dist-info" / "RECORD").write_text("pandas/__init__.py,,\n")
    task = StepTask(
        run=RunId("r-1"),
        step=StepName("train"),
        cells=(cell(3, "import pandas as pd, helpers\ndf = pd.read_csv('data.csv')"), cell(4, "model = fit(df)", {"lr": 0.1})),
        inputs=(Input(digest=A, keys=(Key("df"), Key("random:numpy")), source=StepName("load")),),
        gives=(Key("model"),),
        values={"token": "hunter2"},
        environment={"MODE": "prod"},
        store=str(artifacts.folder),
        folder=str(folder),
        outbox=str(tmp_path / "outbox"),
    )
    result = StepResult(
        run=RunId("r-1"),
        step=StepName("train"),
        state="done",
        outputs=(Output(digest=artifacts.put_bytes(b"snapshot"), size=8, keys=(Key("model"),)),),
        files_read=(FileRecord(path="data.csv", digest=digests.of_bytes(b"1,2"), size=3),),
        files_written=(FileRecord(path="model.bin", digest=digests.of_bytes(b"made by the step"), size=16),),
        imports=("pandas", "helpers", "json"),
        seconds=2.5,
    )
    interpreter = interpreters.Interpreter(name="cpython", version="3.11.7", path=(str(site),), library=frozenset({"json"}))
    return World(store, artifacts, folder, task, result, interpreter)


def test_an_unchanged_step_is_reused(world: World) -> None:
    assert world.look() == Miss(key=world.look().key, reasons=("never run before",))
    assert world.keep() == ""
    found = world.look()
    assert isinstance(found, Hit)
    assert (found.result, found.run, found.reason) == (world.result, "r-1", "unchanged since run r-1")


SAME: dict[str, Callable[[World], object]] = {
    "comments": lambda world: world.cells(
        "import pandas as pd, helpers # why\n\ndf = pd.read_csv('data.csv')", "model = fit( df )", lr=0.1
    ),
    "another run": lambda world: world.change(run=RunId("r-2"), attempt=3, outbox="/elsewhere"),
    "another limit": lambda world: world.change(limits=msgspec.structs.replace(world.task.limits, timeout=5.0)),
    "a touched file": lambda world: os.utime(world.folder / "data.csv"),
    "a rewritten file": lambda world: (world.folder / "data.csv").write_text("1,2"),
    "an unrelated file": lambda world: (world.folder / "notes.txt").write_text("x"),
    "the notebook renamed": lambda world: setattr(world, "notebook", "/work/other.ipynb"),
    "an unrelated variable": lambda world: world.inherited.update(EDITOR="vi"),
    "the step renamed": lambda world: world.change(step=StepName("fit")),
}


@pytest.mark.parametrize("same", SAME)
def test_what_does_not_count(same: str, world: World) -> None:
    world.change(cells=tuple(msgspec.structs.replace(one, parameters={"lr": 0.1}) for one in world.task.cells))
    assert world.keep() == ""
    SAME[same](world)
    assert isinstance(world.look(), Hit), world.look()


def with_input(world: World, digest: Digest, *keys: str, source: str = "load") -> None:
    world.change(inputs=(Input(digest=digest, keys=tuple(map(Key, keys)), source=StepName(source)),))


def upgrade(world: World) -> None:
    site = Path(world.interpreter.path[0])
    (site / "pandas-2.1.dist-info").rename(site / "pandas-2.2.dist-info")


def remove_outputs(world: World) -> None:
    for digest in world.artifacts:
        world.artifacts.delete(digest)


def damage(world: World) -> None:
    world.artifacts.path(world.result.outputs[0].digest).write_bytes(b"changed!")


FIRST, SECOND = "import pandas as pd, helpers\ndf = pd.read_csv('data.csv')", "model = fit(df)"

CHANGES: dict[str, tuple[Callable[[World], object], str]] = {
    "code": (lambda world: world.cells(FIRST, "model = fit(df, 2)"), "code of cell [4] changed; parameter `lr` is gone"),
    "code of both": (lambda world: world.cells("x", "y", lr=0.1), "code of cell [3] changed; code of cell [4] changed"),
    "a cell more": (lambda world: world.change(cells=(*world.task.cells, cell(5, "x"))), "it has 3 cells now, 2 before"),
    "setup": (lambda world: world.change(replay=("configure(2)",)), "code of the setup cells changed"),
    "an input": (
        lambda world: with_input(world, B, "df", "random:numpy"),
        "input `df` from `load` changed; input `random:numpy` from `load` changed",
    ),
    "a new input": (lambda world: with_input(world, A, "df", "random:numpy", "cfg"), "input `cfg` from `load` is new"),
    "an input less": (lambda world: with_input(world, A, "df"), "input `random:numpy` is gone"),
    "order of inputs": (lambda world: with_input(world, A, "random:numpy", "df"), "its inputs come in another order"),
    "a parameter": (lambda world: world.cells(FIRST, SECOND, lr=0.2), "parameter `lr` changed"),
    "a parameter's type": (lambda world: world.cells(FIRST, SECOND, lr="0.1"), "parameter `lr` changed"),
    "a secret": (lambda world: world.change(values={"token": "hunter3"}), "parameter `token` changed"),
    "a setting": (lambda world: world.change(environment={"MODE": "test"}), "environment variable `MODE` changed"),
    "a variable of the shell": (lambda world: world.inherited.update(TZ="CET"), "environment variable `TZ` changed"),
    "a new variable": (lambda world: world.inherited.update(OMP_NUM_THREADS="1"), "environment variable `OMP_NUM_THREADS` is new"),
    "kernel": (lambda world: world.change(kernel="ir", language="R"), "kernel python3 (python) -> ir (R)"),
    "python": (
        lambda world: setattr(world, "interpreter", msgspec.structs.replace(world.interpreter, version="3.12.1")),
        "cpython 3.11.7 -> cpython 3.12.1",
    ),
    "wanted results": (lambda world: world.change(gives=(Key("model"), Key("df"))), "later steps need other results of it: `df`"),
    "a metric": (lambda world: world.change(metrics=("accuracy",)), "later steps need other results of it: `metric accuracy`"),
    "a file": (lambda world: (world.folder / "data.csv").write_text("1,3"), "file data.csv changed"),
    "a file less": (lambda world: (world.folder / "data.csv").unlink(), "file data.csv is gone"),
    "a local module": (lambda world: (world.folder / "helpers.py").write_text("x = 2"), "module helpers.py changed"),
    "a local module less": (lambda world: (world.folder / "helpers.py").unlink(), "module helpers.py is gone"),
    "a package": (upgrade, "pandas 2.1 -> 2.2"),
    "outputs": (remove_outputs, "outputs were removed from the store"),
    "a damaged output": (damage, "outputs in the store were damaged"),
    "the folder": (lambda world: setattr(world, "folder", world.folder.parent), "the notebook was moved from {folder}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_counts_is_told(change: str, world: World) -> None:
    if change.startswith(("a parameter", "code of both")):
        world.cells(FIRST, SECOND, lr=0.1)
    assert world.keep() == ""
    assert isinstance(world.look(), Hit)
    apply, reason = CHANGES[change]
    before = world.folder
    apply(world)
    found = world.look()
    assert isinstance(found, Miss)
    assert found.reason == reason.format(folder=before)


def test_many_reasons_are_cut(world: World) -> None:
    world.cells(*(f"x = {number}" for number in range(6)))
    world.keep()
    world.cells(*(f"x = {number + 1}" for number in range(6)))
    found = world.look()
    assert isinstance(found, Miss)
    assert found.reason == "code of cell [3] changed; code of cell [4] changed; code of cell [5] changed; and 3 more"


def test_going_back_to_former_data_is_a_hit(world: World) -> None:
    """Several runs with the same ingredients and other files are kept side by side."""
    for number in range(3):
        (world.folder / "data.csv").write_text(f"{number}")
        record = FileRecord(path="data.csv", digest=digests.of_bytes(f"{number}".encode()), size=1)
        world.result = msgspec.structs.replace(world.result, run=RunId(f"r-{number}"), files_read=(record,))
        assert world.keep() == ""
    for number in (1, 0, 2):
        (world.folder / "data.csv").write_text(f"{number}")
        found = world.look()
        assert isinstance(found, Hit)
        assert found.run == f"r-{number}"


def test_the_number_of_traces_is_bounded(world: World) -> None:
    for _ in range(12):
        world.keep()
    with world.store.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM trace").fetchone() == (caches._TRACES,)


REFUSALS: dict[str, tuple[Callable[[World], dict[str, Any]], str]] = {
    "failed": (lambda _: {"state": "failed"}, "it ended as failed"),
    "network": (lambda _: {"effects": ("network",)}, "it used the network"),
    "unseeded": (lambda _: {"effects": ("unseeded",)}, "it drew random numbers without a seed"),
    "another effect": (lambda _: {"effects": ("gpu",)}, "it has an effect beyond its results: gpu"),
    "reads what it writes": (lambda world: {"files_written": world.result.files_read}, "it changes a file that it reads: data.csv"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_results_that_are_not_kept(refusal: str, world: World) -> None:
    fields, reason = REFUSALS[refusal]
    world.result = msgspec.structs.replace(world.result, **fields(world))
    assert world.keep() == reason
    assert isinstance(world.look(), Miss)


WHILE: dict[str, tuple[Callable[[World], object], str]] = {
    "data": (lambda world: (world.folder / "data.csv").write_text("1,2"), "file data.csv changed while it ran"),
    "a module": (lambda world: (world.folder / "helpers.py").write_text("x = 1"), "module helpers.py changed while it ran"),
    "a package": (upgrade, "packages were installed while it ran"),
    "a file written unseen": (lambda world: (world.folder / "out.parquet").write_text("x"), "file out.parquet changed while it ran"),
    "an unrelated file": (lambda world: (world.folder / "notes.txt").write_text("x"), ""),
    "its own result": (lambda world: (world.folder / "model.bin").write_text("made by the step"), ""),
}


@pytest.mark.parametrize("case", WHILE)
def test_what_changes_while_a_step_runs(case: str, world: World) -> None:
    """The step may have read it before the change: its result belongs to content that is gone."""
    change, reason = WHILE[case]
    world.cells("import pandas, helpers", "save('out.parquet')")
    time.sleep(0.02)  # the clock of the file system ticks every few milliseconds
    started = time.time()
    time.sleep(0.02)
    change(world)
    assert world.keep(started=started) == reason


def test_files_that_only_the_code_names(world: World) -> None:
    """Libraries that open files by themselves (parquet), and questions such as `exists` and `glob`, leave no other sign."""
    (world.folder / "x.parquet").write_text("1")
    world.cells("pq.read_table('x.parquet'); exists('flag.txt'); glob('*.png')")
    world.keep()
    assert isinstance(world.look(), Hit)
    for path, there, reason in [
        ("x.parquet", "2", "file x.parquet changed"),
        ("flag.txt", "", "file flag.txt is new"),
        ("new.png", "", "other files match *.png"),
    ]:
        (world.folder / path).write_text(there)
        found = world.look()
        assert isinstance(found, Miss)
        assert found.reason == reason
        world.keep()


def test_listed_folders(world: World) -> None:
    (world.folder / "images").mkdir()
    world.keep(folders=["images", "none"])
    assert isinstance(world.look(), Hit)
    (world.folder / "images" / "new.png").write_text("")
    (world.folder / "none").mkdir()
    found = world.look()
    assert isinstance(found, Miss)
    assert found.reason == "folder images changed; folder none is new"


def test_notebook_and_log_come_back(world: World, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "out.ipynb").write_text("{}")
    (first / "log.txt").write_text("Grüße")
    world.result = msgspec.structs.replace(world.result, notebook="out.ipynb", log=str(first / "log.txt"))
    assert world.keep(outbox=first) == ""
    for path in first.iterdir():
        path.unlink()
    found = world.look()
    assert isinstance(found, Hit)
    fetched = world.cache.fetch(found, RunId("r-9"), second)
    expected = msgspec.structs.replace(world.result, run=RunId("r-9"), notebook="out.ipynb", log=str(second / "log.txt"))
    assert (fetched, (second / "log.txt").read_text(), (second / "out.ipynb").read_text()) == (expected, "Grüße", "{}")


WRITTEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (lambda path: path.unlink(), "file model.bin, which it wrote, is gone again"),
    "changed": (lambda path: path.write_text("other"), "file model.bin, which it wrote, was changed by something else"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_written_files_that_cannot_be_stored(case: str, world: World) -> None:
    change, reason = WRITTEN[case]
    change(world.folder / "model.bin")
    assert world.keep() == reason


def test_written_files_are_put_back(world: World) -> None:
    world.keep()
    target = world.folder / "model.bin"
    restore = world.cache.restore_files
    assert restore(world.result, world.folder) == ()
    target.write_text("other")
    target.chmod(0o750)
    assert restore(world.result, world.folder) == ("model.bin",)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("made by the step", 0o750)
    target.unlink()
    assert restore(world.result, world.folder) == ("model.bin",)
    assert sorted(path.name for path in world.folder.iterdir()) == ["data.csv", "helpers.py", "model.bin"]


def test_putting_back_into_folders_and_through_links(world: World, tmp_path: Path) -> None:
    world.keep()
    [record] = world.result.files_written
    absolute = str(tmp_path / "elsewhere" / "x.bin")
    written = tuple(msgspec.structs.replace(record, path=path) for path in ("new/deep/x.bin", "link.bin", absolute))
    (world.folder / "link.bin").symlink_to(world.folder / "real.bin")
    result = msgspec.structs.replace(world.result, files_written=written)
    assert world.cache.restore_files(result, world.folder) == ("new/deep/x.bin", "link.bin", absolute)
    assert world.cache.restore_files(result, world.folder) == ()
    assert ((world.folder / "link.bin").is_symlink(), (world.folder / "real.bin").read_text()) == (True, "made by the step")


BLOCKED: dict[str, tuple[str, type[Exception], str]] = {
    "out of the folder": ("../x.bin", StoreError, "leads out of its folder. Nothing was written"),
    "a folder in the way": ("data.csv/x.bin", StoreError, "Cannot put .* back"),
    "a folder in its place": ("images", StoreError, "Cannot put .* back"),
}


@pytest.mark.parametrize("case", BLOCKED)
def test_files_that_cannot_be_put_back(case: str, world: World) -> None:
    path, kind, message = BLOCKED[case]
    world.keep()
    (world.folder / "images").mkdir()
    written = tuple(msgspec.structs.replace(one, path=path) for one in world.result.files_written)
    with pytest.raises(kind, match=message):
        world.cache.restore_files(msgspec.structs.replace(world.result, files_written=written), world.folder)
    assert sorted(path.name for path in world.folder.iterdir()) == ["data.csv", "helpers.py", "images", "model.bin"]


def test_a_tampered_file_is_not_put_back(world: World) -> None:
    [record] = world.result.files_written
    world.keep()
    (world.folder / "model.bin").unlink()
    world.artifacts.path(record.digest).write_bytes(b"evil")
    with pytest.raises(TamperedError):
        world.cache.restore_files(world.result, world.folder)
    assert not (world.folder / "model.bin").exists()


def test_no_value_reaches_the_disk(world: World) -> None:
    world.cells(FIRST, SECOND, password="s3cret-parameter")
    world.keep()
    world.store.close()
    stored = b"".join(path.read_bytes() for path in world.store.home.rglob("*") if path.is_file())
    assert b"token" in stored
    for value in (b"s3cret-parameter", b"hunter2"):
        assert value not in stored
    salt = salts.salt(world.store.home)
    assert (salts.of_value("hunter2", salt) != salts.of_value("hunter2", bytes(32)), len(salt)) == (True, 32)
    assert (world.store.home / "salt").stat().st_mode & 0o777 == 0o600


def test_a_damaged_salt_is_told(world: World) -> None:
    _ = world.cache
    (world.store.home / "salt").write_bytes(b"short")
    with pytest.raises(StoreError, match=r"is damaged\. Delete it"):
        _ = world.cache


@pytest.mark.parametrize("table", ["trace", "entry"])
def test_rows_of_another_version_count_as_absent(table: str, world: World) -> None:
    world.keep()
    with sqlite3.connect(world.store.database.path) as connection:
        connection.execute("DELETE FROM trace")
        if table == "trace":
            connection.execute("INSERT INTO trace (key, made, used, body) SELECT key, 0, 0, '{}' FROM entry")
        else:
            connection.execute("UPDATE entry SET body = '{}'")
    connection.close()
    found = world.look()
    assert isinstance(found, Miss)
    assert re.search("outputs were removed|another version of jupyter_mlflow", found.reason)
