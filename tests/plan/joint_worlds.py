"""Random managers with two or three funds that buy from one small market, as states and as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from odd_books import DAY, book_of, mandate_of, rulebook
from scipy.optimize import linprog

from absalloc.rows import BookState

ABS = {"product": "credit_abs"}
SOURCE = {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"}


def named(rule: dict[str, Any], name: str) -> dict[str, Any]:
    return {"id": name, "title": {"en": "x", "zh": "x"}, "source": SOURCE, **rule}


@dataclass(frozen=True)
class World:
    """``size``, ``price``, ``rate`` by line; ``nav``, ``own`` (cap on an originator, share of NAV) by book.

    ``wide``: the most of one line over all funds, a share of its size; ``deals``: of all lines of one originator.
    """

    size: np.ndarray
    price: np.ndarray
    rate: np.ndarray
    originator: tuple[str, ...]
    nav: np.ndarray
    own: np.ndarray
    wide: float
    deals: float
    lot: int = 0
    more: tuple[dict[str, Any], ...] = ()

    def lines(self) -> list[dict[str, str]]:
        found = [
            {
                "tranche_id": f"T{i}", "product": "credit_abs", "originator": self.originator[i], "factor": "1",
                "seniority": "senior", "wal": "2", "issue_size": f"{self.size[i]:.0f}",
                "outstanding": f"{self.size[i]:.0f}", "dirty_price": f"{self.price[i]:.4f}",
                "yield": f"{self.rate[i]:.4f}",
            }
            for i in range(len(self.size))
        ]  # fmt: skip
        return [*found, {"tranche_id": "CASH", "product": "cash", "yield": "0.005"}]

    def states(self) -> list[BookState]:
        found = []
        for b, nav in enumerate(self.nav):
            rules = [
                named({"kind": "share", "by": "originator", "of": "nav", "max": f"{100 * self.own[b]:.2f}%",
                       "where": ABS}, "own"),
                named({"kind": "share", "by": "tranche_id", "measure": "face", "of": "issue_size", "where": ABS,
                       "max": f"{100 * self.wide:.2f}%", "scope": "manager_funds"}, "wide"),
                named({"kind": "share", "by": "originator", "measure": "face", "of": {"universe": "outstanding"},
                       "where": ABS, "max": f"{100 * self.deals:.2f}%", "scope": "manager_funds"}, "deals"),
            ]  # fmt: skip
            trading = {"trading": {"lot": str(self.lot)}} if self.lot else {}
            mandate = {
                "name": f"基金{b}", "manager": "某公司", "institution": "public_fund_open", "rulebooks": ["w"],
                "amounts": {"nav": f"{nav:.0f}"}, "mode": "strategic", "unknown": "worst",
                "elsewhere": {"manager_funds": "none"}, **trading,
            }  # fmt: skip
            found.append(book_of(self.lines(), mandate_of(mandate), DAY, books=(rulebook([*rules, *self.more]),)))
        return found

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (c, A, b) of max c·x, A x ≤ b over faces x (books × lines), written without the package.

        Money not in lines is cash at 0.5 %, so a yuan of face earns price × (rate − 0.5 %) more.
        """
        books, n = len(self.nav), len(self.size)
        worth = self.price / 100
        c = np.tile(worth * (self.rate - 0.005), books)
        rows, right = [], []
        for b in range(books):
            mine = slice(b * n, (b + 1) * n)
            row = np.zeros(books * n)
            row[mine] = worth
            rows.append(row)
            right.append(self.nav[b])
            for name in set(self.originator):
                row = np.zeros(books * n)
                row[mine] = worth * np.array([name == o for o in self.originator])
                rows.append(row)
                right.append(round(self.own[b], 4) * self.nav[b])
        for i in range(n):
            row = np.zeros(books * n)
            row[i::n] = 1.0
            rows.append(row)
            right.append(min(1.0, round(self.wide, 4)) * self.size[i])
        for name in set(self.originator):
            there = np.array([name == o for o in self.originator])
            rows.append(np.tile(there.astype(float), books))
            right.append(round(self.deals, 4) * self.size[there].sum())
        return c, np.array(rows), np.array(right)

    def best(self) -> float:
        """Return the best sum of carries, yuan a year, by scipy."""
        c, A, b = self.rows()
        top = np.tile(self.size, len(self.nav))
        found = linprog(-c, A_ub=A, b_ub=b, bounds=np.c_[np.zeros(len(c)), top], method="highs")
        assert found.status == 0
        return float(-found.fun) + 0.005 * float(self.nav.sum())


def world(seed: int, *, loose: bool = False, lot: int = 0) -> World:
    """Return a world; ``loose``: there is so much of each line that nothing is shared."""
    rng = Random(seed)
    n, books = (rng.randint(3, 6), rng.randint(2, 3)) if not lot else (2, 2)
    nav = np.array([float(rng.randint(50, 300) * 1_000_000) for _ in range(books)])
    size = np.array([float(rng.randint(20, 200) * 1_000_000) for _ in range(n)]) * (1000 if loose else 1)
    return World(
        size=size,
        price=np.round([rng.uniform(95, 105) for _ in range(n)], 4),
        rate=np.round([rng.uniform(0.02, 0.06) for _ in range(n)], 4),
        originator=tuple(rng.choice("甲乙") for _ in range(n)),
        nav=nav,
        own=np.array([rng.choice([0.3, 0.5, 0.8]) for _ in range(books)]),
        wide=rng.choice([0.1, 0.4, 1.0]),
        deals=rng.choice([0.3, 0.6, 1.0]),
        lot=lot,
    )
