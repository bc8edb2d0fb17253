#!/bin/sh
# Makes the virtual environment .venv, with pip, and nothing but a Python >= 3.10 to start from.
#
# Debian and Ubuntu ship Python without `ensurepip`, so that `python3 -m venv` fails until python3-venv is installed.
# We need no such package and no root: the environment is made without pip, and pip comes from the package index.
set -eu

venv=${1:?the folder of the environment}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" && echo "$PYTHON" && return
        echo "PYTHON=$PYTHON is no Python 3.10 or newer." >&2
        return 1
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        new_enough "$name" && echo "$name" && return
    done
    echo "No Python 3.10 or newer was found. Install one, or name one: make PYTHON=/path/to/python3 demo" >&2
    return 1
}

if "$venv/bin/python" -m pip --version >/dev/null 2>&1 && new_enough "$venv/bin/python"; then
    exit 0
fi
python=$(find_python)
rm -rf "$venv"
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$venv"
else
    "$python" -m venv --without-pip "$venv" || {
        echo "$python has no venv module. Install it: apt-get install python3-venv" >&2
        exit 1
    }
    "$venv/bin/python" "$(dirname "$0")/fetch_pip.py"
fi
