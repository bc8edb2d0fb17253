"""Reading: all that Jupyter writes is understood, and what is broken is told in one sentence with its place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mlflow.errors import NotebookError
from jupyter_mlflow.notebook.cells import TaggedNotebook
from jupyter_mlflow.notebook.reader import read
from jupyter_mlflow.spec.pipelines import Kernel
from jupyter_mlflow.testing.notebooks import notebook


def file(*cells: Any, **keys: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells), **keys}).encode()


def code(source: Any = "x", **keys: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None, **keys}


BROKEN: list[tuple[str, bytes, str]] = [
    ("0 bytes", b"", "the file is empty (0 bytes); a notebook is a JSON document."),
    ("white space", b" \n\t", "the file is empty (nothing but white space); a notebook is a JSON document."),
    ("only a byte-order mark", b"\xef\xbb\xbf", "the file is empty (nothing but white space); a notebook is a JSON document."),
    ("a list", b"[1]", "the file is no notebook: its JSON is a list, not an object."),
    ("a text", b'"x"', "the file is no notebook: its JSON is a text, not an object."),
    ("null", b"null", "the file is no notebook: its JSON is null, not an object."),
    ("a number", b"4", "the file is no notebook: its JSON is a number, not an object."),
    ("other JSON", b'{"a": 1}', "the file is no notebook: it is JSON, but has neither `nbformat` nor `cells`."),
    ("no nbformat", b'{"cells": []}', "the file is no notebook: it has cells, but no `nbformat`."),
    ("nbformat 2", b'{"nbformat": 2}', "`nbformat` is 2, which is too old; `jupyter nbconvert --to notebook` brings it up to date."),
    ("nbformat 5", b'{"nbformat": 5}', "`nbformat` is 5, which is newer than the versions 3 and 4 that can be read."),
    ("nbformat is a text", b'{"nbformat": "4"}', "`nbformat` is a text; it must be the number 3 or 4."),
    ("nbformat is true", b'{"nbformat": true}', "`nbformat` is true; it must be the number 3 or 4."),
    ("no cells", b'{"nbformat": 4}', "the file is no notebook: `cells` is missing."),
    ("cells is an object", b'{"nbformat": 4, "cells": {}}', "the file is no notebook: `cells` is an object, not a list."),
    ("metadata is a list", b'{"nbformat": 4, "cells": [], "metadata": []}', "`metadata` is a list, not an object."),
    ("a cell is a number", file(code(), 3), "`cells[1]` is a number, not a cell."),
    ("a cell without type", file({"source": "x"}), "`cells[0].cell_type` is missing; it must be code, markdown or raw."),
    ("an unknown type", file({"cell_type": "he\nading"}), "`cells[0].cell_type` is 'he\\nading'; it must be code, markdown or raw."),
    ("a type that is a list", file({"cell_type": ["code"]}), "`cells[0].cell_type` is ['code']; it must be code, markdown or raw."),
    ("source is a number", file(code(3)), "`cells[0].source` is a number; it must be a text or a list of lines."),
    ("source is null", file(code(None)), "`cells[0].source` is null; it must be a text or a list of lines."),
    (
        "a line is a number",
        file(code(["x", 3])),
        "`cells[0].source` is a list that holds other things than text; it must be a text or a list of lines.",
    ),
    ("cell metadata is a text", file(code(metadata="x")), "`cells[0].metadata` is a text, not an object."),
    (
        "half a character in code",
        file(code("a\nb\ud800")),
        "`cells[0].source` holds half of a character (\\ud800) in line 2, which no kernel can read.",
    ),
    ("cut in a text", b'{\n "cells": [{"cell_type": "co', "the JSON is cut off: the text that starts in line 2, column 26 never ends."),
    ("cut after a comma", b'{"nbformat": 4,\n', "the JSON is cut off: the file ends in line 2, column 1, in the middle of the notebook."),
    ("cut after a value", b'{"nbformat": 4', "the JSON is cut off: the file ends in line 1, column 15, in the middle of the notebook."),
    ("a comma too many", b'{"a": 1,\n}', "the file is not valid JSON: "),
    ("text behind the end", b'{"nbformat": 4}\n{}', "the file is not valid JSON: extra data in line 2, column 1."),
    ("a raw line break in a text", b'{"a": "x\ny"}', "the file is not valid JSON: invalid control character in line 1, column 9."),
    ("single quotes", b"{'a': 1}", "the file is not valid JSON: "),
    (
        "HTML",
        b"<!DOCTYPE html>\n<p>",
        "the file is no notebook: a notebook is a JSON object and starts with `{`; this starts with `<!DOCTYPE html>`.",
    ),
    ("Python", b"# %%\nx = `1`\n", "the file is no notebook: a notebook is a JSON object and starts with `{`; this starts with `# %%`."),
    (
        "escape codes",
        b"\x1b[31mred`",
        "the file is no notebook: a notebook is a JSON object and starts with `{`; this starts with `?[31mred?`.",
    ),
    (
        "a Git LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "the file is a Git LFS pointer, not the notebook itself; `git lfs pull` fetches it.",
    ),
    ("a Git conflict", b'{\n "cells": [\n<<<<<<< HEAD\n  1\n=======\n', "the file holds an unresolved Git conflict, marked in line 3."),
    ("Latin-1", b'{\n"a": "\xe9"}', "the file is not UTF-8 text: line 2 holds the byte 0xe9 (byte 8 of the file)."),
    ("UTF-16", '{"a": 1}'.encode("utf-16"), "the file is not UTF-8 text: it is UTF-16, and notebooks are UTF-8. Save it again as UTF-8."),
    ("zip", b"PK\x03\x04\xff\xfe", "the file is not UTF-8 text: line 1 holds the byte 0xff (byte 4 of the file)."),
    ("deep lists", b"[" * 200_000, "the file cannot be read: its lists and objects are nested too deeply."),
    ("deep objects", b'{"a":' * 200_000, "the file cannot be read: its lists and objects are nested too deeply."),
    ("deep and odd", b'{"a":NaN,"b":' + b"[" * 200_000, "the file cannot be read: its lists and objects are nested too deeply."),
    (
        "deep metadata",
        file(code(), metadata={"a": json.loads("[" * 300 + "]" * 300)}),
        "the file cannot be read: its metadata is nested too deeply.",
    ),
    (
        "deep cell metadata",
        file(code(metadata={"a": json.loads("[" * 300 + "]" * 300)})),
        "the file cannot be read: its metadata is nested too deeply.",
    ),
    ("an endless number", b'{"a": ' + b"9" * 5000 + b"}", "the file cannot be read: it holds a number that is too long "),
    ("worksheets is a text", b'{"nbformat": 3, "worksheets": "x"}', "`worksheets` is a text, not a list."),
    ("a worksheet without cells", b'{"nbformat": 3, "worksheets": [{"cells": 3}]}', "`worksheets[0]` has no list of cells."),
    ("a worksheet's cell", b'{"nbformat": 3, "worksheets": [{"cells": [3]}]}', "`worksheets[0].cells[0]` is a number, not a cell."),
]


def rows(table: list[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table, ids=[row[0] for row in table])


@rows(BROKEN)
def test_broken(row: tuple[str, bytes, str]) -> None:
    _, data, expected = row
    with pytest.raises(NotebookError) as caught:
        read(data, "folder/x.ipynb")
    message = str(caught.value)
    assert message.startswith(f"folder/x.ipynb: {expected}")
    assert message.isprintable()
    assert message.endswith(".")
    assert len(message) < 300


WHOLE = notebook([("step:a é", "x = 'é'"), ("markdown", "text"), ("", "y")], {"a": [1, {"b": None}]}).rstrip()


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 5))
def test_cut_anywhere(cut: int) -> None:
    """A file that ends too early is an error wherever it ends, and never another exception."""
    with pytest.raises(NotebookError, match=r"cut off|not UTF-8|empty|not valid JSON"):
        read(WHOLE[:cut], "x")


NAMES = [
    ("x.ipynb", "x"),
    ("a/b/x.ipynb", "x"),
    ("x", "x"),
    ("x.y.ipynb", "x.y"),
    ("", "notebook"),
    (".ipynb", "notebook"),
    ("é x.ipynb", "é x"),
]


@pytest.mark.parametrize(("given", "expected"), NAMES)
def test_names(given: str, expected: str) -> None:
    assert read(file(), given).name == expected


SOURCES: list[tuple[str, Any, str]] = [
    ("a text", "a\nb", "a\nb"),
    ("lines", ["a\n", "b"], "a\nb"),
    ("no lines", [], ""),
    ("lines without breaks", ["a", "b"], "ab"),
    ("Windows line breaks", "a\r\nb", "a\r\nb"),
    ("any script", "é数😀\u2028\x0b", "é数😀\u2028\x0b"),
    ("a pair of surrogates", "\\ud83d\\ude00", "\\ud83d\\ude00"),
    ("HTML and JSON", '</script>"}]\\', '</script>"}]\\'),
]


@rows(SOURCES)
def test_sources(row: tuple[str, Any, str]) -> None:
    _, source, expected = row
    for kind in ("code", "markdown", "raw"):
        tagged = read(file({"cell_type": kind, "source": source}), "x")
        assert (tagged.cells[0].source, tagged.cells[0].type) == (expected, kind)


def test_cells() -> None:
    tagged = read(file({"cell_type": "markdown"}, code("y", metadata={"tags": ["step:a", 3, None, "é"], "a": 1})), "x")
    assert [(one.index, one.type, one.source, one.tags, one.metadata) for one in tagged.cells] == [
        (0, "markdown", "", (), {}),
        (1, "code", "y", ("step:a", "é"), {"tags": ["step:a", 3, None, "é"], "a": 1}),
    ]


def test_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + notebook([("step:a", "é")])
    tagged = read(data, "x")
    assert tagged.text == data
    assert tagged.cells[0].source == "é"


def test_not_a_number() -> None:
    tagged = read(file(code(), metadata={"a": float("nan"), "b": float("-inf"), "c": 1e400}), "x")
    assert math.isnan(tagged.metadata["a"])
    assert tagged.metadata["b"] == -math.inf


def test_half_characters_outside_code() -> None:
    half = {"cell_type": "markdown", "metadata": {"\ud800": ["\udfff"]}, "source": ["a\ud83d"]}
    tagged = read(file(half, code("\U0001f600"), metadata={"title": "\ud83d"}), "x")
    assert tagged.cells[0].source == "a\ufffd"
    assert tagged.cells[0].metadata == {"\ufffd": ["\ufffd"]}
    assert tagged.cells[1].source == "\U0001f600"
    assert tagged.metadata == {"title": "\ufffd"}
    json.dumps(tagged.document, ensure_ascii=False).encode()


def test_null_metadata() -> None:
    tagged = read(json.dumps({"nbformat": 4, "cells": [code(metadata=None)], "metadata": None}).encode(), "x")
    assert (tagged.metadata, tagged.cells[0].metadata) == ({}, {})


def test_deep_outputs_are_nobodys_problem() -> None:
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/json": json.loads("[" * 500 + "]" * 500)}}
    assert read(file(code(outputs=[output])), "x").cells[0].source == "x"


KERNELS: list[tuple[dict[str, Any], Kernel]] = [
    ({}, Kernel()),
    ({"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}, Kernel(display_name="Python 3")),
    ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, Kernel(name="ir", language="R", display_name="R")),
    ({"kernelspec": {"name": "ir"}}, Kernel(name="ir", language="R")),
    ({"kernelspec": {"name": "julia-1.9"}}, Kernel(name="julia-1.9", language="julia")),
    ({"kernelspec": {"name": "xcpp17"}}, Kernel(name="xcpp17", language="c++")),
    ({"kernelspec": {"name": "my-env"}}, Kernel(name="my-env")),
    ({"kernelspec": {"name": "ruby-project"}}, Kernel(name="ruby-project")),
    ({"language_info": {"name": "julia"}}, Kernel(language="julia")),
    ({"kernelspec": None, "language_info": []}, Kernel()),
    ({"kernelspec": {"name": 3, "language": None, "display_name": {}}}, Kernel()),
]


@pytest.mark.parametrize(("metadata", "expected"), KERNELS)
def test_kernels(metadata: dict[str, Any], expected: Kernel) -> None:
    assert read(file(metadata=metadata), "x").kernel == expected


DIALECTS: list[tuple[str, bytes, str]] = [
    ("plain", notebook([("step:a", "x")]), "ours"),
    ("metadata", notebook([("step:a", "x")], {"kubeflow_notebook": {}}), "kale"),
    ("odd metadata", notebook([("step:a", "x")], {"kubeflow_notebook": None, "a": 1}), "ours"),
    ("block", notebook([("", "x"), ("block:a", "x")]), "kale"),
    ("block on text", file({"cell_type": "markdown", "metadata": {"tags": ["block:a"]}}), "ours"),
]


@rows(DIALECTS)
def test_dialects(row: tuple[str, bytes, str]) -> None:
    _, data, expected = row
    assert read(data, "x").dialect == expected


def ids(*cells: dict[str, Any]) -> list[str]:
    return [one.id for one in read(file(*cells), "x").cells]


def test_valid_ids_are_kept() -> None:
    assert ids(code(id="a"), code(id="B_-9"), code(id="x" * 64)) == ["a", "B_-9", "x" * 64]


@pytest.mark.parametrize("bad", [None, "", "a b", "é", "x" * 65, 3, ["a"], "a\n"])
def test_other_ids_are_made(bad: Any) -> None:
    first, made = ids(code(id="a"), code("y", id=bad))
    assert first == "a"
    assert made != bad
    assert len(made) == 8
    assert ids(code("y")) == [made]


def test_made_ids_are_stable_and_unique() -> None:
    cells = [code("x"), code("x"), {"cell_type": "markdown", "source": "x"}, code("y"), code("x", id="a"), code("z", id="a")]
    found = ids(*cells)
    assert len(set(found)) == len(found)
    assert found[4] == "a"
    assert ids(*cells) == found
    assert ids(code("new"), *cells)[1:] == found
    assert ids(cells[0], cells[3]) == [found[0], found[3]]


def test_made_ids_avoid_given_ones() -> None:
    (made,) = ids(code("x"))
    assert sorted(ids(code("x"), code("y", id=made))) != [made, made]
    assert ids(code("x"), code("y", id=made))[1] == made


def test_document_is_valid() -> None:
    tagged = read(file({"cell_type": "markdown", "source": ["a"], "metadata": {}}, code("x", id="bad id"), code("x")), "x")
    nbformat.validate(tagged.document)
    assert [one["id"] for one in tagged.document["cells"]] == [one.id for one in tagged.cells]
    assert read(file(nbformat_minor=7), "x").document["nbformat_minor"] == 7


OLD: dict[str, Any] = {
    "metadata": {"name": "old"},
    "nbformat": 3,
    "nbformat_minor": 0,
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Load\n", "it"]},
                {"cell_type": "html", "metadata": {}, "source": "<b>x</b>"},
                {
                    "cell_type": "code",
                    "collapsed": True,
                    "input": ["x = 1\n", "x"],
                    "language": "python",
                    "metadata": {"tags": ["step:load"]},
                    "prompt_number": 3,
                    "outputs": [
                        {"output_type": "stream", "stream": "stderr", "text": ["a\n"]},
                        {"output_type": "pyout", "prompt_number": 3, "metadata": {}, "text": ["1"], "html": ["<i>1</i>"]},
                        {"output_type": "display_data", "metadata": {}, "png": "aGk="},
                        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                    ],
                },
            ],
            "metadata": {},
        },
        {
            "cells": [
                {"cell_type": "code", "input": "y", "language": "python", "metadata": {}, "outputs": []},
                {"cell_type": "raw", "metadata": {}, "source": "r"},
            ]
        },
    ],
}


def test_nbformat_3() -> None:
    tagged = read(json.dumps(OLD).encode(), "x")
    assert [(one.type, one.source, one.tags) for one in tagged.cells] == [
        ("markdown", "## Load it", ()),
        ("markdown", "<b>x</b>", ()),
        ("code", "x = 1\nx", ("step:load",)),
        ("code", "y", ()),
        ("raw", "r", ()),
    ]
    assert tagged.kernel == Kernel()
    nbformat.validate(tagged.document)


def test_nbformat_3_as_jupyter_reads_it() -> None:
    ours = read(json.dumps(OLD).encode(), "x").document
    theirs = nbformat.convert(nbformat.reads(json.dumps(OLD), as_version=3), 4)
    for one, other in zip(ours["cells"], theirs["cells"], strict=True):
        assert one["source"] == other["source"]
        assert one["cell_type"] == other["cell_type"]
        if one["cell_type"] == "code":
            assert one["execution_count"] == other["execution_count"]
            assert nbformat.v4.rwbase.rejoin_lines(nbformat.from_dict({"cells": [one]}))["cells"][0]["outputs"] == other["outputs"]


@pytest.mark.parametrize(
    "document",
    [
        {"nbformat": 3},
        {"nbformat": 3, "worksheets": []},
        {"nbformat": 3, "worksheets": [{}]},
        {
            "nbformat": 3,
            "worksheets": [{"cells": [{"cell_type": "code", "input": "x", "outputs": None, "metadata": None}]}],
            "metadata": None,
        },
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "language": 3, "outputs": [3, {}], "collapsed": "x"}]}]},
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "level": "x", "source": 3}]}]},
    ],
)
def test_odd_nbformat_3(document: dict[str, Any]) -> None:
    assert isinstance(read(json.dumps(document).encode(), "x"), TaggedNotebook)


def test_nbformat_3_in_another_language() -> None:
    document = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x", "language": "julia"}]}]}
    assert read(json.dumps(document).encode(), "x").kernel == Kernel(language="julia")


@pytest.mark.parametrize("name", ["kale_0_7.ipynb", "kale_2.ipynb"])
def test_reads_as_jupyter_does(name: str) -> None:
    data = Path(__file__).with_name("data").joinpath(name).read_bytes()
    theirs = nbformat.reads(data.decode(), as_version=4)
    assert [one.source for one in read(data, name).cells] == [one.source for one in theirs.cells]
