"""Which kernel a notebook gets, found without starting anything, and told in one sentence when there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import kernels
from jupyter_mlflow.errors import RefusedError
from jupyter_mlflow.spec.pipelines import Kernel
from jupyter_mlflow.store import interpreters

USUAL = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Kernelspecs that come before those of this environment."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def install(name: str, spec: Any) -> None:
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(spec if isinstance(spec, str) else json.dumps(spec))

    return install


@pytest.mark.parametrize("program", [sys.executable, "python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"])
def test_the_python_that_runs_us(program: str, install: Any) -> None:
    install("mine", {"argv": [program, *USUAL], "language": "python"})
    found = kernels.find(Kernel(name="mine"))
    assert found.program == sys.executable
    assert kernels.interpreter(found) == interpreters.this()


def test_python3_that_points_elsewhere_is_what_it_says(install: Any, tmp_path: Path) -> None:
    """Two environments whose Python is one file: folders count, not files."""
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    install("python3", {"argv": [str(program), *USUAL], "language": "python", "env": {"A": "b"}})
    found = kernels.find(Kernel(name="python3"))
    assert (found.program, found.env) == (str(program), {"A": "b"})
    assert kernels.interpreter(found).version == sys.version.split()[0]


def test_names_are_found_whatever_their_case(install: Any) -> None:
    install("MyEnv", {"argv": ["python", *USUAL]})
    assert kernels.find(Kernel(name="myenv")).program == sys.executable


def test_a_kernel_of_another_language_has_no_python(install: Any) -> None:
    install("shell", {"argv": ["sh", "{connection_file}"], "language": "bash"})
    assert kernels.interpreter(kernels.find(Kernel(name="shell", language="bash"))) == interpreters.Interpreter()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (None, "asks for the kernel `gone`, which is not installed here. Installed are `python3`"),
        ("{", "The kernel `gone` cannot be started: "),
        ({"language": "python"}, "is no kernelspec ('argv')"),
        ([], "is no kernelspec"),
        ({"argv": ["/no/such/python", *USUAL]}, "The kernel `gone` starts /no/such/python, which is not there."),
    ],
    ids=["not installed", "no JSON", "no command", "no object", "no program"],
)
def test_a_kernel_that_cannot_be_had_is_refused(spec: Any, told: str, install: Any) -> None:
    if spec is not None:
        install("gone", spec)
    with pytest.raises(RefusedError) as caught:
        kernels.find(Kernel(name="gone"))
    assert told in str(caught.value)
