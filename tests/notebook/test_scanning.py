"""Spans found in JSON text are those of the values that a parser finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_mlflow.notebook import scanning

VALUES: list[tuple[str, Any]] = [
    ("scalars", [1, -1.5e300, True, False, None, "", "x"]),
    ("empty", [[], {}, [[]], {"a": {}}]),
    ("brackets in texts", ["[", "]}", '{"a": [', {"}": "]"}]),
    ("quotes and backslashes", ['"', "\\", '\\"', '"\\', "\\\\", '\\\\"', "\\" * 99, '"' * 99]),
    ("long texts", ["x" * 299, "x" * 300, "x" * 301, "é" * 1000, "x" * 100_000, ("y" * 400 + "\\") * 50]),
    ("many escapes", ["\n" * 20, "\n" * 21, "\n" * 10_000, "a\n" * 5000, '"]' * 5000]),
    ("many items", [[str(number) for number in range(5000)], list(range(5000)), {str(number): [number] for number in range(3000)}]),
    ("deep", json.loads("[" * 500 + "]" * 500)),
]


@pytest.mark.parametrize("layout", [None, 0, 1, "\t"])
@pytest.mark.parametrize("row", VALUES, ids=[row[0] for row in VALUES])
def test_spans(row: tuple[str, list[Any]], layout: int | str | None) -> None:
    _, value = row
    data = b" \n" + json.dumps(value, indent=layout, ensure_ascii=False).encode() + b" ,"
    at = scanning.start_of(data)
    assert scanning.skip(data, at) == len(data) - 2
    assert [json.loads(data[start:end]) for start, end in scanning.items(data, at)] == value
    named = {str(number): one for number, one in enumerate(value)}
    data = json.dumps(named, indent=layout).encode()
    assert {one.key: json.loads(data[one.value : one.end]) for one in scanning.members(data, 0)} == named
    assert [json.loads(b"{" + data[one.start : one.end] + b"}") for one in scanning.members(data, 0)] == [
        {key: one} for key, one in named.items()
    ]
