"""Random programs as pipelines: what each cell prints is what Run All prints, or the run is refused or stopped with a reason.

A few of the programs that can be tried; `python -m tests.properties.bothways 0 10000` tries more, and makes small what differs.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from jupyter_mlflow.spec.pipelines import Pipeline, Step
from tests.properties import bothways

PROGRAMS = int(os.environ.get("PROGRAMS", "40"))


@pytest.mark.skipif(sys.platform == "win32", reason="steps are forked")
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_gives_what_run_all_gives(seed: int) -> None:
    program = bothways.grown(seed)
    if program is None:
        pytest.skip("it takes too long")
    assert bothways.kind(bothways.difference(program.cells())) in {"", "refused", "stopped"}, program.text()


def test_differences_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is worth something: with what the first step gave in the place of what the second gave, it finds the difference."""
    cells = [("step:a", "xs = [1]"), ("step:b", "xs.append(2)"), ("step:c", "print(xs)")]
    assert bothways.difference(cells) == ""
    inputs = bothways._inputs

    def unread(step: Step, pipeline: Pipeline, outputs: Any) -> list[dict[str, Any]]:
        return inputs(step, pipeline, {"b": outputs["a"]} if step.name == "c" else outputs)

    monkeypatch.setattr(bothways, "_inputs", unread)
    assert bothways.kind(bothways.difference(cells)) == "silent"
