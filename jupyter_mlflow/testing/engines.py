"""What every engine must do: a suite that ours pass and that others can be run against.

    # tests/test_my_engine.py
    from jupyter_mlflow.testing.engines import EngineSuite
    from my_package import MyEngine

    class TestMyEngine(EngineSuite):
        def make_engine(self):
            return MyEngine()

Tasks use folders below `place`; override that fixture if the engine cannot see the test machine's temporary folder. Engines that take long
to start things set `patience`, in seconds; those that cannot hold a limit list it in `unsupported`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jupyter_mlflow.engines.base import Engine, Executor
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import Key, RunId, StepName
from jupyter_mlflow.spec.tasks import Event, Input, Limits, StepResult, StepTask, TaskCell
from jupyter_mlflow.store.artifacts import open_store

MIB = 1 << 20

# name: cells, other fields of the task, kind of the failure, what its text says
FAILURES: dict[str, tuple[tuple[str, ...], dict[str, Any], str, str]] = {
    "error": (("print('kept')", "1 / 0"), {}, "error", "division by zero"),
    "timeout": (("print('kept')", "import time; time.sleep(600)"), {"limits": Limits(timeout=2.0)}, "timeout", "2 seconds"),
    "memory": (("print('kept')", "x = bytearray(4 << 30)"), {"limits": Limits(memory=600 * MIB)}, "memory", "600 MiB"),
    "memory, bit by bit": (
        ("print('kept')", "x = []\nwhile True: x.append(bytearray(1 << 20))"),
        {"limits": Limits(memory=600 * MIB)},
        "memory",
        "600 MiB",
    ),
    "crash": (("print('kept')", "import ctypes; ctypes.string_at(0)"), {}, "lost", "SIGSEGV"),
    "exit": (("print('kept')", "import os; os._exit(3)"), {}, "lost", "exit code 3"),
    "killed": (("print('kept')", "import os; os.kill(os.getpid(), 9)"), {}, "lost", "SIGKILL"),
    "missing input": (
        ("print('never')",),
        {"inputs": (Input(digest="blake3:" + "0" * 64, keys=(Key("x"),), source=StepName("load")),)},  # type: ignore[arg-type]
        "input",
        "not in the store",
    ),
}

Run = Callable[..., tuple[list[Event], StepResult]]
Make = Callable[..., StepTask]


class EngineSuite:
    """Subclass it and say which engine it is about."""

    patience: ClassVar[float] = 120.0
    """Seconds after which something that should have come will not."""

    unsupported: ClassVar[frozenset[str]] = frozenset()
    """Names of `FAILURES` that this engine cannot tell, such as `memory` where nothing holds it."""

    opened: ClassVar[Executor | None] = None

    def make_engine(self) -> Engine:
        """The engine under test."""
        raise NotImplementedError

    @classmethod
    def teardown_class(cls) -> None:
        """Called by pytest."""
        if cls.opened is not None:
            cls.opened.close()
        cls.opened = None

    @pytest.fixture
    def executor(self) -> Executor:
        """One executor for all tests, as for all steps of a run."""
        engine, suite = self.make_engine(), type(self)
        assert engine.missing() == ""
        opened = suite.opened or engine.open(["json"])
        suite.opened = opened
        return opened

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """A folder that test and steps both see under this path."""
        return tmp_path

    @pytest.fixture
    def make(self, place: Path) -> Make:
        """Tasks from their cells."""

        def make(*cells: str | TaskCell, step: str = "step", **fields: Any) -> StepTask:
            for name in ("work", "store"):
                (place / name).mkdir(exist_ok=True)
            given = [_cell(number, cell) for number, cell in enumerate(cells)]
            return StepTask(
                run=RunId("run-1"),
                step=StepName(step),
                cells=tuple(given),
                store=str(place / "store"),
                folder=str(place / "work"),
                outbox=str(place / "outbox" / step),
                **fields,
            )

        return make

    @pytest.fixture
    def run(self, executor: Executor, make: Make) -> Run:
        """Run one task to its end."""

        def run(*cells: str | TaskCell, **fields: Any) -> tuple[list[Event], StepResult]:
            executor.start(make(*cells, **fields))
            return self._rest(executor)

        return run

    # ---- results -----------------------------------------------------------------------------------------------------

    def test_what_it_misses_is_a_sentence(self) -> None:
        """A user reads it as it is."""
        missing = self.make_engine().missing()
        assert missing == "" or missing.endswith(".")

    def test_done(self, run: Run) -> None:
        """A task that runs through has its outputs, its notebook and its log in place when its result comes."""
        events, result = run("x = [1, 2]\nprint('hello')", "x", "y = 2.5", gives=(Key("x"), Key("gone")), metrics=("y",))
        assert (result.state, result.failure, result.step) == ("done", None, "step")
        assert (result.absent, result.metrics) == (("gone",), {"y": 2.5})
        assert [output.keys for output in result.outputs] == [("x",)]
        assert printed(result) == ["hello\n", "", ""]
        assert "hello" in Path(result.log).read_text(encoding="utf-8")
        assert [(one.cell, one.state) for one in events if one.kind == "cell"] == [
            (cell, state) for cell in range(3) for state in ("running", "done")
        ]
        assert "".join(one.text for one in events if one.kind == "stream") == "hello\n"
        assert {one.step for one in events} == {"step"}
        assert [one.time for one in events] == sorted(one.time for one in events)

    def test_state_travels_from_step_to_step(self, run: Run, place: Path) -> None:
        """What one task gives, another takes from the store by its digest."""
        _, first = run("x = list(range(1000))\ny = x", step="first", gives=(Key("x"), Key("y")))
        (output,) = first.outputs
        assert open_store(str(place / "store")).has(output.digest)
        inputs = (Input(digest=output.digest, keys=output.keys, source=StepName("first")),)
        _, second = run("x.append(1)\nprint(len(y), y is x)", step="second", inputs=inputs)
        assert (second.state, printed(second)) == ("done", ["1001 True\n"])

    def test_steps_are_isolated(self, run: Run) -> None:
        """Nothing of one step is there in the next."""
        run("import os, sys\nos.environ['LEFT'] = sys.left = left = 1 and 'left'")
        _, result = run("import os, sys\nprint('left' in globals(), hasattr(sys, 'left'), os.environ.get('LEFT'))")
        assert printed(result) == ["False False None\n"]

    def test_parameters_environment_and_folder(self, run: Run, place: Path) -> None:
        """Values are values, whatever they hold; the environment is the step's; cells run in the task's folder."""
        value = "'; import os; os._exit(1) #\n{x} \\"
        cell = TaskCell(id="p", index=0, count=1, source="x = 1", parameters={"x": value})
        _, result = run(cell, "import os\nprint([x], os.environ['A'], os.path.realpath('.'))", environment={"A": "b c"})
        assert result.state == "done", result.failure
        assert printed(result)[1] == f"{[value]} b c {(place / 'work').resolve()}\n"

    def test_files_are_told(self, run: Run, place: Path) -> None:
        """What a step reads and writes below its folder is in its result."""
        (place / "work").mkdir()
        (place / "work" / "in.txt").write_text("in", encoding="utf-8")
        _, result = run("text = open('in.txt').read()\nopen('out.txt', 'w').write(text)")
        assert ([one.path for one in result.files_read], [one.path for one in result.files_written]) == (["in.txt"], ["out.txt"])

    def test_secrets_stay_out_of_everything_that_is_kept(self, run: Run, place: Path) -> None:
        """Neither events nor notebook nor log nor the result hold the value of a secret."""
        events, result = run("print(token)\nraise ValueError(token)", values={"token": "sesame-open"}, secrets=("sesame-open",))
        assert result.failure is not None
        assert "sesame" not in codec.encode([result, events]).decode()
        assert not [path for path in (place / "outbox").rglob("*") if path.is_file() and b"sesame-open" in path.read_bytes()]

    def test_large_outputs(self, run: Run) -> None:
        """More than any buffer holds arrives whole."""
        _, result = run("print('x' * 3_000_000)", "from IPython.display import HTML\nHTML('y' * 3_000_000)")
        assert result.state == "done", result.failure
        assert len(printed(result)[0]) == 3_000_001
        assert len("".join(outputs(result)[1][0]["data"]["text/html"])) == 3_000_000

    # ---- failures ----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", FAILURES)
    def test_failure(self, name: str, run: Run) -> None:
        """Whatever ends a step, its result says what, and what it had shown is kept."""
        if name in self.unsupported:
            pytest.skip(f"this engine does not tell `{name}`")
        cells, fields, kind, text = FAILURES[name]
        _, result = run(*cells, **fields)
        assert (result.state, result.failure and result.failure.kind) == ("failed", kind), result.failure
        assert result.failure is not None
        assert text in result.failure.evalue
        if "kept" in cells[0]:
            assert printed(result)[0] == "kept\n"
            assert "kept" in Path(result.log).read_text(encoding="utf-8")
            assert result.failure.cell == 1

    def test_the_next_task_is_none_the_worse(self, run: Run) -> None:
        """After all of that."""
        _, result = run("print(1)")
        assert (result.state, printed(result)) == ("done", ["1\n"])

    # ---- several, and the end ----------------------------------------------------------------------------------------

    def test_tasks_run_beside_each_other(self, executor: Executor, make: Make) -> None:
        """Each waits for the other, so neither ends unless both run at once."""
        source = "import pathlib, time\npathlib.Path('{0}').touch()\nwhile not pathlib.Path('{1}').exists(): time.sleep(0.01)"
        executor.start(make(source.format("one", "two"), step="first", limits=Limits(timeout=self.patience)))
        executor.start(make(source.format("two", "one"), step="second", limits=Limits(timeout=self.patience)))
        results = self._results(executor, 2)
        assert {name: one.state for name, one in results.items()} == {"first": "done", "second": "done"}

    def test_poll_waits_no_longer_than_it_may(self, executor: Executor) -> None:
        """With nothing to tell, it tells nothing."""
        assert list(executor.poll(0.0)) == []

    def test_cancel(self, executor: Executor, make: Make, place: Path) -> None:
        """Running cells are interrupted, stubborn ones killed; each task says `cancelled` and nothing of it goes on."""
        kind = "import pathlib, time\npathlib.Path('kind').touch()\ntime.sleep(600)"
        stubborn = (
            "import pathlib, time\nn = 0\nwhile True:\n    try:\n        while True:\n            n += 1\n"
            "            pathlib.Path('stubborn').write_text(str(n)); time.sleep(0.02)\n    except BaseException: pass"
        )
        executor.start(make("print('before')", kind, step="kind"))
        executor.start(make("print('before')", stubborn, step="stubborn"))
        self._until(lambda: all((place / "work" / name).exists() for name in ("kind", "stubborn")), executor)
        executor.cancel(1.0)
        results = self._results(executor, 2)
        assert {one.state for one in results.values()} == {"cancelled"}
        assert {one.failure.kind for one in results.values() if one.failure is not None} == {"cancelled"}
        assert [printed(one)[0] for one in results.values()] == ["before\n"] * 2
        self._rests(place / "work" / "stubborn")

    def test_close_ends_what_runs(self, make: Make, place: Path) -> None:
        """And may be said twice."""
        opened = self.make_engine().open()
        source = "import pathlib, time\nfor n in range(100_000): pathlib.Path('alive').write_text(str(n)); time.sleep(0.02)"
        opened.start(make(source))
        self._until((place / "work" / "alive").exists, opened)
        opened.close()
        opened.close()
        self._rests(place / "work" / "alive")

    # ---- waiting -----------------------------------------------------------------------------------------------------

    def _rest(self, executor: Executor) -> tuple[list[Event], StepResult]:
        events: list[Event] = []
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            for message in executor.poll(0.2):
                if isinstance(message, StepResult):
                    return events, message
                events.append(message)
        raise AssertionError(f"No result came within {self.patience} seconds; events were {events}.")

    def _results(self, executor: Executor, count: int) -> dict[str, StepResult]:
        results = [self._rest(executor)[1] for _ in range(count)]
        assert not [one for one in executor.poll(0.1) if isinstance(one, StepResult)], "a task has one result"
        return {str(one.step): one for one in results}

    def _until(self, holds: Callable[[], bool], executor: Executor) -> None:
        end = time.monotonic() + self.patience
        while not holds():
            assert time.monotonic() < end
            assert not [one for one in executor.poll(0.05) if isinstance(one, StepResult)], "it ended too early"

    def _rests(self, file: Path) -> None:
        """Nobody writes to `file` any more."""
        before = file.read_bytes()
        time.sleep(0.5)
        assert file.read_bytes() == before


def outputs(result: StepResult) -> list[list[dict[str, Any]]]:
    """The outputs of each cell of the executed slice."""
    return [cell["outputs"] for cell in json.loads(Path(result.notebook).read_text(encoding="utf-8"))["cells"]]


def printed(result: StepResult) -> list[str]:
    """What each cell printed."""
    return ["".join("".join(one["text"]) for one in cell if one.get("name") == "stdout") for cell in outputs(result)]


def _cell(number: int, cell: str | TaskCell) -> TaskCell:
    return cell if isinstance(cell, TaskCell) else TaskCell(id=f"cell-{number}", index=number, count=number + 1, source=cell)
