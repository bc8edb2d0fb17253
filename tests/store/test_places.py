"""Where things live, and who may look at them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlflow.errors import StoreError, UsageError
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.store import places

VARIABLES = ("JUPYTER_MLFLOW_HOME", "JUPYTER_DATA_DIR", "XDG_DATA_HOME")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "~/.local/share/jupyter/mlflow"),
        ("linux", {"XDG_DATA_HOME": "{tmp}/data"}, "{tmp}/data/jupyter/mlflow"),
        ("linux", {"XDG_DATA_HOME": "{tmp}/data", "JUPYTER_DATA_DIR": "{tmp}/jupyter"}, "{tmp}/jupyter/mlflow"),
        ("linux", {"JUPYTER_DATA_DIR": "{tmp}/jupyter", "JUPYTER_MLFLOW_HOME": "{tmp}/own"}, "{tmp}/own"),
        ("linux", {"JUPYTER_MLFLOW_HOME": "~/own"}, "~/own"),
        ("linux", {"JUPYTER_MLFLOW_HOME": "{tmp}/Läufe 跑"}, "{tmp}/Läufe 跑"),
        ("darwin", {}, "~/Library/Jupyter/mlflow"),
    ],
)
def test_home(platform: str, variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setattr("sys.platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    found = places.home()
    assert str(found) == expected.format(tmp=tmp_path).replace("~", str(tmp_path / "user"))
    assert mode(found) == 0o700


def test_folders_of_ours_are_closed_again_and_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tmp_path / "chosen"
    chosen.mkdir(0o755)
    chosen.chmod(0o755)
    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", str(chosen))
    opened = chosen / "runs"
    opened.mkdir()
    opened.chmod(0o777)
    run = places.run_folder(places.home(), RunId("20261124-015301-k3f9"))
    assert [mode(folder) for folder in (chosen, opened, run)] == [0o755, 0o700, 0o700]


def test_everything_is_private_under_an_open_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        folder = places.step_folder(places.home(), RunId("r-1"), StepName("load"))
    finally:
        os.umask(before)
    assert folder == home / "runs" / "r-1" / "steps" / "load"
    assert {mode(one) for one in [folder, *folder.parents] if home in one.parents or one == home} == {0o700}


@pytest.mark.parametrize("run", ["", "..", "a/b", "../x", ".hidden", "x" * 129, "a b", "a\n", "ä"])
def test_unsafe_run_ids_are_refused(run: str, home: Path) -> None:
    with pytest.raises(UsageError, match="is no run id"):
        places.run_folder(home, RunId(run))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("load", "load"),
        ("train_model-2", "train_model-2"),
        ("Load", "load~"),
        ("a b", "a-b~"),
        ("../../etc/passwd", "etc-passwd~"),
        ("", "~"),
        (".", "~"),
        ("x" * 300, "x" * 40 + "~"),
        ('say "hi"\n', "say-hi~"),
        ("日本語", "~"),
        ("\ud800", "~"),
    ],
)
def test_step_folder_names(step: str, expected: str) -> None:
    name = places.step_folder_name(step)
    assert name == expected or (name.startswith(expected) and expected.endswith("~") and len(name) == len(expected) + 12)


@settings(deadline=None)
@given(st.lists(st.text(), unique=True, max_size=20))
def test_step_folder_names_are_safe_and_never_meet(steps: list[str]) -> None:
    names = [places.step_folder_name(step) for step in steps]
    assert len({name.casefold() for name in names}) == len(steps)
    assert all("/" not in name and not name.startswith(".") and 0 < len(name.encode()) <= 80 for name in names)


@pytest.mark.parametrize("kind", ["file in the way", "device"])
def test_a_home_that_cannot_be_written_is_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "file"
    place.write_text("")
    monkeypatch.setenv("JUPYTER_MLFLOW_HOME", str(place) if kind == "file in the way" else "/proc/none/here")
    with pytest.raises(StoreError, match=r"^Cannot write to .*Set JUPYTER_MLFLOW_HOME to a folder that you can write to\.$"):
        places.home()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_is_told(home: Path) -> None:
    home.mkdir(0o500)
    with pytest.raises(StoreError, match="Set JUPYTER_MLFLOW_HOME"):
        places.runs_folder(places.home())
