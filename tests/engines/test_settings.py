"""Settings from a notebook's metadata hold in a real run, each for its step alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import runs
from jupyter_mlflow.errors import RefusedError
from jupyter_mlflow.spec.runs import StepRun
from tests.engines.places import Place

PRINT = "import os\nprint(len(os.sched_getaffinity(0)), os.environ.get('OMP_NUM_THREADS'), os.environ.get('A'))"
FLAKY = """
import os, pathlib
count = pathlib.Path(os.environ['COUNT'])
tries = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(tries))
assert tries > 2, tries
"""
CHILD = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'x = bytearray(150 << 20); import time; time.sleep(60)'])"
NATIVE = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
while True:
    place = libc.malloc(4 << 20)
    if place:
        ctypes.memset(place, 1, 4 << 20)
    else:
        time.sleep(60)
"""

# name: code of the step, its settings, state, kind of the failure, what its text says
CASES: dict[str, tuple[str, dict[str, Any], str, str | None, str]] = {
    "timeout": ("import time; time.sleep(60)", {"timeout": "1s"}, "failed", "timeout", "timeout of 1 second"),
    "timeout in seconds": ("while True: pass", {"timeout": 0.5}, "failed", "timeout", "timeout of 0.5 seconds"),
    "memory": ("x = bytearray(1 << 30)", {"limits": {"memory": "300Mi"}}, "failed", "memory", "300 MiB"),
    "memory of subprocesses": (
        f"{CHILD.replace('run', 'Popen')}\n{CHILD.replace('run', 'Popen')}\n{CHILD}",
        {"limits": {"memory": "300Mi"}},
        "failed",
        "memory",
        "may use 300 MiB of memory and used",
    ),
    "memory of native code": (NATIVE, {"limits": {"memory": "250Mi"}}, "failed", "memory", "250 MiB"),
    "processors": (f"{PRINT}\nassert len(os.sched_getaffinity(0)) == 1", {"limits": {"cpu": "500m"}}, "done", None, ""),
    "environment": (f"{PRINT}\nassert os.environ['A'] == 'b c'", {"env": {"A": "b c"}}, "done", None, ""),
    "retries": (FLAKY, {"retries": 2, "retry_delay": 0.01}, "done", None, ""),
    "not enough retries": (FLAKY, {"retries": 1, "retry_delay": 0.01}, "failed", "error", "2"),
    "no limit": ("x = bytearray(300 << 20)", {"limits": {"memory": 0}}, "done", None, ""),
}


def run(place: Place, source: str, settings: dict[str, Any]) -> dict[str, StepRun]:
    place.write(f"# %% [step:one]\n{source}\n# %% [step:other]\nprint('free')", one=settings)
    found = runs.run(place.path, home=place.home, output=place.output)
    return {str(step.name): step for step in found.steps}


@pytest.mark.parametrize("name", CASES)
def test_a_step_is_held_and_the_other_is_free(name: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    source, settings, state, kind, text = CASES[name]
    monkeypatch.setenv("COUNT", str(place.folder / "count"))
    steps = run(place, source, settings)
    failure = steps["one"].failure
    assert (steps["one"].state, failure and failure.kind) == (state, kind), failure
    assert text in (failure.evalue if failure is not None else "")
    assert steps["other"].state == "done"
    assert place.texts()[1] == "free\n"
    assert steps["one"].attempt == (settings.get("retries", 0) + 1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"limits": {"memory": "512Mb"}}, "`512Mb` is no amount; write `512Mi`"),
        ({"limits": {"memory": "-1"}}, "`-1` is no amount"),
        ({"limits": {"cpu": "lots"}}, "`lots` is no amount"),
        ({"timeout": "soon"}, "it must be a number of seconds"),
        ({"timeout": 0}, "a step needs some time"),
        ({"retries": -1}, "it must be a whole number, 0 or more"),
        ({"cache": "no"}, "it must be true or false"),
        ({"env": {"A": [1]}}, "it must be a text"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_malformed_setting_is_told_before_anything_runs(settings: dict[str, Any], told: str, place: Place) -> None:
    with pytest.raises(RefusedError) as caught:
        run(place, "open('touched', 'w')", settings)
    field = next(iter(settings))
    assert f"jupyter_mlflow.steps.one.{field}" in str(caught.value)
    assert told in str(caught.value)
    assert not Path(place.folder, "touched").exists()
