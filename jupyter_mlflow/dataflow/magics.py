"""IPython's magics and shell commands, as its own input transformer spells them: calls of `get_ipython()`."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable

from jupyter_mlflow.dataflow import builtin_calls, processes
from jupyter_mlflow.dataflow.effects import Stay
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.values import ANYTHING, STR, Value, constant

QUIET = frozenset(
    [
        "conda",
        "edit",
        "gui",
        "killbgscripts",
        "ls",
        "lsmagic",
        "magic",
        "man",
        "page",
        "pip",
        "pwd",
        "quickref",
        "system",
        "timeit",
        "uv",
        "mamba",
        "micromamba",
        "notebook",
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "svg",
        "SVG",
        "markdown",
        "who_ls",
        "ll",
        "cat",
        "cls",
        "clear",
        "less",
        "more",
        "pipeline",
        "subshell",
        "debug",
    ]
)
"""Magics that neither bind names nor change state that later cells see."""
REPLAYED = frozenset({"load_ext", "reload_ext", "autoreload", "aimport", "config", "matplotlib", "unload_ext"})
RUNS_CODE = frozenset({"time", "prun", "capture", "step", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "skip_if", "wandb"})
RUNS_ANYTHING = frozenset(
    {"run_cell", "run_cell_async", "run_code", "ex", "ev", "push", "set_next_input", "run_line_magic", "run_cell_magic", "magic", "reset"}
)
"""Methods of the shell that may do anything to any name."""
HARMLESS = frozenset({"get_ipython", "showtraceback", "get_parent", "ask_exit", "transform_cell", "find_magic", "has_trait", "mktempfile"})
"""Methods of the shell that leave no trace."""
SHELLS = frozenset(
    {
        "bash",
        "sh",
        "script",
        "!",
        "sx",
        "system",
        "perl",
        "ruby",
        "python",
        "python2",
        "python3",
        "pypy",
        "cmd",
        "svn",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "rmdir",
        "sc",
    }
)
LISTS_NAMES = frozenset({"who", "whos", "who_ls"})
SHOWS_NAMES = frozenset({"pdef", "pdoc", "pfile", "pinfo", "pinfo2", "psource", "pycat"})
"""Magics that look at the object a name stands for."""
OF_SHELL = frozenset(
    """
    alias unalias alias_magic rehashx automagic autocall colors xmode pdb precision pprint doctest_mode code_wrap config autoawait autoindent autosave
    """.split()
)
"""Magics that ask or change the shell."""
HISTORY = frozenset(
    {"history", "hist", "rerun", "recall", "rep", "macro", "save", "pastebin", "notebook", "loadpy", "load", "store", "bookmark"}
)


def run(m: Machine, node: ast.Call) -> Value | None:
    """The effects of a magic; None when the call is none."""
    func = node.func
    if not (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Call)
        and isinstance(func.value.func, ast.Name)
        and func.value.func.id == "get_ipython"
    ):
        return None
    texts = [one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else None for one in node.args]
    return _known(m, func.attr, texts)


def method(m: Machine, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A method of the shell, called through any name: `ip.events.register(...)`."""
    values = [*args, *keywords.values()]
    known = _known(m, name, [one.const if isinstance(one.const, str) else None for one in values])
    if known is not None:
        return known
    if name.startswith("user_ns"):
        _anything(m, name)
    elif name not in HARMLESS:
        if "input_transformer" in name or name.startswith("ast_transformers"):
            m.effects.rewrites.setdefault(f"get_ipython().{name}", m.line)
        m.read_key("process:shell")
        m.write_key("process:shell")
        processes.later(m, values)
    return ANYTHING


def _known(m: Machine, name: str, texts: list[str | None]) -> Value | None:
    if name in {"system", "getoutput", "getoutputs"}:
        shell(m, texts[0] if texts else None)
        return m.new("list", element=STR) if name == "getoutput" else ANYTHING
    if name == "run_line_magic" and texts and texts[0]:
        return line(m, texts[0], (texts[1] if len(texts) > 1 else "") or "")
    if name == "run_cell_magic" and len(texts) == 3 and texts[0] and texts[2] is not None:
        return cell(m, texts[0], texts[1] or "", texts[2])
    if name in {"ev", "ex", "run_cell"} and len(texts) == 1 and texts[0] is not None:
        return builtin_calls.run_code(m, texts[0])
    if name in RUNS_ANYTHING:
        _anything(m, name)
        return ANYTHING
    return None


def shell(m: Machine, command: str | None) -> None:
    """A shell command: reads the names it interpolates, may read and write any file."""
    m.read_key("process:environ")
    m.read_key("process:cwd")
    m.file_read(None)
    m.file_written(None)
    interpolated(m, command or "")


def interpolated(m: Machine, text: str) -> None:
    """Names that IPython puts into a command: `$name`, `{expression}`."""
    for name in re.findall(r"(?<!\$)\$([A-Za-z_]\w*)", text):
        if m.look(name) is not None:
            m.read(name)
    for expression in re.findall(r"(?<!\{)\{([^{}]+)\}", text):
        try:
            tree = ast.parse(expression.strip(), mode="eval")
        except SyntaxError:
            continue
        with m.attempt():
            m.evaluate(tree.body)


