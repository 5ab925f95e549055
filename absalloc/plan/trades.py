"""The columns of a plan: buys and sells of each line, in lots and with tickets, and the budget they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from absalloc.plan.builder import MILLION, Builder, ColumnOf, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.units import exact

NAV, BUDGET, TURNOVER = "nav", "budget", "turnover"
"""Rows that say what the book is worth, what is invested and what may be traded."""
LOT_MATTERS = 1.0
"""Lots of a yuan or less are left to rounding; larger ones are integers of the model."""


@dataclass(frozen=True)
class After:
    """What a scenario's rows read beside trades. ``assets``: the column of net assets after the gains, million yuan.

    Of these ``left`` is the share a redemption leaves; ``base`` and ``high`` yuan: before the shock, and at most.
    ``paid`` (n,): the column of what each line brings to a redemption in million yuan, -1 for none; ``worth`` (n,) yuan
    per yuan of face then; ``kept`` (n,): the line is held today, so that what is sold stood at its book value.
    """

    assets: int
    left: float
    base: float
    high: float
    paid: np.ndarray
    worth: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class Legs:
    """Where the legs of each position stand: arrays (n,) of column indices, -1 for none; ``after`` for a scenario."""

    buy: np.ndarray
    sell: np.ndarray
    odd: np.ndarray
    after: After | None = None


def add_trades(
    builder: Builder, lines: PlanLines, barred: np.ndarray, gain: np.ndarray, apart: np.ndarray | None = None
) -> Legs:
    """Add the buy and sell columns of every line that may move; ``barred`` lines may not be bought.

    Lines marked ``apart`` are not both bought and sold, nor those with a ticket of more than a lot, of which a purchase
    netted with a sale could be less: elsewhere the two legs are netted at no cost.
    ``gain`` (n,) is what a yuan of face earns a year; a trade's cost is charged against the first year.
    """
    legs = Legs(*[np.full(lines.n, -1, dtype=np.int64) for _ in range(3)])  # type: ignore[arg-type]
    room = lines.most - lines.held
    least = np.maximum(lines.ticket, np.where(lines.lot > LOT_MATTERS, lines.lot, 0.0))
    buys, sells = lines.allocated & ~barred & (room > 0) & (room >= least), lines.allocated & (lines.held > 0)
    for p in np.flatnonzero(buys | sells).tolist():
        ticket = -1
        if buys[p]:
            legs.buy[p], ticket = _buy(builder, lines, p, float(room[p]), float(gain[p]))
        if sells[p]:
            _sell(builder, lines, p, legs, gain[p])
            _apart(builder, lines.positions.ids[p], legs, p, ticket, always=apart is not None and bool(apart[p]))
    return legs


def _apart(builder: Builder, name: str, legs: Legs, p: int, ticket: int, *, always: bool) -> None:
    """Keep purchases of a line apart from its sales: by its ticket, always, or from that of its odd rest alone."""
    buy, sell, odd = int(legs.buy[p]), int(legs.sell[p]), int(legs.odd[p])
    if buy < 0:
        return
    top = builder.high[buy]
    if odd >= 0:
        builder.row(RowOf(None, name, f"odd lot or purchase {name}"), [buy, odd], [1.0, top], -np.inf, top)
    most = builder.high[sell]
    if ticket >= 0:
        builder.row(RowOf(None, name, f"sale {name}"), [sell, ticket], [1.0, most], -np.inf, most)
    elif always:
        on = builder.switch(f"buys rather than sells {name}")
        builder.row(RowOf(None, name, f"purchase {name}"), [buy, on], [1.0, -top], -np.inf, 0.0)
        builder.row(RowOf(None, name, f"sale {name}"), [sell, on], [1.0, most], -np.inf, most)


def _buy(builder: Builder, lines: PlanLines, p: int, room: float, gain: float) -> tuple[int, int]:
    """Add the purchase of a line; return its column and the switch of its ticket, -1 where every purchase is one."""
    name, on = lines.positions.ids[p], -1
    lot, ticket = float(lines.lot[p]), float(lines.ticket[p])
    fee = float(lines.cost[p] * lines.worth[p])
    if lot <= LOT_MATTERS:
        column = builder.column(ColumnOf("buy", p, MILLION, f"buy {name}"), 0.0, room / MILLION, fee - gain)
        if ticket > 0:
            on, least = builder.switch(f"buys {name}"), math.ceil(ticket)  # what is bought is whole yuan
            builder.row(RowOf(None, name, f"ticket {name}"), [column, on], [1.0, -least / MILLION], 0.0, np.inf)
            builder.row(RowOf(None, name, f"buys {name}"), [column, on], [1.0, -room / MILLION], -np.inf, 0.0)
        return column, on
    top = float(math.floor(room / lot))
    size = lot / MILLION
    column = builder.column(ColumnOf("buy", p, lot, f"buy {name}"), 0.0, top, (fee - gain) * size, whole=True)
    least = math.ceil(ticket / lot)
    if least > 1:
        on = builder.switch(f"buys {name}")
        builder.row(RowOf(None, name, f"ticket {name}"), [column, on], [size, -least * size], 0.0, np.inf)
        builder.row(RowOf(None, name, f"buys {name}"), [column, on], [size, -top * size], -np.inf, 0.0)
    return column, on


def _sell(builder: Builder, lines: PlanLines, p: int, legs: Legs, gain: float) -> None:
    name = lines.positions.ids[p]
    lot, held = lines.lot[p], lines.held[p]
    cost = lines.cost[p] * lines.worth[p] + gain
    if lot <= LOT_MATTERS:
        legs.sell[p] = builder.column(ColumnOf("sell", p, MILLION, f"sell {name}"), 0.0, held / MILLION, cost)
        return
    # In floats the odd rest of a face to the fen would not be that of the book.
    exactly = lines.positions.state.held[name]
    top, rest = float(exactly // exact(lot)), float(exactly % exact(lot))
    legs.sell[p] = builder.column(ColumnOf("sell", p, lot, f"sell {name}"), 0.0, top, cost * lot / MILLION, whole=True)
    if rest > 0:
        legs.odd[p] = builder.column(
            ColumnOf("odd", p, rest, f"sell odd lot {name}"), 0.0, 1.0, cost * rest / MILLION, whole=True
        )


def trade_terms(
    builder: Builder, legs: Legs, position: np.ndarray, buy: np.ndarray, sell: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (columns, data) of Σ buy × bought − sell × sold over positions, in million yuan.

    For a scenario what a redemption sells is taken off as well.
    """
    return trade_entries(builder, legs, position, buy, sell)[1:]


