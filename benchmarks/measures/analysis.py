"""From the notebook's file to its graph and diagnostics; nothing is run. Processor time, because it is one thread's work."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import notebooks
from benchmarks.measures import Settings
from benchmarks.report import Row, Target
from benchmarks.samples import growth

SIZES = (50, 200, 500)
# Caches of the processor make long work a little dearer; a quadratic algorithm would show 10.
LINEAR = 1.5


def measure(settings: Settings) -> Iterator[Row]:
    """A row for each size, and one for how it grows."""
    from jupyter_mlflow.actions.notebooks import check

    files = {cells: notebooks.write(settings.folder, f"{cells}.ipynb", notebooks.chain(cells)) for cells in SIZES}
    check(files[SIZES[0]])
    seconds: dict[int, list[float]] = {cells: [] for cells in SIZES}
    for _ in range(settings.rounds):
        for cells, file in files.items():
            start = time.process_time()
            check(file)
            seconds[cells].append(time.process_time() - start)
    for cells in SIZES:
        yield Row(
            name=f"analysis/{cells}",
            what=f"analysis and graph of {cells} cells",
            unit="s",
            target=Target(1.0, "s") if cells == max(SIZES) else None,
            samples=tuple(seconds[cells]),
        )
    rounds = zip(*seconds.values(), strict=True)
    yield Row(
        name="analysis/growth",
        what=f"the same, per cell: {max(SIZES)} against {min(SIZES)} cells",
        target=Target(LINEAR),
        samples=tuple(growth(list(zip(SIZES, one, strict=True))) for one in rounds),
    )
