"""The house is as it was drawn: who may import whom, what is public, what a package is for, what an import costs."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import jupyter_mlflow
from jupyter_mlflow import errors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jupyter_mlflow"
FILES = sorted(PACKAGE.rglob("*.py"))

LONG = 520  # nine files in ten are shorter
LONGEST = 800  # a file that needs more has more than one job

PUBLIC = ["Notebook", "__version__", "load", "load_ipython_extension", "unload_ipython_extension"]

# What must not be paid for by somebody who wants a help text.
HEAVY = {
    "IPython",
    "asyncio",
    "fsspec",
    "ipykernel",
    "matplotlib",
    "nbclient",
    "nbformat",
    "numpy",
    "pandas",
    "papermill",
    "rich",
    "sqlite3",
}


def loaded(code: str) -> set[str]:
    """The modules that `code` loads into a fresh interpreter, beyond what it starts with."""
    program = f"import json, sys; before = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_go_only_where_the_contracts_allow(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    broken = lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True)
    assert not broken, capsys.readouterr().out


def test_importing_the_package_loads_nothing_else() -> None:
    foreign = {name for name in loaded("import jupyter_mlflow") if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"jupyter_mlflow"}


def test_the_help_text_loads_nothing_heavy() -> None:
    code = "from jupyter_mlflow.cli.commands import cli\ncli(['--help'], standalone_mode=False)"
    assert not {name.partition(".")[0] for name in loaded(code)} & HEAVY


def test_public_names_are_a_sorted_list_and_all_there() -> None:
    assert jupyter_mlflow.__all__ == sorted(PUBLIC)
    assert all(getattr(jupyter_mlflow, name) for name in PUBLIC)


def test_every_error_is_listed() -> None:
    classes = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)]
    assert errors.__all__ == sorted(classes)


@pytest.mark.parametrize("name", sorted(path.parent.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*/__init__.py")))
def test_a_package_says_what_belongs_there_and_what_not(name: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / name / "__init__.py").read_text(encoding="utf-8")))
    assert text
    assert "Not here:" in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_has_one_job_and_says_which(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= LONGEST


def test_files_are_short() -> None:
    lengths = sorted(path.read_text(encoding="utf-8").count("\n") for path in FILES)
    assert lengths[len(lengths) * 9 // 10] <= LONG


def test_our_engines_are_found_as_those_of_others_are() -> None:
    own = [point for point in entry_points(group="jupyter_mlflow.engines") if point.value.startswith("jupyter_mlflow.")]
    assert [point.name for point in own] == ["local"]
    assert all(point.load() for point in own)


def test_papermill_finds_our_engine() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from papermill.engines import papermill_engines as e; print(e.get_engine('jupyter-mlflow').__module__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "jupyter_mlflow.papermill_engine"


def test_the_console_script_is_there() -> None:
    (script,) = entry_points(group="console_scripts", name="jupyter-mlflow")
    module, _, name = script.value.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
