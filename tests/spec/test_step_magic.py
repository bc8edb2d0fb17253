"""The first line `%%step` is a tag; what stands below is the cell."""

from __future__ import annotations

import pytest

from jupyter_mlflow.spec import step_magic


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = 1", "x = 1"),
        ("%%step a\nx = 1\ny", "# a\nx = 1\ny"),
        ("%%step a --after b\n\nx", "# a --after b\n\nx"),
        ("%%step a\n%%time\nx", "%%time\nx"),
        ("%%step a\n\n%%bash\nls", "\n%%bash\nls"),
        ("%%step a", "# a"),
        ("\n  %%step a\nx", "# a\nx"),
        ("%%stepping a\nx", "%%stepping a\nx"),
        ("x\n%%step a", "x\n%%step a"),
    ],
)
def test_without(source: str, code: str) -> None:
    assert step_magic.without(source) == code
