"""`%pipeline` and `%%step` in real kernels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from jupyter_mlflow.actions import runs
from jupyter_mlflow.testing import notebooks

CELLS = [
    ("", "%load_ext jupyter_mlflow"),
    ("parameters", "n = 3"),
    ("", "%%step load\ndata = list(range(n))\nprint('loaded', n)"),
    ("", "%%step total --after load\n%%time\ntotal = sum(data)"),
    ("", "%%step show\nimport asyncio\nawait asyncio.sleep(0)\ntotal"),
]


class Kernel:
    """A kernel with the extension loaded, which believes to belong to a notebook."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.notebook = folder / "my notebook.ipynb"
        self.notebook.write_bytes(notebooks.notebook(CELLS))
        env = os.environ | {"JPY_SESSION_NAME": str(self.notebook), "JUPYTER_MLFLOW_HOME": str(home), "IPYTHONDIR": str(folder / "ipython")}
        arguments = ["--HistoryManager.hist_file=:memory:"]
        self._manager, self._client = start_new_kernel(kernel_name="python3", env=env, cwd=str(folder), extra_arguments=arguments)

    def run(self, code: str) -> Shown:
        outputs: list[dict[str, Any]] = []
        reply = self._client.execute_interactive(
            code, timeout=60, output_hook=lambda message: outputs.append({"kind": message["msg_type"], **message["content"]})
        )
        return Shown(reply["content"], outputs)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


class Shown:
    """What a cell gave."""

    def __init__(self, reply: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
        self.reply = reply
        self.outputs = outputs
        self.text = "".join(one["text"] for one in outputs if one["kind"] == "stream")
        self.data = [one["data"] for one in outputs if one["kind"] in {"execute_result", "display_data"}]
        self.updates = [one["data"] for one in outputs if one["kind"] == "update_display_data"]

    @property
    def error(self) -> str:
        """The text of the error that ended the cell, and the whole of what was shown of it."""
        assert self.reply["status"] == "error"
        return f"{self.text}{''.join(''.join(one['traceback']) for one in self.outputs if one['kind'] == 'error')}"


Run = Callable[[str], Shown]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    started = Kernel(tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("home"))
    assert started.run("%load_ext jupyter_mlflow").reply["status"] == "ok"
    yield started
    started.close()


@pytest.fixture
def run(kernel: Kernel) -> Run:
    return kernel.run


@pytest.mark.parametrize(
    ("cell", "text", "results"),
    [
        ("%%step a\n1 + 1", "", ["2"]),
        ("%%step a\n1 + 1;", "", []),
        ("%%step a --after b,c\nx = 5\nprint(x)", "5\n", []),
        ("%%step a\nimport asyncio\nawait asyncio.sleep(0)\n'waited'", "", ["'waited'"]),
        ("%%step a\nx = !echo hello\nx[0]", "", ["'hello'"]),
        ("%%step a\n%%capture caught\nprint('inside')", "", []),
        ("%%step a\nclass A:\n    def f(self):\n\n        return __name__\nA().f()", "", ["'__main__'"]),
        ("\n%%step a\n# only a comment", "", []),
    ],
)
def test_a_step_is_ordinary_code(cell: str, text: str, results: list[str], run: Run) -> None:
    shown = run(cell)
    assert (shown.reply["status"], shown.text, [one["text/plain"] for one in shown.data]) == ("ok", text, results)


def test_a_step_counts_once_and_binds_in_the_namespace(run: Run) -> None:
    before = run("1").reply["execution_count"]
    after = run("%%step a\nbound = 41")
    assert after.reply["execution_count"] == before + 1
    assert run("bound + 1").data == [{"text/plain": "42"}]


def test_errors_show_the_line_of_the_cell(run: Run) -> None:
    shown = run("%%step a\nok = 1\n1 / 0")
    assert shown.reply["ename"] == "ZeroDivisionError"
    assert "line 3" in shown.error


def test_check_and_graph(run: Run, kernel: Kernel) -> None:
    assert "3 steps, 0 errors" in run("%pipeline check").text
    graph = run("%pipeline").data[0]
    assert graph["image/svg+xml"].startswith("<svg") and ">show<" in graph["image/svg+xml"]
    assert "flowchart TD" in run("%pipeline graph --format mermaid").text
    other = kernel.notebook.with_name("other.ipynb")
    other.write_bytes(notebooks.notebook([("step:elsewhere", "x = 1")]))
    assert "elsewhere" in run("%pipeline graph other.ipynb --format text").text


def test_run_shows_its_state_and_gives_what_the_command_line_gives(run: Run, kernel: Kernel) -> None:
    shown = run("%pipeline run -p n=4 -o out.ipynb")
    assert shown.reply["status"] == "ok", shown.error
    assert "done: 3 of 3 steps" in shown.text
    last = shown.updates[-1]["text/html"]
    assert last.count("●") >= 3 and "3 of 3 steps" in last
    assert "loaded 4" in kernel.notebook.with_name("out.ipynb").read_text()
    assert "●" in run("%pipeline runs").text
    assert "loaded 4" in run("%pipeline logs latest load").text
    assert '"state":"done"' in run("%pipeline runs show latest --json").text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run -p m=4", "The notebook has no parameter `m`."),
        ("run --from nowhere", "There is no step `nowhere`."),
        ("runs show zzz", "There is no run 'zzz'."),
        ("check absent.ipynb", "There is no notebook absent.ipynb."),
        ("fly", "No such command 'fly'"),
        ("run 'open", "No closing quotation"),
    ],
)
def test_errors_are_a_sentence(line: str, said: str, run: Run) -> None:
    shown = run(f"%pipeline {line}")
    assert said in shown.error or said in shown.text
    assert "Traceback" not in shown.error and 'File "' not in shown.error


