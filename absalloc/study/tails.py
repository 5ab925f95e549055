"""A book in every draw of a Monte-Carlo set: the distribution of its loss to the horizon, and its tail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from absalloc.cashflow import CurveSet, ValuationSettings
from absalloc.rows import BookState
from absalloc.solve import cvar
from absalloc.stress import HorizonReturns, MonteCarlo, note_text, revalue_draws
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS

LEVELS = (0.90, 0.95, 0.99)
SHARES = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
MONTHS_A_YEAR = 12.0


@dataclass(frozen=True, eq=False)
class BookDraws:
    """One book in every draw; yuan, a loss positive. ``losses`` (draws,); ``value`` today of what is counted.

    ``unknown``: lines held whose value is not known and that stand in no sum; ``simple``: lines held that were not
    revalued and earn their yield in every draw.
    """

    state: BookState = field(repr=False)
    returns: HorizonReturns = field(repr=False)
    losses: np.ndarray = field(repr=False)
    value: float
    unknown: tuple[str, ...]
    simple: tuple[str, ...]

    def tail(self, level: float) -> tuple[float, float]:
        """Return (VaR, CVaR): the least loss among the worst ``1 − level`` of the draws, and their average."""
        count = self.losses.size
        worst = np.sort(self.losses)[::-1]
        inside = int(np.ceil(round((1.0 - level) * count, 9)))
        return float(worst[inside - 1]), cvar(self.losses, level)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return this book as plain data: the ``book`` of an ``absalloc.draws/1`` document."""
        chosen = self.returns.set
        nav = self.state.mandate.amount("nav")
        quantiles = np.quantile(self.losses, SHARES, method="inverted_cdf")
        worst = int(np.argmax(self.losses))
        return {
            "book": self.state.name,
            "as_of": self.state.as_of.isoformat(),
            "set": {
                "name": chosen.name,
                "title": getattr(chosen.title, lang),
                "sources": [source.model_dump() for source in chosen.sources],
                "sha256": chosen.sha256,
                "horizon_months": chosen.horizon,
                "draws": chosen.file.draws,
                "seed": chosen.file.seed,
                "rates_from_mean": self.returns.draws.from_mean,
            },
            "value": _fen(self.value),
            "nav": None if nav is None else float(nav),
            "loss": {
                "mean": _fen(float(self.losses.mean())),
                "standard_deviation": _fen(float(self.losses.std(ddof=1))),
                "quantiles": [{"share": s, "loss": _fen(q)} for s, q in zip(SHARES, quantiles.tolist(), strict=True)],
                "chance_of_loss": float((self.losses > 0).mean()),
            },
            "tails": [self._tail_json(level, None if nav is None else float(nav)) for level in LEVELS],
            "worst_draw": {"number": worst + 1, **self._draw(worst)},
            "unknown_lines": list(self.unknown),
            "simple_lines": list(self.simple),
            "notes": self._notes(lang),
        }

    def _tail_json(self, level: float, nav: float | None) -> dict[str, Any]:
        var, average = self.tail(level)
        share = None if not nav else round(average / nav, 8)
        return {"level": level, "var": _fen(var), "cvar": _fen(average), "cvar_on_nav": share}

    def _draw(self, number: int) -> dict[str, Any]:
        drawn = self.returns.draws
        level, slope = (float(path[number, -1] - path[number, 0]) for path in (drawn.level, drawn.slope))
        moves = {"level_move": round(level, 8), "slope_move": round(slope, 8)}
        return {"loss": _fen(float(self.losses[number])), **moves, "factor": round(float(drawn.factor[number]), 6)}

    def _notes(self, lang: str) -> list[dict[str, Any]]:
        counts: dict[str, int] = {}
        for name in self.state.held:
            for code in self.returns.notes[self.state.index[name]] if name in self.state.index else ():
                counts[code] = counts.get(code, 0) + 1
        return [{"code": code, "lines": n, "text": note_text(code, lang)} for code, n in sorted(counts.items())]


def _fen(yuan: float) -> float:
    return round(yuan, 2)


def unit_draws(state: BookState, found: HorizonReturns) -> np.ndarray:
    """Return what each row brings to the horizon in each draw, yuan per yuan of original face: (draws, rows).

    NaN where a row has no value. What is owed is negative, repo without a yield at the mandate's rate.
    """
    flat = np.isin(state.product.astype(str), UNIT_PRICE_PRODUCTS)
    owed = np.isin(state.product.astype(str), LIABILITY_PRODUCTS)
    factor = np.where(flat, 1.0, np.asarray(state.universe.column("factor"), float))
    dirty = np.asarray(state.universe.column("dirty_price"), float)
    unit = np.where(owed, -1.0, 1.0) * factor * dirty / 100.0
    brings = found.returns * unit
    if state.mandate.repo is not None:
        rate = float(state.mandate.repo.rate.value) * found.set.horizon / MONTHS_A_YEAR
        silent = owed & np.isnan(np.asarray(state.universe.column("yield"), float))
        brings[:, silent] = -rate
    return np.asarray(brings)


def draw_book(
    state: BookState, chosen: MonteCarlo, *, curves: CurveSet | None = None, settings: ValuationSettings | None = None
) -> BookDraws:
    """Return a book in every draw of a set: nothing is traded until the horizon.

    ``curves`` and ``settings`` as for ``revalue_draws``, whose BadInput it raises.
    """
    found = revalue_draws(state.universe, chosen, state.as_of, curves=curves, settings=settings)
    brings = unit_draws(state, found)
    names = [name for name in state.held if name in state.index]
    rows = np.array([state.index[name] for name in names], dtype=np.int64)
    face = np.array([float(state.held[name]) for name in names])
    known = np.isfinite(brings[:, rows]).all(axis=0)
    unknown = [name for name, ok in zip(names, known.tolist(), strict=True) if not ok]
    outside = [name for name in state.held if name not in state.index]
    simple = [name for name, row in zip(names, rows.tolist(), strict=True) if not found.known[row]]
    losses = -(brings[:, rows[known]] @ face[known])
    dirty = np.asarray(state.universe.column("dirty_price"), float)[rows]
    flat = np.isin(state.product[rows].astype(str), UNIT_PRICE_PRODUCTS)
    owed = np.isin(state.product[rows].astype(str), LIABILITY_PRODUCTS)
    factor = np.where(flat, 1.0, np.asarray(state.universe.column("factor"), float)[rows])
    worth = np.where(owed, -1.0, 1.0) * face * factor * dirty / 100.0
    value = float(worth[known].sum())
    told = [name for name in simple if name not in unknown]
    return BookDraws(state, found, losses, value, tuple(sorted([*unknown, *outside])), tuple(sorted(told)))
