"""The IPython shell of a step: Jupyter's own kernel shell, talking to a `Link` instead of sockets.

Only what sends messages is replaced, so displays, tracebacks, magics and hooks are those of a Jupyter
kernel to the letter, and libraries that look for it (tqdm, rich, plotly) find it. The shell is built once in the template,
where its ways are rehearsed (caches filled, lazy imports done), and used by one child each after a fork.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell as KernelShell
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client import session as sessions
from traitlets.config import Config

from jupyter_mlflow.runtime.streams import Link

# One cell of each kind that every step has; run in the template so that no step pays for first times.
_REHEARSAL = (
    "1+1",
    "print(1)",
    "1/0",
    "x=1",
    "from IPython.display import display\ndisplay(1)",
    "%time 1",
    "1 +",
    "await __import__('asyncio').sleep(0)",
)
INLINE = "module://matplotlib_inline.backend_inline"

LANGUAGE_INFO = {
    "name": "python",
    "version": sys.version.split()[0],
    "mimetype": "text/x-python",
    "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
    "pygments_lexer": "ipython3",
    "nbconvert_exporter": "python",
    "file_extension": ".py",
}

_MODULE_ATTRIBUTES = ("__doc__", "__package__", "__loader__", "__spec__")


class Session(sessions.Session):
    """Sends Jupyter messages through the link; drops them while there is none."""

    link: Link | None = None

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, buffers: Any = None, **rest: Any) -> Any:  # noqa: ARG002
        """Publish a message of a type with its content, or one that is made already."""
        if isinstance(msg_or_type, dict):
            kind, content = msg_or_type["header"]["msg_type"], msg_or_type["content"]
        else:
            kind = msg_or_type
        if self.link is not None:
            message = {"publish": kind, "content": content}
            if buffers:
                message["buffers"] = [bytes(buffer) for buffer in buffers]
            self.link.send(message)
        return {"header": {"msg_type": kind}, "content": content}


class ZMQInteractiveShell(KernelShell):
    """Jupyter's kernel shell; the name is what libraries look for."""

    def raw_input(self, prompt: str = "") -> str:  # noqa: ARG002
        """Refuse: nobody is there to answer."""
        raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")

    def enable_gui(self, gui: Any = None) -> None:
        """Choose a GUI's event loop; a kernel would look itself up among running applications."""
        from ipykernel.eventloops import enable_gui

        try:
            enable_gui(gui, kernel=self.kernel)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise UsageError(str(error)) from error
        self.active_eventloop = gui


class Kernel:
    """What libraries expect behind `get_ipython().kernel`."""

    eventloop: Any = None
    iopub_socket = None

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        self.shell = shell
        self.session = session

    def get_parent(self, channel: str = "shell") -> dict[str, Any]:  # noqa: ARG002
        """The request that is being worked on."""
        return {"header": {"msg_id": ""}}

    def getpass(self, prompt: str = "", stream: Any = None) -> str:  # noqa: ARG002
        """Refuse, as `input` does."""
        raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")


def build() -> ZMQInteractiveShell:
    """The shell, rehearsed, as fresh as a kernel that has just started."""
    shell = _make()
    with _quiet():
        _rehearse(shell)
    launcher()
    return shell


def run(shell: Any, source: str, count: int) -> Any:
    """Start a cell as a Jupyter kernel does: a coroutine that gives IPython's result."""
    shell.execution_count = count
    _pad_inputs(shell, count)
    return _run(shell, source)


async def _run(shell: Any, source: str) -> Any:
    broken = None
    try:
        transformed = shell.transform_cell(source)
    except Exception:  # noqa: BLE001 - the user's syntax, or an extension's transformer: the shell shows it
        transformed, broken = source, sys.exc_info()
    if not shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=broken):
        return shell.run_cell(source, store_history=True)
    shell._last_traceback = None  # noqa: SLF001
    shell._last_traceback_during_displayhook = False  # noqa: SLF001
    cell = asyncio.ensure_future(
        shell.run_cell_async(source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=broken)
    )
    result = None
    with _cancelled_by_interrupt(cell):
        try:
            result = await cell
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
    return result


@contextlib.contextmanager
def _cancelled_by_interrupt(cell: asyncio.Future[Any]) -> Iterator[None]:
    """An interrupt cancels the cell: raising in the event loop would end the loop, not the cell."""
    loop = asyncio.get_running_loop()
    former = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(cell.cancel))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


def _pad_inputs(shell: Any, count: int) -> None:
    """`In[n]` is the n-th cell of the notebook, though earlier steps ran elsewhere."""
    history = shell.history_manager
    for inputs in (history.input_hist_parsed, history.input_hist_raw):
        inputs.extend([""] * (count - len(inputs)))


def drop_payload(shell: Any) -> None:
    """What a cell asked of a frontend, such as to open a pager: there is none."""
    shell.payload_manager.clear_payload()


@functools.cache
def launcher() -> str:
    """What `sys.argv[0]` is in a kernel; looked up when the shell is built, because that goes through the whole import path."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    return spec.origin or "" if spec is not None else ""


def _make() -> ZMQInteractiveShell:
    settings = Config()
    settings.HistoryManager.enabled = False
    environment = dict(os.environ)
    InteractiveShell.clear_instance()
    made: Any = ZMQInteractiveShell.instance(config=settings, compiler_class=XCachingCompiler)
    os.environ.clear()
    os.environ.update(environment)  # the terminal settings for cells belong to children, see `children`
    session = Session(parent=None, key=b"")
    made.displayhook.session = session
    made.displayhook.topic = b"execute_result"
    made.display_pub.session = session
    made.kernel = Kernel(made, session)
    shell: ZMQInteractiveShell = made
    return shell


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Rehearse without an audience."""
    kept = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        sys.stdout = sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stdout, sys.stderr = kept


def _rehearse(shell: Any) -> None:
    hook, loop = sys.displayhook, asyncio.new_event_loop()
    try:
        for number, source in enumerate(_REHEARSAL, 1):
            loop.run_until_complete(run(shell, source, number))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    sys.displayhook = hook
    _forget(shell)


def _forget(shell: Any) -> None:
    """Leave no trace of the rehearsal."""
    import linecache

    attributes = {name: value for name, value in shell.user_ns.items() if name in _MODULE_ATTRIBUTES}
    shell.reset(new_session=True)
    shell.user_ns.update(attributes)
    shell.user_ns.pop("_exit_code", None)
    shell._last_traceback = None  # noqa: SLF001
    shell.history_manager.db_input_cache.clear()
    shell.payload_manager.clear_payload()
    names = shell.compile._filename_map  # noqa: SLF001
    for name in names:
        linecache.cache.pop(name, None)
    names.clear()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)
    gc.collect()
