"""Processes that are ready before there is a task for them.

Forking from a template with large libraries takes longer than three small cells do, and a fork's first steps touch many pages. So when a
client says that it will have more tasks (`"ahead"`, see `protocol`), the template forks the next supervisor as soon as one has got its task,
and that one forks its child; both wait. They are what they would be if they were forked later, because a template does not change:
whatever depends on the task (folder, variables, limits, random seeds) happens when the task comes.

The template hands over the client's connection itself, beside what it has read from it, as one frame:

    {"task": StepTask, "secrets": [...], "messages": [...], "rest": bytes of a frame that is not complete, in hexadecimal}
"""

from __future__ import annotations

import contextlib
import mmap
import socket
from typing import Any, NamedTuple

from jupyter_mlflow.runtime import protocol
from jupyter_mlflow.runtime.connections import Connection
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import StepTask

_CHUNK = 1 << 16
# A standby has nothing to do but to take a task, so one that does not take it in this time never will.
_PATIENCE = 5.0


class Client(NamedTuple):
    """Who asked for a task, and what has come beside it."""

    connection: socket.socket
    frames: protocol.Frames
    messages: list[dict[str, Any]]
    secrets: tuple[str, ...]
    ahead: bool


class Standby(NamedTuple):
    """A supervisor that waits, as the template sees it."""

    pid: int
    connection: socket.socket
    halfway: mmap.mmap

    def give(self, task: StepTask, client: Client) -> bool:
        """Hand over a task; False when nobody is there to take it."""
        message = {
            "task": codec.builtins(task),
            "secrets": client.secrets,
            "messages": client.messages,
            "rest": client.frames.rest().hex(),
        }
        data = protocol.frame(message)
        with contextlib.suppress(OSError):
            self.connection.settimeout(_PATIENCE)
            sent = socket.send_fds(self.connection, [data], [client.connection.fileno()])
            if sent < len(data):  # even sending nothing fails when the other side has what it needs and has closed
                self.connection.sendall(data[sent:])
            return True
        return False

    def dismiss(self) -> None:
        """End it: it sees that nobody is left who could give it a task."""
        self.connection.close()


class Given(NamedTuple):
    """A task, as the standby gets it."""

    task: StepTask
    connection: Connection
    secrets: tuple[str, ...]


def take(place: socket.socket, halfway: mmap.mmap) -> Given | None:
    """In a standby: wait for a task; None when there will be none."""
    frames = protocol.Frames()
    data, descriptors, _, _ = socket.recv_fds(place, _CHUNK, 1)
    while data:
        for message in frames.feed(data):
            rest = protocol.Frames()
            early = [*message["messages"], *rest.feed(bytes.fromhex(message["rest"]))]
            client = socket.socket(fileno=descriptors[0])
            return Given(codec.convert(message["task"], StepTask), Connection(client, halfway, rest, early), tuple(message["secrets"]))
        data = place.recv(_CHUNK)
    return None
