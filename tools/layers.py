"""The drawing of the house, from the same lines that import-linter checks."""

from __future__ import annotations

import configparser
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]

WORDS = {
    "magics": "%pipeline, %%step",
    "cli": "jupyter mlflow ...",
    "api": "load(...).run()",
    "papermill_engine": "papermill --engine",
    "actions": "open, check, run, verify, resume, look at runs",
    "engines": "which step starts when; where steps run",
    "assemble": "cells + channels -> Pipeline",
    "runtime": "the program that runs a step",
    "notebook": "cells, tags, settings",
    "dataflow": "names and effects",
    "store": "artifacts, runs, cache",
    "spec": "the nouns, frozen; their JSON",
    "registry": "plugins by name",
    "errors": "one tree of errors",
}
WIDTH, HEIGHT, GAP, MARGIN = 760, 52, 16, 8


def pages() -> dict[str, str]:
    """Path -> text."""
    return {"docs/pictures/layers.svg": drawing(layers())}


def layers() -> list[list[str]]:
    """Top to bottom: the packages of each layer."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    lines = parser["importlinter:contract:layers"]["layers"].split("\n")
    return [[name.strip() for name in line.split("|")] for line in lines if line.strip()]


def drawing(rows: list[list[str]]) -> str:
    """An SVG: one row of boxes for each layer."""
    height = len(rows) * (HEIGHT + GAP) - GAP + 2 * MARGIN
    style = (
        "text{font:14px system-ui,sans-serif;text-anchor:middle;fill:#24292f}.name{font-weight:600}.word{font-size:12px;fill:#57606a}"
        "rect{fill:#f6f8fa;stroke:#8c959f}path{stroke:#8c959f;fill:none}svg{background:#fff}"
    )
    body = "".join(_row(names, MARGIN + number * (HEIGHT + GAP), last=number == len(rows) - 1) for number, names in enumerate(rows))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
    return f"{head}<title>The layers of jupyter_mlflow; imports go down</title><style>{style}</style>{body}</svg>\n"


def _row(names: list[str], top: int, *, last: bool) -> str:
    width = (WIDTH - 2 * MARGIN - GAP * (len(names) - 1)) / len(names)
    boxes = "".join(_box(name, MARGIN + number * (width + GAP), top, width) for number, name in enumerate(names))
    if last:
        return boxes
    middle, bottom = WIDTH / 2, top + HEIGHT
    return f'{boxes}<path d="M{middle:g} {bottom + 2}v{GAP - 4}m-4 -4l4 4l4 -4"/>'


def _box(name: str, left: float, top: int, width: float) -> str:
    middle = left + width / 2
    return (
        f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{HEIGHT}" rx="4"/>'
        f'<text class="name" x="{middle:g}" y="{top + 22}">{escape(name)}</text>'
        f'<text class="word" x="{middle:g}" y="{top + 40}">{escape(WORDS[name])}</text>'
    )
