"""Pictures of real pipelines: what each example becomes, in its README, and one as a drawing on white that can be seen on any page."""

from __future__ import annotations

import re
from pathlib import Path

import jupyter_mlflow

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "example_notebooks" / "02_three_models" / "churn.ipynb"
PAPER = "<style>svg{background:#fff;color:#24292f}</style>"


def pages() -> dict[str, str]:
    """Path -> text."""
    drawing = jupyter_mlflow.load(NOTEBOOK).graph("svg")
    return {"docs/pictures/churn.svg": drawing.replace("</svg>", f"{PAPER}</svg>\n"), **_examples()}


def _examples() -> dict[str, str]:
    """The README of each example, with its picture drawn anew and its words as they are."""
    found = {}
    for notebook in sorted((ROOT / "example_notebooks").glob("*/*.ipynb")):
        page = notebook.with_name("README.md")
        picture = jupyter_mlflow.load(notebook).graph("mermaid").strip()
        words = page.read_text(encoding="utf-8")
        found[page.relative_to(ROOT).as_posix()] = re.sub(r"(?s)```mermaid\n.*?```", lambda _: f"```mermaid\n{picture}\n```", words)  # noqa: B023
    return found
