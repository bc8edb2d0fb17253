"""The picture of a run in a terminal, for the README: `python -m tools.terminal`. Its times are those of one real run, so no test compares it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "example_notebooks" / "02_three_models"
COMMANDS = ("jupyter mlflow run churn.ipynb -o out.ipynb", "jupyter mlflow run churn.ipynb -o out.ipynb -p trees=200")
COLUMN, LINE, MARGIN = 8.4, 19, 16
GLYPHS = {"●": "#3fb950", "◆": "#58a6ff", "✕": "#f85149", "◐": "#d29922"}


def main() -> None:
    """Run the commands and draw what they printed."""
    with tempfile.TemporaryDirectory() as home:
        lines = [line for command in COMMANDS for line in (f"$ {command}", *_run(command, home), "")]
    (ROOT / "docs/pictures/run.svg").write_text(_drawing(lines[:-1]), encoding="utf-8")


def _run(command: str, home: str) -> list[str]:
    folder = Path(home) / "notebooks"
    if not folder.exists():
        folder.mkdir()
        for file in NOTEBOOK.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    environ = {**os.environ, "JUPYTER_MLFLOW_HOME": f"{home}/store", "COLUMNS": "100"}
    words = [sys.executable, "-m", "jupyter_mlflow.cli", *command.split()[2:]]
    done = subprocess.run(words, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return [line.replace(f"{folder}/", "") for line in done.stdout.splitlines() if not re.search(r"cell \d+ of|running", line)]


def _drawing(lines: list[str]) -> str:
    width = round(max(map(len, lines)) * COLUMN + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    style = "text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}rect{fill:#0d1117}.typed{font-weight:600}"
    body = "".join(_text(line, MARGIN + 14 + number * LINE) for number, line in enumerate(lines))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    return f'{head}<title>A run in a terminal</title><style>{style}</style><rect width="100%" height="100%" rx="8"/>{body}</svg>\n'


def _text(line: str, top: int) -> str:
    kind = ' class="typed"' if line.startswith("$ ") else ""
    text = escape(line)
    for glyph, colour in GLYPHS.items():
        text = text.replace(glyph, f'<tspan fill="{colour}">{glyph}</tspan>')
    return f'<text{kind} x="{MARGIN}" y="{top}">{text}</text>'


if __name__ == "__main__":
    main()
