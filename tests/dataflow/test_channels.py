"""What travels between steps, for each family of tricky code."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from jupyter_mlflow.dataflow import channels, interpreter

_SPEC = importlib.util.spec_from_file_location("dataflow_cases", Path(__file__).with_name("cases.py"))
assert _SPEC is not None and _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
CASES = _MODULE.CASES


def travelling(cells: list[tuple[str, str]]) -> list[str]:
    """Needs and file orders in the notation of the table."""
    effects = interpreter.analyse([(number, text, step == "setup") for number, (step, text) in enumerate(cells)])
    found = channels.connect([(step, one) for (step, _), one in zip(cells, effects, strict=True)])
    needs = {f"{need.source}>{need.step} {need.key}{'' if need.certain else '?'}" for need in found.needs.values()}
    return sorted(needs | {f"{one.source}>{one.target} file:{one.path}" for one in found.orders})


@pytest.mark.parametrize(("cells", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_travels(cells: list[tuple[str, str]], expected: list[str]) -> None:
    assert travelling(cells) == expected


def test_time_is_linear_in_the_number_of_cells() -> None:
    """Counted in abstract steps, not seconds: five times the cells may cost at most seven times the work."""

    def work(cells: int) -> int:
        m = interpreter.machine()
        total = 0
        for number in range(cells):
            text = f"import pandas as pd\ndef f{number}(d):\n    return d.dropna()\nd{number} = f{number}(d{number - 1}) if {number} else pd.DataFrame()\n"
            interpreter.analyse_cell(m, number, text, configures=False)
            total += m.steps
        return total

    assert work(250) <= 7 * work(50)
