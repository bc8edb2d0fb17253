"""Which changes of a cell count, and what its text says about files and variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mlflow.store import code, mentions

SAME = [
    ("x = 1", "x=1  # one"),
    ("x = 1\ny = 2", "\n\nx = 1; y = 2\n"),
    ("f(a,\n  b)", "f(a, b)"),
    ("'text'", '"text"'),
    ("def f():\n    return 1", "def f():\n\n  # why\n  return (1)"),
    ("x = 0x10", "x = 16"),
    ("await f()", "await  f()"),
    ("df", "df  # shown"),
]

DIFFERENT = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x", "y"),
    ("def f():\n    'a'", "def f():\n    'b'"),
    ("df", "df;"),  # shown or not
    ("f()\ndf", "f()\ndf;  # quiet"),
    ("a = 1\nb = 2", "b = 2\na = 1"),
    ("%timeit f(x)", "%timeit f(y)"),
    ("%%bash\n# a", "%%bash\n# b"),  # its comments are text to us
    ("!ls", "!ls -l"),
    ("import inspect; inspect.getsource(f)", "import inspect; inspect.getsource(f)  # now with a comment"),
    ("x = 'a'", "x = b'a'"),
    ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
    ("x: int = 1", "x = 1"),
    ("x = ", "x = 1"),
    ("", "pass"),
    ("print('a;')", "print('a;');"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_looks_do_not_count(one: str, other: str) -> None:
    assert code.digest(one) == code.digest(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_counts(one: str, other: str) -> None:
    assert code.digest(one) != code.digest(other)


@pytest.mark.parametrize(
    "source", ["\0", "(" * 5000, "x = " + "-" * 50_000 + "1", "'\ud800'", "x = '\\d'", "x\f= 1", "\ufeffx = 1", ";", "x = 1 is 1"]
)
def test_strange_code_has_a_digest(source: str) -> None:
    assert code.digest(source) == code.digest(source)


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_digest(source: str) -> None:
    assert code.digest(source) == code.digest(source)
    mentions.paths([source])
    mentions.variables([source], {"A": "1"})


FILES = [
    ("pd.read_parquet('data/x.parquet')", {"data/x.parquet"}),
    ("pd.read_csv('there.csv')", {"there.csv"}),
    ("open('./there.csv'); open('data/../there.csv')", {"there.csv"}),
    ("open('plain')", {"plain"}),
    ("Path('data')", set()),  # a folder
    ("x = 'no file'; print('Hello world.')", set()),
    ("load('weights.bin') if os.path.exists('weights.bin') else None", {"weights.bin"}),
    ("requests.get('https://example.org/x.csv')", set()),
    ("!python train.py --in there.csv > out.txt", {"train.py", "there.csv", "out.txt"}),
    ("%run script.py", {"script.py"}),
    ("f'{name}.csv'", {".csv"}),
    ("'\\ud800.csv'", set()),
    ("'a\\x00b.csv'", set()),
    ("'" + "x" * 300 + ".csv'", set()),
    ("open('/etc/hostname')", {"/etc/hostname"}),
    ("open('/no/such/file.txt')", {"/no/such/file.txt"}),
]


@pytest.mark.parametrize(("source", "expected"), FILES)
def test_mentioned_files(source: str, expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ("there.csv", "plain", "data/x.parquet"):
        (tmp_path / name).write_text("x")
    assert set(mentions.present(mentions.paths([source]), tmp_path)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("glob('data/*.csv')", ["data/*.csv"]),
        ("Path('.').glob('*.png')", ["*.png"]),
        ("print('*' * 10)", []),
        ("re.match('[a-z]+', x)", []),
        ("glob('/data/*.csv')", []),
    ],
)
def test_mentioned_patterns(source: str, expected: list[str]) -> None:
    assert [*mentions.patterns(mentions.paths([source]))] == expected


ENVIRONMENT = {"MODE": "prod", "OTHER": "1", "PATH": "/bin", "SHLVL": "3", "OMP_NUM_THREADS": "2", "SSH_TTY": "x"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", set()),
        ("import os\nmode = os.environ['MODE']", {"MODE"}),
        ("os.environ.get(\"MODE\", 'dev')", {"MODE"}),
        ("os.getenv('NONE')", {"NONE"}),
        ("from os import environ\nenviron['MODE']", {"MODE"}),
        ("'MODE' in os.environ", {"MODE"}),
        ("os.environ[name] + os.environ['MODE']", {"MODE", "OTHER", "PATH"}),
        ("subprocess.run(['x'], env={**os.environ, 'A': 'b'})", {"MODE", "OTHER", "PATH"}),
        ("os.path.expandvars('$MODE/x')", {"MODE", "OTHER", "PATH"}),
        ("!echo $MODE ${OTHER}", {"MODE", "OTHER", "PATH"}),
        ("files = !ls", {"PATH"}),
        ("%env MODE", {"MODE", "PATH"}),
        ("%%bash\necho $OTHER", {"OTHER", "PATH"}),
        ("if x != 1:\n    pass", set()),
    ],
)
def test_mentioned_variables(source: str, expected: set[str]) -> None:
    found = mentions.variables([source], ENVIRONMENT)
    assert found == {name: ENVIRONMENT.get(name) for name in sorted({*expected, "OMP_NUM_THREADS"})}
