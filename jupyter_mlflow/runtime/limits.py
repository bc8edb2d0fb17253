"""Limits of a step on memory and processors, held by the system where it can.

Memory is held twice. In the child, `RLIMIT_DATA` makes an allocation fail that alone would break the limit, so
the user sees a `MemoryError` in the line that asked for too much. And the supervisor adds up what all processes
of the step really use and kills them when it is more, because many small allocations, shared pages and
subprocesses escape the first. Memory that the child shares with the template counts in parts (PSS).

Processors are held by binding the step to as many as it may use, rounded up; the thread pools of numeric libraries
are told. A quota would need a control group that was delegated to us, which few systems do.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import resource
import sys

from jupyter_mlflow.runtime import processes
from jupyter_mlflow.spec.tasks import Limits

_PAGE = resource.getpagesize()
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")


def hold(limits: Limits) -> None:
    """Bind this process and all it will start; environment variables that the user set stay."""
    if limits.cpu is not None:
        _bind(limits.cpu)
    if limits.memory is not None:
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            allowed = _data_size(os.getpid()) + limits.memory
            resource.setrlimit(resource.RLIMIT_DATA, (allowed if hard < 0 else min(allowed, hard), hard))


def hold_other(pid: int, limits: Limits) -> None:
    """Bind a process that we started but cannot run code in."""
    if limits.cpu is not None and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, _some_processors(limits.cpu))
    if limits.memory is not None and hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (_data_size(pid) + limits.memory, resource.RLIM_INFINITY))


def pool_sizes(limits: Limits) -> dict[str, str]:
    """Environment variables that keep thread pools within the limit."""
    return {} if limits.cpu is None else dict.fromkeys(_POOLS, str(math.ceil(limits.cpu)))


def used_memory(pid: int) -> int:
    """Bytes that `pid` and its descendants use. First a cheap upper bound; see `exact_memory`."""
    return sum(_resident(found) for found in (pid, *processes.descendants(pid)))


def exact_memory(pid: int) -> int:
    """Bytes that `pid` and its descendants use, with pages that several share counted once in all."""
    return sum(_proportional(found) for found in (pid, *processes.descendants(pid)))


def exceeded(allowed: int, used: int) -> str:
    """The failure in words."""
    return f"The step may use {_size(allowed)} of memory and used {_size(used)}. Raise its memory limit, or make it use less."


def system_kills() -> int:
    """How often the system killed a process for want of memory, as far as we may know."""
    return _counter("/proc/vmstat", b"oom_kill") + _counter("/sys/fs/cgroup/memory.events", b"oom_kill")


def _size(count: int) -> str:
    return f"{count / (1 << 20):.0f} MiB" if count < 10 << 30 else f"{count / (1 << 30):.1f} GiB"


def _bind(cpu: float) -> None:
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, _some_processors(cpu))
    count = math.ceil(cpu)
    for name in _POOLS:
        os.environ.setdefault(name, str(count))
    # Libraries that the template has loaded read these variables when they were imported.
    if "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


def _some_processors(cpu: float) -> set[int]:
    """Drawn anew for each step, so that steps beside each other do not crowd the same ones."""
    available = sorted(os.sched_getaffinity(0))
    return set(random.sample(available, min(len(available), math.ceil(cpu))))


def _data_size(pid: int) -> int:
    return _status(pid, b"VmData:") or 0


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123 - several times a second
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return _resident(pid)


def _status(pid: int, key: bytes) -> int | None:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _counter(path: str, key: bytes) -> int:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            for line in file:
                name, _, value = line.partition(b" ")
                if name == key:
                    return int(value)
    except OSError:
        pass
    return 0
