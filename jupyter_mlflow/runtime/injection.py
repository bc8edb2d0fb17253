"""The agent's files as one text that a Python kernel of any environment can execute; nothing of ours needs to be installed there."""

from __future__ import annotations

import re
from importlib.resources import files

AGENT = "_jupyter_mlflow_agent"
"""The module under which a kernel knows the agent afterwards."""

_FILES = (  # each imports only those before it
    "generators",
    "portable.identities",
    "portable.functions",
    "portable.classes",
    "portable.instances",
    "portable.exceptions",
    "portable.buffers",
    "portable.libraries",
    "portable.orders",
    "portable.picklers",
    "payloads",
    "states.beginnings",
    "states.loggers",
    "states.shell",
    "states.modules",
    "states.figures",
    "states.settings",
    "states.kinds",
    "states.footprints",
    "agent",
)
_IMPORT = re.compile(r"^from jupyter_mlflow\.runtime(?:\.\w+)? import (.+)$", re.MULTILINE)
_INSTALL = """\
def install(name, source):
    import sys, types
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, "<jupyter_mlflow>", "exec"), module.__dict__)
"""


def text() -> str:
    """Statements to execute in a namespace that is thrown away."""
    calls = [f"install({_name(file)!r}, {_source(file)!r})" for file in _FILES]
    return "\n".join([_INSTALL, *calls])


def expression() -> str:
    """The same as one expression, which leaves no name behind."""
    return f"exec({text()!r}, {{}})"


def _source(file: str) -> str:
    source = files("jupyter_mlflow.runtime").joinpath(f"{file.replace('.', '/')}.py").read_text("utf-8")
    return _IMPORT.sub(lambda found: "\n".join(f"import {_name(one)} as {one}" for one in found[1].split(", ")), source)


def _name(file: str) -> str:
    return f"_jupyter_mlflow_{file.rpartition('.')[2]}"
