"""The tags of one cell, understood.

    tag     = `step:` name | `after:` name (`,` name)* | role | `skip` | setting | foreign
    role    = `setup` | `parameters` | `metrics`
    setting = `image:` .. | `limit:` .. | `label:` .. | `annotation:` .. | `secret:` .. | `cache:` ..      (Kale's; see `kale`)

Spellings of Kale and papermill mean the same: `block:` is `step:`, `prev:` is `after:`, and roles are in `ROLES`.
A cell that begins with `%%step name --after a,b` has these tags as well (see `spec.step_magic`).
White space around a tag, its colon and its names does not count. Every other tag is foreign: kept, and none of our business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from jupyter_mlflow.notebook import kale, names
from jupyter_mlflow.notebook.cells import Dialect, NotebookCell
from jupyter_mlflow.notebook.documents import kind_of
from jupyter_mlflow.notebook.problems import ProblemKind, TagProblem, quoted
from jupyter_mlflow.spec import step_magic
from jupyter_mlflow.spec.diagnostics import Severity
from jupyter_mlflow.spec.ids import StepName
from jupyter_mlflow.spec.pipelines import Role

ROLES: dict[str, Role] = {
    "setup": "setup",
    "imports": "setup",
    "functions": "setup",
    "parameters": "parameters",
    "pipeline-parameters": "parameters",
    "injected-parameters": "parameters",
    "metrics": "metrics",
    "pipeline-metrics": "metrics",
}

TagKind = Literal["step", "after", "role", "skip", "setting", "foreign"]

STEP_PREFIXES = ("step", "block", "notebook")
AFTER_PREFIXES = ("after", "prev")


class CellTags(msgspec.Struct, frozen=True, kw_only=True):
    """What the tags of one code cell ask for; with `skip` nothing else is set."""

    cell: int
    skip: bool = False
    role: Role | None = None
    step: StepName | None = None
    after: tuple[StepName, ...] = ()
    settings: tuple[kale.TagSetting, ...] = ()
    problems: tuple[TagProblem, ...] = ()


class _Sorted(msgspec.Struct, kw_only=True):
    """Tags by what they are, as written; `step:` and `after:` with what stands behind the colon."""

    skips: list[str] = []
    roles: list[str] = []
    steps: list[tuple[str, str]] = []
    afters: list[tuple[str, str]] = []
    settings: list[str] = []

    def all(self) -> list[str]:
        """Every tag of ours."""
        return [*self.skips, *self.roles, *(tag for tag, _ in self.steps), *(tag for tag, _ in self.afters), *self.settings]


def understand(cell: NotebookCell, dialect: Dialect) -> CellTags:
    """The tags of a code cell; a first line `%%step name` counts as one."""
    found = _sort((*cell.tags, *step_magic.tags(cell.source)), dialect)
    wrong = _Problems(cell.index, dialect)
    wrong.of_shape(cell)
    if found.skips:
        wrong.of_skip(found)
        return CellTags(cell=cell.index, skip=True, problems=wrong.found())
    steps = _steps(found, wrong)
    after = _after(found, wrong)
    role = wrong.one_role(found)
    if role is not None:
        wrong.of_role(found, role)
        return CellTags(cell=cell.index, role=ROLES[role], problems=wrong.found())
    if not steps:
        wrong.without_step(found)
        return CellTags(cell=cell.index, problems=wrong.found())
    settings = tuple(wrong.settings(found))
    return CellTags(
        cell=cell.index,
        step=steps[0],
        after=wrong.not_itself(after, steps[0]),
        settings=settings,
        problems=wrong.found(),
    )


def on_text_cell(cell: NotebookCell, dialect: Dialect) -> tuple[TagProblem, ...]:
    """Problems of a Markdown or raw cell: a step's tag does nothing there."""
    found = _sort(cell.tags, dialect)
    wrong = _Problems(cell.index, dialect)
    for tag, _ in (*found.steps, *found.afters):
        wrong.add(
            "tag-on-text-cell",
            "warning",
            tag,
            f"The tag {quoted(tag)} stands on a {cell.type} cell, where it does nothing.",
            "Put the tag on the first code cell of the step.",
        )
    return wrong.found()


