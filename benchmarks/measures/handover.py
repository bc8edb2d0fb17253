"""A DataFrame of ten million numbers, 80 MB, from one step to the next.

Write: the agent captures it and the store takes it in, against `write(2)` of the same bytes into a new file of the same disk. Read: what a
step pays for starting from it: the store checks the artifact, the agent maps and unpickles it. Copying the values is not part of
it, they are mapped; so a step that touches each page of it once is measured too, against one that has made the same frame itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import steps
from benchmarks.measures import Settings
from benchmarks.report import Row, Target
from benchmarks.samples import ratios
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.tasks import Input, Output

ROWS, COLUMNS = 1_000_000, 10
MAKE = f"import numpy as np, pandas as pd\nframe = pd.DataFrame(np.random.default_rng(0).random(({ROWS}, {COLUMNS})))"
READ_ROUNDS = 5  # they are short: so many times more


def measure(settings: Settings) -> Iterator[Row]:
    """Write, read, and the read as a whole step feels it."""
    yield _write(settings)
    with steps.template(settings.folder, "numpy", "pandas") as running:
        (output,) = running.run([MAKE], gives=("frame",)).outputs
        yield _read(settings, output)
        yield _felt(settings, running, output)


def _write(settings: Settings) -> Row:
    import numpy as np
    import pandas as pd

    from jupyter_mlflow.runtime import agent
    from jupyter_mlflow.store.artifacts import LocalArtifacts

    outbox, place = settings.folder / "outbox", LocalArtifacts(settings.folder / "written")
    outbox.mkdir()
    ours, disk = [], []
    for number in range(settings.rounds + 1):
        namespace = {"frame": pd.DataFrame(np.random.default_rng(number).random((ROWS, COLUMNS)))}
        start = time.perf_counter()
        answer = agent.finish({"gives": ["frame"], "outbox": str(outbox)}, namespace)
        digest, _ = place.put_file(Path(answer["outputs"][0]["path"]), move=True)
        ours.append(time.perf_counter() - start)
        place.delete(digest)
        disk.append(_plain_write(settings.folder / "plain", namespace["frame"].to_numpy().tobytes()))
    return Row(
        name="handover/write",
        what="hand over an 80 MB DataFrame: write",
        target=Target(2.0),
        samples=ratios(ours[1:], disk[1:]),
        note=f"against write(2) of the same bytes; {min(ours) * 1000:.0f} ms at best, of which hashing is a part",
    )


def _plain_write(path: Path, data: bytes) -> float:
    start = time.perf_counter()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    written = 0
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
    os.close(descriptor)
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def _read(settings: Settings, output: Output) -> Row:
    """As often as a step would: the first time of each round is thrown away, it only warms this process up."""
    from jupyter_mlflow.runtime import payloads
    from jupyter_mlflow.store.artifacts import LocalArtifacts

    samples = []
    for _ in range(settings.rounds * READ_ROUNDS + 1):
        namespace: dict[str, Any] = {}
        start = time.perf_counter()
        path = LocalArtifacts(settings.folder / "store").local_path(output.digest)
        namespace.update(payloads.load(str(path)))
        samples.append((time.perf_counter() - start) * 1000)
    return Row(
        name="handover/read",
        what="hand over an 80 MB DataFrame: read",
        unit="ms",
        target=Target(3, "ms"),
        samples=tuple(samples[1:]),
    )


def _felt(settings: Settings, running: steps.Steps, output: Output) -> Row:
    """The difference between a step that starts from the frame and one that starts from nothing."""
    taken = (Input(digest=output.digest, keys=output.keys, source=StepName("made")),)
    samples = []
    for _ in range(settings.rounds * READ_ROUNDS):
        seconds = []
        for inputs, source in ((taken, "frame.iat[0, 0]"), ((), "0.5")):
            start = time.perf_counter()
            running.run([source], inputs=inputs)
            seconds.append(time.perf_counter() - start)
        samples.append((seconds[0] - seconds[1]) * 1000)
    return Row(
        name="handover/step",
        what="a step that starts from it, beyond one that starts from nothing",
        unit="ms",
        samples=tuple(samples),
    )
