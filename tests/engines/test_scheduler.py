"""The scheduler with an executor and a driver that only remember."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlflow.engines import scheduler
from jupyter_mlflow.engines.base import Executor
from jupyter_mlflow.errors import RuntimeLostError
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.spec.tasks import Event, StepFailure, StepResult, StepTask


def result(task: StepTask, outcome: str) -> StepResult:
    if outcome in {"done", "cancelled"}:
        return StepResult(run=task.run, step=task.step, state=outcome)  # type: ignore[arg-type]
    return StepResult(run=task.run, step=task.step, state="failed", failure=StepFailure(kind=outcome))  # type: ignore[arg-type]


@dataclass
class World:
    """Driver and executor in one: `outcomes` of each step by attempt, the last one counts from then on."""

    outcomes: dict[str, list[str]] = field(default_factory=dict)
    settle: dict[str, str] = field(default_factory=dict)  # steps that need no run, and their state
    retry: dict[str, tuple[int, float]] = field(default_factory=dict)
    stop: scheduler.Stop = field(default_factory=scheduler.Stop)
    stop_at: dict[str, int] = field(default_factory=dict)  # step -> level that is asked for when it starts
    stubborn: bool = False  # steps end by a cancel only
    told: list[tuple[str, ...]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    running: list[StepTask] = field(default_factory=list)
    most: int = 0
    graces: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def begin(self, step: str, attempt: int) -> StepTask | None:
        self.told.append(("begin", step))
        if step in self.settle:
            self.states[step] = self.settle[step]
            return None
        return StepTask(run=RunId("r"), step=StepName(step), attempt=attempt, cells=(), store="", folder="", outbox="")

    def settled(self, step: str) -> str:
        return self.settle[step]

    def ended(self, result: StepResult, attempt: int, *, again: float | None) -> None:
        self.told.append(("ended", str(result.step), str(attempt)))
        self.states[str(result.step)] = "queued" if again is not None else result.state
        if again is not None:
            self.waits.append(again)

    def unrun(self, step: str, state: str, reason: str) -> None:
        assert step not in self.states or self.states[step] == "queued"
        self.states[step] = state
        self.told.append((state, step, reason))

    def happened(self, event: Event) -> None:
        self.told.append(("event", event.text))

    def tick(self) -> None: ...

    def retries(self, step: str) -> tuple[int, float]:
        return self.retry.get(step, (0, 0.0))

    def start(self, task: StepTask) -> None:
        self.stop.level = max(self.stop.level, self.stop_at.get(str(task.step), 0))
        outcomes = self.outcomes.get(str(task.step), ["done"])
        if outcomes[min(task.attempt, len(outcomes)) - 1] == "no start":
            raise RuntimeLostError("nothing to start it with")
        self.running.append(task)
        self.most = max(self.most, len(self.running))

    def poll(self, timeout: float | None) -> Iterator[Event | StepResult]:
        assert timeout is not None
        if self.running and not (self.stubborn and not self.graces):
            task = self.running.pop(0)
            outcomes = self.outcomes.get(str(task.step), ["done"])
            outcome = "cancelled" if self.graces and self.stubborn else outcomes[min(task.attempt, len(outcomes)) - 1]
            yield Event(time=0, kind="stream", step=task.step, text=f"says {task.step}")
            yield result(task, outcome)
            yield result(task, "done")  # an executor that says more than it should changes nothing

    def cancel(self, grace: float) -> None:
        self.graces.append(grace)

    def close(self) -> None: ...


def run(waits: dict[str, list[str]], workers: int = 1, **fields: Any) -> World:
    world = World(**fields)
    executor: Executor = world
    scheduler.run(waits, world, executor, workers=workers, stop=world.stop)
    return world


DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": []}

# name: graph, fields of the world, states in the end
CASES: dict[str, tuple[dict[str, list[str]], dict[str, Any], dict[str, str]]] = {
    "all done": (DIAMOND, {}, dict.fromkeys("abcde", "done")),
    "nothing to do": ({}, {}, {}),
    "behind a failure nothing runs, beside it all": (
        DIAMOND,
        {"outcomes": {"b": ["error"]}},
        {"a": "done", "b": "failed", "c": "done", "d": "skipped", "e": "done"},
    ),
    "a failure at the start": (
        DIAMOND,
        {"outcomes": {"a": ["error"]}},
        {"a": "failed", "b": "skipped", "c": "skipped", "d": "skipped", "e": "done"},
    ),
    "reused steps": (DIAMOND, {"settle": {"a": "cached", "b": "cached"}}, {**dict.fromkeys("cde", "done"), "a": "cached", "b": "cached"}),
    "a refused step": (
        DIAMOND,
        {"settle": {"b": "refused"}},
        {"a": "done", "b": "refused", "c": "done", "d": "skipped", "e": "done"},
    ),
    "a step that could not be prepared": (
        DIAMOND,
        {"settle": {"a": "failed"}},
        {"a": "failed", "b": "skipped", "c": "skipped", "d": "skipped", "e": "done"},
    ),
    "a step that nobody asked for": (
        {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]},
        {"settle": {"b": "skipped"}},
        {"a": "done", "b": "skipped", "c": "skipped", "d": "skipped"},
    ),
    "a step that waits for one below it": (
        {"c": [], "a": ["b"], "b": ["c"]},
        {"settle": {"c": "skipped"}},
        {"c": "skipped", "a": "skipped", "b": "skipped"},
    ),
    "done at the third attempt": (
        DIAMOND,
        {"outcomes": {"b": ["error", "lost", "done"]}, "retry": {"b": (2, 0.001)}},
        dict.fromkeys("abcde", "done"),
    ),
    "not done after all attempts": (
        DIAMOND,
        {"outcomes": {"e": ["error"]}, "retry": {"e": (2, 0.001)}},
        {**dict.fromkeys("abcd", "done"), "e": "failed"},
    ),
    "what cannot go away is not tried again": (
        {"a": []},
        {"outcomes": {"a": ["input", "done"]}, "retry": {"a": (5, 0.001)}},
        {"a": "failed"},
    ),
    "nothing to start it with": (
        DIAMOND,
        {"outcomes": {"c": ["no start"]}},
        {"a": "done", "b": "done", "c": "failed", "d": "skipped", "e": "done"},
    ),
    "nothing to start it with, at first": (
        {"a": []},
        {"outcomes": {"a": ["no start", "done"]}, "retry": {"a": (1, 0.001)}},
        {"a": "done"},
    ),
    "stopped: what runs may finish": (
        DIAMOND,
        {"stop_at": {"a": 1}},
        {"a": "done", "b": "cancelled", "c": "cancelled", "d": "cancelled", "e": "cancelled"},
    ),
    "stopped at once": (
        DIAMOND,
        {"stop_at": {"a": 2}, "stubborn": True},
        dict.fromkeys("abcde", "cancelled"),
    ),
    "stopped while a step waits to be tried again": (
        {"a": []},
        {"outcomes": {"a": ["error"]}, "retry": {"a": (3, 60.0)}, "stop_at": {"a": 1}},
        {"a": "cancelled"},
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("workers", [1, 3])
def test_states(name: str, workers: int) -> None:
    waits, fields, expected = CASES[name]
    if "stopped" in name and workers > 1:
        waits, expected = {"a": [], "b": ["a"]}, {key: expected[key] for key in "ab" if key in expected}
        waits = {key: waits[key] for key in expected}
    assert run(waits, workers, **{key: type(value)(value) for key, value in fields.items()}).states == expected


def begun(world: World) -> list[str]:
    return [told[1] for told in world.told if told[0] == "begin"]


@pytest.mark.parametrize(
    ("waits", "order"),
    [
        ({"short": [], "long": [], "middle": ["long"], "end": ["middle"]}, ["long", "middle", "short", "end"]),
        ({"a": [], "b": [], "c": []}, ["a", "b", "c"]),
        ({"a": [], "b": ["a"], "c": []}, ["a", "b", "c"]),
    ],
    ids=["the longest way first", "notebook order", "ties in notebook order"],
)
def test_order(waits: dict[str, list[str]], order: list[str]) -> None:
    assert begun(run(waits)) == order


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers_are_all_used_and_no_more(workers: int) -> None:
    assert run({name: [] for name in "abcdefgh"}, workers).most == workers


def test_delays_double_and_end_somewhere() -> None:
    world = World(retry={"a": (40, 1.0)})
    task = StepTask(run=RunId("r"), step=StepName("a"), cells=(), store="", folder="", outbox="")
    delays = [scheduler._again(result(task, "error"), attempt, world) for attempt in (1, 2, 3, 40, 41)]
    assert delays == [1.0, 2.0, 4.0, scheduler.LONGEST_DELAY, None]


@pytest.mark.parametrize(("level", "graces"), [(1, []), (2, [1.0]), (3, [0.0])])
def test_the_executor_is_told_how_to_stop(level: int, graces: list[float]) -> None:
    world = run({"a": [], "b": ["a"]}, stop_at={"a": level}, stubborn=level > 1)
    assert world.graces == graces


def test_reasons_name_the_step_that_failed() -> None:
    world = run({"a": [], "b": ["a"], "c": ["b"]}, outcomes={"a": ["error"]})
    assert [told for told in world.told if told[0] == "skipped"] == [("skipped", "b", "`a` failed"), ("skipped", "c", "`a` failed")]


def test_events_are_passed_on() -> None:
    assert ("event", "says a") in run({"a": []}).told


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Any graph whose steps wait for steps above them."""
    size = draw(st.integers(1, 9))
    return {f"s{n}": [f"s{m}" for m in range(n) if draw(st.booleans())] for n in range(size)}


