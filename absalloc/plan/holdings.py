"""Holdings, trades and carry of a book, exact, as a reader wants to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from absalloc.compliance.finding import shown
from absalloc.plan.objective import funding_rate
from absalloc.plan.tax import tax_of
from absalloc.rows import BookState
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact


@dataclass(frozen=True)
class Held:
    """One line held; yuan exact, ``weight`` of NAV (of the invested amount without one), None where unknown."""

    tranche_id: str
    name: str | None
    product: str | None
    face: Fraction
    principal: Fraction | None
    market_value: Fraction | None
    weight: Fraction | None
    sector: str | None
    carry_rate: Fraction | None
    yield_source: str | None
    wal: float | None
    modified_duration: float | None
    rating: str | None

    def as_json(self) -> dict[str, Any]:
        """Return plain data; yuan to the fen."""
        return {
            "tranche_id": self.tranche_id,
            "name": self.name,
            "product": self.product,
            "face": shown(self.face, "yuan"),
            "principal": shown(self.principal, "yuan"),
            "market_value": shown(self.market_value, "yuan"),
            "weight": shown(self.weight, "ratio"),
            "sector": self.sector,
            "carry_rate": shown(self.carry_rate, "ratio"),
            "yield_source": self.yield_source,
            "wal": self.wal,
            "modified_duration": self.modified_duration,
            "rating": self.rating,
        }


@dataclass(frozen=True)
class Trade:
    """One trade: ``side`` buy or sell, yuan of face and market value, and its cost."""

    tranche_id: str
    side: str
    face: Fraction
    market_value: Fraction
    cost: Fraction

    def as_json(self) -> dict[str, Any]:
        """Return plain data; yuan to the fen."""
        amounts = {key: shown(getattr(self, key), "yuan") for key in ("face", "market_value", "cost")}
        return {"tranche_id": self.tranche_id, "side": self.side, **amounts}


@dataclass(frozen=True)
class Carry:
    """Carry of a book: yuan a year net of funding and repo; ``rate`` on the ABS sleeve, ``on_nav`` on NAV.

    ``parts`` stand beside it and are not added up with it; None where no table or key gives them.
    """

    yuan: Fraction
    rate: Fraction | None
    on_nav: Fraction | None
    sleeve: Fraction
    parts: Mapping[str, Fraction | None]


def _worth(state: BookState, name: str, measure: str = "market_value") -> Fraction | None:
    low, high = state.unit(measure, state.index.get(name))
    return low if low == high else None


def _text(state: BookState, name: str, column: str) -> Any:
    row = state.index.get(name)
    if row is None or column not in state.universe.table.columns:
        return None
    value: Any = state.universe.table[column].iat[row]
    return None if value is None or value == "" or bool(pd.isna(value)) else value


def total_of(state: BookState) -> Fraction | None:
    """Return what weights are shares of: NAV, else the amount to be invested."""
    nav = state.mandate.amount("nav")
    if nav is not None:
        return nav
    invest = state.mandate.portfolio.invest
    return None if invest is None else Fraction(invest.amount)


def held_lines(state: BookState) -> tuple[Held, ...]:
    """Return the lines of a book, largest market value first, ties by code."""
    total = total_of(state)
    found = [_held(state, name, face, total) for name, face in state.held.items()]
    return tuple(sorted(found, key=lambda line: (-(line.market_value or 0), line.tranche_id)))


def _held(state: BookState, name: str, face: Fraction, total: Fraction | None) -> Held:
    worth, principal = _worth(state, name), _worth(state, name, "principal")
    value = None if worth is None else face * worth
    return Held(
        tranche_id=name,
        name=_text(state, name, "name"),
        product=_text(state, name, "product"),
        face=face,
        principal=None if principal is None else face * principal,
        market_value=value,
        weight=None if value is None or not total else value / total,
        sector=_text(state, name, "sector"),
        carry_rate=line_rate(state, name),
        yield_source=_text(state, name, "yield_source"),
        wal=_text(state, name, "wal"),
        modified_duration=_text(state, name, "modified_duration"),
        rating=best_known_rating(state, name),
    )


def best_known_rating(state: BookState, name: str) -> str | None:
    """Return the ratings of a line as agencies give them, joined; the implied one where there is none."""
    columns = [c for c in state.universe.table.columns if c.startswith("rating.")]
    found = dict.fromkeys(str(v) for c in columns if (v := _text(state, name, c)))
    return "/".join(found) or _text(state, name, "implied_rating")


def line_rate(state: BookState, name: str) -> Fraction | None:
    """Return the annual yield of a line, net of the mandate's funding; None where it has no yield.

    Repo borrowed costs its rate, as a negative yield.
    """
    product = _text(state, name, "product")
    cost = _funding(state, name)
    if product in LIABILITY_PRODUCTS:
        rate = Fraction(state.mandate.repo.rate.value) if state.mandate.repo is not None else None
        return None if rate is None else cost - rate
    value = _text(state, name, "yield")
    if value is None:
        return -cost if product in UNIT_PRICE_PRODUCTS and product == "cash" else None
    return exact(float(value)) - cost


def _funding(state: BookState, name: str) -> Fraction:
    """Return the cost of the money in a line: the mandate's rate, or its curve at the line's WAL."""
    if state.mandate.funding is None:
        return Fraction(0)
    life = _text(state, name, "wal")
    return exact(float(funding_rate(state.mandate, np.array([float(life or 0.0)]))[0]))


def trades_between(state: BookState) -> tuple[Trade, ...]:
    """Return the trades from ``state.before`` to ``state.held``, sells first, then by code; cash is what they leave."""
    before = state.before or {}
    bp = Fraction(state.mandate.trading.cost_bp or 0) / 10_000
    found = []
    for name in sorted({*before, *state.held}):
        change = state.held.get(name, Fraction(0)) - before.get(name, Fraction(0))
        if change == 0 or _text(state, name, "product") == "cash":
            continue
        value = abs(change) * (_worth(state, name) or 0)
        flat = _text(state, name, "product") in UNIT_PRICE_PRODUCTS
        side = "buy" if change > 0 else "sell"
        found.append(Trade(name, side, abs(change), value, Fraction(0) if flat else value * bp))
    return tuple(sorted(found, key=lambda trade: (trade.side == "buy", trade.tranche_id)))


def carry_of(state: BookState, lines: Sequence[Held]) -> Carry:
    """Return the carry of the lines held; lines without a yield add nothing and are named in the assumptions."""
    earned = {line.tranche_id: (line.market_value or 0) * (line.carry_rate or 0) for line in lines}
    yuan = Fraction(sum(earned.values(), Fraction(0)))
    sleeve = [line for line in lines if line.product in ABS_PRODUCTS]
    size = sum((line.market_value or Fraction(0) for line in sleeve), Fraction(0))
    on_sleeve = sum((Fraction(earned[line.tranche_id]) for line in sleeve), Fraction(0))
    total = total_of(state)
    return Carry(
        yuan=yuan,
        rate=on_sleeve / size if size else None,
        on_nav=yuan / total if total else None,
        sleeve=size,
        parts=_parts(state, lines),
    )


def _parts(state: BookState, lines: Sequence[Held]) -> dict[str, Fraction | None]:
    """Return the parts the mandate asks for; null where no table or key gives one, never a guess."""
    result: dict[str, Fraction | None] = dict.fromkeys(state.mandate.objective.parts)
    result["trading_cost"] = sum((trade.cost for trade in trades_between(state)), Fraction(0))
    if "capital_charge" in result:
        result["capital_charge"] = _capital_charge(state, lines)
    if "tax" in result:
        result["tax"] = tax_of(state).yuan
    if state.mandate.objective.kind == "horizon_income":
        result["horizon_income"] = _horizon_income(state, lines)
    return result


def _horizon_income(state: BookState, lines: Sequence[Held]) -> Fraction | None:
    """Return Σ market value × income over the horizon a year, net of funding; None where a security has none."""
    total = Fraction(0)
    for line in lines:
        rate = _text(state, line.tranche_id, "horizon_rate")
        if line.product in UNIT_PRICE_PRODUCTS:
            total += (line.market_value or 0) * (line.carry_rate or 0)
        elif rate is None or line.market_value is None:
            return None
        else:
            total += line.market_value * (exact(float(rate)) - _funding(state, line.tranche_id))
    return total


def _capital_charge(state: BookState, lines: Sequence[Held]) -> Fraction | None:
    """Return Σ market value × risk weight × capital ratio × (hurdle − funding); None where a weight is unknown."""
    capital = state.mandate.capital
    if capital.ratio is None or capital.hurdle is None:
        return None
    total = Fraction(0)
    for line in lines:
        weight = _text(state, line.tranche_id, "risk_weight")
        if line.product in LIABILITY_PRODUCTS:
            continue
        if weight is None or line.market_value is None:
            return None
        charge = Fraction(capital.ratio.value) * (Fraction(capital.hurdle.value) - _funding(state, line.tranche_id))
        total += line.market_value * exact(float(weight)) * charge
    return total
