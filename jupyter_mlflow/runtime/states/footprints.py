"""Files and connections that a step touches; files that must not be written twice, and temporary ones that must outlive it."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterable, List, Optional, Tuple

from jupyter_mlflow.runtime.portable import identities
from jupyter_mlflow.runtime.states import beginnings


class Here:
    """What was noticed since the step began."""

    files_read: Dict[str, None] = {}
    files_written: Dict[str, None] = {}
    outside: Dict[str, None] = {}  # absolute paths written
    temporary: List[str] = []  # files and folders of `tempfile` that outlive the step
    kept: Optional[Dict[str, Tuple[Optional[bytes], bool]]] = None  # files before an import wrote them; whether it only appends
    before: Dict[str, Tuple[int, int]] = {}
    network = False
    unseen = False
    listening = False
    hooked = False


def _hook(event: str, arguments: Tuple[Any, ...]) -> None:
    if Here.kept is not None and event == "open":
        _keep(*arguments)
    if not Here.listening:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)):
            name = os.fsdecode(path)
            writes = _writes(mode, flags)
            _note(name, Here.files_written if writes else Here.files_read)
            if writes and os.path.isabs(name):
                Here.outside[name] = None
            if writes and mode and set(mode) & set("a+"):
                _note(name, Here.files_read)
    elif event == "socket.connect":
        Here.network = Here.network or not isinstance(arguments[1], (str, bytes))


def _writes(mode: Any, flags: Any) -> bool:
    return bool(mode and set(mode) & set("wax+")) or (mode is None and bool(flags & (os.O_WRONLY | os.O_RDWR)))


def _note(name: str, where: Dict[str, None]) -> None:
    path = _inside(name) or _beyond(name)
    if path:
        where[path] = None


def _inside(name: str) -> str:
    """The path of a file in the notebook's folder."""
    path = os.path.normpath(os.path.join(os.getcwd(), name))
    ours = path.startswith(beginnings.Here.folder + os.sep) and not path.endswith(".pyc")
    return path if ours and "__pycache__" not in path and "site-packages" not in path and "/.ipython" not in path else ""


def _beyond(name: str) -> str:
    """The path of a file elsewhere that may be the user's data: no part of an installation or of the system, no cache or configuration."""
    path = os.path.normpath(os.path.join(os.getcwd(), name))
    if path.startswith(beginnings.Here.folder + os.sep) or os.sep + "." in path or path.endswith((".pyc", ".py", ".so")):
        return ""
    return "" if path.startswith(_NO_DATA) or "site-packages" in path or "joblib_memmapping" in path else path


# Programs, devices and settings of the machine, and this Python; `/home`, `/data`, `/mnt` and the like hold data.
_NO_DATA = (
    *"/bin/ /boot/ /dev/ /etc/ /lib /opt/ /proc/ /run/ /sbin/ /snap/ /sys/ /usr/ /System/ /Library/".split(),
    *(os.path.join(one, "") for one in (sys.prefix, sys.base_prefix, sys.exec_prefix)),
)


def _keep(path: Any, mode: Any, flags: Any) -> None:
    """Before a file is written while modules are imported again: keep what it holds."""
    kept, name = Here.kept, _inside(os.fsdecode(path)) if isinstance(path, (str, bytes)) and _writes(mode, flags) else ""
    if kept is None or not name:
        return
    appends = mode is not None and "a" in mode
    if name in kept:
        kept[name] = kept[name][0], kept[name][1] and appends
        return
    Here.kept = None  # not this time
    kept[name] = _bytes(name), appends
    Here.kept = kept


def _bytes(name: str) -> Optional[bytes]:
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return None


def undo() -> List[str]:
    """What an import wrote in Run All it wrote once: put files back. Those that it did not only append to cannot be right."""
    kept, Here.kept, wrong = Here.kept or {}, None, []
    for name, (before, appends) in kept.items():
        if _bytes(name) == before:
            continue
        if not appends:
            wrong.append(os.path.relpath(name, beginnings.Here.folder))
        if before is None:
            os.unlink(name)
        else:
            with open(name, "wb") as file:
                file.write(before)
    return wrong


