"""For all tests: quick ones come first, none uses the runs and artifacts of whoever runs them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# What is quick, in order, and what takes long, in order; everything else comes in between.
QUICK = ("test_architecture.py", "spec", "notebook", "dataflow", "assemble", "testing", "store")
LONG = ("test_docs.py", "runtime", "engines", "actions", "cli", "test_magics.py", "benchmarks", "test_examples.py", "cases", "properties")


def _rank(item: pytest.Item) -> int:
    place = item.path.relative_to(HERE).parts[0]
    if place in QUICK:
        return QUICK.index(place) - len(QUICK)
    return LONG.index(place) + 1 if place in LONG else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


@pytest.fixture(scope="session", autouse=True)
def _signals() -> None:
    """Who starts us in the background or by `nohup` ignores signals for us and for all that we start; the programs under test must not."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["JUPYTER_MLFLOW_HOME"] = str(tmp_path_factory.mktemp("mlflow"))
