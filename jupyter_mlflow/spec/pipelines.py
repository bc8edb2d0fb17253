"""What a tagged notebook becomes: steps in notebook order, and edges with the channels that travel on them.

Pipeline = Step* Edge* Parameter*
Step     = Cell+ reads gives settings
Edge     = source -> target, Channel*        (target waits for source)
Channel  = one kind of thing that travels, with its certainty and the cells that cause it
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from jupyter_mlflow.spec.ids import Key, StepName

ChannelKind = Literal["variable", "definition", "random", "process", "file"]
"""`variable` a value; `definition` an import, function or class; `random` a generator's state;
`process` environment, folder, import path, library options; `file` something on disk."""

Certainty = Literal["certain", "possible", "observed"]
"""`certain` follows from the code; `possible` cannot be ruled out from the code; `observed` was seen in a real run."""

Role = Literal["step", "setup", "parameters", "metrics"]
"""`step` was tagged with a name; the others come from the tags of the same name and are named after them."""

ASIDE: frozenset[Role] = frozenset({"setup", "parameters"})
"""Roles of steps that are no steps of the user's: they stand apart in drawings and reports."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that travels along an edge."""

    kind: ChannelKind
    name: str  # variable or definition name, generator, option group, path
    certainty: Certainty = "certain"
    cells: tuple[int, ...] = ()  # notebook indices of the cells that write and read it


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """`target` may start once `source` is done."""

    source: StepName
    target: StepName
    channels: tuple[Channel, ...] = ()
    explicit: bool = False  # an `after:` tag asks for it


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A code cell as it stands in the notebook."""

    id: str
    index: int  # among all cells, from 0
    count: int  # the execution count that Run All would show
    source: str
    tags: tuple[str, ...] = ()


class Resources(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a step may use; amounts as Kubernetes writes them (`500m`, `2`, `512Mi`, `4Gi`)."""

    cpu: str | None = None
    memory: str | None = None
    ephemeral_storage: str | None = None
    gpu: str | None = None
    others: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step's settings, from notebook metadata `jupyter_mlflow.steps.<name>` or Kale tags."""

    image: str | None = None
    requests: Resources = Resources()
    limits: Resources = Resources()
    retries: int = 0
    retry_delay: float = 1.0  # seconds before the first retry, doubled each time
    timeout: float | None = None  # seconds for one attempt
    cache: bool = True
    env: dict[str, str] = {}
    secrets: tuple[dict[str, str], ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    other: dict[str, Any] = {}  # kept for engines we do not know


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """State that a step starts with: `key` as it was when `source` ended."""

    key: Key
    source: StepName
    certain: bool = True


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that run together in one process, what they start with and what others need of them."""

    name: StepName
    role: Role = "step"
    cells: tuple[Cell, ...] = ()
    after: tuple[StepName, ...] = ()  # explicit, from tags
    reads: tuple[Read, ...] = ()
    gives: tuple[Key, ...] = ()  # captured when the step ends, because a later step reads them
    replay: tuple[str, ...] = ()  # Python statements of earlier setup cells that configure libraries; run silently at the start
    modules: tuple[str, ...] = ()  # dotted modules that earlier cells imported, for `import a.b`
    metrics: tuple[str, ...] = ()  # names whose numbers are the run's metrics
    settings: Settings = Settings()


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A name assigned in a `parameters` cell; `type` is a Python type name or None when it cannot be told."""

    name: str
    type: str | None = None
    default: Any = None  # a JSON value, or None when the default is not a literal
    default_source: str = ""
    help: str = ""
    cell: int = 0  # notebook index
    secret: bool = False


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """What the notebook's metadata asks to run it."""

    name: str = "python3"
    language: str = "python"
    display_name: str = ""

    @property
    def is_python(self) -> bool:
        """Whether its cells can be read, and variables travel between them."""
        return self.language.lower() in {"python", "ipython", ""}


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook as steps and edges.

    Steps are in notebook order of their first cell. A step whose cells stand apart may wait for one below it.
    """

    name: str
    kernel: Kernel = Kernel()
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    parameters: tuple[Parameter, ...] = ()

    @property
    def waits(self) -> dict[str, list[str]]:
        """What each step waits for."""
        found: dict[str, list[str]] = {str(step.name): [] for step in self.steps}
        for edge in self.edges:
            found[str(edge.target)].append(str(edge.source))
        return found
