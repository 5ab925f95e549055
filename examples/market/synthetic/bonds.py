"""Cash, deposits, repo, plain bonds and non-standard plans of the synthetic market."""

from __future__ import annotations

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
        "tranche_id": code, "name": name, "product": product, "market": "other", "lgfv": False, "factor": 100.0, "coupon": rate, "rate_type": "fixed",
        "issue_date": None if days is None else AS_OF, "expected_maturity": end, "clean_price": 100.0, "yield": rate,
        "yield_source": "valuation", "yield_basis": "maturity", "wal": round(years, 4), "modified_duration": round(years, 4),
        "market_restricted": False, "pledgeable": False, "_accrued": 0.0,
    } | more  # fmt: skip


def money_market(cast: Cast) -> list[Line]:
    """Return cash, deposits, reverse repo (one beyond ten trading days) and the repo liability."""
    banks = [p.name for p in cast.banks]
    return [
        _money_line("SYN-CASH", "SYN活期存款", "cash", 0.35, None, issuer=banks[0], risk_weight=0.0),
        _money_line("SYN-DEP-7D", "SYN通知存款7天", "deposit", 0.95, 7, issuer=banks[1], risk_weight=20.0),
        _money_line("SYN-DEP-3M", "SYN定期存款3个月", "deposit", 1.45, 92, issuer=banks[2], risk_weight=20.0),
        _money_line("SYN-DEP-1Y", "SYN定期存款1年", "deposit", 1.62, 365, issuer=banks[3], risk_weight=40.0),
        _money_line("SYN-REVREPO-7D", "SYN逆回购7天", "reverse_repo", 1.70, 7, market="interbank", issuer=banks[4], risk_weight=20.0),
        _money_line("SYN-REVREPO-28D", "SYN逆回购28天", "reverse_repo", 1.76, 28, market="interbank", issuer=banks[5], risk_weight=20.0),
        _money_line("SYN-REPO-7D", "SYN正回购7天", "repo", 1.60, 7, market="interbank", issuer=banks[6]),
    ]  # fmt: skip


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


def public_bonds(rng: np.random.Generator) -> list[Line]:
    """Return government (some under one year), central-bank, policy and local-government bonds."""
    found: list[Line] = []
    ends = [
        add_months(AS_OF, m) for m in (2, 4, 7, 9, 11, 14, 20, 26, 33, 41, 52, 60, 71, 84, 96, 108, 120, 180, 240, 348)
    ]
    for i, end in enumerate(ends):
        found.append(_bond(f"SYN25{i + 1:04d}.IB", f"SYN国债{i + 1:02d}", "government", end - timedelta(days=int(rng.integers(1, 25))), rate_curve="CGB", extra=0.0, issuer="财政部(合成)", size=120_000_000_000, step=2 if i < 8 else 10)
                     | {"risk_weight": 0.0, "pledgeable": True, "haircut": 2.0})  # fmt: skip
    for i, months in enumerate((5, 11, 18, 30, 38, 50, 58, 75, 100, 118)):
        found.append(_bond(f"SYN26{i + 1:04d}.IB", f"SYN政金债{i + 1:02d}", "policy_bank", add_months(AS_OF, months) - timedelta(days=int(rng.integers(1, 25))), rate_curve="CDB", extra=0.0, issuer=("SYN开发银行", "SYN农发银行", "SYN进出口银行")[i % 3], size=80_000_000_000, step=5 if i < 7 else 10)
                     | {"risk_weight": 0.0, "pledgeable": True, "haircut": 3.0})  # fmt: skip
    for i, months in enumerate((8, 16, 27, 36, 48, 60, 80, 100, 120, 180)):
        region = ("江苏", "浙江", "山东", "广东", "四川", "湖北", "河南", "福建", "安徽", "湖南")[i]
        found.append(_bond(f"SYN27{i + 1:04d}.IB", f"SYN{region}债{i + 1:02d}", "local_government", add_months(AS_OF, months) - timedelta(days=int(rng.integers(1, 25))), rate_curve="CGB", extra=0.12, issuer=f"{region}省政府(合成)", size=20_000_000_000, step=5 if i < 5 else 15)
                     | {"risk_weight": 10.0 if i % 2 else 20.0, "region": region, "pledgeable": True, "haircut": 4.0})  # fmt: skip
    found.append(_bond("SYN280001.IB", "SYN央行票据01", "central_bank_bill", add_months(AS_OF, 3), rate_curve="CGB", extra=0.03, issuer="中国人民银行(合成)", size=30_000_000_000, step=1)
                 | {"risk_weight": 0.0, "pledgeable": True, "haircut": 2.0})  # fmt: skip
    return found


