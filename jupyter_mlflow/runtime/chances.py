"""What makes the result of a step a matter of chance or of the hour, so that reusing it would not be what Run All gives.

- numbers drawn from a global generator (`random`, numpy, torch) that nobody has seeded: seen by the generator's state. The step has seeded it if
  its code calls something named `seed`; a state that came from an earlier step counts as seeded there.
- the system's own chance (`default_rng()`, `uuid4`, `secrets`): seen in the code.
- the date: seen in the code. Reading a clock is no reason (`time.time()` is mostly there to tell how long something took).

The code that is looked at is that of the step's cells; what a function from elsewhere does beyond this is not seen. `"cache": false` in the
step's settings says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_mlflow.spec.tasks import StepTask

_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_SEEDS = re.compile(r"seed\w*\s*\(")  # seed(0), manual_seed(0), seed_everything(0)
_CHANCE = re.compile(
    r"default_rng\(\s*\)|RandomState\(\s*\)|SeedSequence\(\s*\)|\bSystemRandom\b|\buuid[14]\b|\bos\.urandom\b|\bsecrets\.(?:token|rand|choice)"
)
_DATE = re.compile(r"\b(?:datetime|Timestamp|date|dt)\.(?:now|utcnow|today)\(|\.today\(\)")

# Names of generators, and the keys under which their states travel.
_KEYS = {"random": "random:python", "numpy.random": "random:numpy", "torch": "random:torch"}


def effects(task: StepTask, drawn: Iterable[str]) -> tuple[str, ...]:
    """Words for `StepResult.effects`; `drawn` are generators whose states have changed."""
    code = "\n".join(_COMMENT.sub("", cell.source) for cell in task.cells)
    travelled = {str(key) for one in task.inputs for key in one.keys}
    unseeded = [name for name in drawn if _KEYS[name] not in travelled]
    found = []
    if (unseeded and not _SEEDS.search(code)) or _CHANCE.search(code):
        found.append("unseeded")
    if _DATE.search(code):
        found.append("date")
    return tuple(found)
