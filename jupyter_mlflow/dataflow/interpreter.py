"""One pass over cells in notebook order: `Effects` of each."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from jupyter_mlflow.dataflow import calls, expressions, processes, replays, sources, statements
from jupyter_mlflow.dataflow.effects import Effects
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.scopes import Scopes


def machine(own: frozenset[str] | None = None) -> Machine:
    """A machine at the start of a notebook."""
    m = Machine(own)
    m.evaluate = functools.partial(expressions.evaluate, m)
    m.execute = functools.partial(statements.execute, m)
    m.invoke = functools.partial(calls.invoke, m)
    return m


def analyse(cells: Sequence[tuple[int, str, bool]], own: frozenset[str] | None = None) -> list[Effects]:
    """Effects of each cell, given as (number, text, whether it may configure libraries for later steps).

    `own` are the modules in the notebook's folder: what an import or a call leaves inside them travels. Without it all but the well-known
    ones are taken for such.
    """
    m = machine(own)
    return [analyse_cell(m, number, text, configures=configures) for number, text, configures in cells]


def analyse_cell(m: Machine, number: int, text: str, *, configures: bool) -> Effects:
    """Effects of the next cell; `m` is moved on."""
    effects = m.effects = Effects(cell=number)
    m.bound, m.called, m.calls, m.steps, m.line = [set()], set(), [], 0, 1
    m.frame, m.tries, m.unsure = None, 0, 0
    source = sources.read(text)
    if source.tree is None:
        effects.error = source.error
        return effects
    again = replays.Replays()
    try:
        m.scopes = Scopes(source.tree, source.text)
        m.execute(source.tree.body)
        processes.run_callbacks(m)
        again = replays.of(m, source.tree, configures=configures)
    except RecursionError:
        effects.reads_any = effects.writes_any = 1  # nested too deep to follow: it may do anything
        m.layers = [m.layers[0]]
    m.wild |= bool(effects.writes_any)
    effects.shows = bool(source.tree.body) and isinstance(source.tree.body[-1], ast.Expr)
    effects.replay, effects.replay_reads = tuple(again.texts), again.names
    effects.hidden = {path: line for path, line in effects.hidden.items() if line not in again.lines}
    return effects