def trade_entries(
    builder: Builder, legs: Legs, position: np.ndarray, buy: np.ndarray, sell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same with, first, the place in ``position`` that each column comes of."""
    places, cols, data = [], [], []
    after = legs.after
    if after is not None:
        at, value = after.paid[position], np.where(after.kept[position], sell, buy)
        live = np.flatnonzero((at >= 0) & (value != 0))
        places.append(live)
        cols.append(at[live])
        data.append(-value[live] / after.worth[position][live])
    for leg, value in ((legs.buy, buy), (legs.sell, -sell), (legs.odd, -sell)):
        at = leg[position]
        live = np.flatnonzero((at >= 0) & (value != 0))
        sizes = np.array([builder.columns[c].size for c in at[live].tolist()]) / MILLION
        places.append(live)
        cols.append(at[live])
        data.append(value[live] * sizes)
    return np.concatenate(places), np.concatenate(cols), np.concatenate(data)


def face_terms(builder: Builder, legs: Legs, position: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (columns, data) of Σ value × (bought − sold) over positions, in million yuan."""
    return trade_terms(builder, legs, position, value, value)


def add_budget(
    builder: Builder, lines: PlanLines, legs: Legs, *, nav: Fraction | None, back: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Add the budget: assets and costs are paid by NAV and repo; or the invested amount, where the mandate sets one.

    ``back``: yuan of NAV and of the invested amount that are held back for rounding.
    """
    mandate = lines.positions.state.mandate
    invest = mandate.portfolio.invest
    everything = np.arange(lines.n)
    if invest is not None:
        asset = np.where(lines.allocated & ~lines.liability, lines.worth, 0.0)
        cols, data = face_terms(builder, legs, everything, asset)
        left = (float(invest.amount) - back[1] - float(asset @ lines.held)) / MILLION
        # Lots cannot hit an amount to the yuan: exactly means within the largest lot below it.
        slack = max(float(lines.lot[lines.allocated].max(initial=1.0)), 1.0) / MILLION
        builder.row(RowOf(None, None, BUDGET), cols, data, left - slack if invest.how == "exactly" else -np.inf, left)
        if nav is None:
            return
    if nav is None:
        return
    signed = np.where(lines.liability, -lines.worth, lines.worth)
    cols, data = face_terms(builder, legs, everything, signed)
    more, fees = _fees(builder, lines, legs)
    left = (float(nav) - back[0] - float(signed @ lines.held)) / MILLION
    # Cash takes up what is left; without a cash line the rest stays uninvested.
    free = bool(np.any(lines.cash & lines.allocated)) and invest is None
    builder.row(
        RowOf(None, None, NAV),
        np.concatenate([cols, more]),
        np.concatenate([data, fees]),
        left if free else -np.inf,
        left,
    )


def _fees(builder: Builder, lines: PlanLines, legs: Legs) -> tuple[np.ndarray, np.ndarray]:
    fee = lines.cost * lines.worth
    everything = np.arange(lines.n)
    cols, data = face_terms(builder, legs, everything, fee)
    return cols, np.abs(data)


def add_turnover(builder: Builder, lines: PlanLines, legs: Legs, most: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Cap Σ|trade market value| of securities at ``most`` yuan; return its (columns, data) in million yuan."""
    cols, data = face_terms(builder, legs, np.arange(lines.n), np.where(lines.security, lines.worth, 0.0))
    data = np.abs(data)
    if most is not None:
        builder.row(RowOf(None, None, TURNOVER), cols, data, -np.inf, most / MILLION)
    return cols, data
