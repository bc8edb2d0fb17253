"""Programs that tests run as processes of their own: `python programs.py <name> <arguments>`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_mlflow.spec.ids import Key, RunId, StepName
from jupyter_mlflow.spec.runs import Run, StepRun
from jupyter_mlflow.spec.tasks import Event, Output, StepResult
from jupyter_mlflow.store import runs as history
from jupyter_mlflow.store.local import LocalArtifacts
from jupyter_mlflow.store.runs import RunStore


def say(text: object) -> None:
    """A whole line at once, so that a killed process never leaves half of one behind."""
    os.write(1, f"{text}\n".encode())


def write(home: str, run: str) -> None:
    """Record steps and events without end, and say what has been recorded after each."""
    store = RunStore(Path(home))
    for number in range(10**9):
        step = StepRun(name=StepName(f"{os.getpid()}-{number}"), state="done", reason="x" * 200)
        store.put_step(RunId(run), step)
        last = store.append(RunId(run), [Event(time=float(number), kind="stream", text=str(os.getpid()))] * 3)
        say(f"{step.name} {last}")


def append(home: str, run: str, count: str) -> None:
    """Append so many events, one by one."""
    store = RunStore(Path(home))
    for number in range(int(count)):
        store.append(RunId(run), [Event(time=float(number), kind="stream", text=str(os.getpid()))])


def create(home: str, count: str) -> None:
    """Open a home that may not be there yet, and record runs."""
    for _ in range(int(count)):
        with RunStore(Path(home)) as store:
            run = history.new_run_id()
            store.create(Run(run=run, notebook="n.ipynb", started=time.time()))
            store.update(run, state="done")
            say(run)


def store(folder: str, size: str, count: str) -> None:
    """Put the same few objects again and again."""
    artifacts = LocalArtifacts(Path(folder))
    for number in range(int(count)):
        data = bytes([number % 3]) * int(size)
        file = Path(folder) / f"made-{os.getpid()}"
        file.write_bytes(data)
        digest, _ = artifacts.put_file(file, move=True)
        assert artifacts.local_path(digest).stat().st_size == len(data)
        say(digest)


def record(home: str, folder: str, count: str) -> None:
    """Store an object that many share, then record it as a step's output."""
    artifacts = LocalArtifacts(Path(folder))
    with RunStore(Path(home)) as opened:
        for number in range(int(count)):
            data = bytes([number % 5]) * 1000
            digest = artifacts.put_bytes(data)
            run = RunId(f"r-{os.getpid()}-{number}")
            output = Output(digest=digest, size=1000, keys=(Key("x"),))
            made = StepResult(run=run, step=StepName("s"), state="done", outputs=(output,))
            steps = (StepRun(name=StepName("s"), state="done", result=made),)
            opened.create(Run(run=run, notebook="n", state="done", started=time.time(), steps=steps))


def launch(home: str, name: str) -> None:
    """Record a run of this process, and wait."""
    with RunStore(Path(home)) as opened:
        step = StepRun(name=StepName("load"), state="running")
        waiting = StepRun(name=StepName("train"))
        run = Run(run=RunId(name), notebook="n.ipynb", state="running", pid=os.getpid(), steps=(step, waiting))
        opened.create(run)
        say(run.run)
        time.sleep(60)


PROGRAMS: dict[str, Callable[..., None]] = {
    "write": write,
    "append": append,
    "create": create,
    "store": store,
    "record": record,
    "launch": launch,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
