"""Recompute the tables of ``tie-outs.md`` by hand arithmetic in decimals, without absalloc, and print them.

``python docs/tie_outs.py SHARED`` writes every table of the page; SHARED is the folder with ``data/pools``.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

D = Decimal
FEN = D("0.01")


@dataclass(frozen=True)
class RealDeal:
    """What the tie-out takes from the records, and what it assumes because they do not say.

    ``first``: rows of the pool table gathered on the first date; ``paid``: month of that date, on its 26th;
    ``plans``: scheduled tranches with an assumed equal instalment a month, in order.
    """

    key: str
    paid: tuple[int, int]
    first: int = 1
    plans: tuple[tuple[str, int], ...] = ()


DEALS = (
    RealDeal("test07", (2022, 8)),
    RealDeal("test08", (2022, 10), 3, (("优先A1", 150_000_000),)),
    RealDeal("test12", (2022, 10), 1, (("A1", 60_000_000), ("A2", 59_920_000))),
    RealDeal("test23", (2023, 3)),
    RealDeal("test24", (2023, 4), 6),
)


def read(folder: Path, name: str, key: str) -> list[dict[str, str]]:
    """Return the rows of one deal in a pool file."""
    with (folder / "data" / "pools" / name).open(encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["deal_id"] == key]


def tranches(folder: Path, deal: RealDeal) -> list[dict[str, Any]]:
    """Return tranches with a recorded balance, in the order of the record."""
    found = []
    for row in read(folder, "china_deals_bonds.csv", deal.key):
        balance = D(row["current_balance_cny"]).quantize(FEN)
        if balance > 0:
            found.append({"name": row["bond"], "balance": balance, "rate": D(row["current_rate_pct"]) / 100})
    return found


def start(folder: Path, deal: RealDeal) -> date:
    """Return the recorded start date of the tranches."""
    return date.fromisoformat(read(folder, "china_deals_bonds.csv", deal.key)[0]["start_date"])


def payment_dates(deal: RealDeal, count: int) -> list[date]:
    """Return the 26th of ``count`` months from the first payment on."""
    year, month = deal.paid
    return [date(year + (month - 1 + n) // 12, (month - 1 + n) % 12 + 1, 26) for n in range(count)]


def targets(deal: RealDeal, notes: list[dict[str, Any]], count: int) -> dict[str, list[Decimal]]:
    """Return planned balances after each date: one scheduled tranche after the other, equal instalments."""
    plan, wait = {}, 0
    for name, instalment in deal.plans:
        size = next(note["balance"] for note in notes if note["name"] == name)
        run = [max(size - D(instalment) * max(n + 1 - wait, 0), D(0)) for n in range(count)]
        plan[name] = run
        wait += int(-(-size // D(instalment)))
    return plan


def pay_real(folder: Path, deal: RealDeal) -> list[dict[str, Any]]:
    """Return every period of a real deal: interest in order (principal helps), then plans, then others."""
    rows = read(folder, "china_deals_pool_cashflows.csv", deal.key)
    count = len(rows) - deal.first + 1
    notes, days = tranches(folder, deal), [start(folder, deal), *payment_dates(deal, count)]
    plan = targets(deal, notes, count)
    pool = sum((D(row["principal_cny"]) for row in rows), D(0))
    balance = {note["name"]: note["balance"] for note in notes}
    spare = pool - sum(balance.values())
    out = []
    for n in range(count):
        part = rows[: deal.first] if n == 0 else [rows[deal.first + n - 1]]
        principal = sum((D(row["principal_cny"]) for row in part), D(0))
        interest = sum((D(row["interest_cny"]) for row in part), D(0))
        years = D((days[n + 1] - days[n]).days) / 365
        paid_i, paid_p, left, cash = {}, dict.fromkeys(balance, D(0)), interest, principal
        for note in notes:
            due = balance[note["name"]] * note["rate"] * years
            from_principal = max(due - left, D(0))
            assert from_principal <= cash, "no deal of these misses interest"
            paid_i[note["name"]], left, cash = due, left - (due - from_principal), cash - from_principal
            spare -= from_principal
        order = [(name, run[n]) for name, run in plan.items()]
        order += [(name, D(0)) for name in balance if name not in plan and name != "次级"]
        order += [(name, D(0)) for name in [*plan, "次级"]]
        for name, floor in order:
            amount = max(min(cash, balance[name] - floor), D(0))
            balance[name] -= amount
            paid_p[name] += amount
            cash -= amount
        pool -= principal
        # What no tranche takes any more leaves with the excess interest, and takes the spare collateral with it.
        spare -= cash
        assert abs(pool - sum(balance.values()) - spare) < D("1e-9")
        out.append({"date": days[n + 1], "principal_in": principal, "interest_in": interest, "interest": paid_i,
                    "principal": paid_p, "balance": dict(balance), "pool": pool, "oc": spare,
                    "residual": left + cash})  # fmt: skip
    return out


def revolving() -> list[dict[str, Any]]:
    """Work out a revolving deal: 1,000,000 over 4 months, 1 % of what is performing defaults each month."""
    cohorts = [(D(1_000_000), 4)]  # (performing, payments to go), equal principal, 12 % a year
    senior, junior, out = D(800_000), D(200_000), []
    for month in range(1, 5):
        interest = principal = loss = D(0)
        left = []
        for balance, togo in cohorts:
            dead = balance * D("0.01") if togo else D(0)
            due = (balance - dead) / togo
            interest += (balance - dead) * D("0.01")
            principal, loss = principal + due, loss + dead
            if togo > 1:
                left.append((balance - dead - due, togo - 1))
        cohorts = left
        coupon = senior * D("0.036") / 12
        bought = D(0)
        if month <= 2:
            bought = principal
            cohorts.append((principal, 2))
            repaid = rest = D(0)
        else:
            repaid = min(senior, principal)
            rest = min(junior, principal - repaid)
        senior, junior = senior - repaid, junior - rest
        out.append({"month": month, "interest": interest, "principal": principal, "loss": loss, "bought": bought,
                    "coupon": coupon, "senior": repaid, "junior": rest, "senior left": senior, "junior left": junior,
                    "pool": sum((part[0] for part in cohorts), D(0)),
                    "residual": interest - coupon + (principal - bought - repaid - rest)})  # fmt: skip
    return out


TOLL_DATES = tuple(date(year, 6, 30) for year in range(2024, 2029))
TOLLS = (70_000_000, 50_000_000, 90_000_000, 120_000_000, 160_000_000)


def fee_right() -> list[dict[str, Any]]:
    """Work out a toll road: T1 100m in two equal parts, T2 300m; receipts fall in year 2, 40 % of T2 is put."""
    t1, t2, held, out = D(100_000_000), D(300_000_000), D(1), []
    days = [date(2023, 6, 30), *TOLL_DATES]
    for n, receipts in enumerate(TOLLS):
        years = D((days[n + 1] - days[n]).days) / 365
        i1, i2 = t1 * D("0.03") * years, t2 * (D("0.04") if n < 3 else D("0.035")) * years
        cash = D(receipts) - i1 - i2
        p1 = min(cash, max(t1 - (D(50_000_000) if n == 0 else D(0)), D(0)))
        p2 = min(cash - p1, t2)
        support = max(t1 - p1 - (D(50_000_000) if n == 0 else D(0)), D(0))
        t1, t2 = t1 - p1 - support, t2 - p2
        put = t2 * D("0.4") if n == 2 else D(0)
        out.append({"date": days[n + 1], "receipts": D(receipts), "T1 interest": i1, "T2 interest": i2,
                    "T1 principal": p1 + support, "support": support, "T2 principal": p2, "T1": t1, "T2": t2,
                    "put": put, "holders of T2": held * (i2 + p2) + put, "residual": cash - p1 - p2})  # fmt: skip
        held *= D("0.6") if n == 2 else D(1)
    return out


def show(value: Any) -> str:
    """Return a cell of a table."""
    return f"{value.quantize(FEN, ROUND_HALF_UP):,}" if isinstance(value, Decimal) else str(value)


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(show(row[name]) for name in head) + " |" for row in rows)])


def first_three(folder: Path, deal: RealDeal) -> str:
    """Return the first three dates of a real deal as a table."""
    rows = []
    for period in pay_real(folder, deal)[:3]:
        row = {"date": period["date"], "pool principal": period["principal_in"], "pool interest": period["interest_in"]}
        for name in period["balance"]:
            if period["interest"][name]:
                row[f"{name} interest"] = period["interest"][name]
        for name in period["balance"]:
            row[f"{name} principal"] = period["principal"][name]
        row |= {f"{name} left": left for name, left in period["balance"].items()}
        row |= {"pool left": period["pool"], "OC": period["oc"], "residual": period["residual"]}
        rows.append(row)
    turned = [{"": name, **{str(row["date"]): row[name] for row in rows}} for name in rows[0] if name != "date"]
    return table(turned)


if __name__ == "__main__":
    shared = Path(sys.argv[1])
    for deal in DEALS:
        print(f"{deal.key}\n\n{first_three(shared, deal)}\n")
    print(f"revolving\n\n{table(revolving())}\n\nfee right\n\n{table(fee_right())}")