@given(
    waits=graphs(),
    workers=st.integers(1, 4),
    bad=st.sets(st.integers(0, 8)),
    cached=st.sets(st.integers(0, 8)),
    flaky=st.sets(st.integers(0, 8)),
)
def test_any_graph(waits: dict[str, list[str]], workers: int, bad: set[int], cached: set[int], flaky: set[int]) -> None:
    """A step runs if and only if all above it ended well, after them, once for each attempt, and never with too many beside it."""
    bad_steps, cached_steps, flaky_steps = ({f"s{n}" for n in numbers if f"s{n}" in waits} for numbers in (bad, cached, flaky))
    world = run(
        waits,
        workers,
        outcomes={**{step: ["error", "done"] for step in flaky_steps}, **{step: ["error"] for step in bad_steps}},
        settle=dict.fromkeys(cached_steps, "cached"),
        retry=dict.fromkeys(waits, (1, 0.0)),
    )
    well: set[str] = set()
    for step, sources in waits.items():
        if set(sources) <= well and step in cached_steps:
            expected = "cached"
        elif set(sources) <= well:
            expected = "failed" if step in bad_steps else "done"
        else:
            expected = "skipped"
        assert world.states[step] == expected
        well |= {step} if expected in {"done", "cached"} else set()
    order = begun(world)
    assert world.most <= workers
    for step, sources in waits.items():
        attempts = order.count(step)
        assert attempts == (
            0 if world.states[step] == "skipped" else 1 if step in cached_steps else 2 if step in flaky_steps | bad_steps else 1
        )
        assert all(order.index(source) < order.index(step) for source in sources if attempts)
