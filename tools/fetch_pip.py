"""Installs pip into an environment that was made without it: a wheel is a zip that Python can run.

The index is pip's own choice of index: PIP_INDEX_URL, else `index-url` of a pip.conf, else PyPI.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

PYPI = "https://pypi.org/simple"
CONFIGS = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf", "$PIP_CONFIG_FILE")  # the last one wins
LINK = re.compile(r'<a\s[^>]*href="([^"]*/pip-([0-9.]+)-py3-none-any\.whl)#sha256=([0-9a-f]{64})"[^>]*>')


def index() -> str:
    """The address of the package index."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(Path(os.path.expandvars(name)).expanduser() for name in CONFIGS)
    return os.environ.get("PIP_INDEX_URL") or parser.get("global", "index-url", fallback="") or PYPI


def get(url: str) -> bytes:
    """What is at `url`, as HTML where the index can choose."""
    if not url.startswith(("https://", "http://")):
        sys.exit(f"{url} is no address of a package index. Install python3-venv (apt-get install python3-venv) and try again.")
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def newest(page: str) -> tuple[str, str]:
    """Address and digest of the newest pip that was not withdrawn."""
    links = [link for link in LINK.finditer(page) if "data-yanked" not in link[0]]
    if not links:
        sys.exit("The package index has no pip. Install python3-venv (apt-get install python3-venv) and try again.")
    last = max(links, key=lambda link: [int(part) for part in link[2].split(".")])
    return last[1], last[3]


def main() -> None:
    """Download, check, install."""
    page = index().rstrip("/") + "/pip/"
    link, digest = newest(get(page).decode())
    wheel = get(urllib.parse.urljoin(page, link))
    if hashlib.sha256(wheel).hexdigest() != digest:
        sys.exit("The pip that was downloaded is not the one that the index promised; nothing was installed.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(link).name
        file.write_bytes(wheel)
        subprocess.run([sys.executable, f"{file}/pip", "install", "-q", "--no-index", str(file)], check=True)


if __name__ == "__main__":
    main()
