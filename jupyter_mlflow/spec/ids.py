"""Types for names and ids, so that a step name never lands where a run id goes."""

from __future__ import annotations

from typing import NewType

StepName = NewType("StepName", str)
"""What stands behind `step:` in a tag; unique in a pipeline."""

RunId = NewType("RunId", str)
"""Sorts by start time: `20261124-015301-k3f9`."""

Digest = NewType("Digest", str)
"""`blake3:` and 64 hexadecimal digits of the content."""

Key = NewType("Key", str)
"""One piece of state that can travel: a variable's plain name (`df`), or `random:numpy`, `process:environ`, `patch:pd.DataFrame.double`.

Python identifiers hold no colon, so the two never collide.
"""
