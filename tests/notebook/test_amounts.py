"""Amounts as Kubernetes writes them."""

from __future__ import annotations

import pytest

from jupyter_mlflow.notebook import amounts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("500m", 0.5),
        ("1k", 1e3),
        ("1.5M", 1.5e6),
        ("2G", 2e9),
        ("3T", 3e12),
        ("1P", 1e15),
        ("1E", 1e18),
        ("1Ki", 1024.0),
        ("512Mi", 512.0 * 1024**2),
        ("1.5Gi", 1.5 * 1024**3),
        ("1Ti", 1024.0**4),
        ("1Pi", 1024.0**5),
        ("2Ei", 2 * 1024.0**6),
        ("1e9", 1e9),
        ("2E3", 2e3),
        ("5e-1", 0.5),
    ],
)
def test_what_is_accepted_has_a_number(text: str, number: float) -> None:
    assert amounts.amount(text) == text
    assert amounts.number(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["512Mb", "-1", "lots", "", "1 Gi", "Gi", "1Kib", "0x10", "nan", "inf", "1e", "٣"])
def test_what_is_no_amount_is_neither_accepted_nor_counted(text: str) -> None:
    for function in (amounts.amount, amounts.number):
        with pytest.raises(ValueError, match="is no amount"):
            function(text)
