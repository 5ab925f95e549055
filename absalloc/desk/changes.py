"""What may differ from a book as given, and how a mandate, a universe and its rules look with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate, with_keys
from absalloc.rulebook.active import ActiveRule
from absalloc.terms import UNIT_PRICE_PRODUCTS
from absalloc.units import exact, on_scale, quantity
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.explain.model import Model
    from absalloc.explain.standing import Moved

Number = float | int | str | Fraction


@dataclass(frozen=True)
class Changes:
    """What differs from the book as given; nothing by default. All of it is said anew with each question.

    ``limits``: ``RULE`` or ``RULE.max``, ``RULE.min`` (targets are rules: ``target/duration.max``) to a limit with its
    unit (``"12%"``) or a number in the rule's own. ``off``: rules left out. ``yields``: tranche to the annual yield it
    earns, its price, life and spread as they are. ``prices``: tranche to a clean price per 100 of remaining face; what
    follows from a price is valued again. ``supply``: tranche to the most face that may be bought, 0 for none.
    ``nav``: the net asset value, yuan. ``mandate``: dotted keys of the mandate to what its file would say there,
    None for nothing: ``{"funding": {"rate": "1.7%"}, "rulebooks": ["trust"], "targets.wal.max": "3"}``.
    """

    limits: Mapping[str, Number] = field(default_factory=dict)
    off: Iterable[str] = ()
    yields: Mapping[str, Number] = field(default_factory=dict)
    prices: Mapping[str, Number] = field(default_factory=dict)
    supply: Mapping[str, Number] = field(default_factory=dict)
    nav: Number | None = None
    mandate: Mapping[str, Any] = field(default_factory=dict)


def priced(universe: Universe, prices: Mapping[str, float]) -> Universe:
    """Return the universe with clean prices per 100 of remaining face; the yields of these lines follow from them."""
    table, index = universe.table, universe.index()
    price, rate = (np.asarray(table[name], dtype=float).copy() for name in ("clean_price", "yield"))
    for name, value in prices.items():
        if name not in index:
            raise BadInput("explain.unknown_tranche", value=name, choices=list(index))
        if not 0 < value <= 1000:
            raise BadInput("explain.price_range", value=value, line=name)
        if table["product"][index[name]] in UNIT_PRICE_PRODUCTS:
            raise BadInput("explain.price_flat", value=name)
        # A yield of the file would win over the price.
        price[index[name]], rate[index[name]] = value, np.nan
    return universe.replace(
        table=table.assign(**{"clean_price": pd.Series(price, dtype=float), "yield": pd.Series(rate, dtype=float)})
    )


def with_nav(mandate: LoadedMandate, nav: Fraction) -> LoadedMandate:
    """Return the mandate with another net asset value. Raises BadInput where it has none, or it is not above nil."""
    if nav <= 0:
        raise BadInput("explain.not_positive", value=f"nav {nav}")
    if "nav" not in mandate.amounts:
        raise BadInput("explain.no_nav", value=mandate.name)
    return with_keys(mandate, {"amounts.nav.value": Fraction(nav)})


def moved_rules(rules: Iterable[ActiveRule], moved: Moved) -> Iterator[ActiveRule]:
    """Yield the rules that are not left out, at their limits as moved."""
    for rule in rules:
        if rule.id not in moved.off:
            limits = tuple(replace(x, value=moved.limits.get((rule.id, x.sense), x.value)) for x in rule.limits)
            yield replace(rule, limits=limits)


def moved_limit(model: Model, name: str, value: Number) -> tuple[str, str, Fraction]:
    """Return rule, sense and number of a limit that is moved. Raises BadInput where the rule has no such limit."""
    head, dot, sense = name.rpartition(".")
    named = dot and sense in ("max", "min", "limit")
    rule = model.rule(head if named else name)
    open_ = [x for x in rule.limits if x.value is not None]
    fit = [x for x in open_ if not named or sense in ("limit", x.sense)]
    if len(fit) != 1:
        raise BadInput("explain.no_limit", value=name, choices=[f"{rule.id}.{x.sense}" for x in open_])
    limit = exact_number(value, fit[0].unit, rule.id)
    if limit < 0:
        raise BadInput("explain.not_positive", value=f"{name} {value}")
    return rule.id, fit[0].sense, on_scale(limit, fit[0].unit, rule.id)


def exact_number(value: Number, unit: str, name: str) -> Fraction:
    """Return a quantity with its unit, or a number in ``unit``. Raises BadInput for another unit, NaN and infinity."""
    if isinstance(value, str) and unit != "price":
        found = quantity(value)
        if found.unit != unit:
            raise BadInput("rulebook.limit_unit", value=value, rule=name, expected=unit)
        return found.value
    try:
        return exact(value) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, TypeError, ArithmeticError) as error:
        raise BadInput("explain.not_a_number", value=value, name=name) from error


def as_number(value: Number, unit: str, name: str) -> float:
    """Return what ``exact_number`` reads as a float."""
    return float(exact_number(value, unit, name))
