"""All that the rules look at: one notebook, analysed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

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
        return self._by_name[name]

    def step_of(self, cell: int) -> str:
        """The step that a cell belongs to, or nothing."""
        return self._by_cell.get(cell, "")

    @cached_property
    def _by_name(self) -> dict[str, Block]:
        return {str(block.name): block for block in reversed(self.blocks.blocks)}

    @cached_property
    def _by_cell(self) -> dict[int, str]:
        return {cell.index: str(block.name) for block in self.blocks.blocks for cell in block.cells}
