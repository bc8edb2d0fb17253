"""What the views show, from events alone; and a real run on a real terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jupyter_mlflow.actions import boards
from jupyter_mlflow.cli import progress, texts
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Event
from tests.cli.conftest import Command

RUN = Run(
    run=RunId("20261124-015301-k3f9"),
    notebook="/notebooks/n.ipynb",
    started=100.0,
    steps=(
        StepRun(name=StepName("setup"), role="setup"),
        *(StepRun(name=StepName(name)) for name in ("load", "fit", "tune", "report", "end")),
    ),
)
EVENTS = [
    Event(time=100.0, kind="run", state="running", text=RUN.run),
    Event(time=100.1, kind="step", step="setup", state="done"),
    Event(time=100.1, kind="step", step="load", state="cached", text="unchanged since run 1"),
    Event(time=100.2, kind="step", step="fit", state="running", text="code of cell [2] changed"),
    Event(time=100.2, kind="step", step="tune", state="running", text="never run before"),
    Event(time=100.3, kind="cell", step="fit", cell=4, state="running", position=3, total=7),
    Event(time=100.4, kind="stream", step="fit", cell=4, name="stdout", text="epoch 1\nepoch \x1b[31m2\x1b[0m\n\n"),
    Event(time=100.4, kind="cell", step="tune", cell=6, state="running", position=1, total=1),
    Event(time=100.5, kind="progress", step="tune", cell=6, fraction=0.61),
    Event(time=101.2, kind="cell", step="tune", cell=6, state="failed", position=1, total=1, text="no [bold]such[/] thing\nmore"),
    Event(time=101.3, kind="step", step="tune", state="failed"),
    Event(time=101.3, kind="step", step="report", state="skipped", text="`tune` failed"),
]


def picture(events: list[Event], monkeypatch: pytest.MonkeyPatch, *, width: int = 80, height: int = 20, final: bool = False) -> list[str]:
    monkeypatch.setattr(progress.time, "time", lambda: 102.2)
    drawn = progress.Picture("n.ipynb", boards.of_run(RUN))
    drawn.final = final
    for event in events:
        drawn.board.take(event)
    console = Console(file=io.StringIO(), width=width, height=height, markup=False, highlight=False, emoji=False)
    console.print(drawn)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_the_table_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert picture(EVENTS, monkeypatch) == [
        "n.ipynb  1 of 5 steps, 1 cached, 1 failed, 2.2 s",
        "◆ load    cached          unchanged since run 1",
        "◐ fit     running  2.0 s  cell 3 of 7  epoch 2",
        "✕ tune    failed   1.1 s  no [bold]such[/] thing",
        "– report  skipped         `tune` failed",
        "○ end     queued",
    ]


def test_a_progress_bar_of_the_cell_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert picture(EVENTS[:9], monkeypatch)[3] == "◐ tune    running  2.0 s  ━━━━━━╌╌╌╌ 61%"


def test_a_low_terminal_shows_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = picture(EVENTS, monkeypatch, height=7)
    assert [line.split()[1] for line in shown[1:-1]] == ["fit", "tune", "end"] and shown[-1] == "and 2 more steps"
    assert len(picture(EVENTS, monkeypatch, height=7, final=True)) == 6


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_narrow_terminal_breaks_no_line(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = picture(EVENTS, monkeypatch, width=width)
    assert len(shown) == 6 and max(map(len, shown)) <= width


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    view = progress.Lines()
    view.start(RUN)
    for event in EVENTS:
        view(event)
    view(Event(time=102.0, kind="run", state="stopping", text=RUN.run))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.partition(" ")[2] for line in shown.err.splitlines()] == [
        "run 20261124-015301-k3f9: 5 steps of /notebooks/n.ipynb",
        "● setup done",
        "◆ load cached  unchanged since run 1",
        "◐ fit running  code of cell [2] changed",
        "◐ tune running  never run before",
        "◐ fit cell 3 of 7",
        "✕ tune failed 1.1 s",
        "– report skipped  `tune` failed",
        "Stopping: no further step starts, those that run go on. Ctrl-C again stops them now.",
    ]


def test_every_state_has_a_glyph_and_a_colour() -> None:
    from typing import get_args

    from jupyter_mlflow.spec.runs import RunState, StepState

    assert {*get_args(RunState), *get_args(StepState)} == set(boards.GLYPHS)
    assert set(get_args(StepState)) == set(progress._COLOURS)
    assert len(set(boards.GLYPHS.values())) == len(boards.GLYPHS)


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12, "12 s"), (119, "119 s"), (125, "2 min 5 s"), (7860, "2 h 11 min")]
)
def test_seconds(value: float, text: str) -> None:
    assert texts.seconds(value) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1234, "1.2 kB"), (75_000_000, "75 MB"), (2e15, "2000 TB")]
)
def test_size(count: float, text: str) -> None:
    assert texts.size(count) == text


class Terminal:
    """A command on a pseudo terminal of 80 x 24."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str, **variables: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        env = (
            {key: value for key, value in environment.items() if key not in {"CI", "NO_COLOR", "COLUMNS"}}
            | {"TERM": "xterm-256color"}
            | variables
        )
        words = [sys.executable, "-m", "jupyter_mlflow.cli", *arguments]
        self.process = subprocess.Popen(words, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self.text = ""

    def until(self, wanted: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < end, self.text
            self._read(0.2)

    def end(self) -> int:
        while self._read(10):
            pass
        return self.process.wait(20)

    def close(self) -> None:
        """End it, whatever became of the test."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._ours)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._ours], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def on_terminal(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(*arguments: str, **variables: str) -> Terminal:
        opened.append(Terminal(tmp_path, environment, *arguments, **variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


SLOW = [
    ("step:a", "times = 40"),
    ("step:b", "import time\nfor _ in range(times):\n    time.sleep(0.1)"),
    ("step:c after:b", "print('never')"),
]


def test_on_a_terminal_the_table_is_live(write: Any, on_terminal: Callable[..., Terminal]) -> None:
    write([("step:a", "x = 1"), ("step:b", "import time; time.sleep(1)\nprint(x)")])
    terminal = on_terminal("run", "n.ipynb", "--no-cache")
    terminal.until("running")
    assert terminal.end() == 0
    assert "\x1b[" in terminal.text and "2 of 2 steps" in terminal.text
    assert "done: 2 of 2 steps, 0 cached" in terminal.text


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c(presses: int, write: Any, on_terminal: Callable[..., Terminal], command: Command) -> None:
    write(SLOW)
    terminal = on_terminal("run", "n.ipynb", "--no-cache", "--workers", "1")
    terminal.until("1 of 3 steps")
    time.sleep(0.5)
    os.killpg(terminal.process.pid, signal.SIGINT)
    terminal.until("Stopping: no further step starts")
    if presses == 2:
        os.killpg(terminal.process.pid, signal.SIGINT)
    code = terminal.end()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.text)
    assert code == 1 and "jupyter mlflow resume " in plain and "Traceback" not in plain
    found = {name: one["state"] for name, one in command("runs", "show", "latest", "--json").document["steps"].items()}
    assert found == {"a": "done", "b": "done" if presses == 1 else "cancelled", "c": "cancelled"}


@pytest.mark.parametrize(("variables", "arguments"), [({"CI": "true"}, []), ({"TERM": "dumb"}, []), ({}, ["--quiet"]), ({}, ["--json"])])
def test_elsewhere_there_are_no_control_sequences(variables: dict[str, str], arguments: list[str], command: Command, write: Any) -> None:
    write([("step:a", "x = 1")])
    done = command("run", "n.ipynb", *arguments, **variables)
    assert done.code == 0 and "\x1b" not in done.out + done.err
    assert ("● a done" in done.err or "◆ a cached" in done.err) == (not arguments)


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color(variables: dict[str, str], coloured: bool, write: Any, on_terminal: Callable[..., Terminal]) -> None:
    write([("step:a", "x = 1")])
    terminal = on_terminal("run", "n.ipynb", **variables)
    assert terminal.end() == 0
    assert bool(re.search(r"\x1b\[(?:\d+;)*3[0-7]m", terminal.text)) == coloured


def test_a_terminal_without_utf_8(command: Command, write: Any) -> None:
    write([("step:a", "x = 1")])
    done = command("run", "n.ipynb", PYTHONIOENCODING="ascii")
    assert done.code == 0 and "? a" in done.err
