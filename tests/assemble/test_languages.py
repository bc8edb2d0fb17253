"""Notebooks whose code we cannot read: order from tags and position, nothing else."""

from __future__ import annotations

import pytest

from jupyter_mlflow.assemble import assemble
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.testing.notebooks import notebook

# name: notebook, edges
CASES = {
    "one after the other": ("# %% [step:a]\nx <- 1\n# %% [step:b]\ny <- 2\n# %% [step:c]\nz", ["a -> b", "b -> c"]),
    "tags say better": (
        "# %% [step:a]\nx\n# %% [step:b after:a]\ny\n# %% [step:c after:a]\nz\n# %% [step:d]\nw",
        ["a -> b", "a -> c", "c -> d"],
    ),
    "set-up first": ("# %%\nlibrary(x)\n# %% [parameters]\nn <- 1\n# %% [step:a]\nx", ["setup -> parameters", "parameters -> a"]),
    "one step": ("# %% [step:a]\nx <- 1", []),
}


@pytest.mark.parametrize("name", CASES)
def test_order(name: str) -> None:
    text, edges = CASES[name]
    found = assemble(read(notebook(text, {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}), "n"))
    assert [f"{edge.source} -> {edge.target}" for edge in found.pipeline.edges] == edges
    assert not found.errors
    assert not [step.reads for step in found.pipeline.steps if step.reads]


def test_python_steps_are_not_chained() -> None:
    found = assemble(read(notebook("# %% [step:a]\nx = 1\n# %% [step:b]\ny = 2"), "n"))
    assert found.pipeline.edges == ()