def line(m: Machine, name: str, rest: str) -> Value:
    """`%name rest`."""
    act = _LINES.get(name)
    if act is not None:
        return act(m, rest)
    if name in RUNS_CODE:
        return builtin_calls.run_code(m, _without_options(rest))
    if name in SHELLS:
        shell(m, rest)
        return ANYTHING
    if name in LISTS_NAMES:
        m.effects.reads_any = m.effects.reads_any or m.line
    elif name in HISTORY:
        m.effects.history.setdefault(f"%{name}", m.line)
    elif name in SHOWS_NAMES:
        _shown(m, rest)
    elif name in OF_SHELL:
        m.read_key("process:shell")
        m.write_key("process:shell")
    elif name not in QUIET and name not in REPLAYED:
        _anything(m, name)
    if name in {"ls", "cat", "ll", "less", "more"}:
        m.file_read(None)
    if name in {"matplotlib", "config"}:
        m.read_key("process:matplotlib")
        m.write_key("process:matplotlib")
        m.figures_stay |= "close_figures" in rest if name == "config" else rest.split()[:1] not in ([], ["inline"])
    if name == "precision":
        m.write_key("process:numpy", certain=False)
    interpolated(m, rest)
    return ANYTHING


def cell(m: Machine, name: str, rest: str, body: str) -> Value:
    """`%%name rest` over `body`."""
    if name in {"writefile", "file"}:
        parts = [part for part in _split(rest) if not part.startswith("-")]
        m.file_written(constant(parts[-1]) if parts and "$" not in rest and "{" not in rest else None)
        interpolated(m, rest)
    elif name == "timeit":
        builtin_calls.run_code(m, rest.rpartition("-")[2].partition(" ")[2] if rest.startswith("-") else rest)
        m.unsure += 1
        m.branch(lambda: builtin_calls.run_code(m, body), lambda: None)
        m.unsure -= 1
    elif name in RUNS_CODE:
        builtin_calls.run_code(m, body)
        if name == "capture":
            for part in _split(rest):
                if part.isidentifier():
                    m.bind(part, m.new("unknown"))
    elif name in SHELLS:
        for part in re.findall(r"--(?:out|err|proc)\s+(\w+)", rest):
            m.bind(part, STR)
        shell(m, rest)
    elif name not in QUIET:
        _anything(m, name)
    return ANYTHING


def _anything(m: Machine, name: str) -> None:
    m.effects.magics.setdefault(name, m.line)
    m.effects.reads_any = m.effects.reads_any or m.line
    m.effects.writes_any = m.effects.writes_any or m.line


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _without_options(rest: str) -> str:
    return re.sub(r"^(?:-\w+\s+(?:\d+\s+)?)+", "", rest.strip())


def _env(m: Machine, rest: str) -> Value:
    m.read_key("process:environ")
    if "=" in rest or len(rest.split()) > 1:
        m.write_key("process:environ")
    interpolated(m, rest)
    return m.new("dict", element=STR)


def _cd(m: Machine, rest: str) -> Value:
    """`%cd`, `%pushd`, `%popd`: the folder, and the stack of those before."""
    m.read_key("process:cwd")
    m.write_key("process:cwd")
    interpolated(m, rest)
    return ANYTHING


def _folders(m: Machine, rest: str) -> Value:
    m.read_key("process:cwd")
    return ANYTHING


def _shown(m: Machine, rest: str) -> None:
    """`name?`: the object is looked at."""
    name = rest.strip().partition(".")[0]
    if m.look(name) is not None:
        m.read(name)


def _log_session(m: Machine, rest: str) -> Value:
    m.effects.stays.setdefault("%logstart", Stay(m.line, "a log of the session"))
    return ANYTHING


def _search(m: Machine, rest: str) -> Value:
    m.effects.reads_any = m.effects.reads_any or m.line
    return ANYTHING


def _script(m: Machine, rest: str) -> Value:
    """`%run file`: code in a file that the analysis does not open."""
    m.file_read(None)
    m.effects.reads_any = m.effects.reads_any or m.line
    m.effects.writes_any = m.effects.writes_any or m.line
    for key in ("environ", "cwd", "syspath"):
        m.write_key(f"process:{key}", certain=False)
    m.draw("numpy")
    m.draw("python")
    return ANYTHING


def _reset(m: Machine, rest: str) -> Value:
    for name in list(m.names()):
        m.unbind(name)
    m.effects.writes_any = m.effects.writes_any or m.line
    return ANYTHING


def _delete(m: Machine, rest: str) -> Value:
    for name in rest.split():
        if name.isidentifier():
            m.unbind(name)
    return ANYTHING


def _pylab(m: Machine, rest: str) -> Value:
    m.effects.writes_any = m.effects.writes_any or m.line
    m.write_key("process:matplotlib")
    return ANYTHING


def _time(m: Machine, rest: str) -> Value:
    return builtin_calls.run_code(m, rest)


def _timeit(m: Machine, rest: str) -> Value:
    m.unsure += 1
    m.branch(lambda: builtin_calls.run_code(m, _without_options(rest)), lambda: None)
    m.unsure -= 1
    return ANYTHING


_LINES: dict[str, Callable[[Machine, str], Value]] = {
    "env": _env,
    "set_env": _env,
    "cd": _cd,
    "pushd": _cd,
    "popd": _cd,
    "dhist": _folders,
    "dirs": _folders,
    "logstart": _log_session,
    "psearch": _search,
    "run": _script,
    "reset": _reset,
    "reset_selective": _reset,
    "xdel": _delete,
    "pylab": _pylab,
    "time": _time,
    "timeit": _timeit,
}