def split(tag: str) -> tuple[str, str] | None:
    """`head:rest` without white space around either, or None when the tag has no colon."""
    head, colon, rest = tag.partition(":")
    return (head.strip(), rest.strip()) if colon else None


def kind(tag: str, dialect: Dialect) -> TagKind:
    """What a tag is; a setting may still be another tool's tag that starts alike."""
    plain = tag.strip()
    head, _ = split(tag) or ("", "")
    if plain == "skip":
        return "skip"
    if plain in ROLES:
        return "role"
    if head in STEP_PREFIXES and (head != "notebook" or dialect == "kale"):
        return "step"
    if head in AFTER_PREFIXES:
        return "after"
    return "setting" if head in kale.SETTING_PREFIXES else "foreign"


def _sort(tags: tuple[str, ...], dialect: Dialect) -> _Sorted:
    found = _Sorted()
    for tag in dict.fromkeys(tags):
        _, rest = split(tag) or ("", "")
        what = kind(tag, dialect)
        if what == "step":
            found.steps.append((tag, rest))
        elif what == "after":
            found.afters.append((tag, rest))
        elif what != "foreign":
            {"skip": found.skips, "role": found.roles, "setting": found.settings}[what].append(tag)
    return found


def _steps(found: _Sorted, wrong: _Problems) -> list[StepName]:
    steps: dict[StepName, str] = {}
    for tag, text in found.steps:
        name = wrong.name(tag, text, "step")
        if name:
            steps.setdefault(name, tag)
            wrong.of_kale_notebook(tag, name)
    for name, tag in list(steps.items())[1:]:
        first = next(iter(steps))
        wrong.add(
            "two-steps",
            "error",
            tag,
            f"The cell belongs to two steps, `{first}` and `{name}`.",
            f"Keep one of the tags {quoted(steps[first])} and {quoted(tag)}, or split the cell.",
        )
    return list(steps)


def _after(found: _Sorted, wrong: _Problems) -> list[tuple[str, StepName]]:
    named = ((tag, wrong.name(tag, one, "after")) for tag, text in found.afters for one in text.split(","))
    return [(tag, name) for tag, name in named if name]


