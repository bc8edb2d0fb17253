"""Which kernel a notebook gets on this machine, told before anything runs.

The kernelspec is looked up where Jupyter looks. One that starts the very Python that runs us in the usual way needs no
kernel process, see `runtime.kernels`; any other is started as it says. `jupyter_client` could tell the same, but importing it
takes longer than a run in which all steps are reused.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_mlflow.errors import RefusedError
from jupyter_mlflow.spec.pipelines import Kernel
from jupyter_mlflow.store import interpreters
from jupyter_mlflow.store.interpreters import Interpreter


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A kernelspec as far as it decides what a step does."""

    argv: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    language: str = "python"

    @property
    def program(self) -> str:
        """What is started; `python` is the Python that runs us, as jupyter_client reads it."""
        bare = {"python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
        if not self.argv or self.argv[0] in bare:
            return sys.executable
        return shutil.which(self.argv[0]) or self.argv[0]


def find(kernel: Kernel) -> Installed:
    """The kernelspec that the notebook asks for; raises RefusedError when it is not there or cannot be started."""
    found = _specs().get(kernel.name.lower())
    if found is None:
        if kernel.name == "python3":  # every Jupyter has it, without a file
            return Installed()
        there = ", ".join(f"`{name}`" for name in sorted({"python3", *_specs()}))
        raise RefusedError(
            f"The notebook asks for the kernel `{kernel.name}`, which is not installed here. Installed are {there}. "
            "Choose one of them in the notebook's metadata, or install that kernel."
        )
    installed = _read(found, kernel)
    if not shutil.which(installed.program):
        raise RefusedError(f"The kernel `{kernel.name}` starts {installed.program}, which is not there. See {found / 'kernel.json'}.")
    return installed


def interpreter(installed: Installed) -> Interpreter:
    """The Python whose version and packages decide what cells do; an empty one for kernels of other languages."""
    if not Kernel(language=installed.language).is_python:
        return Interpreter()
    here, there = (os.path.realpath(os.path.dirname(program)) for program in (sys.executable, installed.program))  # noqa: PTH120
    return interpreters.this() if here == there else interpreters.of_program(installed.program)


def _read(folder: Path, kernel: Kernel) -> Installed:
    file = folder / "kernel.json"
    try:
        text: Any = json.loads(file.read_text(encoding="utf-8"))
        return Installed(
            argv=tuple(map(str, text["argv"])),
            env={str(name): str(value) for name, value in (text.get("env") or {}).items()},
            language=str(text.get("language") or kernel.language),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(f"The kernel `{kernel.name}` cannot be started: {file} is no kernelspec ({error}).") from error


def _specs() -> dict[str, Path]:
    """Folders of kernelspecs by name in lower case, the first on Jupyter's path counts."""
    from jupyter_core.paths import jupyter_path

    found: dict[str, Path] = {}
    for place in jupyter_path("kernels"):
        try:
            names = sorted(os.listdir(place))  # noqa: PTH208 - names are all we need
        except OSError:
            continue
        for name in names:
            folder = Path(place, name)
            if (folder / "kernel.json").is_file():
                found.setdefault(name.lower(), folder)
    return found
