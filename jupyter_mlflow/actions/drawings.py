"""The graph of a pipeline as text, JSON, Mermaid or SVG; the same pipeline always gives the same text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise

from jupyter_mlflow.actions import layouts
from jupyter_mlflow.actions.boards import GLYPHS
from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.pipelines import ASIDE, Edge, Pipeline, Step
from jupyter_mlflow.spec.reports import GraphReport, GraphStep
from jupyter_mlflow.spec.tasks import HIDDEN

_HEIGHT, _ROW, _GAP, _MARGIN = 42, 92, 22, 14
_CHARACTER = 7.1  # width of a character of the font below, on average
_LONGEST = 26  # characters of a name that are drawn
_NARROWEST = 92

# Colours follow JupyterLab's theme where there is one, and elsewhere the system's.
_STYLE = """
.jmg{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;--jmg-ink:#1f2328;--jmg-quiet:#656d76;--jmg-line:#8b949e;--jmg-box:#ffffff;
--jmg-running:#0969da;--jmg-done:#1a7f37;--jmg-cached:#5a6acf;--jmg-failed:#cf222e;--jmg-stopped:#9a6700}
@media (prefers-color-scheme:dark){.jmg{--jmg-ink:#e6edf3;--jmg-quiet:#9198a1;--jmg-line:#7d8590;--jmg-box:#151b23;
--jmg-running:#58a6ff;--jmg-done:#3fb950;--jmg-cached:#a5b1ff;--jmg-failed:#ff7b72;--jmg-stopped:#d29922}}
.jmg text{fill:var(--jp-ui-font-color1,var(--jmg-ink))}
.jmg .q{fill:var(--jp-ui-font-color2,var(--jmg-quiet));font-size:11px}
.jmg rect{fill:var(--jp-layout-color1,var(--jmg-box));stroke:var(--jmg-line);stroke-width:1.2}
.jmg .e{fill:none;stroke:var(--jmg-line)}
.jmg .p{stroke-dasharray:5 4}
.jmg .h{fill:none;stroke:transparent;stroke-width:11;pointer-events:stroke}
.jmg .a{fill:var(--jmg-line)}
.jmg g:hover>.e{stroke:var(--jmg-running)}
.jmg g:hover>rect{stroke:var(--jmg-running);stroke-width:2}
"""
_ARROW = (
    '<defs><marker id="jmg-a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" '
    'orient="auto"><path class="a" d="M0 0.8L8 4L0 7.2z"/></marker></defs>'
)
_COLOURS = {
    "running": "running",
    "cached": "cached",
    "done": "done",
    "failed": "failed",
    "refused": "failed",
    "cancelled": "stopped",
    "queued": "line",
    "skipped": "line",
}


def draw(pipeline: Pipeline, form: str, notebook: str = "") -> str:
    """`form` is text, json, mermaid or svg."""
    if form == "json":
        return codec.encode(as_report(pipeline, notebook)).decode()
    forms: dict[str, Callable[[Pipeline], str]] = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}
    return forms[form](pipeline)


def as_report(pipeline: Pipeline, notebook: str = "") -> GraphReport:
    """The document of `graph --format json`; setup and parameters stand apart."""
    return GraphReport(
        notebook=notebook,
        steps=tuple(_step(step) for step in shown(pipeline)),
        setup=tuple(_step(step) for step in pipeline.steps if step.role in ASIDE),
        edges=tuple(_edges(pipeline)),
        parameters=pipeline.parameters,
    )


def _step(step: Step) -> GraphStep:
    cells = tuple(cell.index for cell in step.cells)
    return GraphStep(name=step.name, role=step.role, cells=cells, after=step.after, reads=step.reads, gives=step.gives)


def shown(pipeline: Pipeline) -> list[Step]:
    """The steps that stand in a drawing."""
    return [step for step in pipeline.steps if step.role not in ASIDE]


def _edges(pipeline: Pipeline) -> list[Edge]:
    names = {step.name for step in shown(pipeline)}
    return [edge for edge in pipeline.edges if edge.source in names and edge.target in names]


# ---- text --------------------------------------------------------------------------------------------------------------------


def as_text(pipeline: Pipeline) -> str:
    """What each step waits for, and what for; set-up and parameters in one line each."""
    lines = []
    parameters = [f"{one.name}={HIDDEN if one.secret else one.default_source}" for one in pipeline.parameters]
    for step in pipeline.steps:
        if step.role in ASIDE:
            what = ", ".join(parameters) if step.role == "parameters" else _some(_given(pipeline, step))
            lines.append(f"  {step.name}  {cells_of(step)}{f'  {what}' if what else ''}")
    for step in shown(pipeline):
        lines.append(f"● {step.name}  {cells_of(step)}")
        lines += [f"  ← {edge.source}  {_channels(edge)}" for edge in _edges(pipeline) if edge.target == step.name]
    return "\n".join(lines)


def cells_of(step: Step) -> str:
    """`cell 4`, `cells 4, 6-8`."""
    indices = [cell.index for cell in step.cells]
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    told = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"{'cell' if len(indices) == 1 else 'cells'} {told}"


def _given(pipeline: Pipeline, step: Step) -> list[str]:
    """Names that other steps take from a step."""
    return list(dict.fromkeys(channel.name for edge in pipeline.edges if edge.source == step.name for channel in edge.channels))


def _channels(edge: Edge) -> str:
    names = [f"{_name(one.kind, one.name)}{'' if one.certainty == 'certain' else '?'}" for one in edge.channels]
    return ", ".join([*names, *(["after"] if edge.explicit else [])]) or "after"


def _name(kind: str, name: str) -> str:
    """A channel as people call it."""
    if kind == "file":
        return "files" if name == "*" else f"file {name}"
    return {"random": f"random state of {name}", "process": f"settings of {name}"}.get(kind, name)


def _some(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


# ---- Mermaid -----------------------------------------------------------------------------------------------------------------


def as_mermaid(pipeline: Pipeline) -> str:
    """A Mermaid flow chart; dotted lines may travel."""
    ids = {step.name: f"s{number}" for number, step in enumerate(shown(pipeline))}
    lines = ["flowchart TD", *(f'    {ids[name]}["{_entity(name)}"]' for name in ids)]
    return "\n".join(
        [*lines, *(f"    {ids[edge.source]} {'-->' if _certain(edge) else '-.->'} {ids[edge.target]}" for edge in _edges(pipeline))]
    )


def _entity(text: str) -> str:
    return "".join(char if char.isalnum() or char in "_- " else f"#{ord(char)};" for char in text)


def _certain(edge: Edge) -> bool:
    return edge.explicit or any(one.certainty != "possible" for one in edge.channels)


# ---- SVG ---------------------------------------------------------------------------------------------------------------------


def as_svg(pipeline: Pipeline, states: Mapping[str, tuple[str, str]] | None = None) -> str:
    """A layered drawing, top to bottom; `states` gives a step's state and a word about it (or none), while or after it ran."""
    steps = shown(pipeline)
    edges = _edges(pipeline)
    widths = {str(step.name): _width(step) for step in steps}
    layout = layouts.layered([str(step.name) for step in steps], [(str(edge.source), str(edge.target)) for edge in edges], widths, _GAP)
    width = max((layout.x[name] + widths[name] / 2 for name in widths), default=0.0)
    width = max([width, *(x for vertex, x in layout.x.items() if not isinstance(vertex, str))]) + 2 * _MARGIN
    height = max(layout.layer.values(), default=0) * _ROW + _HEIGHT + 2 * _MARGIN
    body = [_line(edge, layout) for edge in edges]
    body += [_box(step, layout, widths[str(step.name)], (states or {}).get(str(step.name)), edges) for step in steps]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="jmg" viewBox="0 0 {_number(width)} {height}" width="{_number(width)}" '
        f'height="{height}" role="img" style="max-width:100%;height:auto">'
    )
    told = f"<title>{_text(pipeline.name)}</title><desc>{_text(as_text(pipeline))}</desc>"
    return f"{head}{told}<style>{_STYLE}</style>{_ARROW}{''.join(body)}</svg>"


def _width(step: Step) -> float:
    longest = max(len(_label(step.name)), len(cells_of(step)) * 0.85 + 3)
    return max(_NARROWEST, math.ceil(longest * _CHARACTER) + 26)


def _label(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _line(edge: Edge, layout: layouts.Layout) -> str:
    points = list(_points(layout.routes[str(edge.source), str(edge.target)], layout))
    path = f"M{_point(points[0])}"
    for (x, y), (u, v) in pairwise(points):
        bend = (v - y) / 2
        path += f"C{_point((x, y + bend))} {_point((u, v - bend))} {_point((u, v))}"
    weight = _number(1.1 + 0.35 * math.log2(1 + len(edge.channels)))
    title = f"{edge.source} → {edge.target}: {_channels(edge)}{_cells(edge)}"
    kind = "e" if _certain(edge) else "e p"
    return (
        f'<g><title>{_text(title)}</title><path class="{kind}" d="{path}" stroke-width="{weight}" marker-end="url(#jmg-a)"/>'
        f'<path class="h" d="{path}"/></g>'
    )


def _cells(edge: Edge) -> str:
    cells = sorted({cell for channel in edge.channels for cell in channel.cells})
    return f"\nbecause of cells {', '.join(map(str, cells))}" if cells else ""


def _points(route: Sequence[layouts.Vertex], layout: layouts.Layout) -> Iterator[tuple[float, float]]:
    """From the lower edge of the source, straight through each layer on the way, to the upper edge of the target."""
    for number, vertex in enumerate(route):
        x, top = layout.x[vertex] + _MARGIN, layout.layer[vertex] * _ROW + _MARGIN
        if number == 0:
            yield x, top + _HEIGHT
        elif number == len(route) - 1:
            yield x, top - 1
        else:
            yield x, top
            yield x, top + _HEIGHT


def _box(step: Step, layout: layouts.Layout, width: float, state: tuple[str, str] | None, edges: Iterable[Edge]) -> str:
    x = layout.x[str(step.name)] - width / 2 + _MARGIN
    y = layout.layer[str(step.name)] * _ROW + _MARGIN
    middle = _number(x + width / 2)
    colour = f' style="stroke:var(--jmg-{_COLOURS.get(state[0], "line")})"' if state is not None else ""
    glyph = (
        f'<tspan style="fill:var(--jmg-{_COLOURS.get(state[0], "line")})">{GLYPHS.get(state[0], "")} </tspan>' if state is not None else ""
    )
    below = (state[1] or state[0]) if state is not None else cells_of(step)
    return (
        f"<g><title>{_text(_about(step, edges))}</title>"
        f'<rect x="{_number(x)}" y="{y}" width="{_number(width)}" height="{_HEIGHT}" rx="4"{colour}/>'
        f'<text x="{middle}" y="{y + 18}" text-anchor="middle">{glyph}{_text(_label(step.name))}</text>'
        f'<text class="q" x="{middle}" y="{y + 33}" text-anchor="middle">{_text(below)}</text></g>'
    )


def _about(step: Step, edges: Iterable[Edge]) -> str:
    taken = [f"{edge.source}: {_channels(edge)}" for edge in edges if edge.target == step.name]
    reads = "".join(f"\ntakes from {one}" for one in taken)
    gives = f"\ngives {_some(step.gives, 12)}" if step.gives else ""
    return f"{step.name} ({step.role}), {cells_of(step)}{reads}{gives}"


def _point(point: tuple[float, float]) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Text that XML can hold."""
    return escape("".join(char if char >= " " or char in "\n\t" else "\ufffd" for char in text))
