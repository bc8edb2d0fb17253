"""What each rule finds, and where."""

from __future__ import annotations

import json

import pytest

from jupyter_mlflow.assemble import assemble
from jupyter_mlflow.assemble.rules import RULES
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.diagnostics import Diagnostic

Cells = list[tuple[str, str]]


def notebook(cells: Cells, language: str = "python") -> bytes:
    document = {
        "cells": [
            {"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags.split()}, "source": text, "outputs": [], "execution_count": None}
            for n, (tags, text) in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "k", "display_name": "K", "language": language}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document).encode()


def diagnostics(cells: Cells, language: str = "python") -> list[Diagnostic]:
    return list(assemble(read(notebook(cells, language), "n"), frozenset()).diagnostics)


TASK = "import asyncio\nxs = []\nasync def f(): xs.append(1)\n"
THREAD = "import threading\nxs = []\nt = threading.Thread(target=lambda: xs.append(1))\n"
LEFT: list[tuple[str, str, int | None]] = [("JM311", "error", 0)]
REWRITTEN: list[tuple[str, str, int | None]] = [("JM313", "error", 0), ("JM113", "info", 1)]
PERHAPS: list[tuple[str, str, int | None]] = [("JM201", "warning", 0), ("JM302", "warning", 0)]

FOUND: list[tuple[str, Cells, list[tuple[str, str, int | None]]]] = [
    ("nothing wrong", [("step:a", "x = 1"), ("step:b", "print(x)")], []),
    ("unknown step", [("step:a", "x = 1"), ("step:b after:c", "print(x)")], [("JM101", "error", 1)]),
    ("after itself", [("step:a after:a", "x = 1")], [("JM103", "error", 0)]),
    ("after one below", [("step:a after:b", "x = 1"), ("step:b", "y = 1")], [("JM102", "error", 0)]),
    (
        "torn step",
        [("step:a", "x = 1"), ("step:b", "y = x"), ("step:a", "x = y + 1")],
        [("JM111", "error", 2), ("JM112", "error", 2)],
    ),
    ("torn step without harm", [("step:a", "x = 1"), ("step:b", "y = 2"), ("step:a", "x += 1"), ("step:c", "print(x, y)")], []),
    (
        "waits only for a possible change",
        [("", "from elsewhere import f\nd = []"), ("step:a", "f(d)"), ("step:b", "print(d)")],
        [("JM113", "info", 2)],
    ),
    ("undefined", [("step:a", "print(x)")], [("JM201", "warning", 0)]),
    ("undefined but foreseen", [("step:a", "try:\n    x\nexcept NameError:\n    x = 1")], []),
    ("made below", [("step:a", "print(x)"), ("step:b", "x = 1")], [("JM201", "warning", 0)]),
    ("made by a skipped cell", [("skip", "x = 1"), ("step:a", "print(x)")], [("JM201", "error", 1)]),
    ("last output of another step", [("step:a", "1 + 1"), ("step:b", "print(_)")], [("JM202", "error", 1)]),
    ("last output of the same step", [("step:a", "1 + 1"), ("", "print(_)")], []),
    ("a loop over _", [("step:a", "1 + 1"), ("step:b", "for _ in range(2):\n    print(_)")], []),
    ("Out of the same step", [("step:a", "x = 0"), ("step:b", "1 + x"), ("", "Out[2] + 1")], []),
    ("Out of another step", [("step:a", "1"), ("step:b", "Out[1] + 1")], [("JM202", "error", 1)]),
    ("a generator", [("step:a", "g = (i for i in 'ab')"), ("step:b", "print(next(g))")], [("JM301", "error", 1)]),
    ("a generator nobody uses", [("step:a", "g = (i for i in 'ab')"), ("step:b", "print(1)")], []),
    ("a lock", [("step:a", "import threading\nl = threading.Lock()"), ("step:b", "with l:\n    pass")], [("JM301", "error", 1)]),
    (
        "a function that remembers and shows it",
        [("", "from functools import cache\n@cache\ndef f(x):\n    print(x)\n    return x"), ("step:a", "f(1)"), ("step:b", "f(1)")],
        [("JM303", "error", 2)],
    ),
    (
        "a function that remembers quietly",
        [
            ("", "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(x):\n    return x + 1"),
            ("step:a", "f(1)"),
            ("step:b", "f(1)"),
        ],
        [],
    ),
    ("a stream replaced", [("step:a", "import sys, io\nsys.stdout = io.StringIO()"), ("step:b", "print(1)")], [("JM302", "warning", 0)]),
    ("a library configured", [("step:a", "import lib\nlib.set_mode(1)"), ("step:b", "import lib\nlib.f()")], [("JM302", "warning", 0)]),
    ("a library used", [("step:a", "import lib\nlib.train(1)"), ("step:b", "import lib\nlib.train(2)")], []),
    ("a well-known library configured", [("step:a", "import yaml\nyaml.add_representer(int, str)"), ("step:b", "yaml.dump(1)")], []),
    ("configured perhaps", [("step:a", "import yaml\nif q:\n    yaml.add_representer(int, str)"), ("step:b", "yaml.dump(1)")], PERHAPS),
    ("a variable for children", [("step:a", "import os\nos.putenv('A', '1')"), ("step:b", "print(1)")], [("JM311", "error", 0)]),
    ("a variable for children, no step below", [("step:a", "print(1)"), ("step:b", "import os\nos.putenv('A', '1')")], []),
    ("files removed at the end", [("step:a", "import atexit, os\natexit.register(os.remove, 'x')"), ("step:b", "print(1)")], LEFT),
    ("memory tidied at the end", [("step:a", "import atexit\natexit.register(list().clear)"), ("step:b", "print(1)")], []),
    ("a mock started", [("step:a", "from unittest import mock\nmock.patch('a.b').start()"), ("step:b", "print(1)")], LEFT),
    ("a mock in a block", [("step:a", "from unittest import mock\nwith mock.patch('a.b'):\n    x = 1"), ("step:b", "print(x)")], []),
    ("a thread left alone", [("step:a", f"{THREAD}t.start()"), ("step:b", "print(xs)")], [("JM312", "error", 0)]),
    ("a thread waited for", [("step:a", f"{THREAD}t.start()\nt.join()"), ("step:b", "print(xs)")], []),
    ("a task left alone", [("step:a", f"{TASK}t = asyncio.ensure_future(f())"), ("step:b", "print(xs)")], [("JM312", "error", 0)]),
    ("a task waited for", [("step:a", f"{TASK}t = asyncio.create_task(f())\nawait t"), ("step:b", "print(xs)")], []),
    ("tasks gathered", [("step:a", f"{TASK}ts = [asyncio.create_task(f())]\nawait asyncio.gather(*ts)"), ("step:b", "print(xs)")], []),
    ("a task that nobody sees", [("step:a", f"{TASK}t = asyncio.create_task(f())"), ("step:b", "print(1)")], []),
    ("cells rewritten", [("step:a", "get_ipython().ast_transformers.append(1)"), ("step:b", "print(1)")], REWRITTEN),
    ("history by a magic", [("step:a", "x = 1"), ("step:b", "%history")], [("JM202", "error", 1)]),
    ("not Python", [("step:a", "x = = 1")], [("JM401", "error", 0)]),
    ("a parameter as code", [("parameters", "expr = '1'"), ("step:a", "eval(expr)")], [("JM402", "warning", 1)]),
    ("a parameter in a command", [("parameters", "name = 'x'"), ("step:a", "!ls {name}")], [("JM402", "warning", 1)]),
    ("cells below the end", [("step:a", "raise SystemExit"), ("step:b", "x = 1")], [("JM403", "warning", 0)]),
    ("a question", [("step:a", "x = input()")], [("JM404", "warning", 0)]),
]


@pytest.mark.parametrize(("cells", "expected"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_finds(cells: Cells, expected: list[tuple[str, str, int | None]]) -> None:
    found = [(one.code, one.severity, one.place.cell) for one in diagnostics(cells) if one.code != "JM203"]
    assert found == expected


def test_other_language() -> None:
    found = diagnostics([("step:a", "x <- 1"), ("step:b", "print(x)")], language="R")
    assert [one.code for one in found] == ["JM405"]


def test_every_diagnostic_says_where_and_how_to_mend() -> None:
    for _, cells, _ in FOUND:
        for one in diagnostics(cells):
            assert one.message.endswith((".", "?")), one
            assert one.fix, one
            assert one.place.cell is not None, one


def test_codes_are_unique_and_documented() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    for rule in RULES:
        first, _, rest = rule.help.partition("\n")
        assert first.endswith("."), rule.code
        assert len(rest.split()) > 15, rule.code
