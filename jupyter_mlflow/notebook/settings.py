"""Settings from the notebook's own metadata `jupyter_mlflow`, checked.

    {"name": .., "description": .., "experiment": ..,
     "defaults": {<field>: ..},                        settings of every step
     "steps": {<step>: {<field>: ..}},                 settings of one step
     "parameters": {<name>: {"secret": true, "help": ..}}}

    field = image | requests | limits | retries | retry_delay | timeout | cache | env | secrets | labels | annotations | other

A value of null means unset. Keys that are not ours are kept: in a step for engines we do not know, elsewhere untouched. A key that looks like a slip
of the pen (`retrys`) is pointed out.

What counts, strongest first: `steps.<name>`, the tags on the step's cells, `defaults`, Kale's `steps_defaults`, Kale's other metadata.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from jupyter_mlflow.notebook import fields, kale, layers, names
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.documents import kind_of
from jupyter_mlflow.notebook.layers import Layer
from jupyter_mlflow.notebook.problems import ProblemKind, TagProblem, quoted
from jupyter_mlflow.spec.diagnostics import Severity
from jupyter_mlflow.spec.ids import StepName

METADATA = "jupyter_mlflow"

_TOP = ("name", "description", "experiment", "defaults", "steps", "parameters")
_MISPLACED = {
    **dict.fromkeys(("cpu", "memory", "gpu", "ephemeral_storage", "ephemeral-storage"), "limits"),
    **dict.fromkeys(("resources",), "requests` and `limits"),
}
_CLOSE = 0.76  # by difflib's measure `retrys` is 0.77 near to `retries`; names that mean something else stay below


class ParameterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the metadata says about one parameter; the parameter itself is made by the code of a `parameters` cell."""

    secret: bool = False
    help: str = ""


class NotebookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the metadata says about the notebook as a whole and about all of its steps, ours before Kale's."""

    name: str = ""
    description: str = ""
    experiment: str = ""
    parameters: dict[str, ParameterSettings] = {}
    defaults: tuple[Layer, ...] = ()  # weakest first
    steps: dict[StepName, Layer] = {}


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that could be read, and problems with the rest."""

    settings: NotebookSettings
    problems: tuple[TagProblem, ...]


def check(notebook: TaggedNotebook) -> Checked:
    """Read and check all that the notebook's metadata says."""
    wrong = _Problems()
    found = notebook.metadata.get(METADATA)
    ours = wrong.object(found, METADATA) if found is not None else {}
    wrong.slips(METADATA, ours, _TOP)
    from_kale, kale_problems = kale.defaults(notebook.metadata)
    theirs = notebook.metadata.get(kale.METADATA)
    theirs = theirs if isinstance(theirs, dict) else {}
    settings = NotebookSettings(
        name=wrong.text(ours, "name") or _text(theirs.get("pipeline_name")),
        description=wrong.text(ours, "description") or _text(theirs.get("pipeline_description")),
        experiment=wrong.text(ours, "experiment") or _experiment(theirs),
        parameters=wrong.parameters(ours),
        defaults=(*from_kale, wrong.layer(ours.get("defaults"), f"{METADATA}.defaults")),
        steps=wrong.steps(ours),
    )
    return Checked(settings=settings, problems=(*wrong.found, *kale_problems))


def of_unknown_steps(settings: NotebookSettings, known: Collection[str]) -> Iterator[TagProblem]:
    """Problems with settings of steps that the notebook does not have."""
    for name in settings.steps:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield TagProblem(
                kind="settings-of-unknown-step",
                severity="warning",
                cell=None,
                tag=f"{METADATA}.steps.{name}",
                message=f"The notebook's metadata has settings for {quoted(name)}, which is no step of this notebook.",
                fix=f"Did you mean `{near[0]}`?" if near else f"Steps are: {', '.join(known) or 'none'}.",
            )


def _experiment(theirs: Mapping[str, Any]) -> str:
    experiment = theirs.get("experiment")
    named = experiment.get("name") if isinstance(experiment, dict) else None
    return _text(named) or _text(theirs.get("experiment_name"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Problems:
    """Reads values and collects what is wrong with them."""

    def __init__(self) -> None:
        self.found: list[TagProblem] = []

    def add(self, kind: ProblemKind, severity: Severity, path: str, message: str, fix: str) -> None:
        self.found.append(TagProblem(kind=kind, severity=severity, cell=None, tag=path, message=message, fix=fix))

    def bad(self, path: str, reason: str) -> None:
        message = f"In the notebook's metadata, {quoted(path, 120)} cannot be used: {reason}."
        self.add("bad-setting", "error", path, message, "Correct the value in the notebook's metadata, or remove it.")

    def object(self, value: Any, path: str) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.bad(path, f"it is {kind_of(value)}; it must be an object")
        return {}

    def text(self, owner: Mapping[str, Any], key: str) -> str:
        value = owner.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self.bad(f"{METADATA}.{key}", f"it is {kind_of(value)}; it must be a text")
        return ""

    def slips(self, path: str, owner: Mapping[str, Any], known: Collection[str]) -> None:
        """Point out unknown keys that are nearly one of `known`."""
        for key in owner:
            near = [] if key in known else difflib.get_close_matches(key, known, n=1, cutoff=_CLOSE)
            if near:
                message = f"In the notebook's metadata, {quoted(f'{path}.{key}', 120)} is no setting that we know."
                self.add("unknown-setting", "warning", f"{path}.{key}", message, f"Did you mean `{near[0]}`?")

    def steps(self, ours: Mapping[str, Any]) -> dict[StepName, Layer]:
        steps = self.object(ours.get("steps"), f"{METADATA}.steps")
        result: dict[StepName, Layer] = {}
        for written, value in steps.items():
            layer = self.layer(value, f"{METADATA}.steps.{written}")
            result[names.step_name(written) or StepName(written)] = layer
        return result

    def layer(self, value: Any, path: str) -> Layer:
        found = self.object(value, path)
        self.slips(path, found, fields.READERS)
        result: Layer = {}
        for key, one in found.items():
            if one is not None:
                result = layers.merged([result, self._field(key, one, f"{path}.{key}")])
        return result

    def _field(self, key: str, value: Any, path: str) -> Layer:
        if key in _MISPLACED:
            message = f"In the notebook's metadata, {quoted(path, 120)} does nothing here."
            self.add("unknown-setting", "warning", path, message, f"Put it under `{_MISPLACED[key]}`.")
        if key not in fields.READERS:
            return {"other": {key: value}}
        try:
            return {key: fields.READERS[key](value)}
        except fields.WrongValueError as error:
            self.bad(path + error.below, str(error))
            return {}

    def parameters(self, ours: Mapping[str, Any]) -> dict[str, ParameterSettings]:
        found = self.object(ours.get("parameters"), f"{METADATA}.parameters")
        return {name: self._parameter(value, f"{METADATA}.parameters.{name}") for name, value in found.items()}

    def _parameter(self, value: Any, path: str) -> ParameterSettings:
        known = self.object(value, path)
        self.slips(path, known, ParameterSettings.__struct_fields__)
        secret, text = known.get("secret"), known.get("help")
        if secret is not None and not isinstance(secret, bool):
            self.bad(f"{path}.secret", f"it is {kind_of(secret)}; it must be true or false")
        if text is not None and not isinstance(text, str):
            self.bad(f"{path}.help", f"it is {kind_of(text)}; it must be a text")
        # What is marked in any way is kept secret: the wrong guess must not be the one that shows it.
        return ParameterSettings(secret=bool(secret), help=_text(text))
