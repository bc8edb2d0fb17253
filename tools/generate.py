"""Writes what is made from the code: help pages of diagnostics, the reference of commands and Python names, the drawing of the layers.

`make generate` writes the files; tests/test_docs.py says when one of them is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools import commands, diagnostics, graphs, layers, reference, shapes

ROOT = Path(__file__).parents[1]


def files() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    made = {**diagnostics.pages(), **commands.pages(), **reference.pages(), **shapes.pages(), **layers.pages(), **graphs.pages()}
    return {ROOT / path: text for path, text in made.items()}


def left_over(made: dict[Path, str]) -> list[Path]:
    """Generated files of an earlier time that nothing makes any more."""
    return sorted(set((ROOT / "docs/diagnostics").glob("*.md")) - set(made))


def main() -> None:
    """Write what is out of date."""
    made = files()
    for path in left_over(made):
        path.unlink()
        print("removed", path.relative_to(ROOT), file=sys.stderr)
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print("written", path.relative_to(ROOT), file=sys.stderr)


if __name__ == "__main__":
    main()
