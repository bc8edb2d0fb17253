"""Tricky notebooks, run both ways, family by family: nothing may be silently wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.cases import families, harness
from tests.cases.case import Case

CASES = [case for case in families.load() if case.runnable]
FAMILIES = [(name, list(group)) for name, group in itertools.groupby(CASES, key=lambda case: case.family)]


@pytest.fixture(scope="session", autouse=True)
def _template() -> Iterator[None]:
    yield
    harness.close()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cases"), FAMILIES, ids=[name for name, _ in FAMILIES])
def test_ends_as_run_all_ends(name: str, cases: list[Case]) -> None:
    outcomes, _ = harness.timed(cases, workers=0)
    unsolved = {case.id for case in cases if case.unsolved}
    assert [f"{one.case}: {one.verdict}\n{one.detail}" for one in outcomes if not one.good and one.case not in unsolved] == []
