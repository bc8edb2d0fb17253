"""A process at one end of a hand-over: `python handing.py make|take FOLDER < cases.json` prints what each case looks like there.

A case is `{"name", "make", "look"}`: cells that make names, and an expression about them. What it is worth is told as its `repr`.
"""

from __future__ import annotations

import json
import linecache
import pathlib
import sys
import types

from jupyter_mlflow.runtime import agent


def main() -> None:
    side, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    out = {case["name"]: _end(case, side, folder) for case in json.load(sys.stdin)}
    print(json.dumps(out))


def _end(case: dict[str, str], side: str, folder: pathlib.Path) -> str:
    outbox = folder / case["name"].replace(" ", "-")
    outbox.mkdir(exist_ok=True)
    space = vars(_fresh_main())
    request = {"step": side + case["name"], "folder": str(folder)}
    if side == "make":
        agent.begin(request, space)
        before = set(space)
        file = f"<cell of {case['name']}>"
        linecache.cache[file] = (len(case["make"]), None, case["make"].splitlines(keepends=True), file)
        exec(compile(case["make"], file, "exec"), space)
        names = sorted(name for name in set(space) - before if not name.startswith("_"))
        answer = agent.finish({"gives": names, "outbox": str(outbox)}, space)
        if answer["unportable"]:
            return f"refused: {next(iter(answer['unportable'].values()))}"
        (outbox / "inputs.json").write_text(json.dumps(answer["outputs"]))
    elif (outbox / "inputs.json").exists():
        inputs = [{**one, "source": "make"} for one in json.loads((outbox / "inputs.json").read_text())]
        answer = agent.begin({**request, "inputs": inputs}, space)
        if not answer["ok"]:
            return "".join(answer["traceback"])
    else:
        return "nothing came"
    agent.finish({"gives": [], "outbox": str(outbox)}, space)
    try:
        return repr(eval(case["look"], space))
    except Exception as problem:  # noqa: BLE001 - a difference like any other
        return f"{type(problem).__name__}: {problem}"


def _fresh_main() -> types.ModuleType:
    """Each case has a notebook of its own."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    return sys.modules["__main__"]


main()
