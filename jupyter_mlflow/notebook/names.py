"""Names of steps: what a user may write behind `step:`, and names that we make ourselves.

A step's name also names files, folders and Kubernetes objects, so it is short and holds only letters of any script, digits, `_` and `-`.
Names are compared in Unicode's composed form: `é` typed as one character or as two is the same name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from jupyter_mlflow.spec.ids import StepName

LONGEST = 63  # the limit of a Kubernetes label; in UTF-8 it still fits any file system's 255 bytes


def step_name(text: str) -> StepName | None:
    """The name that `text` spells, or None when it cannot be one."""
    name = unicodedata.normalize("NFC", text.strip())
    return StepName(name) if _is_valid(name) else None


def suggestion(text: str, default: str = "step") -> StepName:
    """A valid name that looks like `text`, or `default`."""
    plain = unicodedata.normalize("NFC", text[: 4 * LONGEST])
    parts = [one for one in re.split(r"[^\w-]+", plain) if one]
    name = "-".join(parts).strip("-")
    if name and not _is_valid(name[0]):
        name = f"{default}-{name}"
    name = name[:LONGEST].rstrip("-")
    return StepName(name if _is_valid(name) else default)


def free(base: str, taken: Collection[str]) -> StepName:
    """`base`, or `base-2`, `base-3`, ...: the first that is not in `taken`, which holds case-folded names.

    Case is ignored because steps become folders, and some file systems ignore it too.
    """
    number = 1
    name = base
    while name.casefold() in taken:
        number += 1
        name = f"{base[: LONGEST - 1 - len(str(number))]}-{number}"
    return StepName(name)


def why_invalid(text: str) -> str:
    """The rule that a name breaks, as the end of a sentence."""
    name = unicodedata.normalize("NFC", text.strip())
    if len(name) > LONGEST:
        return f"is {len(name)} characters long; {LONGEST} are allowed"
    if name and not _is_valid(name[0]):
        return "does not start with a letter or underscore"
    return "holds something other than letters, digits, `_` and `-`"


def _is_valid(name: str) -> bool:
    # `isidentifier` knows the letters, digits and combining marks of all scripts.
    return 0 < len(name) <= LONGEST and name[0] != "-" and name.replace("-", "_").isidentifier()
