"""Why one line is in the plan or not: what keeps it out, the yield at which it enters or leaves, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.barred import barring_rules, reasons
from absalloc.explain.headroom import Headroom, headroom_at
from absalloc.explain.lines import paid, paying, with_line, without_line
from absalloc.explain.model import Model
from absalloc.explain.relaxation import Relaxation, relax
from absalloc.explain.words import Words, ratio, yuan
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.solve import solve_problem

WIDEST = 0.5
"""Yields are searched up to so much above or below the line's own."""
FINEST = 1e-7
"""To which a yield is found: a thousandth of a basis point."""
NOTCH = 1e-4


@dataclass(frozen=True)
class Swap:
    """The plan once the line is barred or forced in: ``cost`` yuan a year (None: no such plan), and what moves most."""

    status: str
    cost: Fraction | None
    bp: Fraction | None
    face: Fraction
    comes: tuple[tuple[str, Fraction], ...]
    goes: tuple[tuple[str, Fraction], ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; moves in yuan of market value."""
        moves = {
            key: [{"tranche_id": name, "market_value": yuan(value)} for name, value in getattr(self, key)]
            for key in ("comes", "goes")
        }
        return {"status": self.status, "cost_yuan": yuan(self.cost), "cost_bp": ratio(self.bp), **moves}


@dataclass(frozen=True)
class Why:
    """One line of the plan or outside it.

    ``turns_at``: the yield at which it enters the plan (leaves, where it is held), of the LP relaxation; ``confirmed``:
    a plan made anew 1 bp beyond it does hold it (does not); None: not tried. ``in_the_way``: rules without
    which, each alone, the relaxation buys it. ``without``: the best plan without it, for lines held.
    ``forced``: the best plan with its least purchase (lines not held).
    """

    tranche_id: str
    status: str
    held: bool
    face: Fraction
    rate: float | None
    reasons: tuple[Words, ...]
    turns_at: float | None
    confirmed: bool | None
    in_the_way: tuple[str, ...]
    headroom: Headroom | None
    without: Swap | None
    forced: Swap | None
    note: Note | None = None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: yields as decimals, yuan a year, basis points of NAV (of the invested amount)."""
        room = self.headroom
        return {
            "schema": "absalloc.why/1",
            "tranche_id": self.tranche_id,
            "status": self.status,
            "reason": None if self.note is None else self.note.text(lang),
            "held": self.held,
            "face": yuan(self.face),
            "yield": self.rate,
            "reasons": [words.text(lang) for words in self.reasons],
            "leaves_at" if self.held else "enters_at": self.turns_at,
            "confirmed": self.confirmed,
            "in_the_way": list(self.in_the_way),
            "headroom": None if room is None else {"face": yuan(room.face), "rule": room.rule, "group": room.group},
            "without": None if self.without is None else self.without.to_json(),
            "forced": None if self.forced is None else self.forced.to_json(),
        }


def why(state: BookState, settings: PlanSettings, tranche_id: str, *, supply: Mapping[str, float] | None = None) -> Why:
    """Return why a line is in the best plan of a book or not; ``supply``: the most face to be bought of some lines.

    Raises BadInput for a line that is neither in the universe nor held.
    """
    model = Model.of(state, settings, supply)
    p = model.position(tranche_id)
    base = model.base
    rate = None if np.isnan(model.lines.rate[p]) else float(model.lines.rate[p])
    if base.faces is None:
        return Why(tranche_id, base.status, False, Fraction(0), rate, (), None, None, (), None, None, None, base.reason)
    relaxation = relax(model)
    face = base.faces.get(tranche_id, Fraction(0))
    told = reasons(model, relaxation).get(p, ())
    turns, confirmed = _turning(model, relaxation, p, face > 0, told)
    kept = barring_rules(relaxation, p)
    blocking = () if face > 0 else kept if kept else _in_the_way(relaxation, p)
    room = headroom_at(model, relaxation, base, p)
    without = _swap(model, p, model.answer(adjust=without_line(p))) if face > 0 else None
    forced = _swap(model, p, model.answer(adjust=with_line(p, _least(model, p)))) if not face and not told else None
    at = None if turns is None or rate is None else rate + turns
    return Why(tranche_id, base.status, face > 0, face, rate, told, at, confirmed, blocking, room, without, forced)


def _least(model: Model, p: int) -> float:
    """Return the least purchase of a line in units of its buy column: a ticket, a lot, a yuan."""
    lot, ticket = float(model.lines.lot[p]), float(model.lines.ticket[p])
    return float(np.ceil(max(ticket, lot) / lot)) if lot > 1 else max(ticket, 1.0) / 1e6


def _bought(relaxation: Relaxation, p: int, more: float, without: frozenset[str] = frozenset()) -> bool:
    """Say whether the relaxation holds a line once it yields ``more``."""
    legs, lines = relaxation.program.legs, relaxation.program.lines
    problem = paid(relaxation.problem(without), legs, lines, p, more)
    found = solve_problem(problem, "highs", relaxation.settings)
    if found.x is None:
        return False
    columns = relaxation.program.builder.columns
    face = float(lines.held[p])
    for leg, sign in ((legs.buy[p], 1.0), (legs.sell[p], -1.0), (legs.odd[p], -1.0)):
        face += sign * float(found.x[leg]) * columns[leg].size if leg >= 0 else 0.0
    return face > 1.0


def _turning(
    model: Model, relaxation: Relaxation, p: int, held: bool, told: tuple[Words, ...]
) -> tuple[float | None, bool | None]:
    """Return (change of yield at which the line enters or leaves, whether a plan made anew confirms it)."""
    if told and not held:
        return None, None
    side = -1.0 if held else 1.0
    if _bought(relaxation, p, side * WIDEST) == held:
        return None, None
    low, high = 0.0, WIDEST
    if _bought(relaxation, p, 0.0) != held:
        # Lots make the plan differ from its relaxation; the relaxation turns on the other side.
        low, high, side = 0.0, WIDEST, -side
        held = not held
        if _bought(relaxation, p, side * WIDEST) == held:
            return None, None
    while high - low > FINEST:
        middle = (low + high) / 2
        low, high = (low, middle) if _bought(relaxation, p, side * middle) != held else (middle, high)
    again = model.answer(adjust=paying(p, side * (high + NOTCH)))
    name = model.positions.ids[p]
    confirmed = None if again.faces is None else (again.faces.get(name, Fraction(0)) > 0) != held
    return side * high, confirmed


def _in_the_way(relaxation: Relaxation, p: int) -> tuple[str, ...]:
    """Return the rules that, left out alone, let the relaxation buy a line."""
    return tuple(rule for rule in relaxation.names if _bought(relaxation, p, 0.0, frozenset({rule})))


def _swap(model: Model, p: int, answer: Answer) -> Swap:
    old, new = model.value(model.base), model.value(answer)
    name = model.positions.ids[p]
    if old is None or new is None or answer.faces is None or model.base.faces is None:
        return Swap(answer.status, None, None, Fraction(0), (), ())
    moves = moved(model, model.base.faces, answer.faces)
    comes = tuple((n, v) for n, v in moves if v > 0 and n != name)[:5]
    goes = tuple((n, -v) for n, v in reversed(moves) if v < 0 and n != name)[:5]
    return Swap(answer.status, old - new, model.bp(old - new), answer.faces.get(name, Fraction(0)), comes, goes)


def moved(model: Model, old: dict[str, Fraction], new: dict[str, Fraction]) -> list[tuple[str, Fraction]]:
    """Return (line, change of market value in yuan) between two plans, what comes most first."""
    found = []
    for name in {*old, *new}:
        change = new.get(name, Fraction(0)) - old.get(name, Fraction(0))
        if change:
            found.append((name, change * Fraction(float(model.lines.worth[model.position(name)]))))
    return sorted(found, key=lambda item: (-item[1], item[0]))
