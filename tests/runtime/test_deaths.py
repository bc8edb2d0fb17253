"""However a step ends, its client hears how, what ran is kept, and nothing survives."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MIB = 1 << 20

# name: cells, fields of the task, kind of the failure, what its text says, cell that is blamed
DEATHS: dict[str, tuple[list[str], dict[str, Any], str, str, int | None]] = {
    "error": (["print('kept')", "1/0"], {}, "error", "division by zero", 1),
    "segmentation fault": (["print('kept')", "import ctypes; ctypes.string_at(0)"], {}, "lost", "SIGSEGV", 1),
    "abort": (["print('kept')", "import os; os.abort()"], {}, "lost", "SIGABRT", 1),
    "os._exit": (["print('kept')", "import os; os._exit(3)"], {}, "lost", "exit code 3", 1),
    "os._exit(0)": (["print('kept')", "import os; os._exit(0)"], {}, "lost", "exit code 0", 1),
    "killed": (["print('kept')", "import os; os.kill(os.getpid(), 9)"], {}, "lost", "SIGKILL", 1),
    "asked to end": (["print('kept')", "import os; os.kill(os.getpid(), 15)"], {}, "lost", "SIGTERM", 1),
    "supervisor killed": (
        ["print('kept')", "import os, time; os.kill(os.getppid(), 9); time.sleep(9)"],
        {},
        "lost",
        "supervisor ended with SIGKILL",
        None,
    ),
    "sys.exit": (["print('kept')", "import sys; sys.exit(4)", "never"], {}, "error", "4", 1),
    "quit": (["print('kept')", "quit()", "never"], {}, "error", "ended the kernel", 1),
    "closed descriptors": (["print('kept')", "import os; os.closerange(0, 200); print(1)"], {}, "lost", "", 1),
    "timeout": (["print('kept')", "import time; time.sleep(60)"], {"limits": {"timeout": 0.4}}, "timeout", "timeout of 0.4 seconds", 1),
    "timeout in a loop": (["print('kept')", "while True: pass"], {"limits": {"timeout": 0.4}}, "timeout", "0.4 seconds", 1),
    "timeout of a cell that will not stop": (
        ["print('kept')", "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException: pass"],
        {"limits": {"timeout": 0.3}},
        "timeout",
        "0.3 seconds",
        1,
    ),
    "timeout of an awaiting cell": (
        ["print('kept')", "import asyncio; await asyncio.sleep(60)"],
        {"limits": {"timeout": 0.3}},
        "timeout",
        "0.3",
        1,
    ),
    "one large allocation": (
        ["print('kept')", "x = bytearray(2 << 30)"],
        {"limits": {"memory": 300 * MIB}},
        "memory",
        "may use 300 MiB",
        1,
    ),
    "many small allocations": (
        ["print('kept')", "x = []\nwhile True: x.append(bytearray(1 << 16))"],
        {"limits": {"memory": 300 * MIB}},
        "memory",
        "may use 300 MiB",
        1,
    ),
    "memory of a subprocess": (
        [
            "print('kept')",
            "import subprocess, sys\nhog = [sys.executable, '-c', 'x = bytearray(150 << 20); import time; time.sleep(30)']\nfor p in [subprocess.Popen(hog) for i in range(4)]: p.wait()",
        ],
        {"limits": {"memory": 400 * MIB}},
        "memory",
        "may use 400 MiB of memory and used",
        1,
    ),
    "missing input": (
        ["1"],
        {"inputs": [{"digest": "blake3:" + "0" * 64, "keys": ["x"], "source": "load"}]},
        "input",
        "not in the store",
        None,
    ),
    "no such folder": (["1"], {"folder": "/nowhere/at/all"}, "lost", "", None),
}


def children(pid: int) -> set[int]:
    """All processes below `pid`."""
    found: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found |= {child} | children(child)
    return found


@pytest.mark.parametrize("name", DEATHS)
def test_client_hears_how_it_ended(name: str, template: Any) -> None:
    cells, fields, kind, text, blamed = DEATHS[name]
    ran = template.run(*cells, **fields)
    assert ran.result["state"] == "failed", ran.result
    assert ran.failure["kind"] == kind, ran.failure
    assert re.search(re.escape(text), ran.failure["evalue"]), ran.failure
    assert ran.failure.get("cell") == blamed
    assert ran.seconds < 8
    if cells[0] == "print('kept')":
        assert ran.text(0) == "kept\n" or name == "supervisor killed"
        assert "kept" in ran.log
    assert not children(template.process.pid)


def test_what_was_printed_before_a_crash_is_kept(run: Callable[..., Any]) -> None:
    ran = run("import ctypes, os\nprint('python')\nos.write(1, b'native\\n')\nctypes.string_at(0)")
    assert ran.text() == "python\nnative\n"
    assert "Segmentation fault" in ran.text(name="stderr")
    assert ran.outputs()[-1]["ename"] == "ProcessDied"
    cell = ran.notebook["cells"][0]
    assert cell["metadata"]["papermill"]["exception"] is True


def test_an_error_names_its_line(run: Callable[..., Any]) -> None:
    ran = run("def f():\n    return 1/0", "x = 1\n\nf()\n")
    assert ran.failure["line"] == 3
    assert ran.failure["ename"] == "ZeroDivisionError"
    assert ran.failure["traceback"]
    assert [event["state"] for event in ran.told("cell")] == ["running", "done", "running", "failed"]


def test_cells_after_an_error_do_not_run(run: Callable[..., Any]) -> None:
    ran = run("1/0", "print('no')")
    assert ran.outputs(1) == []
    assert [cell["metadata"]["papermill"]["status"] for cell in ran.notebook["cells"]] == ["failed", "pending"]


def test_raises_exception_goes_on(run: Callable[..., Any]) -> None:
    ran = run({"source": "1/0", "tags": ["raises-exception"]}, "print('yes')")
    assert ran.result["state"] == "done"
    assert ran.outputs(0)[0]["ename"] == "ZeroDivisionError"
    assert ran.text(1) == "yes\n"


@pytest.mark.parametrize(
    ("source", "grace", "least", "most"),
    [
        ("import time; print('on', flush=True); time.sleep(60)", 5.0, 0.0, 3.0),
        ("print('on', flush=True)\nwhile True: pass", 5.0, 0.0, 3.0),
        (
            "import time; print('on', flush=True)\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException: pass",
            0.5,
            0.4,
            4.0,
        ),
        ("import subprocess; print('on', flush=True); subprocess.run(['sleep', '60'])", 5.0, 0.0, 3.0),
        ("print('on', flush=True)\n!sleep 60", 5.0, 0.0, 4.0),
        ("import asyncio; print('on', flush=True); await asyncio.sleep(60)", 5.0, 0.0, 3.0),
    ],
    ids=["sleeping", "busy", "stubborn", "subprocess", "bang", "awaiting"],
)
def test_cancel(source: str, grace: float, least: float, most: float, template: Any) -> None:
    call = template.call({"task": template.task(source, "2")})
    call.until(lambda message: message.get("event", {}).get("kind") == "stream")
    time.sleep(0.1)
    began = time.monotonic()
    call.send({"cancel": True, "grace": grace})
    result = call.rest()[-1]["result"]
    assert least <= time.monotonic() - began < most
    assert result["state"] == "cancelled"
    assert result["failure"]["kind"] == "cancelled"
    assert "jupyter_mlflow" not in Path(result["log"]).read_text()
    assert not children(template.process.pid)


def test_hanging_up_kills(template: Any) -> None:
    task = template.task(
        "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\nprint('on', flush=True)\nwhile True: pass"
    )
    call = template.call({"task": task})
    call.until(lambda message: message.get("event", {}).get("kind") == "stream")
    assert children(template.process.pid)
    call.socket.close()
    soon(lambda: not children(template.process.pid))
    assert Path(task["outbox"], "result.json").exists()
    assert "on" in Path(task["outbox"], "notebook.ipynb").read_text()


LEFTOVERS = {
    "daemonised": "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execvp('sleep', ['sleep', '61'])\n    os._exit(0)\nos.wait()",
    "new session": "import subprocess\nsubprocess.Popen(['sleep', '61'], start_new_session=True)",
    "background shell": "import os\nos.system('nohup sleep 61 >/dev/null 2>&1 &')",
    "worker pool": "from joblib import Parallel, delayed\nParallel(2)(delayed(abs)(i) for i in range(2))",
    "daemon thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
}


@pytest.mark.parametrize("name", LEFTOVERS)
def test_nothing_survives_a_step(name: str, template: Any) -> None:
    ran = template.run(LEFTOVERS[name])
    assert ran.result["state"] == "done"
    assert ran.seconds < 8
    assert not children(template.process.pid)


def test_threads_exit_handlers_and_files_end_as_in_an_interpreter(template: Any) -> None:
    task = template.task(
        "import atexit, threading, time\nf = open('f.txt', 'w'); f.write('unflushed')\n"
        "atexit.register(lambda: open('a.txt', 'w').write('at exit'))\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), open('t.txt', 'w').write('thread'))).start()"
    )
    template.call({"task": task}).rest()
    assert {path.name: path.read_text() for path in Path(task["folder"]).iterdir()} == {
        "f.txt": "unflushed",
        "a.txt": "at exit",
        "t.txt": "thread",
    }


def test_thread_that_never_ends_does_not_hold_the_step_for_ever(template: Any) -> None:
    ran = template.run("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()")
    assert ran.result["state"] == "done"
    assert ran.seconds < 9


def test_template_goes_on_after_all_of_this(run: Callable[..., Any]) -> None:
    assert run("print(1)").text() == "1\n"


def soon(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_template_ends_with_its_owner(template: Any) -> None:
    other = type(template)(template.folder / "other" if (template.folder / "other").mkdir() is None else template.folder)
    task = other.task("print('on', flush=True)\nimport time; time.sleep(60)")
    call = other.call({"task": task})
    call.until(lambda message: message.get("event", {}).get("kind") == "stream")
    below = children(other.process.pid)
    other.close()
    call.rest()
    assert other.process.returncode == 0
    soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    assert not other.path.exists()


def test_template_killed_takes_its_steps_along(template: Any) -> None:
    other = type(template)(template.folder / "third" if (template.folder / "third").mkdir() is None else template.folder)
    call = other.call(
        {"task": other.task("import subprocess\nsubprocess.Popen(['sleep', '60'])\nprint('on', flush=True)\nwhile True: pass")}
    )
    call.until(lambda message: message.get("event", {}).get("kind") == "stream")
    below = children(other.process.pid)
    assert len(below) >= 3
    os.kill(other.process.pid, signal.SIGKILL)
    soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    assert call.receive() is None or call.rest() is not None
    other.process.wait()
    other.close()
