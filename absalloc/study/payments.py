"""What the ABS of a book pay month by month, as it stands and under a scenario."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np

from absalloc.cashflow.facts import Notes, line_facts
from absalloc.cashflow.schedules import FACE, Flows, build_flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.rows import BookState
from absalloc.stress import Stressed
from absalloc.terms import ABS_PRODUCTS

MONTHS = 24
"""Months told apart; what comes later is one figure."""


def payments_json(state: BookState, stressed: Stressed) -> list[dict[str, Any]]:
    """Return cash of the ABS held by calendar month, yuan: interest and principal before and after the shock.

    The last entry, month null, is all that comes later. Lines without cash flows pay nothing here.
    """
    chosen = ValuationSettings()
    base = build_flows(line_facts(state.universe, state.as_of, chosen, Notes(len(state.universe.table))), chosen.tables)
    scale = np.zeros(len(state.universe.table))
    factor = np.nan_to_num(np.asarray(state.universe.column("factor"), float))
    for name, face in state.held.items():
        row = state.index.get(name)
        if row is not None and state.product[row] in ABS_PRODUCTS:
            scale[row] = float(face) * factor[row] / FACE
    if not scale.any():
        return []
    old, new = (_by_month(flows, scale, state.as_of) for flows in (base, stressed.flows))
    labels: list[str | None] = [_label(state.as_of, number) for number in range(MONTHS)]
    return [
        {"month": label, "interest": a[0], "principal": a[1], "interest_after": b[0], "principal_after": b[1]}
        for label, a, b in zip([*labels, None], old, new, strict=True)
    ]


def _label(first: date, number: int) -> str:
    years, month = divmod(first.month - 1 + number, 12)
    return f"{first.year + years}-{month + 1:02d}"


def _by_month(flows: Flows, scale: np.ndarray, first: date) -> list[tuple[float, float]]:
    months = flows.dates.astype("datetime64[M]").astype(np.int64) - (first.year - 1970) * 12 - (first.month - 1)
    place = np.clip(months, 0, MONTHS)
    return [
        (_sum(flows.interest * scale[flows.line], place == n), _sum(flows.principal * scale[flows.line], place == n))
        for n in range(MONTHS + 1)
    ]


def _sum(values: np.ndarray, here: np.ndarray) -> float:
    return round(math.fsum(values[here].tolist()), 2)
