"""Cash, deposits, repo, plain bonds and non-standard plans of the synthetic market."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from synthetic.deals import weekday
from synthetic.levels import AS_OF, curve
from synthetic.lines import Line, tickets
from synthetic.names import Cast, Party
from synthetic.schedule import Terms, add_months, value

_PLAIN: Line = {
    "market": "interbank",
    "placement": "public",
    "factor": 100.0,
    "rate_type": "fixed",
    "repayment": "bullet",
    "lgfv": False,
}


def _money_line(code: str, name: str, product: str, rate: float, days: int | None, **more: Any) -> Line:
    end = None if days is None else AS_OF + timedelta(days=days)
    years = 0.0 if days is None else days / 365
    return {
        "tranche_id": code, "name": name, "product": product, "market": "other", "lgfv": False, "factor": 100.0,
        "coupon": rate, "rate_type": "fixed", "issue_date": None if days is None else AS_OF, "expected_maturity": end,
        "clean_price": 100.0, "yield": rate,
        "yield_source": "valuation", "yield_basis": "maturity", "wal": round(years, 4),
        "modified_duration": round(years, 4),
        "market_restricted": False, "pledgeable": False, "_accrued": 0.0,
    } | more  # fmt: skip


def money_market(cast: Cast) -> list[Line]:
    """Return cash, deposits, reverse repo (one beyond ten trading days) and the repo liability."""
    banks = [p.name for p in cast.banks]
    lent = {"market": "interbank", "risk_weight": 20.0}
    return [
        _money_line("SYN-CASH", "SYN活期存款", "cash", 0.35, None, issuer=banks[0], risk_weight=0.0),
        _money_line("SYN-DEP-7D", "SYN通知存款7天", "deposit", 0.95, 7, issuer=banks[1], risk_weight=20.0),
        _money_line("SYN-DEP-3M", "SYN定期存款3个月", "deposit", 1.45, 92, issuer=banks[2], risk_weight=20.0),
        _money_line("SYN-DEP-1Y", "SYN定期存款1年", "deposit", 1.62, 365, issuer=banks[3], risk_weight=40.0),
        _money_line("SYN-REVREPO-7D", "SYN逆回购7天", "reverse_repo", 1.70, 7, issuer=banks[4], **lent),
        _money_line("SYN-REVREPO-28D", "SYN逆回购28天", "reverse_repo", 1.76, 28, issuer=banks[5], **lent),
        _money_line("SYN-REPO-7D", "SYN正回购7天", "repo", 1.60, 7, market="interbank", issuer=banks[6]),
    ]


def _bond(
    code: str, name: str, product: str, end: date, *, rate_curve: str, extra: float, issuer: str, size: int, step: int
) -> Line:
    """Return a bond with a coupon near the level of its issue, priced off a curve plus ``extra`` percent."""
    start = weekday(add_months(end, -12 * step))
    while start >= AS_OF:
        start = add_months(start, -12)
    years = (end - AS_OF).days / 365
    rate = round(curve(rate_curve, years) + extra, 4)
    coupon = round(curve(rate_curve, step) + extra + 0.25 * min((AS_OF - start).days / 365, 3), 2)
    found = value(Terms(AS_OF, start, end, end, coupon / 100, bond=True), rate / 100)
    return _PLAIN | {
        "tranche_id": code, "name": name, "product": product, "issuer": issuer, "coupon": coupon, "issue_date": start,
        "expected_maturity": end, "legal_maturity": end, "issue_size": size, "outstanding": size,
        "clean_price": round(found.clean, 4), "yield": rate, "yield_source": "valuation", "yield_basis": "maturity",
        "wal": round(found.wal, 4), "modified_duration": round(found.modified_duration, 4),
        "market_restricted": False, "_accrued": found.accrued,
    } | tickets(True)  # fmt: skip


@dataclass(frozen=True)
class _Series:
    """Bonds of one kind: months to maturity of each, curve and spread, haircut in percent."""

    code: str
    name: str
    product: str
    months: tuple[int, ...]
    issuers: tuple[str, ...]
    curve: str
    extra: float
    size: int
    terms: tuple[int, int, int]  # so many of them were issued for the first term of years, the others for the second
    haircut: float


_PROVINCES = ("江苏", "浙江", "山东", "广东", "四川", "湖北", "河南", "福建", "安徽", "湖南")
_SERIES = (
    _Series("25", "SYN国债", "government",
            (2, 4, 7, 9, 11, 14, 20, 26, 33, 41, 52, 60, 71, 84, 96, 108, 120, 180, 240, 348),
            ("财政部(合成)",), "CGB", 0.0, 120_000_000_000, (8, 2, 10), 2.0),
    _Series("26", "SYN政金债", "policy_bank", (5, 11, 18, 30, 38, 50, 58, 75, 100, 118),
            ("SYN开发银行", "SYN农发银行", "SYN进出口银行"), "CDB", 0.0, 80_000_000_000, (7, 5, 10), 3.0),
    _Series("27", "SYN地方债", "local_government", (8, 16, 27, 36, 48, 60, 80, 100, 120, 180),
            tuple(f"{p}省政府(合成)" for p in _PROVINCES), "CGB", 0.12, 20_000_000_000, (5, 5, 15), 4.0),
)  # fmt: skip


def public_bonds(rng: np.random.Generator) -> list[Line]:
    """Return government (some under one year), policy, local-government and central-bank bonds."""
    found = [_public(rng, kind, i) for kind in _SERIES for i in range(len(kind.months))]
    bill = _bond(
        "SYN280001.IB", "SYN央行票据01", "central_bank_bill", add_months(AS_OF, 3),
        rate_curve="CGB", extra=0.03, issuer="中国人民银行(合成)", size=30_000_000_000, step=1,
    )  # fmt: skip
    return [*found, bill | {"risk_weight": 0.0, "pledgeable": True, "haircut": 2.0}]


def _public(rng: np.random.Generator, kind: _Series, i: int) -> Line:
    local = kind.product == "local_government"
    line = _bond(
        f"SYN{kind.code}{i + 1:04d}.IB", f"{kind.name}{i + 1:02d}", kind.product,
        add_months(AS_OF, kind.months[i]) - timedelta(days=int(rng.integers(1, 25))),
        rate_curve=kind.curve, extra=kind.extra, issuer=kind.issuers[i % len(kind.issuers)], size=kind.size,
        step=kind.terms[1] if i < kind.terms[0] else kind.terms[2],
    )  # fmt: skip
    weight = (20.0, 10.0)[i % 2] if local else 0.0  # special and general bonds of a province
    own = {"region": _PROVINCES[i]} if local else {}
    return line | own | {"risk_weight": weight, "pledgeable": True, "haircut": kind.haircut}


_IMPLIED = {"AAA": ("AAA", "AAA-", "AA+"), "AA+": ("AA+", "AA", "AA(2)"), "AA": ("AA", "AA(2)", "AA-")}


def credit_bonds(rng: np.random.Generator, cast: Cast) -> list[Line]:
    """Return plain bonds of obligors that also stand behind ABS: banks, lessors, property, urban investment."""
    issuers: list[tuple[Party, bool]] = [
        (p, False) for p in (*cast.banks[:8], *cast.leasing[:10], *cast.property[:6], *cast.corporates[:10])
    ]
    issuers += [(p, True) for p in cast.lgfvs[:20]]
    found = []
    for i, (party, urban) in enumerate(issuers):
        grade = ("AAA", "AAA", "AA+", "AAA", "AA+", "AA")[i % 6] if urban else ("AAA", "AAA", "AAA", "AA+")[i % 4]
        months = (6, 10, 13, 16, 24, 30, 36, 44, 52, 60, 84)[i % 11]
        line = _bond(
            f"SYN30{i + 1:04d}.IB",
            f"25{party.name}SYN{'MTN' if months > 12 else 'CP'}{i + 1:02d}",
            "credit_bond",
            add_months(AS_OF, months) - timedelta(days=int(rng.integers(1, 25))),
            rate_curve=f"{'CHENGTOU' if urban else 'MTN'}_{grade}",
            extra=round(float(rng.normal(0.0, 0.04)), 4),
            issuer=party.name,
            size=int(rng.integers(8, 25)) * 100_000_000,
            step=3 if months <= 36 else 8,
        )
        found.append(line | {
            "region": party.region, "ultimate_group": party.group, "lgfv": urban, "issuer_rating.ccxi": grade,
            "rating.ccxi": grade, "rating_date": date(2025, 6, 20), "implied_rating": _IMPLIED[grade][i % 3],
            "risk_weight": 100.0, "pledgeable": grade != "AA", "haircut": {"AAA": 8.0, "AA+": 15.0}.get(grade),
        })  # fmt: skip
    return found


def insurance_plans(rng: np.random.Generator, cast: Cast, count: int, start: int) -> list[Line]:
    """Return asset-support plans registered by insurers: the only ABS that is not a standard asset."""
    return [_plan(rng, cast, i, start + i) for i in range(count)]


def _plan(rng: np.random.Generator, cast: Cast, i: int, deal: int) -> Line:
    owner = (cast.leasing, cast.corporates, cast.lgfvs, cast.lenders)[i % 4][int(rng.integers(6))]
    urban = i % 4 == 2
    months = int(rng.integers(4, 18)) if i % 2 else int(rng.integers(18, 72))
    end = add_months(AS_OF, months)
    size = int(rng.integers(3, 25)) * 100_000_000
    rate = round(curve("CHENGTOU_AA" if urban else "MTN_AA", months / 12) + float(rng.uniform(0.75, 1.35)), 4)
    begin = weekday(add_months(end, -12 * (months // 12 + 1)) - timedelta(days=10))
    coupon = round(rate + float(rng.uniform(0.0, 0.5)), 2)
    priced = value(Terms(AS_OF, begin, end, end, coupon / 100), rate / 100)
    rated = i % 5 != 0
    return {
        "tranche_id": f"SYN-PLAN-{i + 1:03d}", "name": f"{owner.name}资产支持计划{i + 1:02d}号",
        "deal_id": f"SYN-{deal:05d}",
        "product": "insurance_plan", "market": "other", "placement": "private",
        "asset_type": "leasing" if i % 4 == 0 else "receivables", "originator": owner.name, "core_debtor": owner.name,
        "support_party": owner.group, "support_type": "guarantee", "ultimate_group": owner.group,
        "region": owner.region, "lgfv": urban, "manager": cast.insurers[i % 5].name, "seniority": "senior",
        "attachment": 0.0, "detachment": 100.0, "issue_size": size, "outstanding": size, "factor": 100.0,
        "deal_size": size, "coupon": coupon, "rate_type": "fixed", "repayment": "bullet", "issue_date": begin,
        "expected_maturity": end, "legal_maturity": add_months(end, 12),
        "rating.lianhe": ("AAA", "AA+", "AAA")[i % 3] if rated else None,
        "rating_date": date(2025, 6, 10) if rated else None, "implied_rating": None,
        "clean_price": round(priced.clean, 4), "yield": rate, "yield_source": "model", "yield_basis": "maturity",
        "wal": round(priced.wal, 4), "modified_duration": round(priced.modified_duration, 4), "stc": False,
        "npl": False, "market_restricted": True, "pledgeable": False, "lot": 1_000_000, "min_ticket": 10_000_000,
        "_accrued": priced.accrued,
    }  # fmt: skip


def offer_all(lines: list[Line]) -> None:
    """Put a dealer's offer on every plain bond, the money-market lines apart."""
    for line in lines:
        if "issue_size" in line:
            line |= {
                "available_face": min(line["issue_size"] // 20, 2_000_000_000),
                "quote_price": line["clean_price"],
                "quote_basis": "remaining",
                "quote_side": "offer",
                "quote_source": "dealer",
            }
