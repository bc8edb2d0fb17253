"""Whether random numbers were drawn: a step that draws without a seed gives something else each time, so it must not be reused.

This file is also injected into kernels of other environments: any Python 3, nothing but the standard library.
"""

from __future__ import annotations

import sys
from typing import Any

_MARKED: dict[str, Any] = {}


def mark() -> None:
    """Remember the states of the global generators, when a step begins."""
    _MARKED.clear()
    _MARKED.update({name: state() for name, state in _STATES.items() if name in sys.modules})


def drawn() -> list[str]:
    """The generators whose states have changed since, drawn from or seeded."""
    return [name for name in _STATES if name in sys.modules and _STATES[name]() != _before(name)]


def _before(name: str) -> Any:
    return _MARKED[name] if name in _MARKED else _FRESH[name]()


def _random() -> Any:
    import random

    return random.getstate()


def _numpy() -> Any:
    state = sys.modules["numpy.random"].get_state(legacy=False)
    return _plain_numpy(state) if state["bit_generator"] == "MT19937" else str(state)


def _plain_numpy(state: dict[str, Any]) -> Any:
    return state["state"]["key"].tobytes(), state["state"]["pos"], state["has_gauss"]


def _torch() -> Any:
    return bytes(sys.modules["torch"].get_rng_state().numpy())


def _fresh_numpy() -> Any:
    """What an untouched generator would look like now; a seed is drawn when numpy is imported, and nobody knows it afterwards."""
    now = _numpy()
    return now if isinstance(now, tuple) and now[1:] in {(623, 0), (624, 0)} else None


def _fresh_torch() -> Any:
    torch = sys.modules["torch"]
    other = torch.Generator()
    other.manual_seed(torch.initial_seed())
    return bytes(other.get_state().numpy())


_STATES = {"random": _random, "numpy.random": _numpy, "torch": _torch}
_FRESH = {"random": _random, "numpy.random": _fresh_numpy, "torch": _fresh_torch}
