"""Digests of values that nobody may guess back: a password of six letters is found from its plain digest in no time.

Each home has a random key of its own. Digests made with it compare equal in this home and say nothing elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from blake3 import blake3

from jupyter_mlflow.errors import StoreError
from jupyter_mlflow.store import places

_SIZE = blake3.key_size


def salt(home: Path) -> bytes:
    """The home's key; the first process that asks makes it."""
    path = home / "salt"
    try:
        return _read(path)
    except FileNotFoundError:
        return _made(path)


def of_value(value: Any, key: bytes) -> str:
    """Salted digest of a JSON value. Other values count by their type and text, so that at worst a step runs again."""
    text = json.dumps(value, sort_keys=True, default=lambda other: [type(other).__qualname__, repr(other)])
    return blake3(text.encode("utf-8", "surrogatepass"), key=key).hexdigest(16)


def _read(path: Path) -> bytes:
    found = path.read_bytes()
    if len(found) != _SIZE:
        raise StoreError(f"{path} is damaged. Delete it; steps that have parameters will run again once.")
    return found


def _made(path: Path) -> bytes:
    """Written beside its place and linked into it, so that of several processes one wins and none reads half of it."""
    beside = path.with_name(f"salt-{os.urandom(8).hex()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, places.PRIVATE_FILE)
    except OSError as error:
        raise places.unwritable(path, error) from error
    try:
        os.write(descriptor, os.urandom(_SIZE))
        try:
            os.link(beside, path)
        except FileExistsError:  # another process was first
            pass
        except OSError:  # a disk without links: if two salts meet here, some steps run again
            beside.replace(path)
    finally:
        os.close(descriptor)
        beside.unlink(missing_ok=True)
    return _read(path)