def credit_bonds(rng: np.random.Generator, cast: Cast) -> list[Line]:
    """Return plain bonds of obligors that also stand behind ABS: banks, lessors, property, urban-investment companies."""
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
        implied = {"AAA": ("AAA", "AAA-", "AA+"), "AA+": ("AA+", "AA", "AA(2)"), "AA": ("AA", "AA(2)", "AA-")}[grade][
            i % 3
        ]
        found.append(line | {"region": party.region, "ultimate_group": party.group, "lgfv": urban, "issuer_rating.ccxi": grade, "rating.ccxi": grade, "rating_date": date(2025, 6, 20), "implied_rating": implied, "risk_weight": 100.0, "pledgeable": grade != "AA", "haircut": {"AAA": 8.0, "AA+": 15.0}.get(grade)})  # fmt: skip
    return found


def insurance_plans(rng: np.random.Generator, cast: Cast, count: int, start: int) -> list[Line]:
    """Return asset-support plans registered by insurers: the only ABS that is not a standard asset."""
    found = []
    for i in range(count):
        owner = (cast.leasing, cast.corporates, cast.lgfvs, cast.lenders)[i % 4][int(rng.integers(6))]
        urban = i % 4 == 2
        months = int(rng.integers(4, 18)) if i % 2 else int(rng.integers(18, 72))
        end = add_months(AS_OF, months)
        size = int(rng.integers(3, 25)) * 100_000_000
        rate = round(curve("CHENGTOU_AA" if urban else "MTN_AA", months / 12) + float(rng.uniform(0.75, 1.35)), 4)
        begin = weekday(add_months(end, -12 * (months // 12 + 1)) - timedelta(days=10))
        coupon = round(rate + float(rng.uniform(0.0, 0.5)), 2)
        priced = value(Terms(AS_OF, begin, end, end, coupon / 100), rate / 100)
        grade = ("AAA", "AA+", "AAA")[i % 3]
        found.append({
            "tranche_id": f"SYN-PLAN-{i + 1:03d}", "name": f"SYN{owner.name.removeprefix('SYN')}资产支持计划{i + 1:02d}号", "deal_id": f"SYN-{start + i:05d}",
            "product": "insurance_plan", "market": "other", "placement": "private", "asset_type": "leasing" if i % 4 == 0 else "receivables",
            "originator": owner.name, "core_debtor": owner.name, "support_party": owner.group, "support_type": "guarantee", "ultimate_group": owner.group,
            "region": owner.region, "lgfv": urban, "manager": cast.insurers[i % 5].name, "seniority": "senior", "attachment": 0.0, "detachment": 100.0,
            "issue_size": size, "outstanding": size, "factor": 100.0, "deal_size": size, "coupon": coupon, "rate_type": "fixed", "repayment": "bullet",
            "issue_date": begin, "expected_maturity": end, "legal_maturity": add_months(end, 12), "rating.lianhe": grade if i % 5 else None,
            "rating_date": date(2025, 6, 10) if i % 5 else None, "implied_rating": None, "clean_price": round(priced.clean, 4), "yield": rate, "yield_source": "model",
            "yield_basis": "maturity", "wal": round(priced.wal, 4), "modified_duration": round(priced.modified_duration, 4), "stc": False, "npl": False,
            "market_restricted": True, "pledgeable": False, "lot": 1_000_000, "min_ticket": 10_000_000, "_accrued": priced.accrued,
        })  # fmt: skip
    return found


def offer_all(lines: list[Line], rng: np.random.Generator) -> None:
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
