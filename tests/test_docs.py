"""The documentation is true: generated pages are fresh, links lead somewhere, blocks of code run or say why not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_mlflow
from jupyter_mlflow.assemble.rules import RULES
from tools import generate

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [path for path in (ROOT / "README.md", ROOT / "changes/README.md", *sorted(DOCS.rglob("*.md"))) if path not in generate.files()]
FRAGMENTS = sorted(path for path in (ROOT / "changes").iterdir() if path.name not in {"README.md", ".gitignore"})
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}

BLOCK = re.compile(r"(?:^<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
RUN = {"python", "sh", "json"}  # what is run or read; a `text` block shows something
NOTEBOOKS = ("01_first_pipeline", "02_three_models")  # what the commands of the pages work on


def blocks(path: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(path.read_text(encoding="utf-8")))


def runnable(path: Path, language: str) -> list[str]:
    return [block["text"] for block in blocks(path) if block["language"] == language and not block["reason"]]


def pages_with(language: str) -> list[Path]:
    return [path for path in WRITTEN if runnable(path, language)]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One store for all pages, so that a page may use what another one ran."""
    home = tmp_path_factory.mktemp("home")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "JUPYTER_MLFLOW_HOME": str(home), "PATH": path, "PYTHONWARNINGS": "default"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for source in NOTEBOOKS:
        shutil.copytree(ROOT / "example_notebooks" / source, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_generated_files_are_fresh() -> None:
    made = generate.files()
    stale = [name(path) for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    assert not stale, "run `make generate`"
    assert not generate.left_over(made)


def test_every_rule_has_a_help_page_that_says_what_to_do() -> None:
    assert {rule.code for rule in RULES} == {path.stem for path in (DOCS / "diagnostics").glob("JM*.md")}
    assert all(rule.help.count("\n\n") >= 1 for rule in RULES)
    index = (DOCS / "diagnostics/index.md").read_text(encoding="utf-8")
    assert [rule.code for rule in RULES if f"({rule.code}.md)" not in index] == []


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert [one for one in jupyter_mlflow.__all__ if f"## jupyter_mlflow.{one}\n" not in text] == []


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [path.name for path in DOCS.glob("*.md") if f"- {path.name}\n" not in menu] == []


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_every_block_is_of_a_kind_that_is_tested(path: Path) -> None:
    unknown = [block["text"] for block in blocks(path) if block["language"] not in RUN | {"text"} and not block["reason"]]
    assert not unknown, "name the language, or say why the block cannot run: <!-- not run: ... -->"
    assert path.read_text(encoding="utf-8").count("```") == 2 * len(blocks(path))


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "changes/README.md", *ROOT.glob("example_notebooks/**/README.md")], ids=name)
def test_links_of_pages_outside_the_site_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", pages_with("json"), ids=name)
def test_json_can_be_read(path: Path) -> None:
    for text in runnable(path, "json"):
        json.loads(text)


@pytest.mark.slow
@pytest.mark.parametrize("path", pages_with("sh"), ids=name)
def test_commands_run(path: Path, folder: Path, environ: dict[str, str]) -> None:
    for line in commands(path):
        done = subprocess.run(["sh", "-c", line], check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def commands(path: Path) -> Iterator[str]:
    for text in runnable(path, "sh"):
        yield from (line for line in text.splitlines() if line and not line.startswith("#"))


@pytest.mark.slow
@pytest.mark.parametrize("path", pages_with("python"), ids=name)
def test_python_runs(path: Path, folder: Path, environ: dict[str, str]) -> None:
    text = "\n".join(runnable(path, "python"))
    done = subprocess.run([sys.executable, "-c", text], check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_of_the_changelog_is_a_sentence_of_a_known_kind(path: Path) -> None:
    _, kind, suffix = path.name.rsplit(".", 2)
    assert kind in KINDS
    assert suffix == "md"
    text = path.read_text(encoding="utf-8").strip()
    assert text[0].isupper() or text[0] == "`"
    assert text.endswith(".")
