"""Random generators after a fork: a fresh interpreter would have drawn its own seeds."""

from __future__ import annotations

import sys


def reseed() -> None:
    """Seed the global generators of the libraries that are loaded from the system's entropy."""
    import random

    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(None)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
