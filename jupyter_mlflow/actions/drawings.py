"""The graph of a pipeline as text, JSON, Mermaid or SVG; the same pipeline always gives the same text."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.pipelines import Edge, Pipeline, Step

_WIDTH, _HEIGHT, _GAP, _ROW = 150, 34, 26, 78


def draw(pipeline: Pipeline, form: str, notebook: str = "") -> str:
    """`form` is text, json, mermaid or svg."""
    if form == "json":
        return json.dumps(as_json(pipeline, notebook))
    forms: dict[str, Callable[[Pipeline], str]] = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}
    return forms[form](pipeline)


def as_json(pipeline: Pipeline, notebook: str = "") -> dict[str, Any]:
    """The documented object; setup and parameters steps stand apart."""
    shown = {step.name for step in _shown(pipeline)}
    return {
        "version": 1,
        "notebook": notebook,
        "steps": [_step(step) for step in pipeline.steps if step.name in shown],
        "setup": [_step(step) for step in pipeline.steps if step.name not in shown],
        "edges": [codec.builtins(edge) for edge in _edges(pipeline)],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "role": step.role,
        "cells": [cell.index for cell in step.cells],
        "after": list(step.after),
        "reads": [codec.builtins(read) for read in step.reads],
        "gives": list(step.gives),
    }


def _shown(pipeline: Pipeline) -> list[Step]:
    return [step for step in pipeline.steps if step.role not in {"setup", "parameters"}]


def _edges(pipeline: Pipeline) -> list[Edge]:
    shown = {step.name for step in _shown(pipeline)}
    return [edge for edge in pipeline.edges if edge.source in shown and edge.target in shown]


def as_text(pipeline: Pipeline) -> str:
    """One line per step: what it waits for and why."""
    lines = []
    for step in _shown(pipeline):
        lines.append(f"● {step.name}  cells {', '.join(str(cell.index) for cell in step.cells)}")
        lines.extend(f"  ← {edge.source}  {_channels(edge)}" for edge in _edges(pipeline) if edge.target == step.name)
    return "\n".join(lines)


def _channels(edge: Edge) -> str:
    names = [f"{one.name}{'' if one.certainty == 'certain' else '?'}" for one in edge.channels]
    return ", ".join(names) if names else "after"


def as_mermaid(pipeline: Pipeline) -> str:
    """A Mermaid flow chart."""
    ids = {step.name: f"s{number}" for number, step in enumerate(_shown(pipeline))}
    lines = ["flowchart TD", *(f'    {ids[name]}["{_entity(name)}"]' for name in ids)]
    return "\n".join([*lines, *(f"    {ids[edge.source]} --> {ids[edge.target]}" for edge in _edges(pipeline))])


def _entity(text: str) -> str:
    return "".join(char if char.isalnum() or char in "_- " else f"#{ord(char)};" for char in text)


def as_svg(pipeline: Pipeline) -> str:
    """A layered drawing, top to bottom, in the colours of its surroundings."""
    places = _places(pipeline)
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _GAP
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + _GAP
    style = "text{font:13px system-ui,sans-serif;fill:currentColor}rect{fill:none;stroke:currentColor}path{fill:none;stroke:currentColor;opacity:.5}"
    body = [_line(edge, places) for edge in _edges(pipeline)]
    body += [_box(step, *places[str(step.name)]) for step in _shown(pipeline)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    return f"{head}<title>{escape(pipeline.name)}</title><style>{style}</style>{''.join(body)}</svg>"


def _places(pipeline: Pipeline) -> dict[str, tuple[int, int]]:
    layers: dict[str, int] = {}
    for step in _shown(pipeline):
        layers[str(step.name)] = 1 + max(
            (layers.get(str(edge.source), -1) for edge in _edges(pipeline) if edge.target == step.name), default=-1
        )
    rows: dict[int, list[str]] = {}
    for name, layer in layers.items():
        rows.setdefault(layer, []).append(name)
    widest = max((len(row) for row in rows.values()), default=1) * (_WIDTH + _GAP)
    found = {}
    for layer, row in rows.items():
        start = (widest - len(row) * (_WIDTH + _GAP)) // 2 + _GAP
        for number, name in enumerate(row):
            found[name] = (start + number * (_WIDTH + _GAP), _GAP + layer * _ROW)
    return found


def _line(edge: Edge, places: dict[str, tuple[int, int]]) -> str:
    (x, y), (u, v) = places[str(edge.source)], places[str(edge.target)]
    x, y, u = x + _WIDTH // 2, y + _HEIGHT, u + _WIDTH // 2
    middle = (y + v) // 2
    certain = edge.explicit or any(one.certainty == "certain" for one in edge.channels)
    dashes = "" if certain else ' stroke-dasharray="4 4"'
    return f'<path d="M{x} {y}C{x} {middle} {u} {middle} {u} {v}"{dashes}><title>{escape(_channels(edge))}</title></path>'


def _box(step: Step, x: int, y: int) -> str:
    label = step.name if len(step.name) <= 18 else step.name[:17] + "…"
    cells = ", ".join(str(cell.index) for cell in step.cells)
    rect = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>'
    text = f'<text x="{x + _WIDTH // 2}" y="{y + 22}" text-anchor="middle">{escape(label)}</text>'
    return f"<g><title>{escape(step.name)}: cells {cells}</title>{rect}{text}</g>"
