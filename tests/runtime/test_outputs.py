"""Outputs while they happen, in order, whatever their size; events, log and secrets."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ORDER = {
    "print and subprocess": ("print('a'); os.system('echo b'); print('c')", "a\nb\nc\n"),
    "native between": ("import ctypes; l = ctypes.CDLL(None)\nprint('a'); l.puts(b'b'); l.fflush(None); print('c')", "a\nb\nc\n"),
    "many turns": ("for i in range(20):\n    print(i)\n    os.write(1, b'-\\n')", "".join(f"{i}\n-\n" for i in range(20))),
    "no newline": ("print('a', end=''); os.system('printf b'); print('c', end='')", "abc"),
    "a redirected descriptor": (
        "print('a')\nkept = os.dup(1); n = os.open(os.devnull, os.O_WRONLY); os.dup2(n, 1)\n"
        "os.system('echo lost'); print('b'); os.dup2(kept, 1); os.system('echo c'); print('d')",
        "a\nb\nc\nd\n",
    ),
    "a non-blocking pipe": ("os.set_blocking(1, False); print('x' * 3_000_000)", "x" * 3_000_000 + "\n"),
    "half a character": ("os.write(1, b'\\xc3'); import time; time.sleep(0.05); os.write(1, b'\\xa9\\n')", "é\n"),
    "no utf-8": ("os.write(1, b'\\xff\\n')", "\ufffd\n"),
    "lone surrogate": ("print('\\ud800')", "\\ud800\n"),
    "nul": ("print('\\0a')", "\0a\n"),
    "what looks like a mark": ("os.write(1, b'\\0' * 300); print()", "\0" * 300 + "\n"),
}


@pytest.mark.parametrize("name", ORDER)
def test_order_within_stdout(name: str, run: Callable[..., Any]) -> None:
    source, expected = ORDER[name]
    ran = run(f"import os\n{source}\nNone")
    assert ran.result["state"] == "done", ran.failure
    assert ran.text() == expected


def test_order_across_channels(run: Callable[..., Any]) -> None:
    ran = run(
        "import os, sys\nfor i in range(5):\n    print(i); print(-i, file=sys.stderr); display(i); os.system(f'echo sub {i}; echo err {i} >&2')"
    )
    seen = [output.get("text") or output["data"]["text/plain"] for output in ran.outputs()]
    expected = [part for i in range(5) for part in (f"{i}\n", f"{-i}\n", f"{i}", f"sub {i}\n", f"err {i}\n")]
    # Between two Python calls, what a subprocess wrote to both of its streams has no order.
    assert sorted("".join(seen)) == sorted("".join(expected))
    assert [text for text in seen if text in {f"{i}" for i in range(5)}] == ["0", "1", "2", "3", "4"]
    joined = "".join(seen)
    assert all(joined.index(f"sub {i}\n") < joined.index(f"{i + 1}\n{-i - 1}\n") for i in range(4))


SIZES = {
    "5 MB of text": ("print('y' * 5_000_000)", lambda ran: len(ran.text()) == 5_000_001),
    "5 MB in lines": ("for i in range(50_000): print('y' * 99)", lambda ran: ran.text() == ("y" * 99 + "\n") * 50_000),
    "5 MB of display": (
        "from IPython.display import HTML\nHTML('z' * 5_000_000)",
        lambda ran: len(ran.outputs()[0]["data"]["text/html"]) == 5_000_000,
    ),
    "5 MB from a subprocess": (
        "import subprocess\n_ = subprocess.run('yes | head -c 5000000', shell=True)",
        lambda ran: len(ran.text()) == 5_000_000,
    ),
    "many displays": ("for i in range(2000): display(i)", lambda ran: len(ran.outputs()) == 2000),
    "large native text while the interpreter is locked": (
        "import ctypes; l = ctypes.PyDLL(None)\nfor i in range(200): l.puts(b'w' * 19_999)\nl.fflush(None); None",
        lambda ran: len(ran.text()) == 4_000_000,
    ),
}


@pytest.mark.parametrize("name", SIZES)
def test_large_outputs(name: str, run: Callable[..., Any]) -> None:
    source, holds = SIZES[name]
    ran = run(source)
    assert ran.result["state"] == "done", ran.failure
    assert holds(ran)
    assert ran.seconds < 10


def test_outputs_stream_while_the_cell_runs(template: Any) -> None:
    call = template.call({"task": template.task("import time\nprint('now'); display(1)\ntime.sleep(0.7)\nprint('then')")})
    call.until(lambda message: message.get("event", {}).get("kind") == "output")
    seen = time.monotonic()
    call.until(lambda message: message.get("event", {}).get("text") == "then\n")
    assert time.monotonic() - seen > 0.4
    call.rest()


def test_a_slow_client_makes_the_step_wait_and_gets_everything(template: Any) -> None:
    call = template.call({"task": template.task("for i in range(300): display('v' * 100_000)")})
    time.sleep(0.7)
    messages = call.rest()
    assert sum(message.get("event", {}).get("kind") == "output" for message in messages) == 300
    assert messages[-1]["result"]["state"] == "done"


def test_events_tell_cells_and_positions(run: Callable[..., Any]) -> None:
    ran = run("1", {"source": "", "count": 2}, {"source": "3", "index": 7})
    cells = [(event["state"], event.get("cell"), event["position"], event["total"]) for event in ran.told("cell")]
    assert cells == [
        ("running", 0, 1, 3),
        ("done", 0, 1, 3),
        ("running", 1, 2, 3),
        ("done", 1, 2, 3),
        ("running", 7, 3, 3),
        ("done", 7, 3, 3),
    ]
    assert [event.get("cell") for event in ran.told("output")] == [0, 7]
    assert ran.notebook["cells"][1]["execution_count"] is None


def test_execution_counts_are_those_of_the_whole_notebook(run: Callable[..., Any]) -> None:
    ran = run({"source": "'a'", "count": 4}, {"source": "_4, Out, len(In), In[4], In[2], _i4", "count": 9})
    assert [cell["execution_count"] for cell in ran.notebook["cells"]] == [4, 9]
    assert ran.plain() == ["('a', {4: 'a'}, 10, \"'a'\", '', \"'a'\")"]
    assert ran.outputs()[0]["execution_count"] == 9


def test_late_output_stays_with_its_cell(run: Callable[..., Any]) -> None:
    ran = run(
        "import asyncio\nasync def f():\n    print('late')\nt = asyncio.ensure_future(f())", "await asyncio.sleep(0.05)\nprint('here')"
    )
    assert (ran.text(0), ran.text(1)) == ("late\n", "here\n")


def test_display_updates_reach_earlier_cells_and_tell_events(run: Callable[..., Any]) -> None:
    ran = run("h = display('one', display_id='d')", "h.update('two')")
    assert ran.plain(0) == ["'two'"]
    kinds = [(event["output"]["output_type"], event["output"].get("transient")) for event in ran.told("output")]
    assert kinds == [("display_data", {"display_id": "d"}), ("update_display_data", {"display_id": "d"})]
    assert "transient" not in ran.outputs(0)[0]


def test_progress_bars_tell_fractions(run: Callable[..., Any]) -> None:
    ran = run("from tqdm import tqdm\nimport time\nfor i in tqdm(range(4), mininterval=0): time.sleep(0.02)")
    assert [event["fraction"] for event in ran.told("progress")] == [0, 0.25, 0.5, 0.75, 1.0]


def test_log_reads_like_a_terminal(run: Callable[..., Any]) -> None:
    ran = run("print('out')", "1/0")
    lines = [line.partition("] ")[2] if line.startswith("[") else line for line in ran.log.splitlines()]
    assert lines[:3] == ["cell 0 (1 of 2)", "out", "cell 1 (2 of 2)"]
    assert "ZeroDivisionError: division by zero" in lines
    assert "\x1b" not in ran.log


def test_files_in_the_outbox_are_private(run: Callable[..., Any]) -> None:
    ran = run("print(1)")
    outbox = Path(ran.result["notebook"]).parent
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in outbox.iterdir()} == dict.fromkeys(
        ["notebook.ipynb", "log.txt", "result.json"], "0o600"
    )
    assert json.loads((outbox / "result.json").read_text()) == ran.result


SECRET = "s3cr-é-t/v&lue\n2"
LEAKS = {
    "print": "print(token)",
    "stderr": "import sys; print(token, file=sys.stderr)",
    "in two portions": "import sys, time\nsys.stdout.write(token[:5]); time.sleep(0.1); sys.stdout.write(token[5:])",
    "letter by letter": "import sys, time\nfor c in token:\n    sys.stdout.write(c); time.sleep(0.01)",
    "descriptor": "import os; _ = os.write(1, token.encode())",
    "repr": "token",
    "json": "import json; print(json.dumps({'t': token}))",
    "url": "from urllib.parse import quote; print(quote(token, safe=''))",
    "base64": "import base64; print(base64.b64encode(token.encode()).decode())",
    "html": "from IPython.display import HTML; HTML('<b>' + token)",
    "key of json": "from IPython.display import JSON; JSON({token: 1})",
    "error": "raise ValueError(token)",
    "error in a frame": "def f(t): raise KeyError(t)\nf(token)",
    "display with id": "display(token, display_id=token)",
    "progress": "import sys; print(token, ' 10%| ', token, file=sys.stderr)",
}


@pytest.mark.parametrize("name", LEAKS)
def test_secrets_are_hidden(name: str, template: Any) -> None:
    task = template.task({"source": LEAKS[name], "tags": ["raises-exception"]}, "print('more')", secrets=[SECRET], values={"token": SECRET})
    messages = template.call({"task": task}).rest()
    everything = json.dumps(messages, ensure_ascii=False) + "".join(
        path.read_text() for path in Path(task["outbox"]).rglob("*") if path.is_file()
    )
    assert "******" in everything or name == "base64"
    for form in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], repr(SECRET)[1:-1], "s3cr-", "v&lue"):
        assert form not in everything
    assert messages[-1]["result"]["state"] == "done"


def test_secrets_of_the_first_frame_are_hidden(template: Any) -> None:
    task = template.task("print('open sesame')")
    messages = template.call({"task": task, "secrets": ["sesame"]}).rest()
    assert "sesame" not in json.dumps(messages)


def test_a_snapshot_that_holds_a_secret_is_refused(template: Any) -> None:
    task = template.task("kept = 1\nleak = ['x', token]", secrets=[SECRET], values={"token": SECRET}, gives=["kept", "leak"])
    ran = template.call({"task": task}).rest()[-1]["result"]
    assert "secret" in ran["unportable"]["leak"]
    assert [output["keys"] for output in ran["outputs"]] == [["kept"]]
    assert not list(Path(task["outbox"]).rglob("*.jms"))
    store = Path(task["store"])
    assert not any(SECRET.encode() in path.read_bytes() for path in store.rglob("*") if path.is_file())