def _scan(folder: str) -> Dict[str, Tuple[int, int]]:
    """Time and size of the files below the folder, so that native writers are seen too."""
    found: Dict[str, Tuple[int, int]] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in {"node_modules", "__pycache__"}]
        for name in names:
            path = os.path.join(place, name)
            try:
                state = os.stat(path)
            except OSError:
                continue
            found[path] = (state.st_mtime_ns, state.st_size)
        if len(found) > 20_000:
            break
    return found


def listen() -> None:
    """From here on, notice what the step touches."""
    Here.files_read, Here.files_written, Here.outside, Here.network = {}, {}, {}, False
    Here.before = _scan(beginnings.Here.folder)
    install()
    Here.listening = True


def install() -> None:
    """Be told of files that are opened; a hook can never be removed."""
    if not Here.hooked:
        sys.addaudithook(_hook)
        Here.hooked = True


def files(outbox: str, ignored: Iterable[str] = ()) -> Tuple[List[str], List[str]]:
    """Files that the step read and wrote."""
    ours = (
        os.path.join(beginnings.Here.folder, os.path.relpath(outbox, beginnings.Here.folder).split(os.sep)[0]) + os.sep
    )  # a home inside the folder
    now, before = {path: state for path, state in _scan(beginnings.Here.folder).items() if not path.startswith(ours)}, Here.before
    temporary = _temporary_folder()
    lasts = {path for path in (*Here.files_read, *Here.files_written) if _beyond(path) and os.path.isfile(path)}
    written = {path for path in Here.files_written if path in now or (path in lasts and not path.startswith(temporary))}
    others = frozenset(ignored)
    lasting = any(path.startswith(temporary) and "joblib_memmapping" not in path and os.path.exists(path) for path in Here.outside)
    # a native library, a command or another step beside this one: nobody can tell which, so the step is not reused
    Here.unseen = lasting or any(before.get(path) != state for path, state in now.items() if path not in written and path not in others)
    read = {path for path in Here.files_read if path in before or (path in lasts and path not in Here.files_written)}
    return sorted(read), sorted(written)


def _temporary_folder() -> str:
    tempfile = sys.modules.get("tempfile")
    return os.path.join(tempfile.gettempdir(), "") if tempfile is not None else os.devnull


def outlive(namespace: Dict[str, Any], gives: Any) -> None:
    """Files and folders of `tempfile` last as long as their object: those left here last until the run is done, unless no step follows."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is None or not gives:
        return
    import weakref

    for finalizer, about in list(getattr(weakref.finalize, "_registry", {}).items()):
        if getattr(about.func, "__qualname__", "") == "TemporaryDirectory._cleanup":
            finalizer.detach()
            Here.temporary.append(str(about.args[0]))
    for value in namespace.values():
        if type(value) is tempfile._TemporaryFileWrapper:
            value._closer.delete = False
            Here.temporary.append(str(value.name))


def _directory(kind: Any, state: Dict[str, Any]) -> Any:
    """A temporary folder that arrives is removed with its object, or by `cleanup()`, but not at the end of this process."""
    import atexit
    import weakref

    made = kind.__new__(kind)
    vars(made).update(state)
    made._finalizer = weakref.finalize(made, kind._cleanup, made.name, warn_message="Implicitly cleaning up %r" % made)
    atexit.register(made._finalizer.detach)  # runs before IPython drops its namespace, and after a failure too
    return made


def only_once(files: List[str]) -> None:
    """Refuse when an import wrote files that cannot be put back."""
    if files:
        raise RuntimeError(
            "importing them again, or a setup cell that configures, writes %s anew, which Run All does once; write it in a cell of a step"
            % ", ".join("`%s`" % one for one in files)
        )


identities.loader(_directory)


def _way(kind: type) -> Any:
    tempfile = sys.modules.get("tempfile")
    return _reduce_directory if tempfile is not None and issubclass(kind, tempfile.TemporaryDirectory) else None


def _reduce_directory(_: Any, one: Any) -> Any:
    return _directory, (type(one), {key: value for key, value in vars(one).items() if key != "_finalizer"})


identities.Here.specials.append(_way)
