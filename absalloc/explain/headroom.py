"""How much of each line may still be bought, and which rule stops it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain.barred import reasons
from absalloc.explain.model import Model
from absalloc.explain.prices import Progress
from absalloc.explain.rebalanced import most_of
from absalloc.explain.relaxation import Relaxation, relax
from absalloc.explain.room import Rooms, rooms
from absalloc.explain.words import Words, ratio, spoken, yuan
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.units import exact

NEAR = 1e-6
"""Within so much of a whole lot, the exact checker decides whether the last lot is within the limit."""
ZERO = Fraction(0)


@dataclass(frozen=True)
class Headroom:
    """The most of one line: ``face`` in whole lots that may be bought on top, ``market_value`` what it is worth.

    ``rule`` stops it: a rule's id, or ``cash budget turnover supply``; ``group`` is that rule's. ``gain``: yuan a
    year at that amount, cash or the best re-balancing paying. ``reasons``: why there is none at all.
    """

    tranche_id: str
    face: Fraction
    market_value: Fraction
    rule: str | None
    group: str | None
    gain: Fraction | None
    reasons: tuple[Words, ...] = ()


@dataclass(frozen=True)
class HeadroomTable:
    """Headroom of lines, ``at`` what is ``held`` or at the ``plan`` of an empty book; ``rebalanced``: LP relaxation."""

    status: str
    at: str
    rebalanced: bool
    total: Fraction | None
    lines: tuple[Headroom, ...]
    reason: Note | None = None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: yuan of face and market value, yuan a year, basis points."""
        return {
            "schema": "absalloc.headroom/1",
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "at": self.at,
            "rebalanced": self.rebalanced,
            "lines": [
                {
                    "tranche_id": line.tranche_id,
                    "face": yuan(line.face),
                    "market_value": yuan(line.market_value),
                    "rule": line.rule,
                    "group": line.group,
                    "gain_yuan": yuan(line.gain),
                    "gain_bp": ratio(line.gain / self.total * 10_000) if line.gain is not None and self.total else None,
                    "reason": spoken(line.reasons, lang) or None,
                }
                for line in self.lines
            ],
        }


def headroom(
    state: BookState,
    settings: PlanSettings,
    ids: Sequence[str] | None = None,
    *,
    rebalanced: bool = False,
    progress: Progress | None = None,
) -> HeadroomTable:
    """Return how much of each line (all of the universe by default) may be bought on top of the book.

    The book is what it holds; one that holds nothing is taken at its best plan. With nothing else moving, cash pays
    (the amount not yet invested where the mandate sets one) and the answer is in whole lots, checked exactly.
    ``rebalanced``: everything else may be traded for it; one LP of the relaxation each for the amount and one for the
    carry. Purchase-tested rules above their limit let nothing of theirs be bought. Raises BadInput for an unknown id.
    """
    return headroom_in(Model(state, settings), ids, rebalanced=rebalanced, progress=progress)


def headroom_in(
    model: Model, ids: Sequence[str] | None = None, *, rebalanced: bool = False, progress: Progress | None = None
) -> HeadroomTable:
    """Return the same of a book that is made ready, the plan of which may be known already."""
    state = model.given
    at = "held" if state.held else "plan"
    wanted = list(model.system.ids[0]) if ids is None else list(ids)
    places = [model.position(name) for name in wanted]
    base = None if state.held else model.base
    if model.refused is not None or (base is not None and base.faces is None):
        note = model.refused if base is None else base.reason
        status = "stopped" if base is None else base.status
        return HeadroomTable(status, at, rebalanced, model.total, (), note)
    # The ratio test minds the least purchase itself; a row and a switch a line say no more.
    relaxation = relax(model, tickets=False)
    barred = reasons(model, relaxation)
    if rebalanced:
        found = _rebalanced(model, barred, places, progress)
        return HeadroomTable("optimal", at, True, model.total, tuple(found))
    made = rooms(model, relaxation, point_of(model, relaxation, base))
    lines = [_line(model, relaxation, made, p, base) if p not in barred else _none(model, p, barred[p]) for p in places]
    return HeadroomTable("optimal", at, False, model.total, tuple(lines))


def headroom_at(model: Model, relaxation: Relaxation, base: Answer, p: int) -> Headroom:
    """Return the headroom of one line at a plan, with nothing else moving."""
    why = reasons(model, relaxation).get(p)
    if why is not None:
        return _none(model, p, why)
    return _line(model, relaxation, rooms(model, relaxation, point_of(model, relaxation, base)), p, base)


