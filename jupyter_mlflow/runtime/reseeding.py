"""Random generators after a fork: a fresh interpreter would have drawn its own seeds."""

from __future__ import annotations

import sys


def reseed() -> None:
    """Seed the global generators of the libraries that are loaded from the system's entropy."""
    import random

    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(None)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
