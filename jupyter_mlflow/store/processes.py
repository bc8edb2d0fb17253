"""Is the process that was recorded still there? A pid alone does not say: the system gives it to another process later.

A process is recorded by three things: its pid, its *birth* (when it started, as the system counts) and its
*machine* (host, boot and pid namespace), because a pid of another machine or container says nothing here.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

# Fields 3 (state) and 22 (start time) of /proc/<pid>/stat, counted behind the command name.
_STATE, _START = 0, 19


@lru_cache(maxsize=1)
def machine() -> str:
    """Host, boot and pid namespace, in one line."""
    return "/".join((os.uname().nodename, _read("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid")))


def birth(pid: int) -> str:
    """When the process started, in the system's own counting; empty when there is none (or only its remains)."""
    if pid <= 0:
        return ""
    if Path("/proc/self/stat").exists():
        return _birth_in_proc(pid)
    return _birth_by_ps(pid)


def alive(pid: int, born: str) -> bool:
    """Whether the process with this pid is the one that was born then."""
    return bool(born) and birth(pid) == born


def _birth_in_proc(pid: int) -> str:
    # The command name stands in brackets and may itself hold brackets and blanks.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) <= _START or fields[_STATE] in "ZX":  # a zombie has died already
        return ""
    return fields[_START]


def _birth_by_ps(pid: int) -> str:
    import subprocess

    # A fixed locale and zone, so that two processes of one user read the same text.
    settings = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - where `ps` lives differs between systems
        capture_output=True,
        text=True,
        check=False,
        env=settings,
    )
    state, _, started = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:  # no such process, or no such system
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - the text of the link, which is no path
    except OSError:
        return ""
