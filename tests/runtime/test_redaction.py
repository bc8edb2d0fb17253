"""A secret is hidden in every form that text commonly gives it, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest

from jupyter_mlflow.runtime.redaction import Redactor
from jupyter_mlflow.spec.tasks import HIDDEN

SECRETS = ("Zq9plainsecretzz", "hunter2-Sécret\"X'", "a/b+c?=&d<e>", "line one\nline two")
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "JSON": json.dumps,
    "JSON as it is": lambda secret: json.dumps(secret, ensure_ascii=False),
    "HTML": html.escape,
    "URL": quote,
    "URL, all": lambda secret: quote(secret, safe=""),
    "form": quote_plus,
    "query": lambda secret: urlencode({"token": secret}),
    "hex": lambda secret: secret.encode().hex(),
    **{
        f"base64 of {before!r} and {after!r} around it": lambda secret, before=before, after=after: base64.b64encode(
            f"{before}{secret}{after}".encode()
        ).decode()
        for before in ("", "u", "us", "user:")
        for after in ("", "a", "ab", "@host")
    },
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"user:{secret}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_hidden(secret: str, form: Callable[[str], str]) -> None:
    shown = Redactor([secret]).text(f"before {form(secret)} behind")
    assert HIDDEN in shown
    assert shown.startswith("before ")
    assert shown.endswith(" behind")
    assert form(secret) not in shown


def test_texts_without_the_secret_stay() -> None:
    text = base64.b64encode(bytes(range(256)) * 40).decode() + " plain " + "0123456789abcdef" * 40
    assert Redactor(SECRETS).text(text) == text


@pytest.mark.parametrize(
    "form", [str, repr, lambda secret: base64.b64encode(secret.encode()).decode(), lambda secret: secret.encode().hex()]
)
def test_seen_in_files(form: Callable[[str], str], tmp_path: Path) -> None:
    redactor = Redactor([SECRETS[0]])
    (tmp_path / "with").write_bytes(pickle.dumps({"a": [form(SECRETS[0])]}))
    (tmp_path / "without").write_bytes(pickle.dumps({"a": ["b"]}))
    (tmp_path / "empty").touch()
    assert [redactor.file_holds_secret(tmp_path / name) for name in ("with", "without", "empty", "missing")] == [True, False, False, False]
