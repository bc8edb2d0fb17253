"""All that the rules look at: one notebook, analysed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_mlflow.dataflow.channels import Channels
from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.notebook.blocks import Block, Blocks
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.spec.pipelines import Pipeline


@dataclass(frozen=True)
class Facts:
    """`effects` are by notebook index; `skipped` those of cells that never run."""

    notebook: TaggedNotebook
    blocks: Blocks
    effects: Mapping[int, Effects]
    skipped: Mapping[int, Effects]
    channels: Channels
    pipeline: Pipeline

    def block(self, name: str) -> Block:
        """The block of a step."""
        return next(block for block in self.blocks.blocks if block.name == name)

    def step_of(self, cell: int) -> str:
        """The step that a cell belongs to, or nothing."""
        return next((str(block.name) for block in self.blocks.blocks for one in block.cells if one.index == cell), "")
