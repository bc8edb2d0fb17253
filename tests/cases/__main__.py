"""`python -m tests.cases [FAMILY[/NAME] ...] [--json] [--cold] [--fresh]`: verdicts on all cases, the bad ones with their difference."""

from __future__ import annotations

import argparse
import json
import sys

from tests.cases import families, harness


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("wanted", nargs="*", metavar="FAMILY[/NAME]")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--cold", action="store_true", help="Run All in kernels that are started for each case")
    parser.add_argument("--fresh", action="store_true", help="run all again, remember nothing")
    parser.add_argument("--all", action="store_true", help="print good verdicts too")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    known = [case for case in families.load() if case.runnable]
    wanted = [case for case in known if not options.wanted or {case.id, case.family} & set(options.wanted)]
    outcomes, seconds = harness.timed(wanted, cold=options.cold, fresh=options.fresh, workers=options.workers)
    found = harness.summary(outcomes, seconds)
    if options.json:
        print(json.dumps(found))
        return 0
    for one in outcomes:
        if options.all or not one.good:
            print(f"{'' if one.good else 'BAD '}{one.case}: {one.verdict}\n    {one.detail}".rstrip())
    print(f"{found['good']} of {found['cases']} good in {seconds:.0f} s: {found['verdicts']}")
    return 0 if found["good"] == found["cases"] else 1


if __name__ == "__main__":
    sys.exit(main())
