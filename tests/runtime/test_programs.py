"""The two programs: a template that refuses nonsense and goes on, and a single task from a file."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

RUNTIME = [sys.executable, "-m", "jupyter_mlflow.runtime"]


def frame(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


NONSENSE = {
    "no JSON": frame(b"hello"),
    "no object": frame(b"[1]"),
    "no task": frame(b"{}"),
    "an empty task": frame(b'{"task": {}}'),
    "a wrong type": frame(b'{"task": {"run": 3}}'),
    "a frame too large": struct.pack("!I", 2**32 - 1),
    "another version": frame(
        json.dumps({"task": {"version": 99, "run": "r", "step": "s", "cells": [], "store": "", "folder": "", "outbox": ""}}).encode()
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_answered_and_forgotten(name: str, template: Any) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(template.path))
        connection.sendall(NONSENSE[name])
        received = b""
        while data := connection.recv(4096):
            received += data
    assert "error" in json.loads(received[4:])
    assert template.run("print(1)").text() == "1\n"


def test_half_a_frame_and_silence_hold_nobody_up(template: Any) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(template.path))
        connection.sendall(b"\0\0\1\0{")
        assert template.run("print(1)").text() == "1\n"


def test_a_task_in_many_portions(template: Any) -> None:
    call = template.call({"ping": True})
    assert call.receive() == template.about
    data = json.dumps({"task": template.task("print('whole')")}).encode()
    for part in (frame(data)[at : at + 7] for at in range(0, len(data) + 4, 7)):
        call.socket.sendall(part)
    assert call.rest()[-1]["result"]["state"] == "done"


def test_socket_is_private_and_no_other_process_reads_it(template: Any) -> None:
    assert stat.S_IMODE(template.path.stat().st_mode) == 0o600


def test_steps_run_beside_each_other(template: Any) -> None:
    calls = [template.call({"task": template.task(f"import time; time.sleep(0.5); print({i})")}) for i in range(4)]
    began = time.monotonic()
    results = [call.rest()[-1]["result"] for call in calls]
    assert time.monotonic() - began < 2
    assert [result["state"] for result in results] == ["done"] * 4


def test_steps_share_nothing(run: Any) -> None:
    sources = "import os, random, sys\nrandom.random(), os.environ.pop('HOME', None), setattr(sys, 'left', 1), open('left.txt', 'w')"
    first = run(sources)
    second = run(
        "import os, random, sys, os.path\n'HOME' in os.environ, hasattr(sys, 'left'), sorted(n for n in globals() if not n.startswith('_'))"
    )
    assert first.result["state"] == "done"
    assert second.plain() == ["(True,\n False,\n ['In', 'Out', 'exit', 'get_ipython', 'open', 'os', 'quit', 'random', 'sys'])"]


def test_random_numbers_differ_between_steps(template: Any) -> None:
    source = "import random, uuid, tempfile\nimport numpy\nrandom.random(), numpy.random.rand(), uuid.uuid4(), tempfile.mktemp()"
    seen = [template.run(source).plain()[0] for _ in range(2)]
    assert not set(seen[0].split()) & set(seen[1].split()) - {"numpy.float64"}


def test_environment_and_folder(template: Any) -> None:
    ran = template.run(
        "import os\nos.environ['JM_TEST'], os.path.samefile(os.getcwd(), here)", environment={"JM_TEST": "yes"}, values={"here": "."}
    )
    assert ran.plain() == ["('yes', True)"]


def test_imports_from_the_working_folder_win_over_what_the_template_has_loaded(template: Any) -> None:
    task = template.task("import papermill, tqdm_of_mine, requests\npapermill.whose, tqdm_of_mine.whose, requests.whose")
    for name in ("papermill", "tqdm_of_mine", "requests"):
        Path(task["folder"], f"{name}.py").write_text("whose = 'mine'")
    ran = template.call({"task": task}).rest()[-1]["result"]
    assert ran["state"] == "done", ran["failure"]
    assert "('mine', 'mine', 'mine')" in Path(ran["notebook"]).read_text()


@pytest.fixture
def single(template: Any) -> Any:
    def run(task: dict[str, Any], *arguments: str, source: str = "-") -> Any:
        return subprocess.run(
            [*RUNTIME, "step", source, *arguments], input=json.dumps(task), capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_single_task_from_standard_input(single: Any, template: Any) -> None:
    task = template.task("print('out')", "x = 3", gives=["x"])
    done = single(task)
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["kind"] for event in events] == ["cell", "stream", "cell", "cell", "cell"]
    result = json.loads(Path(task["outbox"], "result.json").read_text())
    assert result["state"] == "done"
    assert result["outputs"][0]["keys"] == ["x"]


def test_single_task_from_a_file_with_events_in_a_file(single: Any, template: Any, tmp_path: Path) -> None:
    path, events = tmp_path / "task.json", tmp_path / "events"
    path.write_text(json.dumps(template.task("1/0")))
    done = single({}, "--events", str(events), source=str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert [json.loads(line)["kind"] for line in events.read_text().splitlines()] == ["cell", "output", "cell"]


@pytest.mark.parametrize(("source", "text"), [("{", "is no StepTask"), ('{"run": 1}', "is no StepTask"), (None, "Cannot read the task")])
def test_unreadable_task(source: str | None, text: str, single: Any, tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    if source is not None:
        path.write_text(source)
    done = single({}, source=str(path))
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_single_task_is_cancelled_by_signals(number: signal.Signals, template: Any) -> None:
    task = template.task("import time\nprint('on', flush=True)\ntime.sleep(60)")
    with subprocess.Popen([*RUNTIME, "step", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(task).encode())
        process.stdin.close()
        while b'"on\\n"' not in process.stdout.readline():
            pass
        process.send_signal(number)
        assert process.wait(10) == 130
    assert json.loads(Path(task["outbox"], "result.json").read_text())["failure"]["kind"] == "cancelled"


def test_preloading_refuses_what_a_step_would_notice(template: Any, tmp_path: Path) -> None:
    modules = {
        "prints": "print('hello')",
        "writes": "import os; os.write(1, b'x')",
        "warns": "import warnings; warnings.warn('careful')",
        "fails": "1/0",
        "exits": "raise SystemExit",
        "threads": "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "looks": "from IPython import get_ipython; get_ipython()",
        "looks_builtin": "get_ipython()",
        "moves": "import os; os.chdir('/')",
        "signals": "import signal; signal.signal(signal.SIGALRM, lambda *a: None)",
        "fine": "value = 1",
    }
    site = tmp_path / "lib" / "site-packages"
    site.mkdir(parents=True)
    for name, source in modules.items():
        (site / f"jm_{name}.py").write_text(source)
    (tmp_path / "jm_users.py").write_text("")
    names = [*(f"jm_{name}" for name in modules), "jm_users", "jm_absent", "tqdm.auto", "json", "numpy", "pandas", "matplotlib.pyplot"]
    names += ["json.dumps", "numpy.linalg.norm"]  # of `from json import dumps`: not modules, and no harm
    program = (
        "import sys, json, sysconfig, site\n"
        f"site.getsitepackages = lambda f=site.getsitepackages: [*f(), {str(site)!r}]\nsys.path[:0] = [{str(site)!r}, {str(tmp_path)!r}]\n"
        "from jupyter_mlflow.runtime import lightness\nlightness.load()\nfrom jupyter_mlflow.runtime import shells, preloads\n"
        "shells.build()\nprint(json.dumps(preloads.rehearse(sys.argv[1:])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *names], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    refused = json.loads(done.stdout)
    expected = {
        "jm_prints": "prints",
        "jm_writes": "prints",
        "jm_warns": "warns: careful",
        "jm_fails": "fails: ZeroDivisionError",
        "jm_exits": "fails: SystemExit",
        "jm_threads": "starts threads",
        "jm_looks": "looks at get_ipython() (in jm_looks)",
        "jm_looks_builtin": "looks at get_ipython()",
        "jm_moves": "changes the folder",
        "jm_signals": "takes over signals",
        "jm_users": "a file of the user's",
        "jm_absent": "not installed",
        "tqdm.auto": "looks at get_ipython()",
    }
    assert set(refused) == set(expected)
    assert {name: text for name, text in expected.items() if text not in refused[name]} == {}


def test_template_goes_without_the_unfit_and_has_the_rest(template: Any) -> None:
    folder = template.folder / "preloading"
    folder.mkdir()
    other = type(template)(folder, "--preload", "decimal,decimal.Decimal,this,tqdm.auto,wave")
    try:
        assert other.about["preloaded"] == ["decimal", "wave"]  # and not decimal.Decimal, which is no module
        assert set(other.about["refused"]) == {"this", "tqdm.auto"}
        assert other.run("import sys\n'wave' in sys.modules, 'this' in sys.modules").plain() == ["(True, False)"]
        os.kill(other.about["pid"], signal.SIGTERM)
        assert other.process.wait(10) == 0
    finally:
        other.close()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["serve", "--socket", "/" + "x" * 200], "107 bytes"),
        (["serve", "--socket", "/nowhere/at/all"], "Cannot listen"),
        ([], "usage"),
        (["step"], "usage"),
    ],
    ids=["long path", "no folder", "no command", "no task"],
)
def test_wrong_use(arguments: list[str], text: str) -> None:
    done = subprocess.run([*RUNTIME, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr
