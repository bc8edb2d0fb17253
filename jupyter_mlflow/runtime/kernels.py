"""A real Jupyter kernel as the host: other Python environments and other languages.

In a Python kernel the agent's source is injected by silent requests, so nothing of ours has to be installed
there and nothing shows in the notebook. In other languages there is no agent: parameters are set in the way
papermill knows for the language, and variables do not travel.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
import os
import queue
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager

from jupyter_mlflow.errors import RefusedError
from jupyter_mlflow.runtime import hashes, injection, limits, processes
from jupyter_mlflow.runtime.guards import Guard
from jupyter_mlflow.runtime.hosts import DiedError, Outcome
from jupyter_mlflow.runtime.recorders import Recorder
from jupyter_mlflow.spec.tasks import StepTask

FORCE = "JUPYTER_MLFLOW_REAL_KERNEL"
"""Set to 1 in the runtime's environment or a task's: never use the forked shell."""

_START = 60.0
_LAST_WORDS = 5.0
# A subscription to outputs takes a moment; a kernel that has not been heard by then is asked again.
_HEAR = 0.3
# How much of what a kernel itself prints is kept, to be shown if it dies.
_TAIL = 1 << 16
# Of addresses of local sockets, less what is added to the connection file's path.
_LONGEST_PATH = 100

_CALL = (
    "__import__('json').dumps(__import__('sys').modules[{name!r}].{function}("
    "__import__('json').loads({request!r}), globals()), default=str)"
)
_GENERATORS = "__import__('sys').modules['_jupyter_mlflow_generators']"
_SET_COUNT = (
    "setattr(get_ipython(), 'execution_count', {count}), [inputs.extend([''] * ({count} - len(inputs))) for inputs in "
    "(get_ipython().history_manager.input_hist_parsed, get_ipython().history_manager.input_hist_raw)]"
)


def is_own(task: StepTask) -> bool:
    """Whether the task's kernel is this very Python, so that the forked shell can stand in for it."""
    if task.language != "python" or (os.environ | task.environment).get(FORCE, "") not in {"", "0"}:
        return False
    spec = specification(task.kernel)
    return not spec.env and spec.argv[1:] == _ARGUMENTS and _is_this_python(spec.argv[0])


def remember(task: StepTask) -> None:
    """In a process that forks for each task: look its kernel up, once for all tasks."""
    with contextlib.suppress(RefusedError):  # which the task's own process tells
        is_own(task)


_ARGUMENTS = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
_known: dict[str, KernelSpec] = {}


def specification(name: str) -> KernelSpec:
    """The kernelspec of that name; remembered, so that a template finds it once for all its steps."""
    if name not in _known:
        manager = KernelSpecManager()
        try:
            _known[name] = manager.get_kernel_spec(name)
        except NoSuchKernel as error:
            there = ", ".join(sorted(manager.find_kernel_specs())) or "none"
            raise RefusedError(
                f"The notebook asks for the kernel {name!r}, which is not installed here. Installed are: {there}."
            ) from error
    return _known[name]


class KernelHost:
    """A kernel process that jupyter_client started."""

    def __init__(self, task: StepTask, recorder: Recorder, guard: Guard) -> None:
        self._task = task
        self._recorder = recorder
        self._guard = guard
        self._heard: dict[str, Any] = {}
        self._tail = b""
        self._count: int | None = None
        self._info: dict[str, Any] = {}
        self._folder = _folder(task)
        self._manager = self._prepare()
        self._start()
        self._client: BlockingKernelClient = self._manager.blocking_client()
        self._client.start_channels(hb=False, stdin=False, control=True)
        self._await_ready()

    def begin(self, request: dict[str, Any]) -> dict[str, Any]:
        """See `hosts.Host`."""
        if self._task.language != "python":
            return self._begin_foreign(request["replay"], request["values"])
        self._silently(injection.expression())
        if self._chose_hashes:
            self._silently(hashes.FORGET)
        answer = self._call("begin", request)
        self._silently(f"{_GENERATORS}.mark()")
        return answer

    def _begin_foreign(self, replay: Sequence[str], values: dict[str, Any]) -> dict[str, Any]:
        """Replay the set-up cells; parameters are set after each of them, because any may be the one that has their defaults."""
        self._set(values)
        for source in replay:
            reply = self._execute(source, silent=True)
            if reply["status"] != "ok":
                ename, evalue = reply.get("ename", ""), reply.get("evalue", "")
                return {"ok": False, "key": "the set-up cells", "ename": ename, "evalue": f"{ename}: {evalue}"}
            self._set(values)
        return {"ok": True, "restored": []}

    def run(self, source: str, count: int) -> Outcome:
        """See `hosts.Host`."""
        self._recorder.start()
        if self._task.language == "python" and count != self._count:
            self._silently(_SET_COUNT.format(count=count))
        reply = self._execute(source, count=count)
        self._count = count + 1
        failed = reply["status"] != "ok"
        ename = reply.get("ename", "") if failed else ""
        exits = any(payload.get("source") == "ask_exit" for payload in reply.get("payload") or ())
        return Outcome(not failed, ename, reply.get("evalue", "") if failed else "", exits, "MemoryError" in ename)

    def assign(self, values: dict[str, Any]) -> None:
        """See `hosts.Host`."""
        self._recorder.pause()
        if self._task.language == "python":
            self._call("assign", values)
        else:
            self._set(values)

    def finish(self, request: dict[str, Any]) -> dict[str, Any]:
        """See `hosts.Host`."""
        self._recorder.pause()
        if self._task.language == "python":
            drawn = self._evaluate(f"{_GENERATORS}.drawn()")
            return {**self._call("finish", request), "drawn": drawn}
        reason = f"variables do not travel between steps of a {self._task.language} notebook"
        nothing: dict[str, Any] = dict.fromkeys(("outputs", "absent", "files_read", "files_written", "imports"), ())
        return nothing | {"effects": ("foreign",), "unportable": dict.fromkeys(request["gives"], reason), "summaries": {}, "metrics": {}}

    def language_info(self) -> dict[str, Any]:
        """See `hosts.Host`."""
        return self._info

    def close(self) -> int:
        """See `hosts.Host`."""
        with contextlib.suppress(OSError, zmq.ZMQError, DiedError):
            if self._guard.verdict is None and self._process.poll() is None:
                self._client.shutdown()
                self._wait_for_end(time.monotonic() + _LAST_WORDS)
        processes.end_tree(self._process.pid)
        self._process.wait()
        self._client.stop_channels()
        self._manager.cleanup_resources()
        shutil.rmtree(self._folder, ignore_errors=True)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024

    def _prepare(self) -> KernelManager:
        manager = KernelManager(kernel_name=self._task.kernel, connection_file=str(self._folder / "c"))
        if _is_short(self._folder):  # else ports, which are picked, released and only then bound: a neighbour may take them
            manager.transport = "ipc"
            manager.ip = str(self._folder / "c")
        return manager

    def _start(self) -> None:
        task = self._task
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        environment = {**os.environ, **limits.pool_sizes(task.limits), **task.environment}
        self._chose_hashes = task.language == "python" and hashes.fix(environment)
        try:
            self._manager.start_kernel(cwd=task.folder, env=environment, stdout=writing, stderr=writing, stdin=_devnull())
        except OSError as error:
            raise RefusedError(f"The kernel {task.kernel!r} cannot be started: {error}.") from error
        finally:
            os.close(writing)
        self._printed = reading
        provisioner: Any = self._manager.provisioner
        self._process = provisioner.process
        limits.hold_other(self._process.pid, task.limits)
        self._guard.watch(self._process.pid, poll=_Poll)
        self._ended = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else None

    def _await_ready(self) -> None:
        """Ready is a kernel that has answered and whose outputs we hear."""
        self._recorder.pause()
        request, asked, heard = self._client.kernel_info(), time.monotonic(), False
        deadline = asked + _START
        while not (self._info and heard):
            self._wait(0.05)
            heard = any(True for _ in self._outputs()) or heard
            for message in self._replies():
                if message["parent_header"].get("msg_id") == request:
                    self._info = message["content"]["language_info"]
            if self._info and not heard and time.monotonic() - asked > _HEAR:
                self._client.kernel_info()
                asked = time.monotonic()
            if time.monotonic() > deadline:
                raise RefusedError(f"The kernel {self._task.kernel!r} did not answer within {_START:.0f} seconds.")

    def _set(self, values: dict[str, Any]) -> None:
        """Set variables in another language, by source that papermill writes."""
        if not values:
            return
        from papermill.translators import papermill_translators

        translator = papermill_translators.find_translator(self._task.kernel, self._task.language)
        self._silently(translator.codify(values))

    def _call(self, function: str, request: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the agent with the user's namespace."""
        expression = _CALL.format(name=injection.AGENT, function=function, request=json.dumps(request))
        found: dict[str, Any] = json.loads(self._evaluate(expression, function))
        return found

    def _evaluate(self, expression: str, doing: str = "answer") -> Any:
        """The value of an expression; it must be a literal."""
        reply = self._execute("", silent=True, expressions={"answer": expression})
        answer = reply["user_expressions"]["answer"]
        if answer["status"] != "ok":
            raise DiedError(f"could not {doing} ({answer['ename']}: {answer['evalue']})")
        return ast.literal_eval(answer["data"]["text/plain"])

    def _silently(self, source: str) -> None:
        reply = self._execute(source, silent=True)
        if reply["status"] != "ok":
            raise DiedError(f"refused what was asked of it ({reply.get('ename')}: {reply.get('evalue')})")

    def _execute(
        self, source: str, *, silent: bool = False, count: int | None = None, expressions: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Have the kernel execute something, and wait for its reply and the end of its outputs."""
        request = self._client.execute(
            source, silent=silent, store_history=not silent, user_expressions=expressions, allow_stdin=False, stop_on_error=False
        )
        reply: dict[str, Any] | None = None
        idle = False
        while reply is None or not idle:
            self._wait()
            for message in self._outputs():
                if message["parent_header"].get("msg_id") == request and message["msg_type"] == "status":
                    idle = idle or message["content"]["execution_state"] == "idle"
                else:
                    self._publish(message, count)
            for message in self._replies():
                if message["parent_header"].get("msg_id") == request:
                    reply = message["content"]
        return reply

    def _publish(self, message: dict[str, Any], count: int | None) -> None:
        content = message["content"]
        if "execution_count" in content and count is not None:
            content["execution_count"] = count
        if message["msg_type"] not in {"status", "execute_input", "iopub_welcome"}:
            from jupyter_mlflow.runtime.protocol import plain

            self._recorder.publish(message["msg_type"], content, [plain(bytes(buffer)) for buffer in message.get("buffers") or ()])

    def _wait(self, timeout: float | None = None) -> None:
        patient = [self._printed] if self._ended is None else [self._printed, self._ended]
        if self._ended is None:
            timeout = min(timeout or 0.2, 0.2)
        self._guard.wait([self._client.iopub_channel.socket, self._client.shell_channel.socket], patient, timeout)
        self._read_prints()
        if self._process.poll() is not None and not self._client.shell_channel.socket.poll(0):
            raise self._died()

    def _wait_for_end(self, deadline: float) -> None:
        while time.monotonic() < deadline and self._process.poll() is None:
            self._wait(deadline - time.monotonic())
            self._drain()

    def _drain(self) -> None:
        for message in (*self._outputs(), *self._replies()):
            self._publish(message, None) if message["msg_type"] == "stream" else None

    def _outputs(self) -> Iterator[dict[str, Any]]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._client.get_iopub_msg(timeout=0)

    def _replies(self) -> Iterator[dict[str, Any]]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._client.get_shell_msg(timeout=0)

    def _read_prints(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._printed, 1 << 16):
                self._tail = (self._tail + data)[-_TAIL:]

    def _died(self) -> DiedError:
        self._read_prints()
        for message in self._outputs():
            self._publish(message, None)
        if self._tail:
            self._recorder.print("stderr", self._tail.decode("utf-8", "replace"))
        code = self._process.wait()
        return DiedError(processes.described(code), -code if code < 0 else None)


class _Poll:
    """`select.poll` that takes zmq sockets, too."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()

    def register(self, target: Any, events: int) -> None:
        """Watch for `select.POLLIN` or `POLLOUT`."""
        import select

        self._poller.register(target, (zmq.POLLIN if events & select.POLLIN else 0) | (zmq.POLLOUT if events & select.POLLOUT else 0))

    def poll(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """What is ready within so many milliseconds."""
        return self._poller.poll(None if timeout is None else math.ceil(timeout))


def _folder(task: StepTask) -> Path:
    """For the connection file and sockets, which only we may open; elsewhere if their addresses would be too long there."""
    from jupyter_mlflow.store import places

    folder = Path(task.outbox) / "kernel"
    return places.private_folder(folder) if _is_short(folder) else Path(tempfile.mkdtemp(prefix="jm-"))


def _is_short(folder: Path) -> bool:
    return len(os.fsencode(folder)) < _LONGEST_PATH


def _devnull() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def _is_this_python(command: str) -> bool:
    """jupyter_client itself reads a bare `python` as the one that it runs in. Environments share a real file, so folders count."""
    if command in {"python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"}:
        return True
    return os.path.realpath(os.path.dirname(command)) == os.path.realpath(os.path.dirname(sys.executable))  # noqa: PTH120
