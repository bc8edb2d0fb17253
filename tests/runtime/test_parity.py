"""Cells put out in a step what they put out in a stock Jupyter kernel under nbclient, kind by kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_mlflow.notebook import executed

CELLS = {
    "print": "import sys\nprint('a'); print('b', end=''); print('c')",
    "print to stderr": "print('a'); print('b', file=sys.stderr); print('c')",
    "unicode": "print('é 漢字 😀 \\x1b[31mred\\x1b[0m')",
    "result": "1 + 1",
    "last expression only": "1\n2",
    "semicolon": "1;",
    "None": "None",
    "assignment": "q = 3",
    "underscore": "_ + 1",
    "In and Out": "len(In), In[5], Out[4], _4, _i4",
    "data frame": "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "series": "pd.Series([1.5, None])",
    "display": "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>')); display(3); 4",
    "display several": "display(1, 'two', [3])",
    "markdown, latex, svg": "from IPython.display import Latex, Markdown, SVG\ndisplay(Markdown('*m*')); display(SVG('<svg/>')); Latex('$x$')",
    "image": "from IPython.display import Image\nImage(b'\\x89PNG\\r\\n\\x1a\\n')",
    "json": "from IPython.display import JSON\nJSON({'a': [1, None]})",
    "javascript": "from IPython.display import Javascript\nJavascript('1')",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('t')",
    "figure shown": "plt.plot([1, 2]); plt.show(); print('after')",
    "figure object": "fig, ax = plt.subplots(); ax.plot([1]); fig",
    "figure not left open": "plt.get_fignums()",
    "display with id": "h = display('one', display_id='q'); h.update('two')",
    "update of an earlier cell": "h.update('three')",
    "same id twice": "display('x', display_id='q')",
    "clear": "from IPython.display import clear_output\nprint('old'); clear_output(); print('new')",
    "clear and wait": "print('old'); clear_output(wait=True); print('new')",
    "clear at the end": "print('old'); clear_output()",
    "clear and wait at the end": "print('stays'); clear_output(wait=True)",
    "os.system": "import os\nprint('before'); sys.stdout.flush(); _ = os.system('echo from-fd'); ",
    "subprocess": "import subprocess\n_ = subprocess.run(['echo', 'sub'])",
    "native print": "import ctypes\nl = ctypes.CDLL(None); _ = l.printf(b'native\\n'); _ = l.fflush(None)",
    "os.write": "_ = os.write(1, b'one\\n'); _ = os.write(2, b'two\\n')",
    "bang": "!echo bang",
    "bang with a variable": "!echo {q} $q",
    "bang assigned": "x = !echo 5\nx",
    "bash": "%%bash\necho bb; echo err >&2",
    "bash fails": "%%bash\nexit 3",
    "time": "%%time\ny = 1",
    "time line": "%time z = 1",
    "timeit": "%timeit -n1 -r1 1",
    "capture": "%%capture cap\nprint('hidden'); 7",
    "capture shown": "cap.show()",
    "writefile": "%%writefile f.txt\nhello",
    "line magic": "%pwd\n%who_ls",
    "env magic": "%env PARITY=1",
    "unknown magic": "%nosuchmagic",
    "matplotlib magic": "%matplotlib inline",
    "warning": "import warnings\nwarnings.warn('w!')",
    "deprecation": "warnings.warn('old', DeprecationWarning)",
    "logging": "import logging\nlogging.warning('lw'); logging.info('no')",
    "await": "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "await fails": "async def f():\n    raise ValueError('in f')\nawait f()",
    "asyncio.run": "try:\n    asyncio.run(asyncio.sleep(0))\nexcept RuntimeError as e:\n    print(e)",
    "task": "async def later():\n    await asyncio.sleep(0); print('later')\ntask = asyncio.ensure_future(later()); await task; task.done()",
    "task of an earlier cell": "task = asyncio.ensure_future(asyncio.sleep(0.01, 'slept'))",
    "task awaited": "await task",
    "async with": "async for i in (lambda: (j async for j in g()))() if False else []:\n    pass",
    "running loop": "asyncio.get_event_loop().is_running()",
    "thread": "import threading\nt = threading.Thread(target=lambda: print('thread')); t.start(); t.join()",
    "thread error": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
    "tqdm": "from tqdm import tqdm\nfor i in tqdm(range(3)): pass",
    "tqdm.auto": "import tqdm.auto\nfor i in tqdm.auto.tqdm(range(2)): pass",
    "broken repr": "class R:\n    def __repr__(self): raise ValueError('r')\nR()",
    "html repr": "class H:\n    def _repr_html_(self): return '<i>h</i>'\nH()",
    "mimebundle": "class M:\n    def _repr_mimebundle_(self, **kw): return {'application/x-m+json': {'a': 1}, 'text/plain': 'm'}, {'k': 'v'}\nM()",
    "ipython display": "class D:\n    def _ipython_display_(self): print('displayed')\nD()",
    "stdout.buffer": "sys.stdout.buffer.write(b'x')",
    "stdout as a file": "type(sys.stdout).__name__, sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.writable(), sys.stdout.name",
    "write not text": "try:\n    sys.stdout.write(3)\nexcept TypeError as e:\n    print(e)",
    "redirect": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as s: print('in')\ns.getvalue()",
    "help with one mark": "len?",
    "help()": "help(len)",
    "shell's class": "type(get_ipython()).__name__, [c.__name__ for c in type(get_ipython()).__mro__].count('InteractiveShell')",
    "shell's config": "'IPKernelApp' in get_ipython().config, hasattr(get_ipython(), 'kernel')",
    "names": "__name__, '__file__' in globals(), __doc__, sys.argv[1:2]",
    "main module": "import __main__\n__main__.q, sys.modules['__main__'] is __main__, vars(__main__) is globals()",
    "initial names": "sorted(n for n in globals() if n.startswith('__') or n in ('In', 'Out', 'exit', 'quit', 'get_ipython', 'open'))",
    "path": "sys.path.index(''), [os.path.basename(p) for p in sys.path if 'ipykernel' in p]",
    "environment": "{k: os.environ.get(k) for k in ('TERM', 'CLICOLOR', 'FORCE_COLOR', 'CLICOLOR_FORCE', 'PAGER', 'GIT_PAGER', 'MPLBACKEND')}",
    "pickle of a function": "def ff(): pass\nimport pickle\npickle.loads(pickle.dumps(ff)) is ff",
    "pickle of a class": "class Cc: pass\ntype(pickle.loads(pickle.dumps(Cc()))) is Cc, Cc.__module__",
    "source of a function": "import inspect\ninspect.getsource(ff)",
    "source of a class": "print(inspect.getsource(Cc))",
    "multiprocessing": "import multiprocessing as mp\nmp.get_context('fork').Pool(1).map(abs, [-1])",
    "print in a forked process": "p = mp.get_context('fork').Process(target=lambda: print('forked')); p.start(); p.join()",
    "executor": "from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(1, mp.get_context('fork')) as e: print(list(e.map(abs, [-2])))",
    "joblib": "from joblib import Parallel, delayed\nParallel(2)(delayed(abs)(-i) for i in range(2))",
    "input": "try:\n    input('?')\nexcept Exception as e:\n    print(type(e), e)",
    "getpass": "import getpass\ntry:\n    getpass.getpass()\nexcept Exception as e:\n    print(type(e), e)",
    "error": "def g():\n    1/0\n\ng()",
    "error in a library": "import json\njson.loads('{')",
    "chained error": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "error group": "raise ValueError('line one\\nline two')",
    "error with text before": "print('t'); raise ValueError",
    "syntax error": "for",
    "indentation": "  x = 1\n y = 2",
    "name error": "no_such_name",
    "assertion": "assert 1 == 2, 'message'",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "system exit": "raise SystemExit(3)",
    "sys.exit": "sys.exit()",
    "custom exception": "class E(Exception):\n    def __str__(self): return 'mine'\nraise E",
    "count after errors": "get_ipython().execution_count",
    "user hook": "get_ipython().events.register('post_run_cell', lambda r: print('post'))",
    "user hook ran": "1",
    "sizes": "sys.stdout.write('ab')",
    "empty print": "print()",
    "carriage return": "print('a\\rb')",
    "large": "print('x' * 100_000)",
    "many lines": "for i in range(2000): print(i)",
}

# A stock kernel shows what did not go through Python up to a fifth of a second later, often in another cell.
LATE = {"os.system", "subprocess", "native print", "os.write", "print in a forked process"}

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_NORMAL = (
    (re.compile(r"/\S*/ipykernel_\d+/\d+\.py"), "CELL"),
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"\d+(\.\d+)? ?([µn]s|ms|s|us) \S+ \d+(\.\d+)? ?([µn]s|ms|s|us) per loop"), "T per loop"),
    (re.compile(r"CPU times: .*\nWall time: .*"), "TIMES"),
    (re.compile(r"\d+(\.\d+)? ?[µnm]?s\b"), "T"),
    (re.compile(r"\d\d:\d\d<\d\d:\d\d, +[\d.]+it/s|\?it/s"), "RATE"),
    (re.compile(r"\r +0%\|.*?(?=\r)"), ""),
    (re.compile(r"Thread-\d+"), "Thread-N"),
)


def outputs(cell: Any) -> list[Any]:
    """A cell's outputs as people see them: neighbouring texts of a stream are one, moments and places do not count."""
    gathered: list[Any] = []
    for output in json.loads(json.dumps(cell["outputs"])):
        if output["output_type"] == "stream":
            if not (gathered and isinstance(gathered[-1], dict) and "streams" in gathered[-1]):
                gathered.append({"streams": {}})
            streams = gathered[-1]["streams"]
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
        else:
            output.get("metadata", {}).pop(executed.DISPLAY_ID, None)  # until the slices are merged
            gathered.append(output)
    return [normal(output) for output in gathered]


def normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if not isinstance(value, str):
        return value
    value = _ANSI.sub("", value)
    for pattern, text in _NORMAL:
        value = pattern.sub(text, value)
    return value


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def stock(monkeypatch_module: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All cells in one stock kernel."""
    monkeypatch_module.delenv("PYTEST_CURRENT_TEST", raising=False)  # ipykernel behaves otherwise under pytest
    sources = [source + "\n__import__('time').sleep(0.4)" * (name in LATE) for name, source in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    folder = str(tmp_path_factory.mktemp("stock"))
    NotebookClient(notebook, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": folder}}, timeout=60).execute()
    return dict(zip(CELLS, notebook.cells, strict=True))


@pytest.fixture(scope="module")
def ours(template: Any) -> dict[str, Any]:
    """All cells in one step."""
    ran = template.run(*({"source": source, "tags": ["raises-exception"]} for source in CELLS.values()))
    assert ran.result["state"] == "done", ran.result
    notebook = nbformat.read(ran.result["notebook"], 4)
    nbformat.validate(notebook)
    return dict(zip(CELLS, notebook.cells, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_same_outputs(name: str, stock: dict[str, Any], ours: dict[str, Any]) -> None:
    assert outputs(ours[name]) == outputs(stock[name])
    assert ours[name].execution_count == stock[name].execution_count


def test_notebook_holds_nothing_of_ours(run: Callable[..., Any]) -> None:
    ran = run("x = 1", "x")
    cells = ran.notebook["cells"]
    assert [cell["source"] for cell in cells] == [["x = 1"], ["x"]]
    assert [set(cell["metadata"]) for cell in cells] == [{"papermill"}, {"papermill"}]
    assert ran.notebook["metadata"]["language_info"]["name"] == "python"
