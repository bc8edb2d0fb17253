"""papermill's own command line with our engine, beside its stock engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import runs
from jupyter_mlflow.testing import notebooks

CELLS = [
    ("", "import os"),
    ("markdown", "# Text"),
    ("parameters", "lr = 0.1\nname = 'a'"),
    ("step:load", "data = [1, 2, 3]\nprint('loaded', name)"),
    ("step:left", "left = sum(data) * lr\nleft"),
    (
        "step:right",
        "from IPython.display import display, clear_output\nhandle = display('one', display_id=True)\nhandle.update('two')\nright = max(data)",
    ),
    ("step:join", "print(left + right)\nopen('written.txt', 'w').write(os.path.basename(os.getcwd()))"),
]
Papermill = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def papermill(tmp_path: Path) -> Papermill:
    env = os.environ | {"JUPYTER_MLFLOW_HOME": str(tmp_path / "home"), "IPYTHONDIR": str(tmp_path / "ipython")}
    (tmp_path / "work").mkdir()

    def run(*arguments: Any, engine: str | None = "jupyter-mlflow") -> subprocess.CompletedProcess[str]:
        chosen = ["--engine", engine] if engine else []
        words = [sys.executable, "-m", "papermill", *chosen, *map(str, arguments)]
        return subprocess.run(words, cwd=tmp_path / "work", env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


def write(folder: Path, cells: Any = CELLS, name: str = "in.ipynb") -> Path:
    path = folder / "work" / name
    path.write_bytes(notebooks.notebook(cells))
    return path


def read(folder: Path, name: str = "out.ipynb") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "work" / name).read_text())
    return found


def shown(document: dict[str, Any]) -> list[Any]:
    """What papermill's users look at: the order of cells, their texts, tags, outputs and states."""
    return [
        {
            "source": "".join(cell["source"]),
            "tags": cell["metadata"].get("tags"),
            "outputs": [{key: value for key, value in output.items() if key != "traceback"} for output in cell.get("outputs", ())],
            "count": cell.get("execution_count"),
            "exception": cell["metadata"].get("papermill", {}).get("exception"),
            "status": cell["metadata"].get("papermill", {}).get("status"),
        }
        for cell in document["cells"]
        if cell["cell_type"] == "code"
    ]


def states(folder: Path) -> dict[str, str]:
    return {str(step.name): step.state for step in runs.show("latest", home=folder / "home").steps}


def test_the_output_is_that_of_the_stock_engine(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path)
    for engine, name in ((None, "stock.ipynb"), ("jupyter-mlflow", "out.ipynb")):
        done = papermill("in.ipynb", name, "-p", "lr", "0.5", "-r", "name", "5", "-k", "python3", "--start-timeout", "30", engine=engine)
        assert done.returncode == 0, done.stderr
        assert "Executing: 100%" in done.stderr
    ours, theirs = read(tmp_path), read(tmp_path, "stock.ipynb")
    assert shown(ours) == shown(theirs)
    assert [key for key in theirs["metadata"] if key not in ours["metadata"]] == []
    kept = {
        key: value
        for key, value in theirs["metadata"]["papermill"].items()
        if key not in {"start_time", "end_time", "duration", "output_path"}
    }
    assert kept.items() <= ours["metadata"]["papermill"].items()
    assert ours["metadata"]["papermill"]["duration"] > 0
    assert all(cell["metadata"]["papermill"]["duration"] is not None for cell in ours["cells"] if cell["cell_type"] == "code")


def test_cwd(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "work" / "elsewhere").mkdir()
    assert papermill("in.ipynb", "out.ipynb", "--cwd", "elsewhere").returncode == 0
    assert (tmp_path / "work" / "elsewhere" / "written.txt").read_text() == "elsewhere"
    assert runs.show("latest", home=tmp_path / "home").notebook == str(tmp_path / "work" / "in.ipynb")


def test_unchanged_steps_are_reused_from_run_to_run(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path)
    assert papermill("in.ipynb", "out.ipynb", "-p", "lr", "0.5").returncode == 0
    first = read(tmp_path)
    assert set(states(tmp_path).values()) == {"done"}
    assert papermill("in.ipynb", "out.ipynb", "-p", "lr", "0.5").returncode == 0
    assert set(states(tmp_path).values()) == {"cached"}
    assert shown(read(tmp_path)) == shown(first)
    assert papermill("in.ipynb", "out.ipynb", "-p", "lr", "0.25").returncode == 0
    assert [states(tmp_path)[step] for step in ("load", "left", "right", "join")] == ["cached", "done", "cached", "done"]


