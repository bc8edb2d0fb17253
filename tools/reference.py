"""The reference of Python names: everything public, with its signature and docstring."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import jupyter_mlflow
from jupyter_mlflow import api, errors

HEAD = """# Python reference

Every public name; anything else may change without notice. How to use them: [Python, magics, papermill](api.md).
Names below `jupyter_mlflow.api` are given, not made.
"""


def pages() -> dict[str, str]:
    """Path -> text."""
    parts = [HEAD, *(_name(f"jupyter_mlflow.{name}", getattr(jupyter_mlflow, name)) for name in jupyter_mlflow.__all__)]
    parts += [_name(f"jupyter_mlflow.api.{name}", value) for name, value in _given().items()]
    parts += ["## jupyter_mlflow.errors\n", f"```text\n{_drawing()}\n```\n"]
    parts += [f"`{name}`\n{_definition(getattr(errors, name))}\n" for name in errors.__all__]
    return {"docs/reference.md": "\n".join(parts)}


def _given() -> dict[str, type]:
    """Classes that nobody makes, but that public functions give."""
    own = {name: value for name, value in vars(api).items() if isinstance(value, type) and value.__module__ == api.__name__}
    return {name: own[name] for name in sorted(own) if not name.startswith("_") and name not in jupyter_mlflow.__all__}


def _drawing() -> str:
    lines = (errors.__doc__ or "").splitlines()
    return inspect.cleandoc("\n".join(line for line in lines if line.startswith("    ")))


def _name(path: str, value: Any) -> str:
    if isinstance(value, type):
        return "\n".join([f"## {path}\n", f"{_doc(value)}\n", *_members(path.rpartition(".")[2], value)])
    if callable(value):
        return f"## {path}\n\n`{value.__name__}{_signature(value)}`\n\n{_doc(value)}\n"
    return f"## {path}\n\nThe version, a text.\n"


def _members(owner: str, value: type) -> Iterator[str]:
    for name, member in vars(value).items():
        if name.startswith("_") or name in getattr(value, "__dataclass_fields__", {}):
            continue
        if isinstance(member, property):
            yield f"`{owner}.{name}`\n{_definition(member)}\n"
        elif callable(member):
            yield f"`{owner}.{name}{_signature(member)}`\n{_definition(member)}\n"


def _signature(value: Any) -> str:
    signature = inspect.signature(value)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=parameters)))


def _definition(value: Any) -> str:
    return ":" + textwrap.indent(_doc(value), "    ")[1:]


def _doc(value: Any) -> str:
    return inspect.getdoc(value) or ""
