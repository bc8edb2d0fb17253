"""`kill -9` of any process of a run at any moment: nothing recorded is lost, nothing goes on, and the run can be gone on with."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from jupyter_mlflow.store.local import LocalArtifacts
from tests.engines.places import Place, until

# Each step says outside of the notebook's folder that it began and that it ended; what `b` gives takes a while to store.
TEXT = """
# %%
import os, time
def say(word):
    with open(os.environ["DIARY"], "a") as file:
        file.write(word + "\\n")
# %% [step:a]
say("a begins"); time.sleep(0.1)
x = list(range(1000))
print("a"); say("a ends")
# %% [step:b]
say("b begins"); time.sleep(0.1)
data = bytes(30_000_000)
print("b", len(x)); say("b ends")
# %% [step:c]
say("c begins"); time.sleep(0.2)
y = sum(x)
print("c", y); say("c ends")
# %% [step:d]
say("d begins"); time.sleep(0.1)
print("d", y, len(data)); say("d ends")
"""

EXPECTED = ["", "a\n", "b 1000\n", "c 499500\n", "d 499500 30000000\n"]


def is_template(command: str) -> bool:
    return "runtime.__main__" in command


def below(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def depths(place: Place, launcher: int) -> dict[str, list[int]]:
    """The processes of a run by what they are: launcher, (guardian), template, supervisors, children."""
    levels = [[launcher]]
    while levels[-1]:
        levels.append([child for pid in levels[-1] for child in below(pid)])
    names = ["launcher", "guardian", "template", "supervisor", "child"]
    return dict(zip(names, levels, strict=False))


@pytest.mark.parametrize("moment", [0.2, 0.7])
@pytest.mark.parametrize("target", ["launcher", "guardian", "template", "supervisor", "child"])
def test_killed(target: str, moment: float, place: Place) -> None:
    place.write(TEXT)
    diary = place.folder.parent / f"{place.folder.name}.diary"
    process = place.run("--workers", "2", DIARY=str(diary))
    until(diary.exists, "a step begins")
    time.sleep(random.Random(f"{target}{moment}").uniform(0, moment))
    victims = depths(place, process.pid).get(target, [])
    for victim in victims[:1]:
        os.kill(victim, signal.SIGKILL)
    code, printed = place.ended(process)
    until(lambda: place.processes() == {}, f"{place.processes()}")
    assert "Traceback" not in printed
    found = place.latest()
    assert found.state in ({"lost", "done"} if target == "launcher" else {"failed", "done"})
    assert (code == 0) == (found.state == "done")
    finished = {str(step.name) for step in found.steps if step.state == "done"}
    for step in found.steps:
        if step.name in finished:
            assert step.result is not None
            assert json.loads(Path(step.result.notebook).read_text())["cells"]
            store = LocalArtifacts(place.home / "artifacts")
            assert all(store.local_path(output.digest) for output in step.result.outputs)
    code, printed = place.ended(place.launch("resume", found.run, "--json", DIARY=str(diary)))
    assert code == 0, printed
    report = json.loads(printed.splitlines()[-1])
    assert report["state"] == "done"
    assert {name for name, one in report["steps"].items() if one["cached"]} >= finished & set(report["steps"])
    assert place.texts() == EXPECTED
    ends = Counter(line for line in diary.read_text().splitlines() if line.endswith("ends"))
    assert all(ends[f"{name} ends"] == 1 for name in finished & set("abcd")), "a finished step ran again"


def test_what_a_killed_step_showed_is_kept(place: Place) -> None:
    place.write("# %% [step:a]\nprint('first')\n# %%\nimport pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)")
    process = place.run()
    until(place.exists("started"), "the step starts")
    notebook = next((place.home / "runs").glob("*/steps/a/notebook.ipynb"))
    until(lambda: "first" in notebook.read_text(), "the first cell is saved")
    process.kill()
    place.ended(process)
    until(lambda: place.processes() == {}, "nothing goes on")
    assert place.latest().state == "lost"
    assert "first" in notebook.read_text()
    assert "first" in notebook.with_name("log.txt").read_text()


def test_a_step_killed_while_it_stores_is_no_hit(place: Place) -> None:
    """What was half stored is never taken for a result: the step runs again, or is whole."""
    place.write("# %% [step:a]\nimport os\ndata = os.urandom(1) * 60_000_000\n# %% [step:b]\nprint(len(data), len(set(data)))")
    incoming = place.home / "artifacts" / "incoming"

    def storing() -> bool:
        return any(incoming.glob("*")) or any((place.home / "runs").glob("*/steps/a/snapshots/*"))

    process = place.run()
    until(lambda: storing() or process.poll() is not None, "a stores")
    for pid in place.processes():
        os.kill(pid, signal.SIGKILL)
    place.ended(process)
    code, printed = place.ended(place.run("--json"))
    assert code == 0, printed
    assert place.texts() == ["", "60000000 1\n"]
