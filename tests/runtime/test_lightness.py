"""What is loaded, told without going through all of it."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = """
import sys
from jupyter_mlflow.runtime import lightness
lightness.load()
import json, wave
lightness.survey()
{before}
lightness.unload({folder!r})
{after}
expected = sorted({{name.partition(".")[0] for name in sys.modules}})
assert lightness.roots() == expected, set(lightness.roots()) ^ set(expected)
assert "papermill" not in expected
"""

CHANGES = {
    "nothing": ("", ""),
    "imports before": ("import sched", ""),
    "imports after": ("", "import sched, xml.dom"),
    "one goes": ("", "del sys.modules['wave']"),
    "one goes, one comes": ("", "del sys.modules['wave']; import sched"),
    "one goes, two come": ("", "del sys.modules['wave']; import sched, chunk_of_nothing"),
    "the last goes": ("", "del sys.modules[next(reversed(sys.modules))]"),
    "one goes and comes again": ("", "del sys.modules['wave']; import wave"),
    "entered by hand": ("", "sys.modules['made.by.hand'] = sys"),
    "goes before": ("del sys.modules['wave']", "import sched"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_roots_are_those_of_all_modules(change: str, tmp_path: Path) -> None:
    (tmp_path / "chunk_of_nothing.py").write_text("")
    before, after = CHANGES[change]
    program = f"import sys; sys.path.append({str(tmp_path)!r})" + CHECK.format(before=before, after=after, folder=str(tmp_path / "work"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr


def test_files_of_the_folder_are_imported_instead_of_what_we_loaded(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("mine = True")
    program = f"""
import sys
from jupyter_mlflow.runtime import lightness
lightness.load()
import yaml
lightness.survey()
lightness.unload({str(tmp_path)!r})
assert "yaml" not in lightness.roots()
sys.path.insert(0, {str(tmp_path)!r})
import yaml
assert yaml.mine
assert "yaml" in lightness.roots()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr
