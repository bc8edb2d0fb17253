"""Makes the small CSV files of the examples: invented, with a fixed seed, so that anyone can make the same ones again.

python example_notebooks/make_data.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def customers(rows: int = 1600) -> pd.DataFrame:
    """Customers of a telephone company; those with a monthly contract, high price and many calls leave more often."""
    rng = np.random.default_rng(7)
    contract = rng.choice(["monthly", "one year", "two years"], rows, p=[0.55, 0.25, 0.20])
    months = np.where(contract == "monthly", rng.geometric(0.06, rows), rng.integers(1, 72, rows)).clip(0, 72)
    internet = rng.choice(["none", "dsl", "fibre"], rows, p=[0.2, 0.4, 0.4])
    price = np.select([internet == "none", internet == "dsl"], [20, 52], 84) + rng.normal(0, 7, rows)
    calls = rng.poisson(0.6 + 0.7 * (internet == "fibre"), rows)
    payment = rng.choice(["transfer", "card", "cheque"], rows, p=[0.4, 0.35, 0.25])
    rare = (calls > 2) & (months < 24)  # what a straight line cannot see: many calls only matter while a customer is new
    risk = 1.3 * (contract == "monthly") - 0.9 * (contract == "two years") - 0.03 * months + 0.02 * price + 0.3 * calls
    risk += 1.6 * rare + 0.5 * (payment == "cheque") - 2.6
    churned = rng.random(rows) < 1 / (1 + np.exp(-risk))
    paid = (months * price * rng.normal(1, 0.03, rows)).round(2)
    return pd.DataFrame(
        {
            "customer": [f"C{number:05d}" for number in rng.permutation(rows)],
            "months": months,
            "contract": contract,
            "internet": internet,
            "payment": payment,
            "support_calls": calls,
            "monthly_price": price.round(2),
            "total_paid": np.where(rng.random(rows) < 0.02, np.nan, paid),
            "churned": np.where(churned, "yes", "no"),
        }
    )


def demand(days: int = 1096) -> pd.DataFrame:
    """Electricity of a town by day: weeks, seasons, cold and heat, holidays, slow growth, and noise that remembers yesterday."""
    rng = np.random.default_rng(11)
    date = pd.date_range("2021-01-01", periods=days)
    weather = _remembering(rng.normal(0, 2.2, days), 0.75)
    temperature = 11 - 9.5 * np.cos(2 * np.pi * (date.day_of_year - 20) / 365.25) + weather
    holiday = np.isin(date.strftime("%m-%d"), ["01-01", "05-01", "10-03", "12-25", "12-26"])
    weekend = date.day_of_week.to_numpy()
    load = 310 + 0.02 * np.arange(days) + 3.1 * np.maximum(15 - temperature, 0) + 4.5 * np.maximum(temperature - 21, 0)
    load += np.select([weekend == 5, weekend == 6], [-32, -48], 0) - 40 * (holiday & (weekend < 5))
    return pd.DataFrame(
        {
            "date": date,
            "demand": (load + _remembering(rng.normal(0, 5, days), 0.5)).to_numpy().round(1),
            "temperature": np.asarray(temperature).round(1),
            "holiday": holiday.astype(int),
        }
    )


def _remembering(noise: np.ndarray, memory: float) -> np.ndarray:
    found = np.zeros_like(noise)
    for day, one in enumerate(noise):
        found[day] = one + (memory * found[day - 1] if day else 0)
    return found


def orders(rows: int = 360) -> pd.DataFrame:
    """A quarter of a small shop's orders."""
    rng = np.random.default_rng(5)
    catalogue = {"mug": 9.5, "teapot": 32.0, "tea, green": 6.8, "tea, black": 5.9, "strainer": 4.2}
    product = rng.choice(list(catalogue), rows, p=[0.2, 0.08, 0.3, 0.3, 0.12])
    date = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 91, rows)), unit="D")
    return pd.DataFrame(
        {
            "order": np.arange(1001, 1001 + rows),
            "date": date,
            "country": rng.choice(["DE", "FR", "IT", "NL"], rows, p=[0.45, 0.25, 0.2, 0.1]),
            "product": product,
            "quantity": rng.geometric(0.45, rows),
            "price": [catalogue[one] for one in product],
        }
    )


def spoiled(frame: pd.DataFrame) -> pd.DataFrame:
    """The same orders as a broken export writes them: each fault is one that really happens."""
    frame = frame.copy()
    frame.loc[[17, 88, 203], "quantity"] *= -1  # returns booked as orders
    frame.loc[[40, 41, 42, 43], "price"] = np.nan  # a product that was new to the catalogue
    frame.loc[[120, 121], "country"] = ["??", "XX"]
    frame.loc[300, "date"] = pd.Timestamp("2042-03-04")  # digits swapped
    return pd.concat([frame, frame.iloc[60:66]], ignore_index=True)  # a page sent twice


def main(folder: Path = HERE) -> None:
    """Write them all."""
    good = orders()
    for name, frame in {
        "02_three_models/customers.csv": customers(),
        "04_time_series/demand.csv": demand(),
        "05_validation_gate/orders.csv": good,
        "05_validation_gate/orders_bad.csv": spoiled(good),
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        frame.to_csv(folder / name, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
