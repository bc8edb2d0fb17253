"""The picture of a real pipeline, as `jupyter mlflow graph --format svg` draws it, on white so that it can be seen on any page."""

from __future__ import annotations

from pathlib import Path

import jupyter_mlflow

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "example_notebooks" / "02_three_models" / "churn.ipynb"
PAPER = "<style>svg{background:#fff;color:#24292f}</style>"


def pages() -> dict[str, str]:
    """Path -> text."""
    drawing = jupyter_mlflow.load(NOTEBOOK).graph("svg")
    return {"docs/pictures/churn.svg": drawing.replace("</svg>", f"{PAPER}</svg>\n")}
