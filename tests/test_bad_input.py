"""Bad input by the command line: one clear message with a place and a way out, exit code 1 or 2, nothing executed, lost or left behind.

Each file goes through `check`, `graph` and `run`. Every notebook here begins with a cell that would leave a trace if it ran, and lies in a
folder full of files that Python or IPython would run if they were given the chance.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.cli import application
from jupyter_mlflow.cli.commands import cli
from jupyter_mlflow.testing.notebooks import notebook

TRACE = "open('touched', 'w').close()"
CONTROL = {*map(chr, range(32)), "\x7f"} - {"\n", "\t"}


def cell(source: Any = TRACE, tags: Any = ("step:a",), **keys: Any) -> dict[str, Any]:
    metadata = {"tags": list(tags) if isinstance(tags, tuple) else tags}
    return {"cell_type": "code", "metadata": metadata, "outputs": [], "execution_count": None, "source": source, **keys}


def document(*cells: Any, **keys: Any) -> dict[str, Any]:
    return {"cells": list(cells or [cell()]), "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **keys}


def file(*cells: Any, **keys: Any) -> bytes:
    return json.dumps(document(*cells, **keys)).encode()


def cells(*pairs: tuple[Any, str]) -> bytes:
    return notebook([("", TRACE), *pairs])


def settings(**fields: Any) -> bytes:
    return file(cell(), metadata={"jupyter_mlflow": {"steps": {"a": fields}}})


NESTED = "[" * 100_000 + "]" * 100_000
DEEP = json.dumps(document()).replace('"metadata": {}, "nbformat"', f'"metadata": {{"x": {NESTED}}}, "nbformat"').encode()

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "white space": (b" \n", "the file is empty"),
    "binary": (bytes(range(256)), "not UTF-8"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
    "broken JSON": (b'{"cells": [,', "line 1, column 12"),
    "cut off": (file()[:-30], "cut off"),
    "python": (b"import os\n", "starts with `import os`"),
    "other JSON": (b'{"name": "x"}', "neither `nbformat` nor `cells`"),
    "list": (b"[]", "its JSON is a list"),
    "100 000 brackets": (b"[" * 100_000, "nested too deeply"),
    "100 000 brackets in metadata": (DEEP, "nested too deeply"),
    "UTF-16": (json.dumps(document()).encode("utf-16"), "UTF-16"),
    "UTF-32": (json.dumps(document()).encode("utf-32"), "UTF-32"),
    "latin 1": (json.dumps(document(cell("'é'")), ensure_ascii=False).encode("latin-1"), "line 1 holds the byte 0xe9"),
    "half a character in code": (file(cell("x = '\ud800'")), "`cells[0].source`"),
    "git conflict": (b"<<<<<<< HEAD\n" + file(), "Git conflict"),
    **{f"nbformat {one!r}": (file(nbformat=one), "`nbformat`") for one in (0, 1, 2, 5, -1, "4", None, True, [], 10**30)},
    **{f"cells {one!r}": (json.dumps({**document(), "cells": one}).encode(), "cells") for one in (None, 3, "x", {}, [1], [[]], [None])},
    **{f"source {one!r}": (file(cell(one)), "`cells[0].source`") for one in (None, 3, {}, [1], [[]])},
    **{f"cell metadata {one!r}": (file({**cell(), "metadata": one}), "`cells[0].metadata`") for one in (3, "x", [])},
    **{f"cell type {one!r}": (file({**cell(), "cell_type": one}), "`cells[0].cell_type`") for one in (None, 3, "x", [])},
    **{f"metadata {one!r}": (file(metadata=one), "`metadata`") for one in (3, "x", [])},
    "number of 5000 digits": (file().replace(b'"nbformat": 4', b'"x": ' + b"9" * 5000 + b', "nbformat": 4'), "number that is too long"),
}
"""Files that are no notebooks: exit code 2."""

NAMES = (
    *(
        'a"b',
        "a'b",
        "a\nb",
        "../x",
        "/etc/passwd",
        "x" * 300,
        ".",
        "..",
        "-",
        "a b",
        "a;b",
        "$(touch touched)",
        "`x`",
        "</svg>",
        "a\x1b[2Jb",
    ),
    *("a\0b", "\u202e", "\ud800", "a%sb", "{x}", "a:b", "a/b", "a\\b", "0a", "<script>alert(1)</script>"),
)

REFUSED: dict[str, tuple[bytes, str]] = {
    **{f"step name {one[:30]!r}": (file(cell(tags=(f"step:{one}",))), "cannot be a step's name") for one in NAMES},
    **{f"tags {one!r}": (file(cell(tags=one)), "he cell's tags are") for one in (None, 3, "step:a", {"a": 1})},
    "two steps on one cell": (file(cell(tags=("step:a", "step:b"))), "belongs to two steps"),
    "step and setup": (file(cell(tags=("step:a", "setup"))), "cannot be both"),
    "after itself": (file(cell(tags=("step:a", "after:a"))), "after itself"),
    "after nobody": (file(cell(tags=("step:a", "after:z"))), "no step of this notebook"),
    "in a circle": (file(cell(tags=("step:a", "after:b")), cell(tags=("step:b", "after:a"))), "circle"),
    "syntax error": (cells(("step:a", "def f(:")), "not valid Python"),
    "null byte in code": (cells(("step:a", "x = '\0'")), "null bytes"),
    "expression of 20 000 parts": (cells(("step:a", "x = 1" + " + 1" * 20_000)), "recursion"),
    "settings are a list": (settings(limits=[]), "`jupyter_mlflow.steps.a.limits`"),
    "negative retries": (settings(retries=-1), "whole number"),
    "no time": (settings(timeout=0), "needs some time"),
    "memory in words": (settings(limits={"memory": "much"}), "no amount"),
    "secret in words": (file(metadata={"jupyter_mlflow": {"parameters": {"lr": {"secret": "yes"}}}}), "must be true or false"),
    "generator handed on": (cells(("step:a", "g = (i for i in 'ab')"), ("step:b", "next(g)")), "cannot travel"),
    "step goes on below": (cells(("step:a", "x = 1"), ("step:b", "x = 2"), ("step:a", "print(x)")), "continued here"),
}
"""Notebooks that can be read and must not run: exit code 1."""

FINE = {
    "byte-order mark": b"\xef\xbb\xbf" + file(),
    "NaN": file(metadata={"x": float("nan")}),
    "duplicate keys": file().replace(b'"nbformat": 4', b'"nbformat": 4, "nbformat": 4'),
    "duplicate ids": file(cell(id="x"), cell(id="x")),
    "no outputs": file({key: value for key, value in cell().items() if key != "outputs"}),
    "text of a script": file(cell("x = '</script><script>alert(1)</script>]]>'")),
    "half a character in text": json.dumps(document(cell(), {"cell_type": "markdown", "metadata": {}, "source": "\ud800"})).encode(),
    "nbformat 3": json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": TRACE}]}]}).encode(),
    "reserved names": cells(*((f"step:{name}", "x = 1") for name in ("con", "CON", "setup", "parameters", "nul", "None", "__proto__"))),
    "names that differ by case": cells(("step:a", "x = 1"), ("step:A", "x"), ("step:é", "x"), ("step:É", "x")),
    "one line of a megabyte": cells(("step:a", f"x = '{'a' * 1_000_000}'")),
    "expression of 2000 parts": cells(("step:a", "x = 1" + " + 1" * 2000)),
    "magics only": cells(("step:a", "%matplotlib inline"), ("step:b", "%%bash\necho"), ("step:c", "!echo"), ("step:d", "%nope")),
}
"""Odd, but nothing is wrong with them: exit code 0 of `check`."""

TRAPS = (
    "sitecustomize.py",
    "usercustomize.py",
    "numpy.py",
    "json.py",
    "click.py",
    "IPython.py",
    "jupyter_mlflow.py",
    "conftest.py",
    "untitled.py",
)


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, with temporary files and a home beside it; nothing may have run or been left when the test ends."""
    work = tmp_path / "work"
    for folder in (work, tmp_path / "temporary", tmp_path / "user" / ".ipython" / "profile_default" / "startup"):
        folder.mkdir(parents=True)
    for trap in TRAPS:
        (work / trap).write_text(f"open({str(work / 'touched')!r}, 'w').close()\n")
    (tmp_path / "user/.ipython/profile_default/startup/first.py").write_text(f"open({str(work / 'touched')!r}, 'w').close()\n")
    monkeypatch.chdir(work)
    for name, value in {"TMPDIR": "temporary", "HOME": "user", "JUPYTER_MLFLOW_HOME": "home", "IPYTHONDIR": "user/.ipython"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield work
    assert not (work / "touched").exists(), "code of the user ran"
    assert not list((tmp_path / "temporary").iterdir())


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*words: Any) -> Ran:
        code = application.call(cli, [str(word) for word in words], "jupyter mlflow")
        out, err = capfd.readouterr()
        assert not CONTROL & {*out, *err}, "control characters in what is printed"
        return Ran(code, out, err)

    return run


