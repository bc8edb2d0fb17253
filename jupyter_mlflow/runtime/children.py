"""The child: runs the user's cells in a shell that the template made, and does what the supervisor asks.

Requests, one at a time, and what answers them (see `streams`); displays and results come as `{"publish", "content"}`:
    {"do": "begin", "request": {...}}      -> {"reply": answer of the agent}
    {"do": "run", "source", "count"}       -> {"started": count}, then {"reply": {"ok", "ename", "evalue", "exits", "memory"}}
    {"do": "assign", "values": {...}}      -> {"reply": {}}
    {"do": "finish", "request": {...}}     -> {"reply": answer of the agent}
    {"do": "quit"}                         -> the child ends as an interpreter does, and its socket closes
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import contextlib
import faulthandler
import gc
import getpass
import importlib
import io
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from jupyter_mlflow.runtime import generators, lightness, limits, protocol, reseeding, shells
from jupyter_mlflow.runtime.streams import Link, OutStream
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.tasks import StepTask

_CHUNK = 1 << 18


class Child:
    """One step's Python process, from the inside."""

    def __init__(self, shell: shells.ZMQInteractiveShell, link: Link) -> None:
        self.shell = shell
        self.link = link
        self.loop = asyncio.new_event_loop()
        self._frames = protocol.Frames()
        self._flush = _flusher()

    def serve(self) -> None:
        """Work until asked to quit, or until the supervisor is gone."""
        asyncio.set_event_loop(self.loop)
        while not self.loop.is_closed():
            try:
                self.loop.run_until_complete(self._requests())
            except RuntimeError:
                if self.loop.is_running() or "stopped before" not in str(sys.exc_info()[1]):
                    raise
                continue  # a cell stopped the loop; the next request starts it again
            return

    async def _requests(self) -> None:
        self.link.connection.setblocking(False)
        while True:
            data = await self.loop.sock_recv(self.link.connection, _CHUNK)
            if not data:
                return
            for request in self._frames.feed(data):
                if request["do"] == "quit":
                    return
                self.link.connection.setblocking(True)
                self.link.send({"reply": await self._answer(request)})
                self.link.connection.setblocking(False)
                await asyncio.sleep(0)  # the user's tasks have their turn between cells, as in a kernel

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "run":
                self.link.send({"started": request["count"]})
                return await self._run(request["source"], request["count"])
            case "begin":
                self.link.send({"started": 0})
                answer = _agent("begin", request["request"], self.shell.user_ns)
                generators.mark()
                return answer
            case "finish":
                self.link.send({"started": 0})
                drawn = generators.drawn()
                answer = _agent("finish", {**request["request"], "imports": False}, self.shell.user_ns)
                return {**answer, "imports": lightness.roots(), "drawn": drawn}
            case _:
                self.link.send({"started": 0})
                return _agent("assign", request["values"], self.shell.user_ns)

    async def _run(self, source: str, count: int) -> dict[str, Any]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            result = await shells.run(self.shell, source, count)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._flush()
        error = result.error_before_exec if result.error_before_exec is not None else result.error_in_exec
        failed = not result.success or self.shell._last_traceback_during_displayhook  # noqa: SLF001
        shells.drop_payload(self.shell)
        return {
            "ok": not failed,
            "ename": type(error).__name__ if failed else "",
            "evalue": _text(error) if failed else "",
            "exits": bool(self.shell.exit_now),
            "memory": isinstance(error, MemoryError) or "can't allocate memory" in _text(error),
        }


def main(shell: shells.ZMQInteractiveShell, link: Link, task: StepTask | None) -> NoReturn:
    """Be the child of a supervisor that has just forked; without a task, wait for it: it comes as `{"task": StepTask}`."""
    code = 1
    gc.freeze()  # what we inherit is none of this process's garbage, and its files are not ours to write out
    try:
        task = task or _task(link)
        lightness.unload(task.folder)
        _become_kernel(shell, link, task)
        Child(shell, link).serve()
        code = 0
    except BaseException:  # noqa: BLE001 - the last line of this process: it is told and ends
        traceback.print_exc()
    finally:
        _end(code)


def _task(link: Link) -> StepTask:
    """Exactly one frame: what comes behind it is for `Child`."""

    def received(size: int) -> bytes:
        data = link.connection.recv(size, socket.MSG_WAITALL)
        if len(data) < size:  # the supervisor has ended, and us with it
            os._exit(0)
        return data

    (size,) = protocol.HEADER.unpack(received(protocol.HEADER.size))
    return codec.convert(json.loads(received(size))["task"], StepTask)


def _become_kernel(shell: shells.ZMQInteractiveShell, link: Link, task: StepTask) -> None:
    """What a Jupyter kernel has that this process has not yet."""
    os.environ.update(task.environment)
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    _choose_backend(task)
    shell.init_environment()  # type: ignore[no-untyped-call]
    os.chdir(task.folder)
    _find_modules_here()
    limits.hold(task.limits)
    reseeding.reseed()
    for name, stream in (("stdout", 1), ("stderr", 2)):
        out = OutStream(name, stream)
        out.link = link
        setattr(sys, name, out)
    sys.argv = [shells.launcher(), "-f", f"kernel-{os.getpid()}.json"]
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    shell.kernel.session.link = link
    builtins.input = shell.raw_input  # type: ignore[assignment]
    getpass.getpass = shell.kernel.getpass
    faulthandler.enable(file=2)


def _choose_backend(task: StepTask) -> None:
    """The inline backend, unless the user wants another; a preloaded matplotlib has read the variable already."""
    wanted = task.environment.get("MPLBACKEND")
    if wanted and "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = wanted
    if not os.environ.get("MPLBACKEND"):
        os.environ["MPLBACKEND"] = shells.INLINE


def _find_modules_here() -> None:
    """Import from the working folder, at the place in the path where IPython puts it."""
    if "" in sys.path or getattr(sys.flags, "safe_path", False):
        return
    places = [number for number, place in enumerate(sys.path) if os.path.basename(place) in {"site-packages", "dist-packages"}]  # noqa: PTH119
    sys.path.insert(places[0] if places else 0, "")


def _agent(function: str, *arguments: Any) -> dict[str, Any]:
    answer: dict[str, Any] | None = getattr(importlib.import_module("jupyter_mlflow.runtime.agent"), function)(*arguments)
    return answer or {}


def _text(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception as problem:  # noqa: BLE001 - the user's __str__
        return f"<its text cannot be shown: {type(problem).__name__}>"


def _flusher() -> Callable[[], None]:
    """Flushes what C code printed into its own buffer; only the two streams, because others may be locked by a reader."""
    try:
        import ctypes

        library = ctypes.CDLL(None)
        streams = [ctypes.c_void_p.in_dll(library, name) for name in ("stdout", "stderr")]
    except (ImportError, OSError, ValueError):
        return lambda: None

    def flush() -> None:
        for stream in streams:
            library.fflush(stream)

    return flush


def _end(code: int) -> NoReturn:
    """End as an interpreter does, but without taking the forked parts of the template down piece by piece."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001
    with contextlib.suppress(BaseException):
        _flush_files()
    os._exit(code)


def _flush_files() -> None:
    """Write out files that the user left open."""
    for found in gc.get_objects():
        if isinstance(found, io.IOBase) and not isinstance(found, OutStream):
            with contextlib.suppress(Exception):
                if not found.closed and found.writable():
                    found.flush()
