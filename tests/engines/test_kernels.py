"""Notebooks whose kernel is not the Python that runs us."""

from __future__ import annotations

import json
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.engines.places import Place

TEXT = """
# %%
import sys
# %% [parameters]
k = 1
# %% [step:a]
class A:
    def __init__(self): self.v = [k]
    def f(self): return k
a = A(); b = a
print(sys.prefix)
# %% [step:b]
b.v.append(2); k += 1
print(a.v, a.f(), type(a) is A, sys.prefix)
# %% [step:c]
print((lambda: k)(), isinstance(a, A))
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another environment, which has what this one has but is not it."""
    folder = tmp_path_factory.mktemp("other")
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "these.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def install(place: Place, name: str, argv: list[str], language: str = "python") -> dict[str, str]:
    folder = place.folder / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))
    return {"JUPYTER_PATH": str(place.folder / "jupyter")}


def write(place: Place, text: str, kernel: str, language: str = "python") -> None:
    place.write(text)
    document = json.loads(place.path.read_text())
    document["metadata"]["kernelspec"] = {"name": kernel, "display_name": kernel, "language": language}
    place.path.write_text(json.dumps(document))


def report(place: Place, *arguments: str, **environment: str) -> dict[str, Any]:
    code, printed = place.ended(place.run("--json", *arguments, **environment))
    assert code == 0, printed
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", ["elsewhere", "python3"])
def test_variables_travel_in_another_environment(name: str, other: Path, place: Place) -> None:
    """Also where that is what `python3` means on this machine."""
    environment = install(place, name, [str(other / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    write(place, TEXT, name)
    report(place, "-p", "k", "5", **environment)
    assert place.texts() == ["", "", f"{other}\n", f"[5, 2] 6 True {other}\n", "6 True\n"]
    again = report(place, "-p", "k", "5", **environment)
    assert {one["state"] for one in again["steps"].values()} == {"cached"}


def test_python3_is_the_python_that_runs_us_where_it_says_so(place: Place) -> None:
    place.write("# %% [step:a]\nimport sys\nprint(sys.executable)")
    report(place, JUPYTER_PATH=str(place.folder))
    assert place.texts() == [f"{sys.executable}\n"]


def test_a_kernel_that_is_not_there_is_told_before_anything_is_recorded(place: Place) -> None:
    write(place, TEXT, "nowhere")
    code, printed = place.ended(place.run())
    assert code == 1
    assert "The notebook asks for the kernel `nowhere`, which is not installed here. Installed are " in printed
    assert not place.output.exists()
    assert "no runs" in place.ended(place.launch("runs"))[1].lower()


SHELL = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
import subprocess

class Shell(Kernel):
    implementation = 'shell'; implementation_version = '1'; banner = 'shell'
    language_info = {'name': 'bash', 'mimetype': 'text/x-sh', 'file_extension': '.sh'}
    before = ''
    async def do_execute(self, code, silent, *args, **kwargs):
        done = subprocess.run(['sh', '-c', self.before + code], capture_output=True, text=True)
        if not code.startswith('echo'):
            self.before += code + '\\n'
        if done.stdout and not silent:
            self.send_response(self.iopub_socket, 'stream', {'name': 'stdout', 'text': done.stdout})
        return {'status': 'ok', 'execution_count': self.execution_count, 'payload': [], 'user_expressions': {}}

IPKernelApp.launch_instance(kernel_class=Shell)
"""


def test_other_languages_have_order_files_and_parameters(place: Place) -> None:
    program = place.folder / "shell.py"
    program.write_text(SHELL)
    environment = install(place, "shell", [sys.executable, str(program), "-f", "{connection_file}"], "bash")
    text = (
        "# %%\nhello=hi\n# %% [parameters]\nn=1\n# %% [step:a]\nsleep 0.3; echo $hello $n > f.txt\n# %% [step:b]\necho read $(cat f.txt)\n"
        "# %% [step:c after:a]\necho also $(cat f.txt)"
    )
    write(place, text, "shell", "bash")
    code, printed = place.ended(place.launch("check", str(place.path), **environment))
    assert (code, "variables do not travel" in printed) == (0, True)
    report(place, "-p", "n", "7", **environment)
    assert place.texts() == ["", "", "", "read hi 7\n", "also hi 7\n"]
    again = report(place, "-p", "n", "8", **environment)
    assert place.texts()[3:] == ["read hi 8\n", "also hi 8\n"]
    assert not any(one["cached"] for one in again["steps"].values())
