"""The value of a secret parameter shows up nowhere: not in what commands print, not on disk, not in the list of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command

SECRET = "hunter2-and-more"
CELLS = [
    ("parameters", "token = 'none'  # secret\nn = 1"),
    ("step:a", "import subprocess, time\nprint('told', token)\nlength = len(token)\ntime.sleep(0.5)"),
    ("step:b", "if length == n:\n    raise ValueError(token)"),
]


class Processes(threading.Thread):
    """Looks at the command lines of all processes, again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.seen: set[str] = set()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at /proc")
@pytest.mark.parametrize(
    "arguments", [["-o", "out.ipynb"], ["--json"], ["--verify"], ["--verify", "--json"], ["-p", "n", str(len(SECRET))]], ids=" ".join
)
def test_a_secret_stays_secret(arguments: list[str], command: Command, write: Any, tmp_path: Path) -> None:
    write(CELLS)
    looking = Processes()
    looking.start()
    ran = command(
        "run",
        "n.ipynb",
        "-f",
        "/dev/stdin",
        *arguments,
        text=f"token: {SECRET}\n",
        home=tmp_path / "home",
        IPYTHONDIR=str(tmp_path / "ipython"),
    )
    looking.over.set()
    looking.join()
    assert ran.code == (1 if "n" in arguments else 0), ran.err
    told = [
        command(*words, home=tmp_path / "home")
        for words in (
            ["runs", "show", "latest", "--json"],
            ["runs", "show", "latest"],
            ["logs", "latest"],
            ["logs", "latest", "--json"],
            ["graph", "n.ipynb"],
        )
    ]
    assert any("told ******" in one.out for one in told)
    assert not [one for one in (ran, *told) if SECRET in one.out + one.err]
    assert len(looking.seen) > 3 and not [one for one in looking.seen if SECRET in one]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_resume_needs_the_secret_again(command: Command, write: Any, tmp_path: Path) -> None:
    write(CELLS)
    home = tmp_path / "home"
    assert command("run", "n.ipynb", "-f", "/dev/stdin", "-p", "n", len(SECRET), text=f"token: {SECRET}\n", home=home).code == 1
    done = command("resume", "latest", home=home)
    assert "token" in done.out + done.err
    done = command("resume", "latest", "-f", "/dev/stdin", "-p", "n", "0", text=f"token: {SECRET}\n", home=home)
    assert done.code == 0, done.err
    assert SECRET not in done.out + done.err


def test_a_yaml_error_does_not_show_the_text(command: Command, write: Any) -> None:
    write(CELLS)
    done = command("run", "n.ipynb", "-f", "/dev/stdin", text=f"token: [{SECRET}\n")
    assert done.code == 2 and SECRET not in done.err and "line" in done.err


def test_processes_are_looked_at() -> None:
    looking = Processes()
    looking.start()
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", "visible-argument"], check=True, env=dict(os.environ))
    looking.over.set()
    looking.join()
    assert any("visible-argument" in one for one in looking.seen)
