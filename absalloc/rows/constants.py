"""The constant part of a rule's numerator: what the rule adds, and what is held outside the books given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from absalloc.errors import BadInput
from absalloc.rows.denominators import Ends, amount_value, reference_totals
from absalloc.rows.groups import membership
from absalloc.rows.lines import Positions, exceptions_allowed, selected, without_exceptions
from absalloc.rows.measures import NO_BOUND, corners, multiplied, needs, read_primitives
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import AmountOf
from absalloc.units import exact


def elsewhere(rule: ActiveRule, books: Sequence[Positions]) -> str | None:
    """Return what the mandates say is held outside the books: ``none``, a path, or None where nothing is said.

    ``none`` too for a rule of one portfolio and one that says itself what to add. Raises BadInput on disagreement.
    """
    if rule.scope == "portfolio" or rule.plus:
        return "none"
    said = {getattr(book.state.mandate.elsewhere, rule.scope) for book in books} - {None}
    if len(said) > 1:
        names = ", ".join(book.state.name for book in books)
        raise BadInput("compliance.elsewhere_differs", value=rule.scope, rule=rule.id, books=names)
    return str(said.pop()) if said else None


def constant_numerator(rule: ActiveRule, groups: Sequence[str | None], books: Sequence[Positions]) -> Ends:
    """Return what each row's numerator has beside holdings, at least and at most."""
    low, high = np.zeros(len(groups)), np.zeros(len(groups))
    for item in rule.plus:
        if isinstance(item, AmountOf):
            value = amount_value(books, item, rule)
            low = low + (0.0 if value is None else float(value))
            high = high + (np.inf if value is None else float(value))
        else:
            totals = reference_totals(rule, item.reference, books)
            known = [totals.get(group) for group in groups]
            low = low + [0.0 if v is None else float(v) for v in known]
            high = high + [np.inf if v is None else float(v) for v in known]
    written = elsewhere(rule, books)
    if written is None:
        high = np.full(len(groups), np.inf)
    elif written != "none":
        away = _away(rule, groups, books, written)
        low, high = low + away[0], high + away[1]
    if rule.kind == "average" and np.any(np.isinf(high)):
        # Lines elsewhere that nobody named can move a mean anywhere.
        return np.full(len(groups), -np.inf), high
    return low, high


def _away(rule: ActiveRule, groups: Sequence[str | None], books: Sequence[Positions], written: str) -> Ends:
    """Return what the lines of a holdings file add to each row of a share, as the first book's universe knows them."""
    from absalloc.universe import load_holdings

    says = next(b for b in books if getattr(b.state.mandate.elsewhere, rule.scope) is not None)
    table = load_holdings(says.state.mandate.path(written)).table
    held = {str(name): Fraction(1) for name in table["tranche_id"]}
    other = Positions(replace(books[0].state, held=held, before=None, book_value={}))
    least, most = _amounts(rule, other, table)
    allowed = exceptions_allowed(rule, books[0].state, away=True)
    mask = without_exceptions(rule, other, selected(rule, other, rule.where), allowed)
    member = membership(rule, rule.by, other)
    place = {group: row for row, group in enumerate(groups)}
    low, high = np.zeros(len(groups)), np.zeros(len(groups))
    for pos, code, share in zip(member.pos, member.code, member.share, strict=True):
        if pos not in least or not mask.maybe[pos]:
            continue
        row = place.get(member.words[code] if rule.by is not None else None) if code >= 0 else None
        if code >= 0 and row is not None:
            high[row] += most[pos] * share
            low[row] += least[pos] * share if mask.sure[pos] else 0.0
        elif code < 0:
            high += most[pos] * share
    return low, high


def _amounts(rule: ActiveRule, other: Positions, table: object) -> tuple[dict[int, float], dict[int, float]]:
    """Return position -> least and most of the rule's measure, from the face or the value that the file gives."""
    names = needs(rule.measure, kept=True)
    primitives = read_primitives(other, names, rule)
    at = np.array(other.held)
    values = np.vstack([multiplied(names, point, len(at)) for point in corners(primitives, names, at)])
    rest = [f"column {name}" for name in rule.measure[1:]]
    beside = np.vstack([multiplied(rest, point, len(at)) for point in corners(primitives, rest, at)])
    index = {other.ids[p]: i for i, p in enumerate(at)}
    least: dict[int, float] = {}
    most: dict[int, float] = {}
    columns = (table["tranche_id"], table["face"], table["market_value"])  # type: ignore[index]
    for name, face, worth in zip(*columns, strict=True):
        i = index[str(name)]
        low, high = _amount((face, worth), rule, (values[:, i], beside[:, i]), other, int(at[i]))
        least[int(at[i])] = least.get(int(at[i]), 0.0) + low
        most[int(at[i])] = most.get(int(at[i]), 0.0) + high
    return least, most


def _amount(
    given: tuple[float, float], rule: ActiveRule, units: tuple[np.ndarray, np.ndarray], other: Positions, pos: int
) -> tuple[float, float]:
    face, worth = given
    if face == face:
        return float(units[0].min() * face), float(units[0].max() * face)
    if worth == worth and rule.measure[0] == "market_value":
        return float(units[1].min() * worth), float(units[1].max() * worth)
    least, most = other.state.unit("market_value", other.row(pos))
    if worth == worth and least == most and least > 0:
        amount = float(exact(worth) / least)
        return float(units[0].min() * amount), float(units[0].max() * amount)
    return 0.0, NO_BOUND * float(units[1].max())
