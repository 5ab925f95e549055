"""Yields and spreads of the recorded interbank trades, as the tables of ``trade-yields.md``; derived figures only.

``python docs/trade_yields.py SHARED`` prints the tables; SHARED is the folder with ``data``.
Every trade is valued on its own day by ``value_universe``, with that day's curves.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import absalloc.cashflow as cf
from absalloc.universe import Universe, derive, load_universe

AS_OF, LAST_NOTES = date(2020, 12, 7), date(2021, 1, 11)
NEAR = 0.02
"""How close to the recorded factor a price confirms it, where a payment may have come between."""
TERMS = ((0.0, 0.25), (0.25, 1.0), (1.0, 3.0), (3.0, 5.0), (5.0, 99.0))
OUTLIER = (0.02, 0.08)
MAPPING = Path(__file__).resolve().parent.parent / "examples" / "real" / "interbank-2020-12-07.yaml"


def load(shared: Path) -> tuple[Universe, pd.DataFrame]:
    """Return the universe of the day and the trades, each with the row of its tranche."""
    universe = load_universe(shared / "data" / "tranches" / "interbank_abs_universe_2020-12-07.csv", MAPPING)
    trades = pd.read_csv(shared / "data" / "tranches" / "interbank_abs_trades_2020-12_2021-01.csv")
    known = trades[["name", "code"]].apply(lambda column: column.isin(universe.table["tranche_id"])).any()
    code = "code" if known["code"] else "name"  # the file's headers of the two are exchanged
    trades["row"] = [universe.index().get(str(value), -1) for value in trades[code]]
    trades["day"] = [date.fromisoformat(text) for text in trades["date"]]
    return universe, trades


def curves_of(shared: Path, day: date) -> dict[str, cf.Curve]:
    """Return that day's curves: all of them to 2021-01-11, the government's alone (2 to 30 years) after it."""
    folder = shared / "data" / "curves"
    if day <= LAST_NOTES:
        return dict(cf.load_curves(folder / "wind_daily_curves_2020.csv", as_of=day).curves)
    table = pd.read_csv(folder / "cgb_2_5_10_30y_2016-08_2026-08.csv")
    past = table[table["date"] <= day.isoformat()].iloc[-1]
    tenors = np.array([2.0, 5.0, 10.0, 30.0])
    return {"government": cf.Curve("government", day, tenors, past[["2Y", "5Y", "10Y", "30Y"]].to_numpy(float) / 100)}


def subset(universe: Universe, rows: np.ndarray, prices: np.ndarray, day: date) -> Universe:
    """Return the traded lines with that day's price as their quote."""
    table = universe.table.iloc[rows].reset_index(drop=True)
    table = table.assign(quote_price=prices, quote_basis="original", quote_source="trade")
    table["extra.quote_date"] = day.isoformat()
    labels = {name: label[rows] if isinstance(label, np.ndarray) else label for name, label in universe.labels.items()}
    return universe.replace(table=table, labels=labels)


def first_payment(universe: Universe) -> np.ndarray:
    """Return the first payment of principal after the recorded factors, by line; NaT for bullets."""
    flows = cf.value_universe(derive(universe, AS_OF), AS_OF).flows
    found = np.full(flows.count, np.datetime64("NaT"), "datetime64[D]")
    paying = (flows.principal > 0) & (flows.times < 100)
    line, when = flows.line[paying], flows.dates[paying]
    first = np.concatenate(([True], line[1:] != line[:-1]))
    found[line[first]] = when[first]
    return found


def measure(shared: Path) -> pd.DataFrame:
    """Return one row a trade: class, life, yield, spreads in basis points, and why there is no yield."""
    universe, trades = load(shared)
    due = first_payment(universe)
    parts = []
    for day, day_trades in trades.groupby("day"):
        again = day_trades.groupby("row").cumcount()
        for _, batch in day_trades.groupby(again):
            rows, prices = batch["row"].to_numpy(), batch["clean_price_per100_orig_face"].to_numpy(float)
            parts.append(_batch(universe, (rows, prices), day, (due, curves_of(shared, day))))
    return pd.concat(parts, ignore_index=True)


