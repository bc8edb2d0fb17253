"""How the tables of a home came to be: numbered steps, each applied once, in one transaction with its number.

The number stands in SQLite's own `user_version`. Steps are never edited after a release, only added.
"""

from __future__ import annotations

import sqlite3

from jupyter_mlflow.errors import StoreError

# Steps[n] leads from version n to n + 1.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        # `body` is the Run without its steps, as JSON, and is the truth; the other columns repeat what lists ask for.
        """
        CREATE TABLE run (
            run TEXT PRIMARY KEY,
            notebook TEXT NOT NULL,
            state TEXT NOT NULL,
            started REAL NOT NULL,
            pid INTEGER NOT NULL,
            birth TEXT NOT NULL,
            machine TEXT NOT NULL,
            touched REAL NOT NULL,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX run_by_start ON run (started)",
        "CREATE INDEX run_by_notebook ON run (notebook, started)",
        "CREATE INDEX run_by_state ON run (state)",
        # `position` keeps the order in which steps were first recorded, which is the notebook's.
        """
        CREATE TABLE step (
            run TEXT NOT NULL REFERENCES run (run) ON DELETE CASCADE,
            name TEXT NOT NULL,
            position INTEGER NOT NULL,
            state TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run, name)
        ) WITHOUT ROWID
        """,
        # `body` is the Event without its number.
        """
        CREATE TABLE event (
            run TEXT NOT NULL REFERENCES run (run) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (run, number)
        )
        """,
        # What a step was made of, by the key of its ingredients; notebook and step find the entry to compare with.
        """
        CREATE TABLE entry (
            key TEXT PRIMARY KEY,
            notebook TEXT NOT NULL,
            step TEXT NOT NULL,
            made REAL NOT NULL,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX entry_by_step ON entry (notebook, step, made)",
        # One time the step ran with these ingredients: what else it read, and what came of it.
        """
        CREATE TABLE trace (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL REFERENCES entry (key) ON DELETE CASCADE,
            made REAL NOT NULL,
            used REAL NOT NULL,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX trace_by_key ON trace (key, made)",
        # What is known of files by their signature, so that they need not be read again. May be emptied at any time.
        """
        CREATE TABLE known (
            path TEXT PRIMARY KEY,
            signature TEXT NOT NULL,
            value TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    ),
)


def migrate(connection: sqlite3.Connection, shown: str) -> None:
    """Bring the tables to this version; several processes may try at once. `shown` names the file in messages."""
    if version(connection) == len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply(connection, shown)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _apply(connection: sqlite3.Connection, shown: str) -> None:
    found = version(connection)
    if found > len(STEPS):
        raise StoreError(
            f"The run history {shown} was written by a newer jupyter_mlflow (its version is {found}, this one reads up to "
            f"{len(STEPS)}). Upgrade jupyter_mlflow, or set JUPYTER_MLFLOW_HOME to another folder."
        )
    for step in STEPS[found:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def version(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 for an empty database."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
