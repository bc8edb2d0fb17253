"""Texts have the same hashes in all processes, unless the user chose them; nobody sees that we did."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = "import os; from jupyter_mlflow.runtime import hashes; hashes.fix_here(); print(hash('x'), [name for name in os.environ if 'HASH' in name])"


def told(chosen: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    if chosen is not None:
        environment["PYTHONHASHSEED"] = chosen
    return subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.parametrize("chosen", [None, "random"])
def test_every_program_has_the_same_hashes_and_hides_it(chosen: str | None) -> None:
    assert told(chosen) == told(None)
    assert told(chosen).endswith(" []\n")


def test_the_users_choice_stands() -> None:
    assert told("5").endswith(" ['PYTHONHASHSEED']\n")
    assert told("5").split()[0] != told(None).split()[0]
