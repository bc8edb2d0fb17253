"""What a step is made of before it runs, in parts small enough to say later which of them changed.

    key = digest of: format, code of each cell, silent statements, modules to import again, inputs by digest,
          parameters, environment variables, kernel, interpreter, what the step shall give

A key says nothing about files and packages: which of them matter is known only after a run, see `cache`.
Values of parameters and variables enter as salted digests, so that none can be guessed from the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from jupyter_mlflow.spec import codec
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.tasks import StepTask
from jupyter_mlflow.store import code, digests, mentions, salts
from jupyter_mlflow.store.interpreters import Interpreter

# Raised when results of older versions of ours must not be reused: another normalisation, another snapshot format.
FORMAT = 1


class CellPart(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one cell; `label` is how people find the cell and is no part of the key."""

    label: str
    digest: str


class InputPart(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that brings one key, and the step that made it (also no part of the ingredients' key)."""

    key: str
    digest: str
    source: str


class Ingredients(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that decides what a step does, but the files it reads and the packages it imports."""

    format: int = FORMAT
    notebook: str  # absolute path; notebook and step find the former run to compare with, and are no part of the key
    step: StepName
    cells: tuple[CellPart, ...] = ()
    replay: str = ""
    modules: tuple[str, ...] = ()
    inputs: tuple[InputPart, ...] = ()  # in the order of loading
    parameters: dict[str, str] = {}  # name -> salted digest of the value
    environment: dict[str, str] = {}  # variable -> salted digest of the value
    mentioned: tuple[str, ...] = ()  # texts in the code that may name files, see `mentions`; follow from the code
    kernel: str = ""
    interpreter: str = ""
    gives: tuple[str, ...] = ()
    unkept: str = ""  # why its result was not kept the last time; no part of the key


def of_task(task: StepTask, *, notebook: str, interpreter: Interpreter, salt: bytes, inherited: Mapping[str, str]) -> Ingredients:
    """The ingredients of a task that inherits these environment variables.

    Where it runs, for how long and under which id does not matter.
    """
    sources = [cell.source for cell in task.cells]
    variables = mentions.variables([*sources, *task.replay], {**inherited, **task.environment})
    given = {name: value for cell in task.cells for name, value in cell.parameters.items()} | task.values
    return Ingredients(
        notebook=notebook,
        step=task.step,
        cells=tuple(CellPart(label=f"[{cell.count}]", digest=code.digest(cell.source)) for cell in task.cells),
        replay=digests.of_parts(code.normalised(statement) for statement in task.replay),
        modules=task.modules,
        inputs=tuple(InputPart(key=key, digest=one.digest, source=one.source) for one in task.inputs for key in one.keys),
        parameters={name: salts.of_value(value, salt) for name, value in given.items()},
        environment={name: salts.of_value(value, salt) for name, value in {**variables, **task.environment}.items()},
        mentioned=mentions.paths(sources),
        kernel=f"{task.kernel} ({task.language})",
        interpreter=interpreter.title(),
        gives=(*task.gives, *(f"metric {name}" for name in task.metrics)),
    )


def key(ingredients: Ingredients) -> str:
    """The same for the same ingredients, on any machine of the same salt."""
    parts = (
        ingredients.format,
        [cell.digest for cell in ingredients.cells],
        ingredients.replay,
        ingredients.modules,
        [(one.key, one.digest) for one in ingredients.inputs],
        sorted(ingredients.parameters.items()),
        sorted(ingredients.environment.items()),
        ingredients.kernel,
        ingredients.interpreter,
        sorted(ingredients.gives),
    )
    return digests.hexadecimal(digests.of_bytes(codec.encode(parts)))


def changes(old: Ingredients, new: Ingredients) -> Iterator[str]:
    """What differs, in words for people, the likeliest cause first."""
    if old.format != new.format:
        yield "the cache was written by another version of jupyter_mlflow"
    yield from _code_changes(old, new)
    yield from _input_changes(old, new)
    yield from _value_changes("parameter", old.parameters, new.parameters)
    yield from _value_changes("environment variable", old.environment, new.environment)
    if old.kernel != new.kernel:
        yield f"kernel {old.kernel} -> {new.kernel}"
    if old.interpreter != new.interpreter:
        yield f"{old.interpreter} -> {new.interpreter}"
    if sorted(old.gives) != sorted(new.gives):
        yield f"later steps need other results of it: {_listed(set(old.gives) ^ set(new.gives))}"


def _code_changes(old: Ingredients, new: Ingredients) -> Iterator[str]:
    if len(old.cells) != len(new.cells):
        yield f"it has {len(new.cells)} cells now, {len(old.cells)} before"
    else:
        pairs = zip(old.cells, new.cells, strict=True)
        yield from (f"code of cell {now.label} changed" for before, now in pairs if before.digest != now.digest)
    if old.replay != new.replay or old.modules != new.modules:
        yield "code of the setup cells changed"


def _input_changes(old: Ingredients, new: Ingredients) -> Iterator[str]:
    before = {one.key: one.digest for one in old.inputs}
    for one in new.inputs:
        if one.key not in before:
            yield f"input `{one.key}` from `{one.source}` is new"
        elif before[one.key] != one.digest:
            yield f"input `{one.key}` from `{one.source}` changed"
    now = {one.key: one.digest for one in new.inputs}
    yield from (f"input `{one}` is gone" for one in before if one not in now)
    if before == now and [*before] != [*now]:
        yield "its inputs come in another order"


def _value_changes(noun: str, old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name, now in new.items():
        if name not in old:
            yield f"{noun} `{name}` is new"
        elif old[name] != now:
            yield f"{noun} `{name}` changed"
    yield from (f"{noun} `{name}` is gone" for name in old if name not in new)


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
