"""Which step starts when: a step starts once all it waits for are done, the longest way to the end first.

The scheduler knows names and states only. What starting, reusing or failing means is told by its `Driver`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.spec.tasks import Event, StepResult, StepTask

RETRIED = frozenset({"error", "timeout", "memory", "lost"})
"""Kinds of failure that may go away when tried again."""


class Driver(Protocol):
    """Decides about steps and records what became of them."""

    def begin(self, step: str, attempt: int) -> StepTask | None:
        """The task to run; None when the step needs no run (the driver has settled it, see `settled`)."""

    def settled(self, step: str) -> str:
        """State of a step that `begin` answered with None."""

    def ended(self, result: StepResult, attempt: int, *, again: float | None) -> None:
        """A task has ended; `again` is the delay in seconds before it is tried once more."""

    def skipped(self, step: str, reason: str) -> None:
        """A step will not run."""

    def happened(self, event: Event) -> None:
        """Something to tell."""

    def retries(self, step: str) -> tuple[int, float]:
        """How often a failed step is tried again, and the first delay in seconds."""


@dataclass
class Stop:
    """How a run is stopped from outside: 1 starts nothing more, 2 also ends what runs."""

    level: int = 0


@dataclass
class _State:
    waiting: dict[str, frozenset[str]]
    attempts: dict[str, int] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    later: dict[str, float] = field(default_factory=dict)  # step -> when to try again
    done: set[str] = field(default_factory=set)
    over: dict[str, str] = field(default_factory=dict)  # step -> why those behind it cannot run


def run(waits: Mapping[str, Sequence[str]], driver: Driver, executor: Executor, *, workers: int, stop: Stop) -> None:
    """Run all steps; `waits` are in notebook order. Returns when nothing runs and nothing more can."""
    ranks = _ranks(waits)
    state = _State({step: frozenset(sources) for step, sources in waits.items()})
    cancelled = False
    while True:
        _skip(state, driver)
        if not stop.level:
            for step in _ready(state, ranks):
                if len(state.running) >= workers:
                    break
                _start(state, step, driver, executor)
        if not state.running and (stop.level or not (state.later or _ready(state, ranks))):
            break
        if stop.level > 1 and not cancelled:
            executor.cancel(grace=1.0)
            cancelled = True
        wait = _pause(state) if state.running or not _ready(state, ranks) else 0.0
        for message in executor.poll(wait):
            _arrived(state, message, driver)
    for step in state.waiting:
        driver.skipped(step, "the run was cancelled" if stop.level else "a step it waits for did not finish")


def _ready(state: _State, ranks: Mapping[str, int]) -> list[str]:
    now = time.monotonic()
    found = [step for step, sources in state.waiting.items() if sources <= state.done and state.later.get(step, 0.0) <= now]
    return sorted(found, key=lambda step: -ranks[step])


def _ranks(waits: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Length of the longest way from a step to the end."""
    ranks = dict.fromkeys(waits, 0)
    for step in reversed(list(waits)):
        for source in waits[step]:
            ranks[source] = max(ranks[source], ranks[step] + 1)
    return ranks


def _start(state: _State, step: str, driver: Driver, executor: Executor) -> None:
    attempt = state.attempts[step] = state.attempts.get(step, 0) + 1
    state.later.pop(step, None)
    del state.waiting[step]
    task = driver.begin(step, attempt)
    if task is not None:
        executor.start(task)
        state.running.add(step)
    elif driver.settled(step) == "cached":
        state.done.add(step)
    else:
        state.over[step] = f"`{step}` did not run"


def _arrived(state: _State, message: Event | StepResult, driver: Driver) -> None:
    if isinstance(message, Event):
        driver.happened(message)
        return
    step = message.step
    state.running.discard(step)
    attempt = state.attempts[step]
    if message.state == "done":
        driver.ended(message, attempt, again=None)
        state.done.add(step)
        return
    most, delay = driver.retries(step)
    kind = message.failure.kind if message.failure is not None else "lost"
    again = delay * 2 ** (attempt - 1) if kind in RETRIED and attempt <= most and message.state == "failed" else None
    driver.ended(message, attempt, again=again)
    if again is None:
        state.over[step] = f"`{step}` failed" if message.state == "failed" else f"`{step}` was cancelled"
    else:
        state.waiting[step] = frozenset()
        state.later[step] = time.monotonic() + again


def _skip(state: _State, driver: Driver) -> None:
    """Steps behind one that is over are over too."""
    for step in list(_behind(state)):
        source = next(one for one in state.over if one in state.waiting[step])
        driver.skipped(step, state.over[source])
        state.over[step] = state.over[source]
        del state.waiting[step]


def _behind(state: _State) -> Iterator[str]:
    over = set(state.over)
    for step, sources in state.waiting.items():
        if sources & over:
            over.add(step)
            yield step


def _pause(state: _State) -> float | None:
    """Seconds until a step may be tried again; at most one, so that a signal is seen."""
    soonest = min(state.later.values(), default=time.monotonic() + 1.0)
    return max(0.0, min(1.0, soonest - time.monotonic()))
