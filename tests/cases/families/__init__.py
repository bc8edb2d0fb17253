"""All cases, family by family: each module of this package holds a list `CASES`."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

from tests.cases import case as cases


def load() -> list[cases.Case]:
    found = [
        dataclasses.replace(case, family=info.name)
        for info in pkgutil.iter_modules(__path__)
        for case in importlib.import_module(f"{__name__}.{info.name}").CASES
    ]
    names = [case.id for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        message = f"two cases of one name: {sorted(twice)}"
        raise ValueError(message)
    return found