def point_of(model: Model, relaxation: Relaxation, answer: Answer | None) -> np.ndarray:
    """Return the program's columns at a plan (at what is held for None); switches stay 0."""
    columns = relaxation.program.builder.columns
    x = np.zeros(len(columns))
    if answer is None or answer.faces is None:
        return x
    legs = relaxation.program.legs
    for name in {*answer.faces, *model.state.held}:
        p = model.system.index[0][name]
        change = float(answer.faces.get(name, Fraction(0)) - model.state.held.get(name, Fraction(0)))
        leg = int(legs.buy[p] if change > 0 else legs.sell[p])
        if change != 0 and leg >= 0:
            x[leg] = abs(change) / columns[leg].size
    return x


def _none(model: Model, p: int, why: tuple[Words, ...] = ()) -> Headroom:
    return Headroom(model.positions.ids[p], ZERO, ZERO, None, None, ZERO, why)


def _line(model: Model, relaxation: Relaxation, made: Rooms, p: int, base: Answer | None) -> Headroom:
    name, column = model.positions.ids[p], int(relaxation.program.legs.buy[p])
    if column < 0:
        return _none(model, p)
    units = float(made.units[p])
    size = exact(relaxation.program.builder.columns[column].size)
    lot = size if relaxation.program.builder.whole[column] else Fraction(1)
    lots = units * float(size / lot)
    whole = int(np.floor(lots * (1 + 1e-12) + NEAR))
    stop = made.rule[p]
    if abs(lots - round(lots)) < NEAR and whole > 0 and stop in model.rules:
        whole -= not _passes(model, base, name, whole * lot, stop)
    face = whole * lot
    least = exact(float(made.least[p])) * size
    if face < least:
        small = Words(
            "room_below_least", face=f"{float(face):.0f}", least=f"{float(least):.0f}", what=made.least_rule[p]
        )
        return Headroom(name, ZERO, ZERO, stop or None, made.group[p], ZERO, (small,))
    worth = exact(float(model.lines.worth[p]))
    gain = float(face) * made.gain[p]
    return Headroom(name, face, face * worth, stop or None, made.group[p], Fraction(float(gain)))


def _passes(model: Model, base: Answer | None, name: str, face: Fraction, rule: str) -> bool:
    after = bought(model, base, name, face)
    before = model.state.held if base is None or base.faces is None else base.faces
    failing = [f for f in evaluate_exact([after], rules={rule}) if f.verdict != "pass"]
    if not failing:
        return True
    old = {
        f.group for f in evaluate_exact([replace(model.state, held=dict(before))], rules={rule}) if f.verdict != "pass"
    }
    return all(f.group in old for f in failing)


def bought(model: Model, base: Answer | None, name: str, face: Fraction) -> BookState:
    """Return the book after ``face`` of a line is bought and paid from cash: what a headroom is checked on."""
    held = dict(model.state.held if base is None or base.faces is None else base.faces)
    before = dict(held)
    p = model.position(name)
    worth = face * exact(float(model.lines.worth[p]))
    # Repo is owed: borrowing more of it fills the purse.
    cost = -worth if model.lines.liability[p] else worth * (1 + exact(float(model.lines.cost[p])))
    held[name] = held.get(name, Fraction(0)) + face
    cash = np.flatnonzero(model.lines.cash & model.lines.allocated)
    if len(cash) and model.state.mandate.portfolio.invest is None:
        purse = model.positions.ids[int(cash[0])]
        held[purse] = held.get(purse, Fraction(0)) - cost
        if held[purse] == 0:
            del held[purse]
    return replace(model.state, held=held, before=before)


def _rebalanced(
    model: Model, barred: Mapping[int, tuple[Words, ...]], places: Sequence[int], progress: Progress | None
) -> list[Headroom]:
    def step(number: int) -> None:
        if progress is not None:
            progress(number, len(places), model.positions.ids[places[number]])

    found = []
    for p, made in zip(places, most_of(model, places, step), strict=True):
        name, why = model.positions.ids[p], barred.get(p, ())
        if why or made is None:
            found.append(Headroom(name, ZERO, ZERO, None, None, None, why))
            continue
        # What a rate loses is no amount a year.
        gain = None if made.lost is None or model.rate else -Fraction(made.lost) * 10**6
        face = Fraction(made.face)
        found.append(Headroom(name, face, face * exact(float(model.lines.worth[p])), made.stop, None, gain))
    return found
