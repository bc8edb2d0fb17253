"""Supervisors and children that wait for a task: they do what those do that are forked for one."""

import json
import mmap
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.runtime import protocol, standbys
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.tasks import StepTask
from tests.runtime.conftest import HEADER, Call, Ran


def below(pid: int) -> list[int]:
    """The processes that `pid` is the parent of, oldest first."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def soon(find: Callable[[], Any]) -> Any:
    end = time.monotonic() + 20
    while not (found := find()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def ready(template: Any) -> Iterator[Any]:
    """A template that has run a task, and has a standby for the next one."""
    folder = template.folder / f"standby-{time.monotonic_ns()}"
    folder.mkdir()
    found = type(template)(folder)
    assert ahead(found, "1").result["state"] == "done"
    waiting(found)
    yield found
    found.close()


def waiting(template: Any) -> tuple[int, int]:
    """The ids of the supervisor and the child that wait; the only processes when no task runs."""
    supervisor = soon(lambda: below(template.process.pid) if len(below(template.process.pid)) == 1 else None)[0]
    return supervisor, soon(lambda: below(supervisor))[0]


def ahead(template: Any, *cells: Any, **fields: Any) -> Ran:
    began = time.monotonic()
    return Ran(template.call({"task": template.task(*cells, **fields), "ahead": True}).rest(), time.monotonic() - began)


def test_the_next_task_runs_where_it_was_waited_for(ready: Any) -> None:
    pids = waiting(ready)
    ran = ahead(ready, "import os\n(os.getppid(), os.getpid())")
    assert ran.plain() == [str(pids)]
    assert waiting(ready)[0] not in pids


def test_what_depends_on_the_task_is_the_tasks(ready: Any) -> None:
    program = """
import os, resource, random
print(os.environ["COLOUR"], os.getcwd(), os.environ["OMP_NUM_THREADS"], resource.getrlimit(resource.RLIMIT_DATA)[0] > 0)
print(secret, random.random())
"""
    drawn = set()
    for _ in range(2):
        task = ready.task(
            program, environment={"COLOUR": "green"}, limits={"cpu": 1.0, "memory": 1 << 30}, values={"secret": 7}, secrets=["no-such"]
        )
        ran = Ran(ready.call({"task": task, "ahead": True}).rest(), 0)
        first, second = ran.text().splitlines()
        assert first == f"green {task['folder']} 1 True"
        assert second.startswith("7 ")
        drawn.add(second)
        waiting(ready)
    assert len(drawn) == 2  # each has seeds of its own


def test_a_large_task_arrives_whole(ready: Any) -> None:
    ran = ahead(ready, f"text = {'x' * 3_000_000!r}\nlen(text)")
    assert ran.plain() == ["3000000"]


def frame(message: dict[str, Any]) -> bytes:
    data = json.dumps(message).encode()
    return HEADER.pack(len(data)) + data


@pytest.mark.parametrize("cut", [0, 3, 20], ids=["cancel comes with the task", "half a length comes with it", "half a frame comes with it"])
def test_what_came_behind_the_task_is_handed_over(ready: Any, cut: int) -> None:
    cancel = frame({"cancel": True, "grace": 5.0})
    call = Call(ready.path)
    together = len(cancel) if cut == 0 else cut
    call.socket.sendall(frame({"task": ready.task("import time; time.sleep(60)")}) + cancel[:together])
    if cut:
        time.sleep(0.1)
        call.socket.sendall(cancel[together:])
    assert call.rest()[-1]["result"]["state"] == "cancelled"


@pytest.mark.parametrize("who", [0, 1], ids=["supervisor", "child"])
def test_one_that_dies_waiting_is_replaced(ready: Any, who: int) -> None:
    pid = waiting(ready)[who]
    os.kill(pid, signal.SIGKILL)
    soon(lambda: ended(pid) or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    assert ahead(ready, "6 * 7").plain() == ["42"]
    assert ahead(ready, "6 * 7").plain() == ["42"]


def test_a_step_that_dies_leaves_the_one_that_waits_alone(ready: Any) -> None:
    call = ready.call({"task": ready.task("print('on', flush=True)\nimport time; time.sleep(60)"), "ahead": True})
    call.until(lambda message: message.get("event", {}).get("kind") == "stream")
    supervisor, standby = soon(lambda: below(ready.process.pid) if len(below(ready.process.pid)) == 2 else None)
    time.sleep(0.2)  # one that is killed while it sends is not answered for: nobody knows how much of a frame has gone
    os.kill(supervisor, signal.SIGKILL)
    assert call.rest()[-1]["result"]["failure"]["kind"] == "lost"
    assert waiting(ready)[0] == standby
    assert ahead(ready, "import os\nos.getppid()").plain() == [str(standby)]


@pytest.mark.parametrize("how", ["owner ends", "killed"])
def test_nobody_waits_for_a_template_that_has_ended(ready: Any, how: str) -> None:
    pids = waiting(ready)
    if how == "killed":
        os.kill(ready.process.pid, signal.SIGKILL)
        ready.process.wait()
    else:
        ready.close()
    soon(lambda: all(map(ended, pids)))


def test_a_real_kernel_needs_no_child_that_waits(ready: Any) -> None:
    _, child = waiting(ready)
    ran = ahead(ready, "import os\nos.getpid()", environment={"JUPYTER_MLFLOW_REAL_KERNEL": "1"})
    assert ran.result["state"] == "done"
    assert ran.plain() != [str(child)]
    assert ended(child)


def test_without_word_of_more_tasks_nobody_waits(ready: Any) -> None:
    assert ready.run("1").plain() == ["1"]
    soon(lambda: not below(ready.process.pid))


class Hasty(socket.socket):
    """A connection whose other side takes what it needs and closes before the sender can do anything more."""

    def sendmsg(self, *arguments: Any) -> int:
        sent = super().sendmsg(*arguments)
        self.other.close()
        return sent


def test_a_task_that_was_taken_is_not_given_to_another() -> None:
    ours, theirs = socket.socketpair()
    connection = Hasty(fileno=ours.detach())
    connection.other = theirs
    task = StepTask(run=RunId("r"), step=StepName("s"), cells=(), store="", folder="", outbox="")
    here, there = socket.socketpair()
    with connection, here, there, mmap.mmap(-1, mmap.PAGESIZE) as halfway:
        client = standbys.Client(here, protocol.Frames(), [], (), ahead=True)
        assert standbys.Standby(0, connection, halfway).give(task, client)