class _Problems:
    """Collects the problems of one cell, in the order in which they are found."""

    def __init__(self, cell: int, dialect: Dialect) -> None:
        self._cell = cell
        self._dialect = dialect
        self._found: list[TagProblem] = []

    def found(self) -> tuple[TagProblem, ...]:
        return tuple(self._found)

    def add(self, kind: ProblemKind, severity: Severity, tag: str, message: str, fix: str) -> None:
        self._found.append(TagProblem(kind=kind, severity=severity, cell=self._cell, tag=tag, message=message, fix=fix))

    def _unless_kale(self) -> Severity:
        """Kale takes the first of its special tags and ignores all others, so its notebooks may hold such cells and still mean something."""
        return "warning" if self._dialect == "kale" else "error"

    def of_shape(self, cell: NotebookCell) -> None:
        tags = cell.metadata.get("tags", [])
        if not isinstance(tags, list):
            shown = quoted(tags) if isinstance(tags, str) else kind_of(tags)
            message = f"The cell's tags are {shown}; they must be a list of texts, so none of them counts."
            self.add("malformed-tags", "error", str(tags)[:200], message, 'Write `"tags": ["step:name"]` in the cell\'s metadata.')
        elif len(cell.tags) < len(tags):
            other = next(one for one in tags if not isinstance(one, str))
            message = f"One of the cell's tags is {kind_of(other)}, not a text; it does nothing."
            self.add("malformed-tags", "warning", str(other)[:200], message, "Remove it.")

    def of_skip(self, found: _Sorted) -> None:
        others = [tag for tag in found.all() if tag not in found.skips]
        if others:
            shown = ", ".join(quoted(one) for one in others)
            message = f"The cell is skipped, so {shown} on it does nothing."
            self.add("skip-and-others", "info", others[0], message, "Remove the tag `skip` when the cell is to run again.")

    def name(self, tag: str, text: str, prefix: str) -> StepName | None:
        """The step name that `text` spells."""
        if not text.strip():
            if self._dialect != "kale":
                message = f"The tag {quoted(tag)} names no step; the cell counts as untagged."
                self.add("empty-name", "warning", tag, message, f"Write `{prefix}:` and a name, or remove the tag.")
            return None
        name = names.step_name(text)
        if name is None:
            message = f"{quoted(text.strip())} cannot be a step's name: it {names.why_invalid(text)}."
            self.add("bad-step-name", "error", tag, message, f"For example `{prefix}:{names.suggestion(text)}`.")
        return name

    def of_kale_notebook(self, tag: str, name: StepName) -> None:
        head, _ = split(tag) or ("", "")
        if head == "notebook":
            message = f"Kale runs another notebook in step `{name}`; here the step runs the code of this cell."
            fix = f"Use {quoted('step:' + name)} if that is what you want."
            self.add("kale-notebook-step", "warning", tag, message, fix)

    def one_role(self, found: _Sorted) -> str | None:
        """The first role tag; another that means something else is a problem."""
        plain = [one.strip() for one in found.roles]
        for tag, one in zip(found.roles, plain, strict=True):
            if ROLES[one] != ROLES[plain[0]]:
                message = f"The cell has the tags `{plain[0]}` and `{one}`, which mean different things."
                self.add("two-roles", self._unless_kale(), tag, message, "Keep one of them, or split the cell.")
                break
        return plain[0] if plain else None

    def of_role(self, found: _Sorted, role: str) -> None:
        """Tags of steps do nothing on a cell that has a role."""
        for tag, _ in found.steps:
            message = f"The cell has the tags `{role}` and {quoted(tag)}: it cannot be both `{role}` and part of a step."
            self.add("role-and-step", self._unless_kale(), tag, message, "Keep one of them, or split the cell.")
        if found.steps:
            return
        for tag, _ in found.afters:
            message = f"{quoted(tag)} stands on a `{role}` cell; only a step can wait for another."
            self.add("after-without-step", self._unless_kale(), tag, message, "Remove the tag, or give the cell a `step:` tag instead.")
        for tag in self._our_settings(found):
            message = f"{quoted(tag)} stands on a `{role}` cell; only a step has settings."
            self.add("setting-without-step", "warning", tag, message, "Remove the tag, or put it on a cell with a `step:` tag.")

    def without_step(self, found: _Sorted) -> None:
        """Only a cell with a valid `step:` tag can have others that are about steps."""
        if any(one.kind == "bad-step-name" for one in self._found):
            return
        for tag, rest in found.afters:
            if rest:
                message = f"{quoted(tag)} stands on a cell without a `step:` tag, so it is not clear which step is to wait."
                self.add(
                    "after-without-step",
                    "error",
                    tag,
                    message,
                    "Add a `step:` tag to this cell, or move the tag to the first cell of the step.",
                )
        for tag in self._our_settings(found):
            message = f"{quoted(tag)} stands on a cell without a `step:` tag, so it is not clear which step it is for."
            severity: Severity = "error" if self._dialect == "kale" else "warning"
            self.add(
                "setting-without-step",
                severity,
                tag,
                message,
                "Add a `step:` tag to this cell, or move the tag to the first cell of the step.",
            )

    def settings(self, found: _Sorted) -> Iterator[kale.TagSetting]:
        """Settings of a step's cell; a malformed one may be another tool's tag unless the notebook is Kale's."""
        for tag in found.settings:
            setting = kale.tag_setting(tag, self._cell)
            if isinstance(setting, kale.TagSetting):
                yield setting
            else:
                severity: Severity = "error" if self._dialect == "kale" else "warning"
                self.add(
                    "bad-setting",
                    severity,
                    tag,
                    f"The tag {quoted(tag)} cannot be understood: {setting}.",
                    f"Write it as `{kale.form(tag)}`.",
                )

    def _our_settings(self, found: _Sorted) -> list[str]:
        """Tags that are surely settings: in Kale's notebooks all that look like one, elsewhere those that are well-formed."""
        return [tag for tag in found.settings if self._dialect == "kale" or isinstance(kale.tag_setting(tag, self._cell), kale.TagSetting)]

    def not_itself(self, after: list[tuple[str, StepName]], step: StepName) -> tuple[StepName, ...]:
        """Names to wait for, each once, without the step's own."""
        for tag, name in after:
            if name == step:
                self.add("after-itself", "error", tag, f"Step `{step}` is to run after itself.", f"Remove the tag {quoted(tag)}.")
        return tuple(dict.fromkeys(name for _, name in after if name != step))
