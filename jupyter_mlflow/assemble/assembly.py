"""The whole way from a tagged notebook to a pipeline with diagnostics."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_mlflow.assemble import parameters, rules, steps
from jupyter_mlflow.assemble.facts import Facts
from jupyter_mlflow.dataflow import channels, interpreter
from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.notebook.blocks import Blocks, blocks
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.spec.diagnostics import Diagnostic
from jupyter_mlflow.spec.pipelines import ASIDE, Pipeline


@dataclass(frozen=True)
class Assembly:
    """`pipeline` is complete even when there are errors, so that it can be drawn; it may only run without them."""

    pipeline: Pipeline
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What refuses the run."""
        return tuple(one for one in self.diagnostics if one.severity == "error")


def assemble(notebook: TaggedNotebook, own: frozenset[str] | None = None) -> Assembly:
    """Steps, edges and diagnostics of a notebook. Never runs any of its code.

    `own` are the names of the modules in its folder; without it, every module that is not well known may be one.
    """
    with _uncollected():
        return _assemble(notebook, own)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection: all that is made here lives to the end, and looking through it again and again takes a third of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _assemble(notebook: TaggedNotebook, own: frozenset[str] | None) -> Assembly:
    found = blocks(notebook)
    effects = _effects(notebook, found, own)
    ran = {cell.index for block in found.blocks for cell in block.cells}
    owner = {cell.index: str(block.name) for block in found.blocks for cell in block.cells}
    order = [(owner[index], one) for index, one in sorted(effects.items()) if index in ran]
    fallible = [cell.index for block in found.blocks for cell in block.cells if "raises-exception" in cell.tags]
    connected = channels.connect(order, fallible)
    facts = Facts(
        notebook=notebook,
        blocks=found,
        effects={index: one for index, one in effects.items() if index in ran},
        skipped=_effects_of_skipped(found),
        channels=connected,
        pipeline=Pipeline(
            name=notebook.name,
            kernel=notebook.kernel,
            steps=steps.steps(found, effects, connected),
            edges=steps.edges(found, effects, connected, readable=notebook.kernel.is_python),
            parameters=parameters.parameters(notebook, found),
        ),
    )
    return Assembly(pipeline=facts.pipeline, diagnostics=rules.check(facts))


def _effects(notebook: TaggedNotebook, found: Blocks, own: frozenset[str] | None) -> dict[int, Effects]:
    if not notebook.kernel.is_python:
        return {cell.index: Effects(cell=cell.index) for block in found.blocks for cell in block.cells}
    cells = sorted((cell.index, cell.source, block.role in ASIDE) for block in found.blocks for cell in block.cells)
    return {one.cell: one for one in interpreter.analyse(cells, own)}


def _effects_of_skipped(found: Blocks) -> dict[int, Effects]:
    """Skipped cells on their own, to tell who would have made a name that is missing."""
    return {cell.index: interpreter.analyse([(cell.index, cell.source, False)])[0] for cell in found.skipped}
