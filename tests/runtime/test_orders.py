"""Sets that grew and shrank in many ways are made again in their order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlflow.runtime.portable import orders

# The hashes of numbers are the same in each process, so this cannot fail now and then.
HISTORIES: dict[str, Callable[[random.Random, list[int]], Any]] = {
    "added one by one": lambda _, items: set(items),
    "made at once": lambda _, items: set(dict.fromkeys(items)),
    "copied": lambda _, items: set(frozenset(items)),
    "joined": lambda _, items: set(items[::2]) | set(items[1::3]),
    "met": lambda _, items: set(items) & set(items[::2]),
    "parted": lambda _, items: set(items) - set(items[::3]),
    "shrunk": lambda draw, items: shrunk(set(items), draw, len(items) // 2),
    "shrunk to little": lambda draw, items: shrunk(set(items), draw, len(items) - 3),
    "changed": lambda draw, items: shrunk(set(items), draw, len(items) // 4) | set(items[:3]),
    "frozen": lambda _, items: frozenset(items),
    "frozen at once": lambda _, items: frozenset(dict.fromkeys(items)),
    "frozen and met": lambda _, items: frozenset(items) & frozenset(items[::2]),
}
SIZES = (3, 5, 8, 15, 40, 120, 500)


def shrunk(items: set[int], draw: random.Random, number: int) -> set[int]:
    for one in draw.sample(sorted(items), min(number, len(items))):
        items.discard(one)
    return items


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("history", HISTORIES)
def test_a_set_is_made_again_in_its_order(history: str, size: int) -> None:
    draw = random.Random(f"{history} {size}")
    for width in (2, 4, 9):
        found = HISTORIES[history](draw, [draw.randrange(10**width) for _ in range(size)])
        recipe = orders.recipe(found)
        again = type(found)(list(found)) if recipe is None else orders.made(type(found), recipe)
        assert type(again) is type(found)
        assert list(again) == list(found)
