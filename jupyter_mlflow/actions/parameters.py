"""Parameters as they are given, checked against those that the notebook has."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from jupyter_mlflow.errors import ParameterError
from jupyter_mlflow.spec.pipelines import Parameter, Pipeline

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int, float),  # papermill takes both, and `lr = 1` may well mean 0.5 another time
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def checked(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, all known and of the right type; raises ParameterError."""
    known = {one.name: one for one in pipeline.parameters}
    for name, value in given.items():
        if name not in known and not pipeline.kernel.is_python:
            continue  # its parameters cell cannot be read; it gets what is given, as papermill does it
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else f" It has {', '.join(f'`{one}`' for one in known) or 'none'}."
            raise ParameterError(f"The notebook has no parameter `{name}`.{hint}")
        _check(known[name], value)
    return dict(given)


def _check(parameter: Parameter, value: Any) -> None:
    allowed = _TYPES.get(parameter.type or "")
    if allowed is None or value is None:
        return
    wrong = not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
    if wrong:
        given = "text" if isinstance(value, str) else type(value).__name__
        hint = f" `-r {parameter.name} ...` gives it as a text." if parameter.type == "str" else ""
        raise ParameterError(
            f"The parameter `{parameter.name}` (cell {parameter.cell}) is of type {parameter.type}, and {given} was given.{hint}"
        )
