"""Stock ipykernels without the wait: a template imports the libraries, then forks one kernel per connection.

The child runs `ipykernel`'s own application, so what it shows is what a freshly started kernel shows; only the
imports are done already. `python -m tests.cases --cold` proves it by starting real ones instead.

Run without arguments of its own by `kernelspec`, in two parts: `serve SOCKET` is the template, and
`connect SOCKET CONNECTION_FILE` stands for the kernel process: it ends when the kernel ends, and the kernel with it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

INLINE = "module://matplotlib_inline.backend_inline"
KERNEL = (
    "asyncio",
    "sqlite3",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "IPython.core.completer",
    "IPython.core.magics",
    "IPython.extensions.storemagic",
)
LIBRARIES = (
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.pipeline",
)


def serve(path: str) -> None:
    import importlib

    os.environ["MPLBACKEND"] = INLINE
    for name in (*KERNEL, *LIBRARIES):
        importlib.import_module(name)
    del os.environ["MPLBACKEND"]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _kernel(connection)
        connection.close()


def _kernel(connection: socket.socket) -> None:
    import _thread

    request = json.loads(connection.makefile().readline())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    die_with_parent()
    os.environ.clear()
    os.environ.update(request["env"])
    os.environ.pop("JPY_PARENT_PID", None)
    os.chdir(request["cwd"])
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    _thread.start_new_thread(lambda: (connection.recv(1), os._exit(1)), ())
    import numpy as np
    from ipykernel import kernelapp

    np.random.seed()  # noqa: NPY002 - the generator that notebooks use
    sys.argv = ["ipykernel_launcher.py", "-f", request["file"]]
    kernelapp.launch_new_instance(["-f", request["file"], "--HistoryManager.hist_file=:memory:"])
    os._exit(0)


def die_with_parent() -> None:
    """End when the process that started us ends, however that happens."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def connect(path: str, file: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    request = {"file": file, "cwd": str(Path.cwd()), "env": dict(os.environ)}
    connection.sendall(json.dumps(request).encode() + b"\n")
    while connection.recv(1):
        pass


if __name__ == "__main__":
    {"serve": serve, "connect": connect}[sys.argv[1]](*sys.argv[2:])
