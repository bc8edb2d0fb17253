"""Several runs at once, from several processes, in one home; and what a run leaves on the disk."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from jupyter_mlflow.store.runs import RunStore
from tests.engines.places import Place, until

TEXT = """
# %%
import random, time
# %% [step:a]
data = bytes(2_000_000)
print("a")
# %% [step:b]
time.sleep(0.05); y = len(data)
print("b", y)
# %% [step:c]
random.seed(1); z = random.random()
print("c")
# %% [step:d]
print("d", y, round(z, 3))
"""
EXPECTED = ["", "a\n", "b 2000000\n", "c\n", "d 2000000 0.134\n"]


def test_runs_of_one_notebook_at_the_same_time(place: Place) -> None:
    place.write(TEXT)
    outputs = [place.folder / f"out-{number}.ipynb" for number in range(4)]
    started = [place.launch("run", str(place.path), "-o", str(output), "--json", "--workers", "2") for output in outputs]
    for process, output in zip(started, outputs, strict=True):
        code, printed = place.ended(process)
        assert code == 0, printed
        place.output = output
        assert place.texts() == EXPECTED
    with RunStore(place.home) as store:
        assert [run.state for run in store.list()] == ["done"] * 4
    code, printed = place.ended(place.run("--json"))
    assert json.loads(printed.splitlines()[-1])["steps"]["d"]["cached"]


def test_collecting_beside_runs_takes_nothing_that_they_need(place: Place) -> None:
    place.write(TEXT)
    assert place.ended(place.run())[0] == 0
    started = [place.launch("run", str(place.path), "-o", str(place.folder / f"out-{number}.ipynb")) for number in range(2)]
    while any(process.poll() is None for process in started):
        code, printed = place.ended(place.launch("runs", "rm", "--older", "0s", "--json"))
        assert code == 0, printed
    for number, process in enumerate(started):
        code, printed = place.ended(process)
        assert code == 0, printed
        place.output = place.folder / f"out-{number}.ipynb"
        assert place.texts() == EXPECTED


def test_a_run_that_goes_on_cannot_be_removed(place: Place) -> None:
    place.write(
        "# %% [step:a]\nimport pathlib, time\npathlib.Path('started').touch()\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)"
    )
    process = place.run()
    until(place.exists("started"), "the step starts")
    code, printed = place.ended(place.launch("runs", "rm", "latest"))
    assert (code, "has not ended" in printed) == (2, True), printed
    code, printed = place.ended(place.launch("runs", "rm", "--older", "0s"))
    assert code == 0, printed
    assert place.latest().state == "running"
    (place.folder / "go").touch()
    assert place.ended(process)[0] == 0


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("mask", [0o022, 0o000])
def test_everything_is_in_the_home_and_for_its_owner_only(mask: int, place: Place) -> None:
    place.home = place.folder / "a home with blanks" / "and ümlauts"
    place.write(TEXT)
    before = os.umask(mask)
    try:
        process = place.launch("run", str(place.path), "-o", str(place.output))
    finally:
        os.umask(before)
    code, printed = place.ended(process)
    assert code == 0, printed
    assert {path for path in files(place.folder) if place.home not in path.parents} == {place.path, place.output}
    for path in [place.home, *place.home.rglob("*")]:
        assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path
    assert stat.S_IMODE(place.output.stat().st_mode) == 0o666 & ~mask


def test_a_notebook_in_a_folder_that_cannot_be_written(place: Place) -> None:
    place.write(TEXT)
    folder = place.folder / "closed"
    folder.mkdir()
    place.path = place.path.rename(folder / "n.ipynb")
    folder.chmod(0o555)
    try:
        code, printed = place.ended(place.run())
    finally:
        folder.chmod(0o755)
    assert code == 0, printed
    assert place.texts() == EXPECTED
    assert files(folder) == {place.path}


def test_without_a_home_of_ours_jupyters_data_folder_is_taken(place: Place) -> None:
    place.write("# %% [step:a]\nx = 1")
    data = place.folder / "data"
    environment = {"JUPYTER_MLFLOW_HOME": "", "JUPYTER_DATA_DIR": "", "XDG_DATA_HOME": str(data), "HOME": str(place.folder)}
    code, printed = place.ended(place.run(**environment))
    assert code == 0, printed
    assert (data / "jupyter" / "mlflow" / "runs.sqlite").exists()


def test_logs_follow_a_run_to_its_end(place: Place) -> None:
    place.write(
        "# %% [step:a]\nimport pathlib, time\nprint('first', flush=True)\npathlib.Path('started').touch()\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.01)\nfor n in range(50_000): print(n)\nprint('last')"
    )
    process = place.run()
    until(place.exists("started"), "the step starts")
    follower = place.launch("logs", "latest", "-f")
    assert follower.stdout is not None
    assert any("first" in line for line in iter(follower.stdout.readline, ""))
    (place.folder / "go").touch()
    code, printed = place.ended(follower)
    assert code == 0, printed
    assert "49999" in printed
    assert "last" in printed
    assert place.ended(process)[0] == 0
