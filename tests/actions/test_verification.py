"""Both ways are compared soundly: what varies is no difference, what differs is told, and neither way sees the other's files."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlflow.actions import comparisons, copies, verification
from jupyter_mlflow.errors import UsageError
from jupyter_mlflow.spec.reports import Difference, Verification
from jupyter_mlflow.testing import notebooks


def both_ways(folder: Path, cells: Any, **options: Any) -> Verification:
    path = folder / "work" / "n.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(notebooks.notebook(cells))
    found = verification.verify(path, home=folder / "home", **options).verification
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        (
            "what varies from run to run",
            [
                ("step:a", "import time, uuid, datetime\nprint(object())\nprint(uuid.uuid4())\nprint(datetime.datetime.now())"),
                ("step:b", "%timeit -n1 -r1 pass\nimport os; print(os.getcwd())\ntime.time() > 0"),
            ],
        ),
        ("the same error", [("step:a", "x = 1\nprint(x)"), ("step:b", "raise ValueError(x)"), ("step:c", "print('after')")]),
        ("an error that is expected", [("step:a raises-exception", "1 / 0"), ("step:b", "print('after')")]),
        ("a skipped cell", [("step:a", "x = 1"), ("skip", "x = 2\n1 / 0"), ("step:b", "print(x)")]),
        ("parameters", [("parameters", "n = 1\nname = 'a'"), ("step:a", "print(n, name)"), ("step:b", "n * 2")]),
        ("counts", [("step:a", "1"), ("parameters", "n = 1"), ("step:b", "get_ipython().execution_count")]),
        ("a file that is appended to", [("step:a", "open('log', 'a').write('line\\n')"), ("step:b", "print(open('log').read())")]),
        ("a module beside it", [("step:a", "import beside\nbeside.x"), ("step:b", "print(beside.x)")]),
        (
            "data beside its folder",
            [
                ("step:a", "print(open('../data/in.txt').read())"),
                (
                    "step:b",
                    "print(open('../../' + __import__('os').path.basename(__import__('os').path.dirname(__import__('os').path.dirname(__import__('os').getcwd()))) + '/data/in.txt').read())",
                ),
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faithful_notebooks_show_no_difference(name: str, cells: Any, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "beside.py").write_text("x = 5")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.txt").write_text("beside")
    given = {"n": 3, "name": "b"} if name == "parameters" else {}
    before = copies.listing(tmp_path / "work")
    found = both_ways(tmp_path, cells, given=given)
    assert found.same, found.difference
    assert found.compared["cells"] >= 2
    assert {key: value for key, value in copies.listing(tmp_path / "work").items() if key != "n.ipynb"} == before


@pytest.mark.parametrize(
    ("cells", "difference"),
    [
        (
            [("step:a", "import os\nprint('same')"), ("step:b", "x = os.getpid()\nprint('pid', x)")],
            {"step": "b", "cell": 1, "what": "output", "name": "stdout"},
        ),
        (
            [("step:a", "import os\nopen(f'f', 'w').write(str(os.getpid()))")],
            {"step": "a", "cell": None, "what": "file", "name": "f"},
        ),
        (
            [
                ("step:a", "import os, sys\nours = type(get_ipython()).__module__.startswith('jupyter_mlflow')"),
                ("step:b", "if ours:\n    raise OSError('only here')\nprint('there')"),
            ],
            {"step": "b", "cell": 1, "what": "error", "name": "OSError"},
        ),
    ],
)
def test_differences_are_told(cells: Any, difference: dict[str, Any], tmp_path: Path) -> None:
    found = both_ways(tmp_path, cells)
    assert isinstance(found.difference, Difference) and not found.same
    assert {key: getattr(found.difference, key) for key in difference} == difference
    assert found.difference.run_all != found.difference.pipeline


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    found = both_ways(
        tmp_path, [("step:a", "import os\nopen('model.pkl', 'wb').write(os.urandom(9))"), ("step:b", "1 / 0"), ("step:c", "2")]
    )
    assert found.same and [note.partition(",")[0] for note in found.notes] == ["Run All stopped at an error", "Files were not compared"]
    found = both_ways(tmp_path, [("step:a", "import os\nopen('model.pkl', 'wb').write(os.urandom(9)); None")])
    assert found.same and "model.pkl" in found.notes[0]
    real = tmp_path / "work" / "by path.txt"
    found = both_ways(tmp_path, [("step:a", f"open({str(real)!r}, 'w').write('x'); None")])
    assert "by path.txt" in found.notes[0]


def test_a_folder_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}").touch()
    with pytest.raises(UsageError, match="folder of its own"), copies.copied(tmp_path):
        pass


def test_large_files_and_folders_of_tools_are_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_LARGE", 10)
    work = tmp_path / "work"
    (work / ".git").mkdir(parents=True)
    (work / "large").write_text("x" * 20)
    (work / "small").write_text("x")
    (work / "deep" / "__pycache__").mkdir(parents=True)
    (tmp_path / "neighbour").write_text("n")
    with copies.copied(work) as copy:
        assert (copy / "large").is_symlink() and (copy / ".git").is_symlink() and not (copy / "small").is_symlink()
        assert not (copy / "deep" / "__pycache__").exists()
        assert (copy / ".." / "neighbour").read_text() == "n"
        (copy / ".." / "new").write_text("new")
        (copy / "small").write_text("changed")
        (copy / "deep" / "more").write_text("more")
    assert not copy.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["neighbour", "work"]
    assert (work / "small").read_text() == "x" and not (work / "deep" / "more").exists()


def image(colour: tuple[int, int, int], **options: Any) -> str:
    pytest.importorskip("PIL")
    import PIL.Image

    buffer = io.BytesIO()
    PIL.Image.new("RGB", (3, 2), colour).save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


def shown(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"output_type": "display_data", "data": data, "metadata": {}}]


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ([stream("a\n"), stream("b\n")], [stream("a\nb\n")], True),
        ([stream("a"), stream("!", "stderr"), stream("b")], [stream("ab"), stream("!", "stderr")], True),
        ([stream("a")], [stream("a", "stderr")], False),
        ([stream("a")], [], False),
        ([stream("x at 0x7f1234567890")], [stream("x at 0x7f0987654321")], True),
        ([stream("took 3.2 s")], [stream("took 12 ms")], True),
        ([stream("loss 0.12")], [stream("loss 0.13")], False),
        ([stream("\x1b[31mred\x1b[0m")], [stream("red")], True),
        (shown({"text/html": '<div id="sk-container-id-1">'}), shown({"text/html": ['<div id="sk-', 'container-id-7">']}), True),
        (shown({"text/html": "<td id='T_0a1b2_row0'>"}), shown({"text/html": "<td id='T_ffeed_row0'>"}), True),
        (shown({"application/json": {"a": 1, "b": 2}}), shown({"application/json": {"b": 2, "a": 1}}), True),
        (shown({"text/plain": "1"}), shown({"text/plain": "1", "text/html": "1"}), False),
        (
            [{"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["1"]}],
            [{"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["2"]}],
            True,
        ),
        (
            [{"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 3}],
            [{"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 4}],
            True,
        ),
    ],
)
def test_outputs(one: Any, two: Any, same: bool) -> None:
    assert (comparisons.first_difference(comparisons.parts(one), comparisons.parts(two)) is None) == same


def test_images_are_compared_by_their_pixels() -> None:
    red, squeezed, blue = image((255, 0, 0)), image((255, 0, 0), compress_level=0), image((0, 0, 255))
    assert red != squeezed
    parts = [comparisons.parts(shown({"image/png": one})) for one in (red, squeezed, blue)]
    assert comparisons.first_difference(parts[0], parts[1]) is None
    assert comparisons.first_difference(parts[0], parts[2]) is not None


def test_excerpts_start_near_the_difference() -> None:
    one, two = comparisons.excerpts("x" * 1000 + "one" + "y" * 1000, "x" * 1000 + "two" + "y" * 1000)
    assert one.startswith("…x") and one.endswith("…") and "one" in one and "two" in two and len(one) < 420
    assert comparisons.excerpts("same", "same and more") == ("same", "same and more")


@pytest.mark.parametrize("time", ["5 ns", "1.5 µs", "1e+03 ns", "2.3 s", "1.2e-05 s"])
def test_times_do_not_count(time: str) -> None:
    shown = {"output_type": "stream", "name": "stdout"}
    one, two = (comparisons.parts([{**shown, "text": f"CPU times: user {text}, total: {text}\n"}]) for text in (time, "7 µs"))
    assert comparisons.first_difference(one, two) is None
