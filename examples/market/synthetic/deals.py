"""Deals and their tranches: sizes, tenors, ratings, parties. Prices come later, when the weights are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from synthetic.classes import AssetClass
from synthetic.levels import AS_OF, abs_over_notes, curve, level_shift
from synthetic.names import Cast, Party
from synthetic.schedule import BASE_CPR, Terms, add_months, value

Row = dict[str, Any]
_AGENCIES = ("ccxi", "lianhe", "golden", "pengyuan", "brilliance", "dagong")
_COUPON_SHIFT = {
    ("credit_abs", False): -0.16,
    ("enterprise_abs", False): 0.05,
    ("abn", False): 0.06,
    ("enterprise_abs", True): 0.75,
    ("abn", True): 0.75,
}
"""Percent added to coupons so that the unweighted means start near the published ones; raking does the rest."""
_IMPLIED_BP = {"AAA": -4.0, "AAA-": 0.0, "AA+": 6.0, "AA": 20.0, "AA(2)": 38.0, "AA-": 70.0}


@dataclass
class Deal:
    """One deal: its class, its parties, when it was issued and how its money is divided."""

    number: int
    cls: AssetClass
    owner: Party
    originator: Party
    manager: Party
    issued: date
    years: float
    lgfv: bool = False
    grade: str = "AAA"
    product: str = ""
    rows: list[Row] = field(default_factory=list)


def weekday(day: date) -> date:
    """Return ``day``, or the Monday after a weekend."""
    return day + timedelta(days=max(7 - day.weekday(), 0) if day.weekday() >= 5 else 0)


def _issue_date(rng: np.random.Generator, cls: AssetClass, shortest: float) -> date:
    draw = rng.random()
    if draw < cls.june:
        return weekday(date(2025, 6, 3) + timedelta(days=int(rng.integers(0, 23))))
    oldest = min(0.97 * shortest, 4.5)
    if cls.h1 == 0.0:  # no new deals for years: old ones only
        return weekday(AS_OF - timedelta(days=int(365 * rng.uniform(min(3.4, oldest), oldest))))
    if draw < cls.june + cls.h1 or oldest < 0.6:
        return weekday(AS_OF - timedelta(days=int(rng.uniform(32, min(178, 365 * oldest)))))
    return weekday(AS_OF - timedelta(days=int(365 * rng.uniform(0.5, oldest))))


def _shares(rng: np.random.Generator, deal: Deal) -> list[tuple[str, float]]:
    """Return (seniority, share of the deal), seniors in the order in which they are paid."""
    cls = deal.cls
    sub = rng.uniform(*cls.sub)
    mezz = rng.uniform(0.03, 0.07) if rng.random() < cls.mezz else 0.0
    count = int(rng.integers(cls.seniors[0], cls.seniors[1] + 1))
    # Tranches of fee-right deals grow with time; of the others the first is the large one.
    tilt = 0.06 if cls.key == "fee_rights" else -0.35
    raw = np.array([max(1 + tilt * k, 0.25) for k in range(count)]) * rng.uniform(0.85, 1.15, count)
    found = [("senior", float(s)) for s in raw / raw.sum() * (1 - sub - mezz)]
    if mezz:
        found.append(("mezzanine", mezz))
    return [*found, ("subordinated", sub)]


def _tenors(deal: Deal, kinds: list[str]) -> list[float]:
    seniors = kinds.count("senior")
    ends = [deal.years * (k + 1) / seniors for k in range(seniors)]
    if deal.cls.repayment == "pass_through" and seniors > 1:
        ends[0] = deal.years * 0.5
    return [
        ends[min(i, seniors - 1)] + {"senior": 0.0, "mezzanine": 0.25, "subordinated": 0.5}[kind]
        for i, kind in enumerate(kinds)
    ]


def _sizes(total: int, shares: list[tuple[str, float]]) -> list[int]:
    unit = 1_000_000 if total >= 1_000_000_000 else 100_000
    rest = [max(round(total * share / unit), 1) * unit for _, share in shares[1:]]
    return [total - sum(rest), *rest]


def _points(kinds: list[str], sizes: list[int]) -> list[tuple[float, float]]:
    """Return (attachment, detachment) in percent: seniors rank alike whatever the order of payment."""
    total = sum(sizes)
    below = {"subordinated": 0, "mezzanine": sum(s for k, s in zip(kinds, sizes, strict=True) if k == "subordinated")}
    below["senior"] = sum(s for k, s in zip(kinds, sizes, strict=True) if k != "senior")
    upper = {"subordinated": below["mezzanine"], "mezzanine": below["senior"], "senior": total}
    return [(round(100 * below[k] / total, 6), round(100 * upper[k] / total, 6)) for k in kinds]


def _factor(repayment: str, issued: date, begins: date, ends: date) -> float:
    if repayment == "bullet" or begins >= AS_OF:
        return 1.0
    gone = (AS_OF - begins).days / (ends - begins).days
    left = 1 - gone if repayment == "scheduled" else 1 - gone**1.1
    return round(max(left, 0.02), 4)


def new_deal(rng: np.random.Generator, number: int, cls: AssetClass, cast: Cast) -> Deal:
    """Return an empty deal with its parties and dates drawn."""
    owners: list[Party] = getattr(cast, cls.party)
    owner = owners[int(len(owners) * rng.random() ** 1.4)]
    originator = owner
    if cls.conduit and rng.random() < cls.conduit_share:
        conduits: list[Party] = getattr(cast, cls.conduit)
        originator = conduits[int(rng.integers(len(conduits)))]
    managers = cast.trusts if cls.product == "credit_abs" else cast.managers
    years = float(rng.uniform(*cls.tenor))
    first = years * (0.5 if cls.seniors[1] > 1 and cls.repayment == "pass_through" else 1.0)
    if cls.seniors[1] > 1 and cls.repayment != "pass_through":
        first = years / cls.seniors[1]
    manager = managers[int(rng.integers(len(managers)))]
    grade = "AAA" if rng.random() < 0.9 else "AA+"
    return Deal(
        number,
        cls,
        owner,
        originator,
        manager,
        _issue_date(rng, cls, first),
        years,
        cls.party == "lgfvs",
        grade,
        cls.product,
    )


def fill(rng: np.random.Generator, deal: Deal) -> None:
    """Divide the deal into tranches."""
    cls = deal.cls
    low, high = np.log(cls.size[0]), np.log(cls.size[1])
    total = round(float(np.exp(rng.uniform(low, high))) * 118) * 1_000_000
    shares = _shares(rng, deal)
    kinds = [k for k, _ in shares]
    sizes = _sizes(total, shares)
    rated = bool(rng.random() < cls.rated)
    private = deal.product == "enterprise_abs" or (deal.product == "abn" and bool(rng.random() < 0.55))
    stc = cls.key == "auto" and bool(rng.random() < 0.4)
    begins = deal.issued
    for i, (kind, size, tenor, point) in enumerate(
        zip(kinds, sizes, _tenors(deal, kinds), _points(kinds, sizes), strict=True)
    ):
        ends = add_months(deal.issued, max(round(tenor * 12), 1))
        row: Row = {
            "kind": kind, "i": i + 1, "issue_size": size, "attachment": point[0], "detachment": point[1],
            "expected_maturity": ends, "legal_maturity": add_months(ends, 24), "deal_size": total,
            "repayment": cls.repayment if kind != "subordinated" else "bullet", "private": private, "stc": stc,
            "factor": 1.0 if kind != "senior" else _factor(cls.repayment, deal.issued, begins, ends),
        }  # fmt: skip
        if kind == "senior":
            begins = ends
        _put(rng, deal, row)
        _rate(rng, deal, row, rated)
        _price_facts(rng, deal, row)
        deal.rows.append(row)


def _put(rng: np.random.Generator, deal: Deal, row: Row) -> None:
    """Set the next three-yearly put date and the life the valuer uses."""
    row["next_put"], row["basis"] = None, "maturity"
    if not deal.cls.put or row["kind"] != "senior":
        return
    k = 1
    while add_months(deal.issued, 36 * k) <= AS_OF:
        k += 1
    put = add_months(deal.issued, 36 * k)
    if put < row["expected_maturity"]:
        row["next_put"] = put
        row["basis"] = "put" if rng.random() < 0.92 else "maturity"


def _rate(rng: np.random.Generator, deal: Deal, row: Row, rated: bool) -> None:
    """Set agency ratings (a dict) and the implied rating."""
    row["ratings"], row["implied"], row["grade"] = {}, None, None
    if row["kind"] == "subordinated":
        return
    grade = deal.grade if row["kind"] == "senior" else ("AA+", "AA+", "AA+", "AA", "A+")[int(rng.integers(5))]
    agency = _AGENCIES[int(rng.integers(len(_AGENCIES)))]
    if rated:
        row["grade"] = grade
        row["ratings"] = {agency: grade}
    if deal.product == "credit_abs":
        lower = {"AA+": "AA", "AA": "AA-", "A+": "A"}.get(grade, grade) if rng.random() < 0.35 else grade
        row["ratings"]["cbr"] = lower
    if rng.random() < 0.95:
        row["implied"] = _implied(rng, deal, row["kind"], rated, grade)


def _implied(rng: np.random.Generator, deal: Deal, kind: str, rated: bool, grade: str) -> str:
    scale = ("AAA", "AAA-", "AA+", "AA", "AA(2)", "AA-")
    if kind == "mezzanine":
        odds = (0.0, 0.0, 0.25, 0.45, 0.2, 0.1)
    elif deal.lgfv:
        odds = (0.05, 0.1, 0.4, 0.3, 0.15, 0.0) if grade == "AAA" else (0.0, 0.0, 0.1, 0.4, 0.4, 0.1)
    elif not rated:
        odds = (0.15, 0.2, 0.45, 0.2, 0.0, 0.0)
    else:
        odds = (0.4, 0.2, 0.32, 0.08, 0.0, 0.0) if grade == "AAA" else (0.0, 0.0, 0.3, 0.5, 0.15, 0.05)
    return scale[int(rng.choice(6, p=odds))]


def terms_of(deal: Deal, row: Row) -> Terms:
    """Return what the schedule of a tranche follows from."""
    pool = row["repayment"] == "pass_through"
    end = row["next_put"] if row["basis"] == "put" else row["expected_maturity"]
    return Terms(
        as_of=AS_OF, start=deal.issued, end=end, maturity=row["expected_maturity"], coupon=row["coupon"] / 100,
        repayment=row["repayment"], factor=row["factor"], call=0.1 if pool else 0.0,
        cpr=BASE_CPR.get(deal.cls.key, 0.0) if pool and deal.product == "credit_abs" else 0.0,
    )  # fmt: skip


def _price_facts(rng: np.random.Generator, deal: Deal, row: Row) -> None:
    """Set coupon and yield in percent, before calibration; a subordinated tranche has neither."""
    row["coupon"] = row["yield"] = row["wal"] = None
    if row["kind"] == "subordinated":
        return
    extra = deal.cls.spread + _IMPLIED_BP.get(row["implied"] or "AA", 20.0) + (8.0 if row["private"] else 0.0)
    extra += 22.0 if row["kind"] == "mezzanine" else 0.0
    tenor = (row["expected_maturity"] - deal.issued).days / 365
    life = min(tenor, 3.0) if row["next_put"] else tenor * (1.0 if deal.cls.repayment == "bullet" else 0.55)
    base = curve("MTN_AAA", life) + abs_over_notes(life) + extra / 100
    row["coupon"] = round(
        base
        + level_shift(deal.issued)
        + _COUPON_SHIFT.get((deal.product, deal.lgfv), 0.0)
        + float(rng.normal(0, 0.10 + 0.15 * deal.lgfv)),
        2,
    )
    row["terms"] = terms_of(deal, row)
    row["wal"] = value(row["terms"], 0.02).wal
    row["yield"] = curve("MTN_AAA", row["wal"]) + abs_over_notes(row["wal"]) + extra / 100 + float(rng.normal(0, 0.04))
