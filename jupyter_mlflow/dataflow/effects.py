"""What one cell does to the names and the world around it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Memo:
    """A call of a function that remembers its results; `impure` when a forgotten result could be seen."""

    name: str
    line: int
    impure: bool


@dataclass(frozen=True)
class Stay:
    """Something that a call leaves behind in this process only; `words` for people."""

    line: int
    words: str


@dataclass(frozen=True)
class Lingering:
    """A thread or task that may still run when its step ends, and the names that it may change; `files` when it may write some."""

    kind: str  # thread, task
    line: int
    names: frozenset[str]
    files: bool


@dataclass
class Effects:
    """Names are those of the notebook's namespace. Lines count from 1 in the cell.

    `reads[name]` is True when the name is certainly read, before this cell certainly bound it.
    `writes[name]` is True when the name is certainly bound again, False when it may be bound, changed or deleted.
    """

    cell: int
    reads: dict[str, bool] = field(default_factory=dict)
    writes: dict[str, bool] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)  # names that may be gone when the cell ends
    changes: set[str] = field(default_factory=set)  # names whose object may be changed in place
    names: set[str] = field(default_factory=set)  # names that stand in the text, not only behind a call
    lines: dict[str, int] = field(default_factory=dict)  # first line that mentions a name
    sure: set[str] = field(default_factory=set)  # names and keys that certainly get a new state, though not a new binding
    memos: dict[int, Memo] = field(default_factory=dict)  # cached functions called here, by region
    guarded: set[str] = field(default_factory=set)  # read inside `try`, so a NameError is foreseen
    keys_read: dict[str, bool] = field(default_factory=dict)  # random:..., process:..., patch:...
    keys_written: dict[str, bool] = field(default_factory=dict)
    seeded: dict[str, int] = field(default_factory=dict)  # random:... keys given a known state -> line
    files_read: dict[str, int] = field(default_factory=dict)  # path or `*` -> line
    files_written: dict[str, int] = field(default_factory=dict)
    reads_any: int = 0  # line of code that may read any name (`eval`, `globals()`); 0 when there is none
    writes_any: int = 0
    together: list[frozenset[str]] = field(default_factory=list)  # names that may show one object that is changed or compared here
    nans: dict[frozenset[str], int] = field(default_factory=dict)  # names by which a NaN is compared with itself -> line
    former: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)  # such names -> names that once showed the same
    links: bool = False  # makes a second name for a file
    history: dict[str, int] = field(default_factory=dict)  # `_`, `Out[3]` and the like -> line
    modules: set[str] = field(default_factory=set)  # dotted modules imported
    imports: dict[str, str] = field(default_factory=dict)  # name bound by an import -> its text; empty when it may not run
    hidden: dict[str, int] = field(default_factory=dict)  # modules whose inner state a call may have changed -> line
    stays: dict[str, Stay] = field(default_factory=dict)  # what cannot leave this process, by the name of the call
    lingering: list[Lingering] = field(default_factory=list)  # threads and tasks started here
    joins: bool = False  # waits for them
    rewrites: dict[str, int] = field(default_factory=dict)  # what changes the text of all later cells -> line
    uses: set[str] = field(default_factory=set)  # top-level modules that this cell calls into
    live: dict[str, str] = field(default_factory=dict)  # names bound to what exists only in one process -> words for it
    kinds: dict[str, str] = field(default_factory=dict)  # names bound here -> `definition` or `variable`
    definite: set[str] = field(default_factory=set)  # live names that are certainly of that kind
    magics: dict[str, int] = field(default_factory=dict)  # magics we know nothing of -> line
    replay: tuple[str, ...] = ()  # statements that configure libraries
    replay_reads: set[str] = field(default_factory=set)
    error: SyntaxError | None = None
    shows: bool = False  # ends in an expression, so `_` and Out get a value

    def read(self, name: str, *, certain: bool, line: int) -> None:
        self.reads[name] = self.reads.get(name, False) or certain
        self.lines.setdefault(name, line)

    def write(self, name: str, *, certain: bool, line: int) -> None:
        self.writes[name] = self.writes.get(name, False) or certain
        self.lines.setdefault(name, line)
