"""`python -m benchmarks`, on what is quick to measure."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from benchmarks import measures
from benchmarks.measures import cases

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


def test_quick_analysis(tmp_path: Path) -> None:
    output = tmp_path / "results" / "found.json"
    done = run("--quick", "--only", "analysis", "-o", str(output))
    assert done.returncode in {0, 1}, done.stderr  # 1: a target was missed, which depends on the machine
    assert "analysis and graph of 500 cells" in done.stdout
    document = json.loads(output.read_text("utf-8"))
    jsonschema.validate(document, json.loads((ROOT / "benchmarks" / "results.v1.schema.json").read_text("utf-8")))
    assert [row["name"] for row in document["rows"]] == ["analysis/50", "analysis/200", "analysis/500", "analysis/growth"]
    assert (document["rounds"], len(document["rows"][0]["samples"])) == (2, 2)


def test_list_names_all_groups() -> None:
    done = run("--list")
    assert (done.returncode, [line.split()[0] for line in done.stdout.splitlines()]) == (0, list(measures.GROUPS))


def test_an_unknown_group_is_wrong_use() -> None:
    done = run("--only", "weather")
    assert done.returncode == 2
    assert "weather" in done.stderr


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, [("cases/faithful", "not measured")]),
        ({"cases": 4, "good": 4, "verdicts": {"same": 3, "refused": 1}}, [("cases/faithful", "met"), ("cases/silent", "met")]),
        ({"cases": 4, "good": 3, "verdicts": {"same": 3, "silent": 1}}, [("cases/faithful", "missed"), ("cases/silent", "missed")]),
    ],
)
def test_cases_are_read_from_their_own_program(found: dict[str, object] | None, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    if found is not None:
        path.write_text(json.dumps({"version": 1, "bad": [], "seconds": 1.0, **found}))
    rows = cases.measure(measures.Settings(rounds=1, folder=tmp_path, cases=path))
    assert [(row.name, row.verdict) for row in rows] == expected
