"""Runs cases as pipelines, compares with Run All, and gives a verdict on each."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import multiprocessing
import os
import pathlib
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from tests.cases import baseline, folders, warm_kernels
from tests.cases import case as cases

Verdict = Literal["same", "refused", "stopped", "silent", "loud", "crashed"]
"""`same`: as Run All. `refused`: a diagnostic, and nothing had run. `stopped`: a step said what could not travel to it.
`silent`: a difference that nobody was told of, the one unforgivable. `loud`: a difference, but the run failed or there was a warning. `crashed`: our own error."""

GOOD: dict[cases.Expect, frozenset[Verdict]] = {
    "same": frozenset({"same"}),
    "refused": frozenset({"refused"}),
    "same-or-refused": frozenset({"same", "refused", "stopped"}),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one case; `good` when it is what the case deserves."""

    case: str
    verdict: Verdict
    good: bool
    detail: str = ""


def run(wanted: Sequence[cases.Case], *, cold: bool = False, fresh: bool = False, workers: int = 2) -> Iterator[Outcome]:
    """Verdicts as they come; `cold` and `fresh` are about Run All, see `baseline`. No `workers`: in this process, until `close`."""
    expected = baseline.run(wanted, cold=cold, fresh=fresh)
    if not workers:
        yield from (_judged(case.id, expected[case.id]) for case in wanted)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context, initializer=warm_kernels.die_with_parent) as pool:
        tasks = [pool.submit(_judged, case.id, expected[case.id]) for case in wanted]
        for task in concurrent.futures.as_completed(tasks):
            yield task.result()


# ---- in a worker process -------------------------------------------------------------------------------------------------

_here: dict[str, Any] = {}


def _judged(name: str, expected: dict[str, Any]) -> Outcome:
    from tests.cases import families

    if "cases" not in _here:
        _here["cases"] = {case.id: case for case in families.load()}
    case = _here["cases"][name]
    try:
        verdict, detail = _verdict(case, expected)
    except Exception:  # noqa: BLE001 - our own mistakes are verdicts too
        verdict, detail = "crashed", traceback.format_exc()
    return Outcome(case=name, verdict=verdict, good=verdict in GOOD[case.expect], detail=detail)


def _verdict(case: cases.Case, expected: dict[str, Any]) -> tuple[Verdict, str]:
    from jupyter_mlflow.actions import notebooks, runs
    from jupyter_mlflow.errors import RefusedError

    if (expected["error"] or {}).get("ename", "") != case.error:
        return "crashed", f"Run All ended with {expected['error']}, the case says {case.error or 'no error'}"
    with folders.made(case) as folder, tempfile.TemporaryDirectory(prefix="cases-home-") as home:
        path = folder / folders.NOTEBOOK
        path.write_text(json.dumps(cases.notebook(case.cells)))
        before = folders.listing(folder)
        output = pathlib.Path(home) / "output.ipynb"
        try:
            found = runs.run(
                path, given=case.parameters, output=output, cache=False, home=pathlib.Path(home) / "h", workers=2, executor=_executor()
            )
        except RefusedError as error:
            touched = folders.listing(folder) != before
            return ("crashed", "refused, but something had run") if touched else ("refused", str(error))
        assembly = notebooks.check(path)
        wrong = _wrong_order(case, assembly.pipeline)
        actual = baseline.outcome(case, _read(output), folder, _error(found))
    stopped = [step.failure.evalue for step in found.steps if step.failure is not None and step.failure.kind in {"refused", "input"}]
    if stopped:
        return "stopped", stopped[0]
    difference = _difference(expected, actual)
    if difference:
        warned = [f"{one.code} {one.message}" for one in assembly.diagnostics if one.severity == "warning"]
        loud = warned or (found.state == "failed" and not expected["error"])
        return ("loud" if loud else "silent"), "\n".join([difference, *warned])
    return ("crashed", wrong) if wrong else ("same", "")


def _executor() -> Any:
    """One warm template for all cases of this process."""
    if "executor" not in _here:
        from jupyter_mlflow.engines import local

        os.environ.update(folders.environment(f"pipeline-{os.getpid()}"))
        _here["executor"] = local.LocalExecutor(warm_kernels.LIBRARIES)
    return _here["executor"]


def _read(path: pathlib.Path) -> Any:
    import nbformat

    return nbformat.from_dict(json.loads(path.read_text()))


def _error(found: Any) -> dict[str, Any] | None:
    failures = [step.failure for step in found.steps if step.failure is not None]
    failures.sort(key=lambda one: -1 if one.cell is None else one.cell)
    if not failures:
        return None
    first = failures[0]
    return {"cell": first.cell, "ename": first.ename, "evalue": first.evalue}


def _difference(expected: dict[str, Any], actual: dict[str, Any]) -> str:
    """The first difference; cells below the error that ended Run All do not count, independent steps may have run them."""
    from tests.cases import outputs

    error, other = expected["error"], actual["error"]
    if error is not None and error["ename"] == "DeadKernelError":
        return "" if other is not None else "Run All's kernel died, the pipeline is done"
    if error is not None and other is not None:
        other = {**other, "evalue": outputs.text(other["evalue"])}
        error, other = ({**one, "evalue": _beginning(one["evalue"])} for one in (error, other))
    if error != other:
        return f"error\n  Run All:  {error}\n  pipeline: {other}"
    last = len(expected["cells"]) if error is None else error["cell"] + 1
    for index in range(last):
        one, two = expected["cells"][index], actual["cells"][index]
        if one != two:
            return f"cell {index}\n  Run All:  {one}\n  pipeline: {two}"
    if error is None and expected["files"] != actual["files"]:
        return f"files\n  Run All:  {expected['files']}\n  pipeline: {actual['files']}"
    return ""


def _beginning(text: str) -> str:
    return text.strip()[:300]


def _wrong_order(case: cases.Case, pipeline: Any) -> str:
    waits: dict[str, set[str]] = {}
    for step in pipeline.steps:
        direct = {str(edge.source) for edge in pipeline.edges if edge.target == step.name}
        waits[str(step.name)] = direct.union(*(waits[one] for one in direct))
    for first, second in case.ordered:
        if first not in waits[second]:
            return f"{second} does not wait for {first}"
    for first, second in case.parallel:
        if first in waits[second] or second in waits[first]:
            return f"{first} and {second} could run at the same time, and do not"
    return ""


def close() -> None:
    """End this process's template."""
    with contextlib.suppress(KeyError):
        _here.pop("executor").close()


def summary(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """Counts, for the benchmark table."""
    verdicts = {verdict: sum(one.verdict == verdict for one in outcomes) for verdict in Verdict.__args__}  # type: ignore[attr-defined]
    bad = [dataclasses.asdict(one) for one in outcomes if not one.good]
    return {
        "version": 1,
        "cases": len(outcomes),
        "good": len(outcomes) - len(bad),
        "verdicts": verdicts,
        "bad": bad,
        "seconds": round(seconds, 1),
    }


def timed(wanted: Sequence[cases.Case], **options: Any) -> tuple[list[Outcome], float]:
    """All verdicts in the order of the cases, and the seconds they took."""
    start = time.monotonic()
    found = {one.case: one for one in run(wanted, **options)}
    return [found[case.id] for case in wanted], time.monotonic() - start