def _batch(
    universe: Universe, traded: tuple[np.ndarray, np.ndarray], day: date, given: tuple[np.ndarray, dict[str, cf.Curve]]
) -> pd.DataFrame:
    rows, prices = traded
    due, curves = given
    derived = derive(subset(universe, rows, prices, day), day)
    valued = cf.value_universe(derived, day)
    table, factor = valued.universe.table, np.asarray(valued.universe.column("factor"), float)
    ratio = prices / (100 * factor)
    overtaken = due[rows] <= np.datetime64(day)
    confirmed = np.abs(ratio - 1) <= NEAR
    wal = valued.wal
    unknown = np.isnan(valued.yield_) | (valued.yield_source != "trade")
    why = np.select(
        [np.isnan(valued.universe.column("coupon")), overtaken & ~confirmed, unknown],
        ["no coupon", "paid since", "outside"],
        "",
    )
    out = pd.DataFrame({"day": day, "row": rows, "price": prices,
                        "product": table["product"], "seniority": table["seniority"].fillna("none"),
                        "lgfv": table["lgfv"].eq(True), "put": table["next_put"].notna(), "wal": wal,
                        "ratio": ratio, "overtaken": overtaken, "why": why,
                        "yield": np.where(why == "", valued.yield_, np.nan)})  # fmt: skip
    for name, role in (("government", "government"), ("notes", "notes.AAA")):
        held = curves.get(role)
        out[name] = np.nan if held is None else 1e4 * (out["yield"] - held.at(wal))
        if held is not None and name == "government":
            out["flat"] = held.outside(wal)
    return out


def kind(row: Any) -> str:
    """Return the class of a trade: the product, LGFV apart, and whether it is senior."""
    product = "城投 ABN" if row["lgfv"] else "ABN" if row["product"] == "abn" else "credit ABS"
    return product if row["seniority"] == "senior" else f"{product}, not senior"


def term(life: float) -> str:
    """Return the bucket of a life in years."""
    low, high = next(edges for edges in TERMS if edges[0] <= life < edges[1])
    return f"{low:g}–{high:g}" if high < 50 else f"over {low:g}"


def spread_table(found: pd.DataFrame, columns: tuple[str, ...]) -> str:
    """Return quartiles by class and life as a Markdown table: yields in percent, spreads in basis points."""
    lines = ["| class | life, years | trades | " + " | ".join(f"{name} 25 / 50 / 75" for name in columns) + " |"]
    lines.append("|---|---|---|" + "---|" * len(columns))
    groups = found.assign(kind=found.apply(kind, axis=1), term=found["wal"].map(term))
    for (name, bucket), part in groups.groupby(["kind", "term"]):
        cells = []
        for column in columns:
            quartiles = np.percentile(part[column], [25, 50, 75])
            cells.append(" / ".join(f"{100 * q:.2f}" if column == "yield" else f"{q:.0f}" for q in quartiles))
        lines.append(f"| {name} | {bucket} | {len(part)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def outlier_table(found: pd.DataFrame) -> str:
    """Return the outlying yields counted by what explains them, the first that does."""
    odd = found[(found["yield"] < OUTLIER[0]) | (found["yield"] > OUTLIER[1])]
    causes = np.select(
        [odd["wal"] < 0.25, odd["overtaken"], odd["seniority"] != "senior", odd["ratio"] < 0.97, odd["put"]],
        ["life under three months: a fen of price is a percent of yield",
         "an assumed payment since the recorded factor, which the price (within 2 %) does not rule out",
         "not senior", "senior, priced more than 3 % below its remaining face: distress",
         "valued to its put"], "none of these",
    )  # fmt: skip
    lines = ["| explained by | below 2 % | above 8 % |", "|---|---|---|"]
    for cause in dict.fromkeys(sorted(causes, key=lambda text: (text == "none of these", text))):
        here = odd["yield"][causes == cause]
        lines.append(f"| {cause} | {(here < OUTLIER[0]).sum()} | {(here > OUTLIER[1]).sum()} |")
    return "\n".join(lines)


def count_table(found: pd.DataFrame) -> str:
    """Return how many trades have a yield, and why the others have none."""
    lines = ["| trades | to 2021-01-11 | after | all |", "|---|---|---|---|"]
    early = found["day"] <= LAST_NOTES
    for name, mask in (
        ("recorded", found["why"].notna()), ("with a yield", found["why"] == ""),
        ("no yield: the record has no coupon (subordinated)", found["why"] == "no coupon"),
        ("no yield: an assumed payment came since the factor, and the price is more than 2 % off the factor",
         found["why"] == "paid since"),
        ("no yield: the price gives more than 30 % or less than the least a yield may be", found["why"] == "outside"),
    ):  # fmt: skip
        lines.append(f"| {name} | {(mask & early).sum()} | {(mask & ~early).sum()} | {mask.sum()} |")
    return "\n".join(lines)


def tables(found: pd.DataFrame) -> dict[str, str]:
    """Return every table of the page by name."""
    valued = found[found["why"] == ""]
    early, late = (valued[(valued["day"] <= LAST_NOTES) == side] for side in (True, False))
    return {
        "counts": count_table(found),
        "early": spread_table(early, ("yield", "government", "notes")),
        "late": spread_table(late, ("yield", "government")),
        "outliers": outlier_table(valued),
        "flat": f"{early['flat'].sum()} of {len(early)} to 2021-01-11, {late['flat'].sum()} of {len(late)} after",
    }


if __name__ == "__main__":
    for title, text in tables(measure(Path(sys.argv[1]))).items():
        print(f"{title}\n\n{text}\n")