def looked_at(place: Path) -> set[str]:
    return {str(path.relative_to(place.parent)) for path in place.parent.rglob("*")}


def all_ways(place: Path, command: Callable[..., Ran], data: bytes) -> Iterator[tuple[str, Ran]]:
    """Each command that takes a notebook, with and without `--json`; the folder must look as before, and so must the file."""
    path = place / "n.ipynb"
    path.write_bytes(data)
    before = looked_at(place)
    for verb in ("check", "graph", "run"):
        options = ("-o", "out.ipynb") if verb == "run" else ()
        yield verb, command(verb, path, *options)
        ran = command(verb, path, "--json")
        assert json.loads(ran.out)["version"] == 1
        yield verb, ran
    assert looked_at(place) == before
    assert path.read_bytes() == data


@pytest.mark.parametrize(("data", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_no_notebook(data: bytes, told: str, place: Path, command: Callable[..., Ran]) -> None:
    for verb, ran in all_ways(place, command, data):
        assert ran.code == 2
        assert told in ran.err + ran.out and "n.ipynb" in ran.err + ran.out, verb
        assert ran.err.count("\n") <= 1, "one sentence"


@pytest.mark.parametrize(("data", "told"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, told: str, place: Path, command: Callable[..., Ran]) -> None:
    for verb, ran in all_ways(place, command, data):
        assert ran.code == (0 if verb == "graph" else 1)
        if verb != "graph":
            assert told in ran.out + ran.err, verb


@pytest.mark.parametrize("data", FINE.values(), ids=FINE)
def test_fine(data: bytes, place: Path, command: Callable[..., Ran]) -> None:
    (place / "n.ipynb").write_bytes(data)
    assert command("check", "n.ipynb").code == 0
    for form in ("text", "json", "mermaid", "svg"):
        assert command("graph", "n.ipynb", "--format", form).code == 0
    assert command("run", "n.ipynb", "--dry-run").code == 0


WRONG_USE: dict[str, tuple[tuple[str, ...], str]] = {
    "no such file": (("run", "nope.ipynb"), "There is no notebook nope.ipynb."),
    "no name": (("run", ""), "name of the notebook is empty"),
    "a folder": (("run", "."), "is a folder"),
    "a null byte": (("run", "n\0.ipynb"), "null"),
    "control characters": (("check", "a\x1b[2J.ipynb"), r"x1b[2J.ipynb"),
    "unknown parameter": (("run", "n.ipynb", "-p", "rl", "1"), "no parameter `rl`"),
    "unknown parameter, near": (("run", "n.ipynb", "-p", "coun", "1"), "Did you mean `count`?"),
    "parameter is code": (("run", "n.ipynb", "-p", "lr", "__import__('os').system('touch touched')"), "`lr`"),
    "parameter of a wrong type": (("run", "n.ipynb", "-p", "lr", "True"), "`lr`"),
    "parameter that is no name": (("run", "n.ipynb", "-p", "a b", "1"), "no parameter `a b`"),
    "keyword as parameter": (("run", "n.ipynb", "-p", "class", "1"), "no parameter `class`"),
    "special name as parameter": (("run", "n.ipynb", "-p", "__builtins__", "1"), "no parameter `__builtins__`"),
    "parameter with control characters": (("run", "n.ipynb", "-p", "x\x1b[2J", "1"), "no parameter"),
    "parameters are a list": (("run", "n.ipynb", "-y", "[1]"), "must hold names and values"),
    "parameters run code": (("run", "n.ipynb", "-y", "lr: !!python/object/apply:os.system ['touch touched']"), "no valid YAML"),
    "parameters are no YAML": (("run", "n.ipynb", "-y", "{"), "no valid YAML"),
    "parameters are no base64": (("run", "n.ipynb", "-b", "%%%"), "no base64"),
    "no parameter file": (("run", "n.ipynb", "-f", "nope.yaml"), "cannot be read"),
    "parameter file is a folder": (("run", "n.ipynb", "-f", "."), "cannot be read"),
    "parameter file is binary": (("run", "n.ipynb", "-f", "binary"), "binary"),
    "output is the notebook": (("run", "n.ipynb", "-o", "n.ipynb"), "overwrite the notebook"),
    "output is the notebook by a link": (("run", "n.ipynb", "-o", "link.ipynb"), "overwrite the notebook"),
    "output in no folder": (("run", "n.ipynb", "-o", "no/out.ipynb"), "There is no folder"),
    "output is a folder": (("run", "n.ipynb", "-o", "."), "folder"),
    "no such step": (("run", "n.ipynb", "--from", "z"), "no step `z`"),
    "no workers": (("run", "n.ipynb", "--workers", "0"), "workers"),
    "no such run": (("runs", "show", "nope"), "nope"),
    "run that leads elsewhere": (("logs", "../../etc"), "../../etc"),
    "run that is SQL": (("runs", "rm", "'; DROP TABLE run; --"), "DROP"),
    "resume nothing": (("resume", "latest"), "run"),
    "no age": (("runs", "rm", "--older", "soon"), "soon"),
    "graph into no folder": (("graph", "n.ipynb", "-o", "no/g.svg"), "cannot be written"),
}


@pytest.mark.parametrize(("words", "told"), WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_use(words: tuple[str, ...], told: str, place: Path, command: Callable[..., Ran]) -> None:
    (place / "n.ipynb").write_bytes(notebook([("parameters", "lr = 0.1\ncount = 3"), ("step:a", TRACE)]))
    (place / "link.ipynb").symlink_to("n.ipynb")
    (place / "binary").write_bytes(b"\xff\xfe\0")
    before = (place / "n.ipynb").read_bytes()
    for json_too in ((), ("--json",)):
        ran = command(*words, *json_too)
        assert (ran.code, told in ran.err + ran.out) == (2, True), ran.err + ran.out
        if json_too:
            assert json.loads(ran.out)["error"]["message"]
    assert (place / "n.ipynb").read_bytes() == before


HOMES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "not a database": (lambda home: (home / "runs.sqlite").write_bytes(os.urandom(5000)), "damaged"),
    "cut off": (lambda home: os.truncate(home / "runs.sqlite", 9000), "damaged"),
    "newer": (lambda home: sql(home, "PRAGMA user_version = 99"), "newer jupyter_mlflow"),
    "a damaged record": (lambda home: sql(home, "UPDATE run SET body = '{'"), "runs rm"),
    "a folder": (lambda home: ((home / "runs.sqlite").rename(home / "old"), (home / "runs.sqlite").mkdir()), "runs.sqlite"),
    "home is a file": (lambda home: (home.rename(home.with_name("old")), home.write_text("")), "home"),
}


def sql(home: Path, text: str) -> None:
    import sqlite3

    connection = sqlite3.connect(home / "runs.sqlite")
    connection.execute(text)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(("harm", "told"), HOMES.values(), ids=HOMES)
def test_damaged_home(harm: Callable[[Path], Any], told: str, place: Path, command: Callable[..., Ran]) -> None:
    from jupyter_mlflow.spec.runs import Run
    from jupyter_mlflow.store.runs import RunStore, new_run_id

    home = place.parent / "home"
    with RunStore(home) as store:
        store.create(Run(run=new_run_id(), notebook="n.ipynb", state="done", started=1.0))
    harm(home)
    ran = command("runs", "show", "latest")
    assert ran.code in {1, 2}
    assert told in ran.err
    assert ran.err.count("\n") == 1


def test_damaged_records_hide_no_others_and_can_be_removed(place: Path, command: Callable[..., Ran]) -> None:
    from jupyter_mlflow.spec.runs import Run
    from jupyter_mlflow.store.runs import RunStore, new_run_id

    with RunStore(place.parent / "home") as store:
        bad, good = (
            store.create(Run(run=name, notebook="n.ipynb", state="done", started=1.0)) or name for name in (new_run_id(), new_run_id())
        )
    sql(place.parent / "home", f"UPDATE run SET body = '[' WHERE run = '{bad}'")
    assert [one["run"] for one in json.loads(command("runs", "--json").out)["runs"]] == [good]
    assert command("runs", "rm", bad).code == 0
    assert command("runs", "show", bad).code == 2


def test_enormous_outputs_are_passed_over(place: Path) -> None:
    one = cell()
    one["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 10_000_000}} for _ in range(10)]
    (place / "big.ipynb").write_bytes(file(one))
    (place / "small.ipynb").write_bytes(file(cell()))
    taken = {name: measured(place, "check", f"{name}.ipynb") for name in ("small", "big")}
    size = (place / "big.ipynb").stat().st_size
    assert taken["big"] - taken["small"] < 3 * size, "bytes of memory"


def measured(place: Path, *words: str) -> int:
    """The most memory that a command took, in bytes."""
    program = (
        "import resource, sys\nfrom jupyter_mlflow.cli import application\nfrom jupyter_mlflow.cli.commands import cli\n"
        "code = application.call(cli, sys.argv[1:], 'x')\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *words]
        if sys.version_info >= (3, 11)
        else [sys.executable, "-c", f"import sys; sys.path.remove('')\n{program}", *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize(
    "words", [("check", "n.ipynb"), ("graph", "n.ipynb", "--format", "svg"), ("run", "n.ipynb", "--dry-run"), ("run", "n.ipynb")]
)
def test_looking_runs_nothing_in_a_process_of_its_own(words: tuple[str, ...], place: Path) -> None:
    """The script itself, in a folder of traps: modules, start-up files, a pickle, and magics that would run at once."""
    program = Path(sys.executable).with_name("jupyter-mlflow")
    (place / "data.pkl").write_bytes(b"cos\nsystem\n(S'touch touched'\ntR.")
    text = "import numpy, untitled, json\nimport pandas as pd\npd.read_pickle('data.pkl')\n%run untitled.py\n!touch touched\nfrom untitled import *"
    (place / "n.ipynb").write_bytes(cells(("setup", text), ("step:a", "%load_ext untitled\n%%time\nx = 1"), ("step:b", "def f(:")))
    done = subprocess.run([program, *words], cwd=place, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == (0 if words[0] == "graph" else 1)
    assert "Traceback" not in done.stderr


def test_folders_and_files_of_a_home_are_the_owners_alone(place: Path, command: Callable[..., Ran]) -> None:
    old = os.umask(0)
    try:
        (place / "ok.ipynb").write_bytes(
            notebook([("parameters", "n = 1"), ("step:a", "x = list(range(n, 5000))"), ("step:b", "print(len(x))")])
        )
        for trap in TRAPS:
            (place / trap).unlink()
        for _ in range(2):  # the second time from the cache
            assert command("run", "ok.ipynb", "-q").code == 0
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [place.parent / "home", *(place.parent / "home").rglob("*")]}
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    (place / "touched").unlink(missing_ok=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write anywhere")
def test_unreadable_and_unwritable(place: Path, command: Callable[..., Ran]) -> None:
    path = place / "n.ipynb"
    path.write_bytes(file())
    path.chmod(0)
    assert command("check", path).code == 2
    path.chmod(0o600)
    locked = place / "locked"
    locked.mkdir(mode=0o500)
    assert command("run", path, "-o", locked / "out.ipynb").code == 2
