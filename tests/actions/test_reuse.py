"""What is reused, what is not, and the reason that people read. Each case runs a notebook, changes something, and runs it again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import runs
from jupyter_mlflow.engines.local import LocalExecutor
from jupyter_mlflow.spec.runs import Run
from jupyter_mlflow.testing.notebooks import notebook


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    made = LocalExecutor()
    yield made
    made.close()


class Place:
    """A notebook with its folder and home."""

    def __init__(self, folder: Path, executor: LocalExecutor) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.home = folder / "home"
        self.path = self.folder / "n.ipynb"
        self.executor = executor

    def write(self, text: str, **steps: Any) -> None:
        metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}, "jupyter_mlflow": {"steps": steps}}
        self.path.write_bytes(notebook(text, metadata))

    def file(self, name: str, text: str) -> None:
        """A file that is old enough for its time to mean something."""
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def run(self, **options: Any) -> Run:
        return runs.run(self.path, home=self.home, executor=self.executor, output=self.folder / "out.ipynb", **options)

    def texts(self) -> dict[int, str]:
        cells = json.loads((self.folder / "out.ipynb").read_text())["cells"]
        return {
            number: "".join("".join(one.get("text", "")) for one in cell["outputs"])
            for number, cell in enumerate(cells)
            if cell["cell_type"] == "code"
        }


@pytest.fixture
def place(tmp_path: Path, executor: LocalExecutor) -> Place:
    return Place(tmp_path, executor)


Change = Callable[[Place], Any]
TWO = "# %% [step:a]\nx = 1\n# %% [step:b]\nprint(x)\n# %% [step:c]\nprint('c')"


def rewrite(text: str, **steps: Any) -> Change:
    return lambda place: place.write(text, **steps)


def nothing(_: Place) -> None: ...


# name: notebook, files beside it, change, options of both runs, state of each step in the second run with what its reason says
CASES: dict[str, tuple[str, dict[str, str], Change, tuple[dict[str, Any], dict[str, Any]], dict[str, tuple[str, str]]]] = {
    "nothing changed": (TWO, {}, nothing, ({}, {}), dict.fromkeys("abc", ("cached", "unchanged since run"))),
    "comments and blanks": (TWO, {}, rewrite(TWO.replace("x = 1", "# one\nx  =  1")), ({}, {}), dict.fromkeys("abc", ("cached", ""))),
    "code of one step": (
        TWO,
        {},
        rewrite(TWO.replace("print('c')", "print('d')")),
        ({}, {}),
        {"a": ("cached", ""), "b": ("cached", ""), "c": ("done", "code of cell [3] changed")},
    ),
    "what a step gives": (
        TWO,
        {},
        rewrite(TWO.replace("x = 1", "x = 2")),
        ({}, {}),
        {"a": ("done", "code of cell [1] changed"), "b": ("done", "input `x` from `a` changed"), "c": ("cached", "")},
    ),
    "other code, same result": (
        TWO,
        {},
        rewrite(TWO.replace("x = 1", "x = 2 - 1")),
        ({}, {}),
        {"a": ("done", "code of cell [1] changed"), "b": ("cached", ""), "c": ("cached", "")},
    ),
    "a parameter goes to the steps that read it": (
        "# %% [parameters]\nlr = 1\nn = 1\n# %% [step:a]\nprint(lr)\n# %% [step:b]\nprint(n)",
        {},
        nothing,
        ({"given": {"lr": 1}}, {"given": {"lr": 5}}),
        {"parameters": ("done", "parameter `lr` changed"), "a": ("done", "input `lr` from `parameters` changed"), "b": ("cached", "")},
    ),
    "a file that was read": (
        "# %% [step:a]\nprint(open('in.txt').read())\n# %% [step:b]\nprint(1)",
        {"in.txt": "one"},
        lambda place: place.file("in.txt", "two"),
        ({}, {}),
        {"a": ("done", "file in.txt changed"), "b": ("cached", "")},
    ),
    "a file that was read is gone": (
        "# %% [step:a]\nimport os\nprint(open('in.txt').read() if os.path.exists('in.txt') else 'none')",
        {"in.txt": "one"},
        lambda place: (place.folder / "in.txt").unlink(),
        ({}, {}),
        {"a": ("done", "file in.txt is gone")},
    ),
    "a file elsewhere that was read": (
        "# %% [step:a]\nimport pathlib\nplace = pathlib.Path('..') / 'data'\nprint(place.joinpath('in' + '.txt').read_text())",
        {"../data/in.txt": "one"},
        lambda place: place.file("../data/in.txt", "two"),
        ({}, {}),
        {"a": ("done", "in.txt changed")},
    ),
    "a file that a native library wrote": (
        "# %% [step:a]\nimport subprocess\nsubprocess.run(['sh', '-c', 'echo x > made.txt'])",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "files in the folder changed while it ran, by a native library, a command or another step")},
    ),
    "a file touched but the same": (
        "# %% [step:a]\nprint(open('in.txt').read())",
        {"in.txt": "one"},
        lambda place: os.utime(place.folder / "in.txt", (1, 1)),
        ({}, {}),
        {"a": ("cached", "")},
    ),
    "another file": (
        "# %% [step:a]\nprint(open('in.txt').read())",
        {"in.txt": "one"},
        lambda place: place.file("other.txt", "x"),
        ({}, {}),
        {"a": ("cached", "")},
    ),
    "a module beside the notebook": (
        "# %% [step:a]\nimport helper\nprint(helper.value())\n# %% [step:b]\nprint(1)",
        {"helper.py": "def value(): return 1"},
        lambda place: place.file("helper.py", "def value(): return 20"),
        ({}, {}),
        {"a": ("done", "module helper.py changed"), "b": ("cached", "")},
    ),
    "a file that a step wrote is gone": (
        "# %% [step:a]\nopen('out.txt', 'w').write('made')\n# %% [step:b after:a]\nprint(open('out.txt').read())",
        {},
        lambda place: (place.folder / "out.txt").unlink(),
        ({}, {}),
        {"a": ("cached", ""), "b": ("cached", "")},
    ),
    "an environment variable of the step": (
        "# %% [step:a]\nimport os\nprint(os.environ['LEVEL'])",
        {},
        rewrite("# %% [step:a]\nimport os\nprint(os.environ['LEVEL'])", a={"env": {"LEVEL": "2"}}),
        ({}, {}),
        {"a": ("done", "environment variable `LEVEL` changed")},
    ),
    "numbers without a seed": (
        "# %% [step:a]\nimport random\nx = random.random()\n# %% [step:b]\nprint(x)",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "it was not kept, because it drew random numbers without a seed"), "b": ("done", "input `x` from `a` changed")},
    ),
    "numbers with a seed": (
        "# %% [step:a]\nimport random\nrandom.seed(1)\nx = random.random()\n# %% [step:b]\nprint(x, random.random())",
        {},
        nothing,
        ({}, {}),
        {"a": ("cached", ""), "b": ("cached", "")},
    ),
    "numbers of numpy without a seed": (
        "# %% [step:a]\nimport numpy as np\nprint(np.random.rand())",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "without a seed")},
    ),
    "the system's own chance": (
        "# %% [step:a]\nimport uuid\nprint(uuid.uuid4())",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "without a seed")},
    ),
    "the date": (
        "# %% [step:a]\nimport datetime\nprint(datetime.date.today())",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "it asked for the date")},
    ),
    "how long something took": ("# %% [step:a]\nimport time\nt = time.time()\nprint(1)", {}, nothing, ({}, {}), {"a": ("cached", "")}),
    "the network": (
        "# %% [step:a]\nimport socket\ns = socket.socket()\ntry:\n    s.connect(('127.0.0.1', 9))\nexcept OSError:\n    print('no')\ns.close()",
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "it used the network")},
    ),
    "asked not to": (TWO, {}, nothing, ({}, {"cache": False}), dict.fromkeys("abc", ("done", "the cache is not used"))),
    "asked to run one again": (
        TWO,
        {},
        nothing,
        ({}, {"from_step": "b"}),
        {"a": ("cached", ""), "b": ("done", "asked to run again"), "c": ("cached", "")},
    ),
    "a step that is never kept": (
        TWO,
        {},
        nothing,
        ({}, {}),
        {"a": ("done", "its cache is off"), "b": ("cached", ""), "c": ("cached", "")},
    ),
}
SETTINGS = {
    "an environment variable of the step": {"a": {"env": {"LEVEL": "1"}}},
    "a step that is never kept": {"a": {"cache": False}},
}


@pytest.mark.parametrize("name", CASES)
def test_second_run(name: str, place: Place) -> None:
    text, files, change, (first, second), expected = CASES[name]
    place.write(text, **SETTINGS.get(name, {}))
    for path, content in files.items():
        place.file(path, content)
    assert place.run(**first).state == "done"
    change(place)
    found = place.run(**second)
    assert found.state == "done"
    told = {str(step.name): (step.state, step.reason) for step in found.steps}
    assert {step: told[step][0] for step in expected} == {step: state for step, (state, _) in expected.items()}, told
    for step, (_, reason) in expected.items():
        assert reason in told[step][1]


def test_files_that_a_reused_step_wrote_are_put_back(place: Place) -> None:
    place.write("# %% [step:a]\nimport os\nos.makedirs('deep', exist_ok=True)\nopen('deep/out.bin', 'wb').write(b'x' * 100_000)")
    place.run()
    (place.folder / "deep" / "out.bin").write_text("spoilt")
    assert [step.state for step in place.run().steps] == ["cached"]
    assert (place.folder / "deep" / "out.bin").read_bytes() == b"x" * 100_000


def test_files_elsewhere_are_put_back_too(place: Place, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the system's temporary folder is for the step that made it; so these tests must be elsewhere."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    executor = LocalExecutor()
    try:
        place.executor = executor
        place.write("# %% [step:a]\nimport os\nos.makedirs('../models', exist_ok=True)\nopen('../models/m.bin', 'wb').write(b'model')")
        place.run()
        model = place.folder / ".." / "models" / "m.bin"
        model.unlink()
        assert [step.state for step in place.run().steps] == ["cached"]
        assert model.read_bytes() == b"model"
    finally:
        executor.close()


def test_a_reused_step_shows_what_it_showed(place: Place) -> None:
    place.write("# %% [step:a]\nprint('hello')\nx = 1\n# %% [step:b]\nprint(x)")
    place.run()
    before = place.texts()
    assert {step.state for step in place.run().steps} == {"cached"}
    assert place.texts() == before == {0: "hello\n", 1: "1\n"}


def test_two_steps_with_the_same_code_do_not_take_each_others_place(place: Place) -> None:
    """Equal steps may share a result, but each shows its own cells."""
    place.write("# %% [step:a]\nprint('same')\n# %% [step:b]\nprint('same')")
    place.run()
    found = place.run()
    assert {step.state for step in found.steps} == {"cached"}
    assert place.texts() == {0: "same\n", 1: "same\n"}


def test_cells_that_moved_show_the_numbers_that_run_all_shows(place: Place) -> None:
    place.write("# %% [step:a]\n'hello'")
    place.run()
    place.write("# %% [step:z]\nz = 1\n# %% [step:a]\n'hello'")
    assert {str(step.name): step.state for step in place.run().steps} == {"z": "done", "a": "cached"}
    cell = json.loads((place.folder / "out.ipynb").read_text())["cells"][1]
    assert (cell["execution_count"], cell["outputs"][0]["execution_count"]) == (2, 2)


def test_a_damaged_cache_costs_time_only(place: Place) -> None:
    place.write(TWO)
    place.run()
    for path in (place.home / "artifacts" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"nonsense" + path.read_bytes()[8:])
    found = place.run()
    assert found.state == "done"
    assert {str(step.name): step.state for step in found.steps} == dict.fromkeys("abc", "done")
    assert place.texts() == {0: "", 1: "1\n", 2: "c\n"}
    assert {step.state for step in place.run().steps} == {"cached"}
