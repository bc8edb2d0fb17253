"""Real kernels: the same step in another process tree, with the same results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

REAL = {"environment": {"JUPYTER_MLFLOW_REAL_KERNEL": "1"}}


@pytest.fixture(scope="module")
def ran(template: Any) -> Any:
    """One step in a real kernel; each test looks at one side of it."""
    return template.run(
        {"source": "import os, sys\nprint('out'); print('err', file=sys.stderr)\nlr = 1", "count": 3, "parameters": {"lr": 0.5}},
        {"source": "lr, token, sorted(n for n in globals() if 'mlflow' in n or 'agent' in n)", "count": 4},
        {"source": "h = display('one', display_id='d'); h.update('two')", "count": 6},
        {"source": "In[3][:6], _4, get_ipython().execution_count", "count": 7},
        {"source": "1/0", "count": 8, "tags": ["raises-exception"]},
        {"source": "table = list(range(10_000)); print(token)", "count": 9},
        values={"token": "sesame-open"},
        secrets=["sesame-open"],
        gives=["table", "missing"],
        metrics=["lr"],
        **REAL,
    )


def test_cells_show_what_they_show_in_a_child(ran: Any, template: Any) -> None:
    count = template.run({"source": "get_ipython().execution_count", "count": 7}).plain()[0]  # IPython 9 counts up before the cell
    assert ran.result["state"] == "done", ran.failure
    assert [cell["execution_count"] for cell in ran.notebook["cells"]] == [3, 4, 6, 7, 8, 9]
    assert ran.text(0) == "out\n"
    assert ran.text(0, "stderr") == "err\n"
    assert ran.plain(1) == ["(0.5, '******', [])"]
    assert ran.plain(2) == ["'two'"]
    assert ran.plain(3) == [f"('import', (0.5, '******', []), {count})"]
    assert "line 1" in "".join(ran.outputs(4)[0]["traceback"])
    assert "[8]" in "".join(ran.outputs(4)[0]["traceback"])
    assert ran.text(5) == "******\n"
    assert ran.notebook["metadata"]["language_info"]["name"] == "python"


def test_state_travels_from_a_kernel_to_a_child_and_back(ran: Any, template: Any) -> None:
    assert ran.result["absent"] == ["missing"]
    assert ran.result["metrics"] == {"lr": 0.5}
    (output,) = ran.result["outputs"]
    given = {"inputs": [{"digest": output["digest"], "keys": output["keys"], "source": "step"}]}
    assert template.run("len(table)", **given).plain() == ["10000"]
    assert template.run("len(table)", **given, **REAL).plain() == ["10000"]


def test_nothing_is_left_in_the_outbox(ran: Any) -> None:
    assert {path.name for path in Path(ran.result["notebook"]).parent.iterdir()} == {"notebook.ipynb", "log.txt", "result.json"}


def test_a_long_outbox_does_not_open_ports(template: Any, tmp_path: Path) -> None:
    """Ports can be taken by a neighbour between being picked and being bound, and heard by other users."""
    outbox = tmp_path / ("long-" * 30) / "outbox"
    outbox.parent.mkdir()
    source = "import json, os\nfrom ipykernel.connect import get_connection_info, get_connection_file"
    asked = "info = json.loads(get_connection_info())\nprint(info['transport'], os.path.dirname(get_connection_file()))"
    ran = template.run(source, asked, outbox=str(outbox), **REAL)
    transport, folder = ran.text(1).split()
    assert (ran.result["state"], transport) == ("done", "ipc"), ran.failure
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("source", "fields", "kind", "text"),
    [
        ("import ctypes; print('kept'); ctypes.string_at(0)", {}, "lost", "SIGSEGV"),
        ("import time; print('kept'); time.sleep(60)", {"limits": {"timeout": 6.0}}, "timeout", "6 seconds"),
        ("print('kept'); x = bytearray(3 << 30)", {"limits": {"memory": 600 << 20}}, "memory", "600 MiB"),
    ],
    ids=["crash", "timeout", "memory"],
)
def test_deaths(source: str, fields: dict[str, Any], kind: str, text: str, template: Any) -> None:
    ran = template.run(source, "2", **fields, **REAL)
    assert ran.failure["kind"] == kind, ran.failure
    assert text in ran.failure["evalue"]
    assert ran.failure["cell"] == 0


def test_unknown_kernel_is_refused(template: Any) -> None:
    ran = template.run("1", kernel="no-such-kernel")
    assert ran.failure["kind"] == "refused"
    assert "'no-such-kernel', which is not installed here. Installed are: " in ran.failure["evalue"]


@pytest.fixture
def shell_kernel(template: Any) -> Any:
    """A kernel of another language, which understands `print X` and `x = 1`, and a template that knows it."""
    data = template.folder / "jupyter"
    spec = data / "kernels" / "toy"
    spec.mkdir(parents=True)
    (spec / "toy.py").write_text(TOY)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": [sys.executable, str(spec / "toy.py"), "-f", "{connection_file}"], "display_name": "Toy", "language": "julia"})
    )
    other = type(template)(spec, environment={"JUPYTER_PATH": str(data)})
    yield other
    other.close()


TOY = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Toy(Kernel):
    implementation = 'toy'; implementation_version = '1'; banner = 'toy'
    language_info = {'name': 'julia', 'mimetype': 'text/x-toy', 'file_extension': '.toy'}
    values = {}
    async def do_execute(self, code, silent, *args, **kwargs):
        for line in code.splitlines():
            if ' = ' in line:
                name, _, value = line.partition(' = '); self.values[name.strip()] = value.strip()
            elif line.startswith('print '):
                self.send_response(self.iopub_socket, 'stream', {'name': 'stdout', 'text': self.values.get(line[6:], '?') + '\\n'})
            elif line == 'fail':
                self.send_response(self.iopub_socket, 'error', {'ename': 'Toy', 'evalue': 'failed', 'traceback': ['Toy: failed']})
                return {'status': 'error', 'ename': 'Toy', 'evalue': 'failed', 'traceback': ['Toy: failed'], 'execution_count': self.execution_count}
        return {'status': 'ok', 'execution_count': self.execution_count, 'payload': [], 'user_expressions': {}}

IPKernelApp.launch_instance(kernel_class=Toy)
"""


def test_other_languages_get_parameters_and_files_but_no_variables(shell_kernel: Any) -> None:
    ran = shell_kernel.run(
        {"source": "x = 1\nprint x", "parameters": {"x": 7}},
        "print x\nprint y",
        kernel="toy",
        language="julia",
        values={"y": 3},
        gives=["x"],
    )
    assert ran.result["state"] == "done", ran.failure
    assert (ran.text(0), ran.text(1)) == ("1\n", "7\n3\n")
    assert ran.result["unportable"] == {"x": "variables do not travel between steps of a julia notebook"}
    assert ran.notebook["metadata"]["language_info"]["name"] == "julia"
    failed = shell_kernel.run("fail", "print x", kernel="toy", language="julia")
    assert (failed.failure["kind"], failed.failure["ename"], failed.failure["cell"]) == ("error", "Toy", 0)
