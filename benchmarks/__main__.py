"""The command line; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, measures, report

ROUNDS, QUICK_ROUNDS = 7, 2


def main(arguments: list[str] | None = None) -> int:
    """Measure and tell; gives 1 when a target was missed."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{name:10} {what}" for name, what in measures.GROUPS.items()))
        return 0
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    described = machine.describe()
    print(f"{machine.sentence(described)}\n", file=sys.stderr)
    rows = _measured(options.only or list(measures.GROUPS), rounds, options)
    print(report.markdown(rows) if options.markdown else report.table(rows))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report.document(rows, described, rounds), indent=1) + "\n", encoding="utf-8")
    print(f"\n{options.output}", file=sys.stderr)
    return 1 if any(row.verdict == "missed" for row in rows) else 0


def _measured(groups: list[str], rounds: int, options: argparse.Namespace) -> list[report.Row]:
    rows = []
    for group in groups:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            settings = measures.Settings(rounds=rounds, folder=Path(folder), cases=options.cases, peers=options.peers)
            for row in measures.run(group, settings):
                print("  ".join(filter(None, report.line(row))), file=sys.stderr, flush=True)
                rows.append(row)
    print(file=sys.stderr)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures what jupyter_mlflow costs, as ratios of neighbouring runs."
    )
    parser.add_argument(
        "--only", action="append", choices=list(measures.GROUPS), metavar="GROUP", help="measure one group; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="name the groups")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}")
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds")
    parser.add_argument("--peers", action="store_true", help="also other tools, installed into environments of their own")
    parser.add_argument("--cases", type=Path, default=Path("build/cases.json"), help="what `python -m tests.cases --json` wrote")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/benchmarks.json"), help="where to write the JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