def test_a_failed_run_stops_run_all(run: Run, kernel: Kernel) -> None:
    kernel.notebook.with_name("bad.ipynb").write_bytes(notebooks.notebook([("step:a", "1 / 0")]))
    shown = run("%pipeline run bad.ipynb")
    assert "ZeroDivisionError" in shown.error and "Traceback" not in shown.error


def test_api_in_a_kernel(run: Run) -> None:
    shown = run("import jupyter_mlflow\nresult = jupyter_mlflow.load('my notebook.ipynb').run(n=5)\nresult")
    assert shown.reply["status"] == "ok", shown.error
    assert len(shown.data) == 2 and "run" in shown.data[1]["text/html"] and shown.updates
    assert run("result['data']").data == [{"text/plain": "[0, 1, 2, 3, 4]"}]


def test_without_a_notebook(run: Run) -> None:
    run("import os\n_told = os.environ.pop('JPY_SESSION_NAME'), globals().pop('__session__', None)")
    shown = run("%pipeline check")
    run("os.environ['JPY_SESSION_NAME'], __session__ = _told")
    assert "cannot be told from here" in shown.error


def test_unload(run: Run) -> None:
    assert run("%unload_ext jupyter_mlflow").reply["status"] == "ok"
    assert "not found" in run("%%step a\n1").error
    assert run("%load_ext jupyter_mlflow\n%reload_ext jupyter_mlflow").reply["status"] == "ok"
    assert run("%%step a\n1").data == [{"text/plain": "1"}]


def test_as_a_pipeline_it_is_what_run_all_is(tmp_path: Path) -> None:
    from jupyter_mlflow.actions import verification

    path = tmp_path / "n.ipynb"
    path.write_bytes(notebooks.notebook(CELLS))
    found = verification.verify(path, home=tmp_path / "home", given={"n": 4})
    assert found.state == "done" and found.verification is not None
    assert found.verification.difference is None
    assert [step.name for step in runs.show(found.run, home=tmp_path / "home").steps if step.role == "step"] == ["load", "total", "show"]
