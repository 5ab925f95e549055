"""Books restricted to some sectors: the same mandate with other bands, a probe of what rules let a sector hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.mandate.models import Band, Invest, YearsTarget
from absalloc.predicate import OneOf
from absalloc.rows import BookState
from absalloc.rulebook.models import Title
from absalloc.rulebook.targets import PREFIX, target_rules, with_targets
from absalloc.terms import SECTORS
from absalloc.units import Quantity
from absalloc.universe.model import as_series


def _share(value: Fraction) -> Quantity:
    return Quantity(value, "ratio", f"{float(value) * 100:.6g}%")


def with_bands(
    state: BookState,
    bands: Mapping[str, tuple[Fraction | None, Fraction | None]],
    duration: tuple[Fraction, Fraction] | None = None,
) -> BookState:
    """Return the book with other bands (least, most share of NAV) on sectors, and on its duration where given.

    A sector not named keeps the mandate's own band. Bands of the mandate that are tighter stand, and so does its
    target for the duration of the portfolio; one for the sleeve alone gives way.
    """
    model = state.mandate.model
    sectors: dict[Any, Band] = dict(model.targets.sectors)
    for name, (low, high) in bands.items():
        old = sectors.get(name, Band())
        lows = [v for v in (low, None if old.min is None else old.min.value) if v is not None]
        highs = [v for v in (high, None if old.max is None else old.max.value) if v is not None]
        sectors[name] = Band(min=_share(max(lows)) if lows else None, max=_share(min(highs)) if highs else None)
    update: dict[str, Any] = {"sectors": sectors}
    if duration is not None:
        old_target = model.targets.duration
        low_, high_ = duration
        if old_target is not None and old_target.of == "portfolio":
            low_ = max(low_, Fraction(old_target.min or 0))
            high_ = high_ if old_target.max is None else min(high_, Fraction(old_target.max))
        update["duration"] = YearsTarget(of="portfolio", min=low_, max=high_)
    targets = model.targets.model_copy(update=update)
    mandate = replace(state.mandate, model=model.model_copy(update={"targets": targets}))
    active = tuple(rule for rule in state.rules.active if not rule.id.startswith(f"{PREFIX}/"))
    return replace(state, mandate=mandate, rules=with_targets(replace(state.rules, active=active), mandate))


def with_sleeve(state: BookState, band: tuple[Fraction | None, Fraction | None]) -> BookState:
    """Return the book with bounds (least, most share of NAV) on all three sectors together, beside its other rules."""
    low, high = band
    model = state.mandate.model
    some = Band(min=None if low is None else _share(low), max=None if high is None else _share(high))
    targets = model.targets.model_copy(update={"sectors": {SECTORS[0]: some}})
    mandate = replace(state.mandate, model=model.model_copy(update={"targets": targets}))
    like = next(rule for rule in target_rules(mandate) if rule.id.startswith(f"{PREFIX}/sector-"))
    title = Title(en="The common sleeve", zh="共同的ABS规模")
    row = replace(like, id=f"{PREFIX}/sleeve", title=title, where=OneOf("sector", tuple(SECTORS)))
    return replace(state, rules=replace(state.rules, active=(*state.rules.active, row)))


def gross(state: BookState, amount: Fraction) -> BookState:
    """Return a book that invests at most ``amount`` and pays nothing for its money: it buys what it can."""
    model = state.mandate.model
    portfolio = model.portfolio.model_copy(update={"invest": Invest(amount=amount, how="at_most")})
    update = {
        "portfolio": portfolio, "funding": None, "objective": model.objective.model_copy(update={"kind": "carry"}),
    }  # fmt: skip
    return replace(state, mandate=replace(state.mandate, model=model.model_copy(update=update)))


def only(sector: str) -> dict[str, tuple[Fraction | None, Fraction | None]]:
    """Return bands that keep the other sectors out."""
    return {name: (None, Fraction(0)) for name in SECTORS if name != sector}


def without(sector: str) -> dict[str, tuple[Fraction | None, Fraction | None]]:
    """Return bands that keep one sector out."""
    return {sector: (None, Fraction(0))}


def rewarded(state: BookState, sector: str) -> BookState:
    """Return the book as one that earns 1 a year on a sector and nothing else: its optimum is the sector's capacity.

    Yields are probes, not facts. Repo and money cost nothing, so that borrowing helps where the rules allow it.
    """
    kinds = np.asarray(state.universe.column("sector"), object)
    yields = np.where(kinds == sector, 1.0, 0.0)
    table = state.universe.table.assign(**{"yield": as_series(yields)})
    probe = replace(state, universe=state.universe.replace(table=table))
    model = state.mandate.model
    free = Quantity(Fraction(0), "ratio", "0%")
    update: dict[str, Any] = {"funding": None, "objective": model.objective.model_copy(update={"kind": "carry"})}
    if model.repo is not None:
        update["repo"] = model.repo.model_copy(update={"rate": free})
    return replace(probe, mandate=replace(state.mandate, model=model.model_copy(update=update)))


def cheaper(state: BookState, sector: str, spread: float) -> BookState:
    """Return the book with the yields of a sector lower by ``spread`` (a decimal)."""
    kinds = np.asarray(state.universe.column("sector"), object)
    yields = np.asarray(state.universe.column("yield"), float) - np.where(kinds == sector, spread, 0.0)
    table = state.universe.table.assign(**{"yield": as_series(np.round(yields, 10))})
    return replace(state, universe=state.universe.replace(table=table))
