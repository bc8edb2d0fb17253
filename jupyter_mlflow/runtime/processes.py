"""Process trees: who dies with whom, and that nothing of a step is left when it ends.

A step's processes may start others in sessions of their own, double-forked or daemonised. A supervisor is
therefore a *subreaper*: whatever loses its parent below it becomes its child, so its descendants are
always all there is to the step, and killing them is killing all of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36

# A process that is being killed may be in the middle of starting another; so we look again.
_ROUNDS = 50
_PAUSE = 0.01

_WORDS = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGBUS: "a bus error",
    signal.SIGABRT: "an abort, mostly by a failed check in native code",
    signal.SIGFPE: "a floating point error in native code",
    signal.SIGILL: "an instruction that this processor does not know",
    signal.SIGKILL: "killed by another program or by the system",
    signal.SIGTERM: "asked to end by another program",
}


def die_with_parent(how: signal.Signals) -> None:
    """Have the system send us `how` when the thread that forked us ends (Linux)."""
    _control(_SET_PARENT_DEATH_SIGNAL, how)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux)."""
    _control(_SET_CHILD_SUBREAPER, 1)


def described(code: int) -> str:
    """An exit code, negative for signals, in words: `ended with SIGSEGV (a segmentation fault)`."""
    if code < 0:
        number = signal.Signals(-code)
        words = _WORDS.get(number)
        return f"ended with {number.name} ({words})" if words else f"ended with {number.name}"
    return f"ended itself with exit code {code}"


def end_descendants(*, spare: frozenset[int] = frozenset()) -> int:
    """Kill all processes below us but those in `spare` and their descendants; gives how many were alive."""
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = [pid for pid in descendants(os.getpid(), spare=spare) if not _is_zombie(pid)]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended.update(found)
        reap(spare)
        if not found:
            break
        time.sleep(_PAUSE)
    return len(ended)


def end_tree(pid: int) -> None:
    """Kill `pid` and everything below it; whoever waits for `pid` still can."""
    for found in [pid, *descendants(pid)]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(found, signal.SIGKILL)


def reap(spare: frozenset[int] = frozenset()) -> None:
    """Take leave of children that have ended, so that they are no zombies."""
    for pid in children(os.getpid()):
        if pid not in spare:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def descendants(pid: int, *, spare: frozenset[int] = frozenset()) -> Iterator[int]:
    """All processes below `pid`, parents first."""
    for child in children(pid):
        if child not in spare:
            yield child
            yield from descendants(child)


def children(pid: int) -> list[int]:
    """The processes that `pid` is the parent of."""
    if not sys.platform.startswith("linux"):
        return _children_elsewhere(pid)
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - this runs many times a second
    except OSError:
        return found
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
            found.extend(map(int, file.read().split()))
    return found


def threads() -> list[str]:
    """The names of all threads that the system sees in this process; without /proc, of those that Python knows."""
    try:
        return [_first_line(f"/proc/self/task/{thread}/comm") for thread in os.listdir("/proc/self/task")]  # noqa: PTH208
    except OSError:
        import threading

        return [thread.name for thread in threading.enumerate()]


def _children_elsewhere(pid: int) -> list[int]:
    listed = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    return [child for child, parent in pairs if parent == pid]


def _first_line(path: str) -> str:
    try:
        with open(path) as file:  # noqa: PTH123
            return file.readline().strip()
    except OSError:
        return ""


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()[0] in {b"Z", b"X"}
    except OSError:
        return False


def _control(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
