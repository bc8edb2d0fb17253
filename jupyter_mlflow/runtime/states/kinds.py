"""State besides variables, by the kind of its key: `random:numpy`, `process:environ`, `module:helpers`, `patch:pd.DataFrame.twice`."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Dict

from jupyter_mlflow.runtime.states import modules, settings


def _capture_random(name: str) -> Any:
    if name == "python":
        import random

        return random.getstate()
    module = sys.modules.get(name)
    if module is None:
        raise KeyError(name)
    if name == "torch":
        return module.get_rng_state()
    if name == "numpy":
        return sys.modules["numpy.random"].get_state(legacy=False)
    raise KeyError(name)


def _apply_random(name: str, state: Any) -> None:
    if name == "python":
        import random

        random.setstate(state)
    elif name == "numpy":
        importlib.import_module("numpy.random").set_state(state)
    elif name == "torch":
        importlib.import_module("torch").set_rng_state(state)


_CAPTURES = {"random": _capture_random, "process": settings.capture, "module": modules.capture, "patch": modules.capture_patch}


_APPLIES = {"random": _apply_random, "process": settings.put, "module": modules.put, "patch": modules.put_patch}


ORDER = ("patch", "process", "module", "random")  # how states are put in place: what a module shows may depend on filters of warnings


FIRST = ("process:syspath", "process:environ")  # imports and class look-ups may need them


def put(key: str, state: Any) -> None:
    """Put the state of a key in place."""
    kind, _, name = key.partition(":")
    _APPLIES[kind](name, state)


def capture(key: str, namespace: Dict[str, Any]) -> Any:
    """The state of a key, or the value of a name; a KeyError says that there is none."""
    kind, colon, name = key.partition(":")
    return _CAPTURES[kind](name) if colon else namespace[key]
