"""The numbers behind one row."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """Smallest, middle and largest of some numbers."""

    least: float
    median: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Of at least one number."""
    return Spread(min(values), statistics.median(values), max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Round by round, so that what slowed down both cancels out."""
    return tuple(a / b for a, b in zip(ours, theirs, strict=True))


def growth(times: Sequence[tuple[int, float]]) -> float:
    """How much dearer one item is in the largest case than in the smallest; 1 is linear."""
    (few, little), (many, much) = min(times), max(times)
    return (much / many) / (little / few)
