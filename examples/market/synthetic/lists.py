"""The lists of the house: approved, restricted and prohibited names, related parties, urban-investment companies."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthetic.books import Book, worth
from synthetic.levels import AS_OF
from synthetic.lines import Line
from synthetic.names import Cast

Rows = list[dict[str, Any]]


def barred(cast: Cast) -> tuple[Rows, Rows, Rows]:
    """Return (prohibited, restricted, related): names no shipped book holds."""
    bad = (
        (cast.property[-1], "债务展期", "2024-03-18"), (cast.property[-2], "债务违约", "2023-11-06"),
        (cast.corporates[-1], "商票持续逾期", "2024-08-30"), (cast.lenders[-1], "资产池逾期率超限", "2025-01-15"),
        (cast.lgfvs[-1], "被列为失信被执行人", "2025-04-21"), (cast.leasing[-1], "审计意见保留", "2025-05-12"),
    )  # fmt: skip
    prohibited = [
        {"name": p.name, "reason": why, "since": since, "approver": "风险管理委员会"} for p, why, since in bad
    ]
    restricted = [
        {"name": p.name, "limit": "0 yuan", "expiry": "2025-12-31", "approver": "投资决策委员会"}
        for p in (cast.property[-3], cast.lgfvs[-2], cast.leasing[-2])
    ]
    related = [
        {"name": cast.managers[-1].name, "relation": "own_group_manager", "of": "SYN安和基金"},
        {"name": cast.banks[9].name, "relation": "custodian", "of": "SYN安和基金"},
        {"name": cast.managers[-2].name, "relation": "underwriter", "of": "SYN安和基金"},
        {"name": cast.banks[10].name, "relation": "main_shareholder", "of": "SYN安和理财"},
        {"name": cast.banks[11].name, "relation": "self", "of": "SYN城市银行"},
        {"name": cast.consumer[-1].name, "relation": "main_shareholder", "of": "SYN城市银行"},
    ]
    return prohibited, restricted, related


def approved(lines: list[Line], books: dict[str, Book], refused: set[str], rng: np.random.Generator) -> Rows:
    """Return names with a limit in yuan, an expiry and an approver: every held name, most others, some expired."""
    table = {line["tranche_id"]: line for line in lines}
    held: dict[str, float] = {}
    for book in books.values():
        mine: dict[str, float] = {}
        for code, face in book.face.items():
            for name in _names(table[code]):
                mine[name] = mine.get(name, 0.0) + float(worth(table[code], face))
        for code, money in book.money.items():
            for name in _names(table[code]):
                mine[name] = mine.get(name, 0.0) + float(money)
        for name, amount in mine.items():
            held[name] = max(held.get(name, 0.0), amount)
    rows: Rows = []
    for name in sorted({name for line in lines for name in _names(line)} - refused):
        state = rng.random()
        if name not in held and state > 0.85:
            continue
        limit = max(
            int(rng.integers(4, 16)) * 100_000_000, -(-int(1.5 * held.get(name, 0.0)) // 100_000_000) * 100_000_000
        )
        expired = name not in held and state < 0.06
        rows.append(
            {
                "name": name,
                "limit": f"{limit} yuan",
                "expiry": "2025-06-15" if expired else f"2026-{1 + int(rng.integers(12)):02d}-28",
                "approver": ("信用评审会", "投资决策委员会")[int(rng.integers(2))],
            }
        )
    return rows


def _names(line: Line) -> list[str]:
    return [str(line[key]) for key in ("originator", "core_debtor", "issuer") if line.get(key)]


def urban(cast: Cast) -> Rows:
    """Return the urban-investment list the ``lgfv`` column follows."""
    return [{"name": p.name, "region": p.region, "source": "合成名单(虚构)", "as_of": AS_OF} for p in cast.lgfvs]


def originator_totals(lines: list[Line], rng: np.random.Generator) -> Rows:
    """Return the ABS of all kinds issued per originator or core debtor, never below what the market shows."""
    shown: dict[str, int] = {}
    for line in lines:
        for name in {line.get("originator"), line.get("core_debtor")} - {None}:
            shown[str(name)] = shown.get(str(name), 0) + line["issue_size"]
    rows: Rows = []
    for name in sorted(shown):
        total = round(shown[name] * float(rng.uniform(1.3, 4.0)) / 10_000_000 + 1) * 10_000_000
        rows.append({"originator": name, "total": total, "as_of": AS_OF, "source": "合成"})
    return rows
