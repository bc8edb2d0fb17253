"""The wheel holds what it should and nothing else, and asks for nothing that would fight with JupyterLab."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_it_holds_the_package_and_its_data(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "jupyter_mlflow"
    wanted = {
        path.relative_to(ROOT).as_posix() for path in package.rglob("*") if path.suffix in {".py", ".json"} or path.name == "py.typed"
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_it_holds_the_license(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
    assert wheel.read(name).decode() == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_it_pins_nothing(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    required = re.findall(r"^Requires-Dist: (.+)$", wheel.read(name).decode(), re.MULTILINE)
    assert required
    assert [one for one in required if re.search(r"[<=~!]=|<", one.partition(";")[0].replace(">=", ""))] == []
