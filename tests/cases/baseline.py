"""Run All: the cells of a case in one stock kernel by nbclient, remembered between runs of the suite."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import metadata
from typing import Any

from tests.cases import case as cases
from tests.cases import folders, outputs

_VERSION = 7  # raised when the stored form changes
_TIMEOUT = 120  # seconds for one cell, on a loaded machine
_LIBRARIES = ("ipykernel", "ipython", "nbclient", "numpy", "pandas", "scikit-learn", "matplotlib", "matplotlib-inline")


def run(wanted: Sequence[cases.Case], *, cold: bool = False, fresh: bool = False, workers: int = 3) -> dict[str, dict[str, Any]]:
    """The outcome of each case by its id; `cold` starts real kernels and `fresh` ignores what is remembered."""
    known = {} if fresh or cold else {c.id: _remembered(c) for c in wanted}
    missing = [c for c in wanted if known.get(c.id) is None]
    if missing:
        known |= asyncio.run(_run_all(missing, cold=cold, workers=workers))
    return {key: value for key, value in known.items() if value is not None}


def outcome(case: cases.Case, notebook: Any, folder: pathlib.Path, error: dict[str, Any] | None) -> dict[str, Any]:
    """What a run left: each cell's count and outputs, the error that ended it, and the files."""
    shown = [
        {"count": cell.get("execution_count"), "outputs": outputs.normal(cell.get("outputs", ()), str(folder))} for cell in notebook.cells
    ]
    return {"cells": shown, "error": error, "files": folders.listing(folder) if case.compare_files else {}}


async def _run_all(wanted: Sequence[cases.Case], *, cold: bool, workers: int) -> dict[str, dict[str, Any]]:
    gate = asyncio.Semaphore(workers)
    with _kernels(cold=cold) as specs:

        async def one(case: cases.Case) -> tuple[str, dict[str, Any]]:
            async with gate:
                result = await _run_one(case, specs)
            if not cold:
                _remember(case, result)
            return case.id, result

        return dict(await asyncio.gather(*map(one, wanted)))


async def _run_one(case: cases.Case, specs: Any) -> dict[str, Any]:
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    with folders.made(case) as folder:
        notebook = cases.notebook(case.cells, drop=("skip",))
        errors: list[dict[str, Any]] = []
        try:
            async with _client(notebook, folder, specs) as client:
                client.on_cell_executed = _parameters_hook(case, client)
                client.on_cell_error = _error_hook(errors)
                await client.async_execute(cleanup_kc=True)
        except CellExecutionError:
            return outcome(case, notebook, folder, errors[-1])
        except DeadKernelError:
            return outcome(case, notebook, folder, {"cell": _last_run(notebook), "ename": "DeadKernelError", "evalue": ""})
        return outcome(case, notebook, folder, None)


@contextlib.asynccontextmanager
async def _client(notebook: Any, folder: pathlib.Path, specs: Any) -> AsyncIterator[Any]:
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    # ports are picked, released and only then bound: sockets in the file system cannot be taken by a neighbour
    manager = AsyncKernelManager(
        kernel_name="stock", kernel_spec_manager=specs, transport="ipc", ip=f"{specs.kernel_dirs[0]}/{folder.name}"
    )
    env = {**os.environ, **folders.environment("baseline")}
    env.pop("PYTEST_CURRENT_TEST", None)  # with it ipykernel would not show what goes past Python

    class Client(NotebookClient):  # type: ignore[misc]
        async def async_start_new_kernel(self, **arguments: Any) -> None:
            await super().async_start_new_kernel(**arguments, env=env)

    yield Client(notebook, km=manager, timeout=_TIMEOUT, resources={"metadata": {"path": str(folder)}})


def _parameters_hook(case: cases.Case, client: Any) -> Any:
    """Sets the run's parameters as soon as the parameters cell is done, as values and out of sight."""
    if not case.parameters:
        return None

    async def hook(cell: Any, cell_index: int, execute_reply: Any) -> None:
        tags = case.cells[cell_index][0]
        if "parameters" in tags or "pipeline-parameters" in tags:
            values = json.dumps(dict(case.parameters))
            request = client.kc.execute(f"globals().update(__import__('json').loads({values!r}))", silent=True, store_history=False)
            await client.async_wait_for_reply(request)

    return hook


def _error_hook(errors: list[dict[str, Any]]) -> Any:
    async def hook(cell: Any, cell_index: int, execute_reply: Any) -> None:
        content = execute_reply["content"]
        errors.append({"cell": cell_index, "ename": content["ename"], "evalue": outputs.text(content["evalue"])})

    return hook


def _last_run(notebook: Any) -> int:
    """A dead kernel says no more where it died: the first cell with code and no count."""
    return next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source and cell.execution_count is None)


@contextlib.contextmanager
def _kernels(*, cold: bool) -> Iterator[Any]:
    """A kernelspec `stock`: the real thing, or one that asks a warm template for it."""
    from jupyter_client.kernelspec import KernelSpecManager

    place = pathlib.Path(tempfile.mkdtemp(prefix="cases-kernels-"))
    warm = str(pathlib.Path(__file__).with_name("warm_kernels.py"))
    address = str(place / "socket")
    server = None
    if cold:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.hist_file=:memory:"]
    else:
        server = subprocess.Popen([sys.executable, warm, "serve", address], stdout=subprocess.PIPE, text=True)
        argv = [sys.executable, "-I", "-S", warm, "connect", address, "{connection_file}"]
    try:
        if server is not None and server.stdout is not None:
            server.stdout.readline()
        (place / "stock").mkdir()
        (place / "stock" / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "stock", "language": "python"}))
        specs = KernelSpecManager(kernel_dirs=[str(place)])
        specs.ensure_native_kernel = False
        yield specs
    finally:
        if server is not None:
            server.kill()
            server.communicate()
        shutil.rmtree(place)


def _store() -> pathlib.Path:
    versions = "-".join(metadata.version(name) for name in _LIBRARIES)
    name = f"{_VERSION}-{sys.implementation.cache_tag}-{versions}"
    root = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return root / "jupyter-mlflow-cases" / name


def _remembered(case: cases.Case) -> dict[str, Any] | None:
    try:
        return dict(json.loads((_store() / f"{case.digest}.json").read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _remember(case: cases.Case, result: dict[str, Any]) -> None:
    _store().mkdir(parents=True, exist_ok=True)
    path = _store() / f"{case.digest}.json"
    path.with_suffix(".new").write_text(json.dumps(result))
    path.with_suffix(".new").replace(path)
