"""The reference of JSON documents, from the schemas in the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "jupyter_mlflow" / "schemas"

HEAD = """# JSON documents

What `--json` prints. Each document has `version`; its JSON Schema is in the package, in `jupyter_mlflow/schemas/<name>.v<version>.json`. A
document only ever grows: read the fields you need and leave the others alone. A field that goes or changes its meaning gets a new version.
A field with * is always there.
"""


def pages() -> dict[str, str]:
    """Path -> text."""
    parts = [_document(path) for path in sorted(SCHEMAS.glob("*.json"))]
    return {"docs/json.md": "\n".join([HEAD, *parts])}


def _document(path: Path) -> str:
    schema = json.loads(path.read_text(encoding="utf-8"))
    defs = schema.get("$defs", {})
    name = path.name.removesuffix(".json")
    top = _resolved(schema, defs)
    parts = [f"## {name}\n", f"{_text(top.get('description') or schema.get('description'))}\n", *_table(top)]
    for title, one in sorted(defs.items()):
        if one is not top and one.get("properties"):
            parts += [f"### {title} {{: #{name.replace('.', '-')}-{title.lower()} }}\n", f"{_text(one.get('description'))}\n", *_table(one)]
    return "\n".join(parts)


def _resolved(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    found: dict[str, Any] = defs.get(reference.rpartition("/")[2], schema)
    return found


def _table(schema: dict[str, Any]) -> list[str]:
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}`{'*' if name in required else ''} | {_type(one)} | {_text(one.get('description'))} |"
        for name, one in schema.get("properties", {}).items()
    ]
    return ["| field | type | |", "|---|---|---|", *rows, ""] if rows else []


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}" if schema.get("items") else "list"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
