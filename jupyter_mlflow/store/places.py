"""Where runs and artifacts live.

    <home>/                    $JUPYTER_MLFLOW_HOME, else `mlflow` in Jupyter's data folder
      runs.sqlite              history of runs, event logs, cache entries
      salt                     random key of this home, see `salts`
      runs/<run>/steps/<step>/ what one step of one run left: executed notebook, log
      artifacts/               content-addressed objects, see `local`
      downloads/               verified copies of objects of remote stores

Folders are made for the owner only (0700): snapshots hold the user's data, and whoever can write them
can make a later step run anything.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from jupyter_mlflow.errors import StoreError, UsageError
from jupyter_mlflow.spec.ids import RunId, StepName
from jupyter_mlflow.store import digests

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# Lower case only: `Load` and `load` are two steps, but one folder on a disk that ignores case.
_PLAIN_STEP = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_UNSAFE = re.compile(r"[^a-z0-9_-]+")


def home() -> Path:
    """The folder of all runs and artifacts, made if it is missing."""
    chosen = os.environ.get("JUPYTER_MLFLOW_HOME")
    if chosen:
        return chosen_folder(Path(os.path.abspath(os.path.expanduser(chosen))))  # noqa: PTH100, PTH111 - keeps links, unlike resolve()
    return private_folder(_jupyter_data() / "mlflow")


def artifacts_folder(base: Path) -> Path:
    """The artifact store of the home `base`."""
    return private_folder(base / "artifacts")


def downloads_folder(base: Path) -> Path:
    """Copies of objects of remote stores."""
    return private_folder(base / "downloads")


def runs_folder(base: Path) -> Path:
    """All run folders of the home `base`."""
    return private_folder(base / "runs")


def run_folder(base: Path, run: RunId) -> Path:
    """The folder of one run, made if it is missing."""
    return private_folder(runs_folder(base) / _checked_run(run))


def step_folder(base: Path, run: RunId, step: StepName) -> Path:
    """The folder of one step of one run, made if it is missing."""
    path = step_path(run_folder(base, run), step)
    private_folder(path.parent)
    return private_folder(path)


def step_path(folder: Path, step: str) -> Path:
    """Where a step's folder lies in that of its run, whether it is there or not."""
    return folder / "steps" / step_folder_name(step)


def step_folder_name(step: str) -> str:
    """A name that every file system takes, different for different steps, readable where it can be."""
    if _PLAIN_STEP.fullmatch(step):
        return step
    readable = _UNSAFE.sub("-", step.lower()).strip("-")[:40]
    # `~` stands in no plain name, so a made-up name never meets one that was taken as it is.
    return f"{readable}~{digests.hexadecimal(digests.of_bytes(step.encode('utf-8', 'surrogatepass')))[:12]}"


def chosen_folder(path: Path) -> Path:
    """Make a folder that the user named. One that exists keeps its mode: it may hold other things, and ours in it are private."""
    return path if path.is_dir() else private_folder(path)


def private_folder(path: Path) -> Path:
    """Make `path` and its missing parents for the owner only; close it again if it is ours and others could enter."""
    try:
        _make(path)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error for a place that cannot be written."""
    return StoreError(
        f"Cannot write to {path} ({error.strerror or error}). Runs and their artifacts are kept there. "
        "Set JUPYTER_MLFLOW_HOME to a folder that you can write to."
    )


def _make(path: Path) -> None:
    try:
        path.mkdir(PRIVATE_FOLDER)
    except FileExistsError:
        _close(path)
    except FileNotFoundError:
        for parent in reversed([parent for parent in path.parents if not parent.is_dir()]):
            parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
        path.mkdir(PRIVATE_FOLDER, exist_ok=True)


def _close(path: Path) -> None:
    """Take rights of group and others away from a folder of ours; a parent we merely passed through is never touched."""
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(20, "it is a file, not a folder", str(path))
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        path.chmod(PRIVATE_FOLDER)


def _checked_run(run: str) -> str:
    if not _RUN.fullmatch(run):
        raise UsageError(f"{run!r} is no run id: letters, digits, `-` and `_` only, at most 128.")
    return run


def _jupyter_data() -> Path:
    """Jupyter's data folder by the rules of jupyter_core, whose import would cost more than all we do here."""
    chosen = os.environ.get("JUPYTER_DATA_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return _user() / "Library" / "Jupyter"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or _user()) / "jupyter"
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else _user() / ".local" / "share") / "jupyter"


def _user() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise StoreError("No home folder is known for this user. Set JUPYTER_MLFLOW_HOME to a folder for runs and artifacts.") from error
