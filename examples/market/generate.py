"""Write the synthetic market of 2025-06-30: ``python examples/market/generate.py [--tranches N] [--out DIR]``.

Seeded, no clock and no network: the same numbers give the same bytes. Everything it writes is invented;
only the figures of published.yaml, to which totals and shares are calibrated, are real.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from synthetic import bonds, books, lines, lists, market, weights
from synthetic.deals import Deal
from synthetic.levels import AS_OF, CURVES, TENORS
from synthetic.names import Cast, cast
from synthetic.writing import COLUMNS, write_csv

HERE = Path(__file__).resolve().parent
SEED = 20250630
SHIPPED = 1000


def figures() -> dict[str, Any]:
    """Return the published figures by name."""
    document = yaml.safe_load((HERE / "published.yaml").read_text(encoding="utf-8"))
    return {name: entry["value"] for name, entry in document["figures"].items()}


def tranches(count: int) -> tuple[list[lines.Line], Cast]:
    """Return every line of the market, ``count`` of them ABS (about), and the parties."""
    rngs = np.random.default_rng(SEED).spawn(8)
    parties = cast(rngs[0], -(-count // SHIPPED))
    urban, plans = round(market.LGFV_SHARE * count), round(market.PLAN_SHARE * count)
    deals = market.ordinary(rngs[1], parties, count - urban - plans)
    deals += market.urban(rngs[2], parties, urban, len(deals) + 1)
    sample = _weights(deals)
    market.label(deals, rngs[3])
    market.calibrate_spreads(deals, sample)
    market.price(deals)
    found = lines.to_lines(deals, sample, rngs[4])
    lines.add_quotes(found, rngs[5], round(0.2 * count))
    found += bonds.insurance_plans(rngs[6], parties, plans, len(deals) + 1)
    plain = bonds.public_bonds(rngs[7]) + bonds.credit_bonds(rngs[7], parties)
    bonds.offer_all(plain)
    return found + bonds.money_market(parties) + plain, parties


def _weights(deals: list[Deal]) -> np.ndarray:
    known = figures()
    start = weights.design(deals, known)
    A, b, soft = weights.constraints(deals, known)
    return weights.rake(start, A, b, soft)


def write(out: Path, count: int) -> None:
    """Write every generated file into ``out``; the books and lists only for the shipped size."""
    out.mkdir(parents=True, exist_ok=True)
    found, parties = tranches(count)
    write_csv(out / "market.csv", COLUMNS, found)
    rows = [
        {"date": AS_OF, "curve": name, "tenor_years": t, "yield_pct": y}
        for name, ys in CURVES.items()
        for t, y in zip(TENORS, ys, strict=True)
    ]
    write_csv(out / "curves.csv", ("date", "curve", "tenor_years", "yield_pct"), rows)
    rng = np.random.default_rng(SEED + 1)
    write_csv(
        out / "originator_totals.csv", ("originator", "total", "as_of", "source"), lists.originator_totals(found, rng)
    )
    write_csv(out / "lgfv_list.csv", ("name", "region", "source", "as_of"), lists.urban(parties))
    if count == SHIPPED:
        _write_books(out, found, parties, rng)


def _write_books(out: Path, found: list[lines.Line], parties: Cast, rng: np.random.Generator) -> None:
    prohibited, restricted, related = lists.barred(parties)
    refused = {row["name"] for row in (*prohibited, *restricted, *related)}
    held = books.build(found, refused)
    buyer = books.Buyer(found, refused)
    for stem, book in held.items():
        columns = ("tranche_id", "name", "face", "market_value", *(("book_value",) if book.amortised else ()))
        write_csv(out / f"{stem}.csv", columns, buyer.rows(book))
    own = {row["name"] for row in (*prohibited, *restricted)}
    write_csv(out / "approved_list.csv", ("name", "limit", "expiry", "approver"), lists.approved(found, held, own, rng))
    write_csv(out / "prohibited_list.csv", ("name", "reason", "since", "approver"), prohibited)
    write_csv(out / "restricted_list.csv", ("name", "limit", "expiry", "approver"), restricted)
    write_csv(out / "related_parties.csv", ("name", "relation", "of"), related)
    for stem, owner in (("wealth-own-bank", "SYN安和理财"), ("city-bank-own-bank", "SYN城市银行")):
        own_bank = [row for row in related if row["of"] == owner]
        write_csv(out / f"{stem}.csv", ("name", "relation"), own_bank)
    trades = books.trades(found, held["bond-fund-open-holdings-before"], held["bond-fund-open-holdings"])
    write_csv(out / "trades.csv", ("date", "tranche_id", "side", "face", "price"), trades)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tranches", type=int, default=SHIPPED, help="how many ABS lines, about (9295 for benchmarks)")
    parser.add_argument("--out", type=Path, default=HERE)
    chosen = parser.parse_args()
    write(chosen.out, chosen.tranches)


if __name__ == "__main__":
    main()
