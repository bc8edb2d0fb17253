"""Ctrl-C and signals reach a real run in the middle of its steps."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest

from tests.engines.places import Place, until

LAST_WORDS = {
    "subprocess in a session of its own": "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)",
    "daemonised": (
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execvp('sleep', ['sleep', '600'])\n    os._exit(0)\nos.wait()"
    ),
    "joblib workers": "from joblib import Parallel, delayed\nParallel(2)(delayed(abs)(i) for i in range(4))",
    "multiprocessing": (
        "import multiprocessing, time\nfor _ in range(2):\n    multiprocessing.get_context('fork').Process(target=time.sleep, args=(600,)).start()"
    ),
    "threads": (
        "import threading, time\nfor daemon in (True, False):\n    threading.Thread(target=time.sleep, args=(600,), daemon=daemon).start()"
    ),
}

TEXT = """
# %%
import pathlib, time
# %% [step:a]
print("before")
{extra}
pathlib.Path("started").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
print("after")
x = 1
# %% [step:b]
y = x + 1
print("b")
# %% [step:c]
time.sleep(0.01)
print("c", y)
"""


def hear(process: subprocess.Popen[str], text: str) -> None:
    """Wait until the run says so."""
    assert process.stderr is not None
    assert any(text in line for line in iter(process.stderr.readline, ""))


def interrupted(place: Place) -> tuple[int, str]:
    """A run that got one Ctrl-C while `a` was in the middle."""
    place.write(TEXT.format(extra=""))
    process = place.run("--workers", "1")
    until(place.exists("started"), "a starts")
    process.send_signal(signal.SIGINT)
    hear(process, "Ctrl-C again")
    (place.folder / "go").touch()
    return place.ended(process)


def test_ctrl_c_lets_running_steps_finish_and_starts_nothing_more(place: Place) -> None:
    code, _ = interrupted(place)
    assert code != 0
    assert place.latest().state == "cancelled"
    assert {name: state for name, state in place.states().items() if name in "abc"} == {"a": "done", "b": "cancelled", "c": "cancelled"}
    assert place.texts() == ["", "before\nafter\n", "", ""]
    assert place.processes() == {}


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGHUP,)],
    ids=lambda numbers: "+".join(one.name for one in numbers),
)
def test_a_second_ctrl_c_and_requests_to_end_stop_what_runs(numbers: tuple[signal.Signals, ...], place: Place) -> None:
    place.write(TEXT.format(extra=""))
    process = place.run("--workers", "1")
    until(place.exists("started"), "a starts")
    process.send_signal(numbers[0])
    for number in numbers[1:]:
        hear(process, "Ctrl-C again")
        process.send_signal(number)
    code, printed = place.ended(process)
    assert code not in {0, -signal.SIGTERM, -signal.SIGHUP}
    assert "Traceback" not in printed
    assert place.latest().state == "cancelled"
    assert {name: state for name, state in place.states().items() if name in "abc"} == dict.fromkeys("abc", "cancelled")
    assert place.texts() == ["", "before\n", "", ""]
    assert place.processes() == {}


@pytest.mark.parametrize("name", LAST_WORDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["asked to end", "killed"])
def test_no_process_is_left(name: str, number: signal.Signals, place: Place) -> None:
    place.write(TEXT.format(extra=LAST_WORDS[name]))
    process = place.run("--workers", "1")
    until(place.exists("started"), "a starts")
    before = place.processes()
    process.send_signal(number)
    place.ended(process)
    until(lambda: place.processes() == {}, f"left of {before}: {place.processes()}")
    assert place.latest().state == ("cancelled" if number == signal.SIGTERM else "lost")


def test_a_cancelled_run_goes_on_from_its_finished_steps(place: Place) -> None:
    interrupted(place)
    cancelled = place.latest()
    code, printed = place.ended(place.launch("resume", cancelled.run, "--json"))
    report: dict[str, Any] = json.loads(printed.splitlines()[-1])
    assert code == 0
    assert (report["state"], report["parent"]) == ("done", cancelled.run)
    assert place.states() == {**dict.fromkeys(place.states(), "done"), "a": "cached"} | {
        name: state for name, state in place.states().items() if name not in "abc"
    }
    assert report["steps"]["a"]["reason"] == f"finished in run {cancelled.run}"
    assert place.texts() == ["", "before\nafter\n", "b\n", "c 2\n"]
