"""The Python that runs a notebook's cells: its version, and where it looks for modules."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import msgspec

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.spec import codec

# Printed by another interpreter, which may lack all of our packages; must run on any Python 3.
_QUESTION = """
import json, os, sys
print(json.dumps({
    "name": sys.implementation.name,
    "version": sys.version.split()[0],
    "abi": str(sys.implementation.cache_tag) + getattr(sys, "abiflags", ""),
    "platform": sys.platform + "-" + os.uname().machine,
    "path": sys.path[1:],
    "library": sorted(getattr(sys, "stdlib_module_names", sys.builtin_module_names)),
}))
"""
_PATIENCE = 60  # seconds; a cold disk can take long to start Python


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """One Python installation, as far as it decides what code does."""

    name: str = ""
    version: str = ""
    abi: str = ""
    platform: str = ""
    path: tuple[str, ...] = ()  # absolute folders, in the order of search
    library: frozenset[str] = frozenset()  # names of the standard library's modules

    def title(self) -> str:
        """What decides beside the installed packages, in one line."""
        return f"{self.name or 'no Python'} {self.version} {self.abi} {self.platform}".strip()


def this() -> Interpreter:
    """The Python that runs us."""
    return Interpreter(
        name=sys.implementation.name,
        version=sys.version.split(maxsplit=1)[0],
        abi=f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')}",
        platform=f"{sys.platform}-{os.uname().machine}",
        path=_folders([entry for entry in sys.path if entry not in _ours()]),
        library=frozenset(sys.stdlib_module_names),
    )


def _ours() -> set[str]:
    """Entries of the search path that come from how we were started, and that the notebook's process does not have."""
    from_user = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0]))} - set(from_user)  # noqa: PTH100, PTH109, PTH120 - compared as text


def of_program(program: str) -> Interpreter:
    """The Python of another environment, by asking it once; takes as long as starting it."""
    import subprocess

    try:
        answer = subprocess.run(  # noqa: S603 - the program of a kernel the user installed
            [program, "-c", _QUESTION], capture_output=True, check=True, timeout=_PATIENCE, cwd=os.sep, text=True
        )
        told = codec.convert(json.loads(answer.stdout), Interpreter)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise StoreError(f"Cannot ask the Python at {program} for its version and packages: {error}") from error
    return msgspec.structs.replace(told, path=_folders(told.path))


def _folders(entries: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Absolute folders only: `''` means the working folder, which the caller knows better; zips hold the standard library."""
    return tuple(dict.fromkeys(entry for entry in entries if entry and Path(entry).is_absolute() and Path(entry).is_dir()))