def test_an_error_is_marked_as_papermill_marks_it(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path, [("step:a", "print('before')\nx = 1"), ("step:b", "print(x)\n1 / 0"), ("", "never = 1"), ("step:c", "never")])
    done = [papermill("in.ipynb", name, engine=engine) for engine, name in ((None, "stock.ipynb"), ("jupyter-mlflow", "out.ipynb"))]
    assert [one.returncode for one in done] == [1, 1]
    assert "ZeroDivisionError: division by zero" in done[1].stderr and "PapermillExecutionError" in done[1].stderr
    ours, theirs = read(tmp_path), read(tmp_path, "stock.ipynb")
    assert shown(ours) == shown(theirs)
    assert [cell["cell_type"] for cell in ours["cells"]] == [cell["cell_type"] for cell in theirs["cells"]]
    assert ours["metadata"]["papermill"]["exception"] is True


@pytest.mark.parametrize(
    ("cells", "arguments", "said"),
    [
        ([("step:a", "x = 1"), ("step:b after:nowhere", "x")], [], "JM101"),
        ([("step:a", "g = (i for i in 'ab')"), ("step:b", "next(g)")], [], "JM301"),
    ],
)
def test_a_refusal_is_one_message(cells: Any, arguments: list[str], said: str, papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path, [("", "open('touched', 'w').close()"), *cells])
    done = papermill("in.ipynb", "out.ipynb", *arguments)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "work" / "touched").exists()
    assert read(tmp_path)["metadata"]["papermill"]["exception"] is True


def test_a_cell_may_take_so_long(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path, [("step:a", "print('quick')"), ("step:b", "import time\nprint('slow', flush=True)\ntime.sleep(60)")])
    began = time.monotonic()
    done = papermill("in.ipynb", "out.ipynb", "--execution-timeout", "2")
    assert done.returncode == 1 and "CellTimeoutError" in done.stderr
    assert time.monotonic() - began < 50
    assert "slow" in json.dumps(read(tmp_path)["cells"][1]["outputs"])


def test_outputs_are_logged(papermill: Papermill, tmp_path: Path) -> None:
    write(tmp_path, [("step:a", "import sys\nprint('to out')\nprint('to err', file=sys.stderr)\n'result'")])
    done = papermill("in.ipynb", "out.ipynb", "--log-output", "--stdout-file", "o.txt", "--stderr-file", "e.txt")
    assert done.returncode == 0, done.stderr
    assert all(text in done.stderr for text in ("Executing Cell 1", "to out", "to err", "'result'", "Ending Cell 1"))
    assert [(tmp_path / "work" / name).read_text() for name in ("o.txt", "e.txt")] == ["to out\n", "to err\n"]


def test_what_ran_is_kept_when_papermill_is_killed(papermill: Papermill, tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            ("step:a", "print('first')"),
            ("step:b", "import time\nprint('second', flush=True)\nopen('here', 'w').close()\ntime.sleep(60)\nx = 1"),
            ("step:c", "print('third', x)"),
        ],
    )
    env = os.environ | {"JUPYTER_MLFLOW_HOME": str(tmp_path / "home"), "IPYTHONDIR": str(tmp_path / "ipython")}
    words = [sys.executable, "-m", "papermill", "--engine", "jupyter-mlflow", "--autosave-cell-every", "1", "in.ipynb", "out.ipynb"]
    started = subprocess.Popen(words, cwd=tmp_path / "work", env=env, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (tmp_path / "work" / "here").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.5)  # for the notebook to be saved
    started.send_signal(signal.SIGKILL)
    started.wait()
    found = shown(read(tmp_path))
    assert "first" in json.dumps(found[0]["outputs"]) and found[0]["status"] == "completed"
    assert (found[1]["status"], found[2]["status"]) == ("running", "pending")
    assert runs.show("latest", home=tmp_path / "home").state == "lost"


def test_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    import papermill as pm

    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    node = nbformat.read(write(tmp_path), as_version=4)
    done = pm.execute_notebook(
        node, None, {"lr": 2.0}, engine_name="jupyter-mlflow", workers=2, cache=False, progress_bar=False, cwd=str(tmp_path / "work")
    )
    assert [output["text"] for cell in done.cells for output in cell.get("outputs", ()) if output.output_type == "stream"] == [
        "loaded a\n",
        "15.0\n",
    ]
