"""A warm template for the tests, and a client that speaks its protocol as an engine does."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HEADER = struct.Struct("!I")


class Ran:
    """What a client got for one task."""

    def __init__(self, messages: list[dict[str, Any]], seconds: float) -> None:
        self.messages = messages
        self.seconds = seconds
        self.events: list[dict[str, Any]] = [message["event"] for message in messages if "event" in message]
        self.result: dict[str, Any] = messages[-1].get("result", {}) if messages else {}

    @property
    def failure(self) -> dict[str, Any]:
        found: dict[str, Any] = self.result.get("failure") or {}
        return found

    @property
    def notebook(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(self.result["notebook"]).read_text("utf-8"))
        return found

    @property
    def log(self) -> str:
        return Path(self.result["log"]).read_text("utf-8")

    def outputs(self, cell: int = -1) -> list[dict[str, Any]]:
        return [joined(output) for output in self.notebook["cells"][cell]["outputs"]]

    def text(self, cell: int = -1, name: str = "stdout") -> str:
        return "".join(output["text"] for output in self.outputs(cell) if output.get("name") == name)

    def plain(self, cell: int = -1) -> list[str]:
        return [output["data"]["text/plain"] for output in self.outputs(cell) if "data" in output]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


def joined(value: Any) -> Any:
    """An output as nbformat gives it when read: lists of lines are texts."""
    if isinstance(value, dict):
        return {key: item if key == "traceback" else joined(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "".join(value)
    return value


class Call:
    """One connection to a template."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self._buffer = b""

    def send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode()
        self.socket.sendall(HEADER.pack(len(data)) + data)

    def receive(self) -> dict[str, Any] | None:
        while not self._complete():
            data = self.socket.recv(1 << 20)
            if not data:
                return None
            self._buffer += data
        size = HEADER.unpack_from(self._buffer)[0] + HEADER.size
        message: dict[str, Any] = json.loads(self._buffer[HEADER.size : size])
        self._buffer = self._buffer[size:]
        return message

    def rest(self) -> list[dict[str, Any]]:
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
        self.socket.close()
        return messages

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
            if wanted(message):
                return messages
        raise AssertionError(f"The connection ended: {messages}")

    def _complete(self) -> bool:
        return len(self._buffer) >= HEADER.size and len(self._buffer) >= HEADER.size + HEADER.unpack_from(self._buffer)[0]


def cell(index: int, source: Any) -> dict[str, Any]:
    fields = source if isinstance(source, dict) else {"source": source}
    return {"id": f"cell-{index}", "index": index, "count": index + 1, **fields}


class Template:
    """A running `serve` and the folder of its tests."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.path = folder / "socket"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_mlflow.runtime", "serve", "--socket", str(self.path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"IPYTHONDIR": str(folder / "ipython")} | (environment or {}),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the template did not start"
        self.about: dict[str, Any] = json.loads(line)

    def task(self, *cells: Any, **fields: Any) -> dict[str, Any]:
        place = Path(tempfile.mkdtemp(dir=self.folder))
        work = place / "work"
        work.mkdir()
        return {
            "run": "run-1",
            "step": "step",
            "cells": [cell(index, source) for index, source in enumerate(cells)],
            "store": str(self.folder / "store"),
            "folder": str(work),
            "outbox": str(place / "outbox"),
            **fields,
        }

    def call(self, message: dict[str, Any]) -> Call:
        call = Call(self.path)
        call.send(message)
        return call

    def run(self, *cells: Any, **fields: Any) -> Ran:
        began = time.monotonic()
        messages = self.call({"task": self.task(*cells, **fields)}).rest()
        return Ran(messages, time.monotonic() - began)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    started = Template(Path(tempfile.mkdtemp(prefix="rt-")))
    yield started
    started.close()


@pytest.fixture
def run(template: Template) -> Callable[..., Ran]:
    return template.run
