"""Numbers, verdicts, the table and the JSON of the benchmarks."""

import json
from pathlib import Path

import jsonschema
import pytest

import benchmarks
from benchmarks import machine, report, samples, timing
from benchmarks.report import Row, Target


@pytest.mark.parametrize(
    ("values", "expected"),
    [((3.0,), (3.0, 3.0, 3.0)), ((3.0, 1.0, 2.0), (1.0, 2.0, 3.0)), ((1.0, 2.0, 3.0, 10.0), (1.0, 2.5, 10.0))],
)
def test_spread(values: tuple[float, ...], expected: tuple[float, float, float]) -> None:
    assert samples.spread(values) == expected


def test_ratios_are_of_the_same_round() -> None:
    assert samples.ratios([1.0, 10.0], [2.0, 20.0]) == (0.5, 0.5)
    with pytest.raises(ValueError, match="argument 2 is longer"):
        samples.ratios([1.0], [2.0, 20.0])


@pytest.mark.parametrize(
    ("times", "expected"),
    [([(50, 1.0), (500, 10.0)], 1.0), ([(50, 1.0), (200, 16.0), (500, 100.0)], 10.0), ([(500, 5.0), (50, 1.0)], 0.5)],
)
def test_growth_is_one_when_linear(times: list[tuple[int, float]], expected: float) -> None:
    assert samples.growth(times) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("target", "text", "good", "bad"),
    [
        (Target(1.2), "≤ 1.20x", 1.2, 1.21),
        (Target(0.9, strict=True), "< 0.90x", 0.89, 0.9),
        (Target(1 / 20), "≤ 1/20", 0.05, 0.051),
        (Target(3, "ms"), "≤ 3 ms", 3.0, 3.1),
        (Target(1.0, "of 1", least=True), "≥ 100.0%", 1.0, 0.99),
    ],
)
def test_targets(target: Target, text: str, good: float, bad: float) -> None:
    assert (str(target), target.met(good), target.met(bad)) == (text, True, False)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row(name="a", what="a"), "not measured"),
        (Row(name="a", what="a", samples=(1.0,)), "for comparison"),
        (Row(name="a", what="a", target=Target(2), samples=(1.0, 2.0, 9.0)), "met"),
        (Row(name="a", what="a", target=Target(2), samples=(1.0, 3.0, 9.0)), "missed"),
    ],
)
def test_verdicts_are_by_the_median(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


ROWS = (
    Row(name="g/one", what="one", target=Target(1.2), samples=(1.0, 1.1, 1.3), cpu=(0.5, 0.5, 0.5), note="a note"),
    Row(name="g/two", what="the second", unit="s", target=Target(1, "s"), note="why not"),
)

TABLE = """\
what        target   measured  spread          cpu    verdict
one         ≤ 1.20x  1.10x     1.00x to 1.30x  0.50x  met
the second  ≤ 1 s                                     not measured

  one: a note
  the second: why not"""

MARKDOWN = """\
| what | target | measured | spread | cpu | verdict | note |
| --- | --- | --- | --- | --- | --- | --- |
| one | ≤ 1.20x | 1.10x | 1.00x to 1.30x | 0.50x | met | a note |
| the second | ≤ 1 s |  |  |  | not measured | why not |"""


def test_table() -> None:
    assert report.table(ROWS) == TABLE


def test_markdown() -> None:
    assert report.markdown(ROWS) == MARKDOWN


def test_document_has_the_shape_that_the_schema_says() -> None:
    schema = json.loads(Path(benchmarks.__file__).with_name("results.v1.schema.json").read_text("utf-8"))
    document = json.loads(json.dumps(report.document(ROWS, machine.describe(), 3)))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["rows"][0]["measured"] == {"least": 1.0, "median": 1.1, "most": 1.3}
    assert document["rows"][1]["measured"] is None


def test_the_machine_is_named() -> None:
    found = machine.describe()
    assert found["processor"]
    assert found["versions"]["papermill"]
    assert found["processor"] in machine.sentence(found)


def test_everybody_is_first_in_turn() -> None:
    order: list[str] = []

    def act(name: str) -> timing.Cost:
        return timing.cost(lambda: order.append(name))

    found = timing.in_turn({"a": lambda: act("a"), "b": lambda: act("b"), "c": lambda: act("c")}, 3)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"
    assert {name: len(costs) for name, costs in found.items()} == {"a": 3, "b": 3, "c": 3}


def test_cost_counts_processes() -> None:
    import sys

    spin = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    found = timing.cost(lambda: timing.command(sys.executable, "-c", spin))
    assert found.cpu >= 0.2


def test_a_command_that_fails_shows_why() -> None:
    import sys

    with pytest.raises(RuntimeError, match="no good"):
        timing.command(sys.executable, "-c", "raise SystemExit('no good')")
