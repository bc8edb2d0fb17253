"""One isolated step in a template that is there already, against `papermill.execute_notebook` in this process.

Light: three trivial cells. Heavy: the first of them imports numpy, pandas and scikit-learn, which the template has imported already, as it
has from the first step of a run on; a kernel of papermill's imports them each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import notebooks, steps
from benchmarks.measures import Settings
from benchmarks.report import Row, Target
from benchmarks.samples import ratios
from benchmarks.timing import Cost, cost, in_turn, walls

MODULES = ("numpy", "pandas", "sklearn.ensemble")


def measure(settings: Settings) -> Iterator[Row]:
    """Light and heavy."""
    yield from _row("light", "an isolated step, three trivial cells", Target(1 / 20), notebooks.TRIVIAL, (), settings)
    yield from _row("heavy", "the same with heavy imports", Target(1 / 80), notebooks.HEAVY, MODULES, settings)


def _row(
    name: str, what: str, target: Target, cells: tuple[tuple[str, str], ...], modules: tuple[str, ...], settings: Settings
) -> Iterator[Row]:
    notebook = notebooks.write(settings.folder, f"{name}.ipynb", cells)
    sources = [text for _, text in cells]
    with steps.template(settings.folder, *modules) as running:
        costs = in_turn({"ours": lambda: cost(lambda: running.run(sources)), "papermill": _papermill(notebook)}, settings.rounds)
    yield Row(
        name=f"step/{name}",
        what=what,
        target=target,
        samples=ratios(walls(costs["ours"]), walls(costs["papermill"])),
        note=f"{min(walls(costs['ours'])) * 1000:.0f} ms at best",
    )


def _papermill(notebook: Path) -> Callable[[], Cost]:
    import papermill

    target = str(notebook.with_suffix(".out.ipynb"))
    return lambda: cost(lambda: papermill.execute_notebook(str(notebook), target, cwd=str(notebook.parent), progress_bar=False))
