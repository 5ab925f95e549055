"""Why one line is in the plan or not: what keeps it out, the yield at which it enters or leaves, what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.barred import reasons
from absalloc.explain.headroom import Headroom, headroom_at
from absalloc.explain.lines import paying, with_line, without_line
from absalloc.explain.model import Model
from absalloc.explain.readings import HELD
from absalloc.explain.relaxation import Relaxation, relax
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Session
from absalloc.explain.words import Words, ratio, yuan
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState

FINEST = 1e-9
"""A step of the yield below which the search ends."""
MOST_STEPS = 12
"""Plans after which it ends in any case: each is of another size, and few are needed."""
NOTCH = 1e-4


@dataclass(frozen=True)
class Swap:
    """The plan once the line is barred or forced in: what it costs, and what moves most.

    ``cost`` in yuan a year: None where there is no such plan, and where the objective is a rate, of which ``bp`` tells.
    """

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

    ``turns_at``: the yield at which it enters the plan (leaves, where it is held), found by plans, its price and all
    that rules read of it as they are; None where none does it or nobody can tell. ``confirmed``: a plan made anew 1 bp
    beyond it does hold it (does not); None: not tried. ``in_the_way``: rules without which, each alone, the LP
    relaxation holds it at its own yield. ``without``: the best plan without it, for lines held. ``forced``: the best
    plan with the least of it that can be bought or kept (lines not held).
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
    other = None
    if face or not told or model.lines.held[p] > 0:
        other = model.answer(adjust=without_line(p) if face else with_line(p, _least(model, p)))
    swap = None if other is None else _swap(model, p, other, held=not face)
    turns, confirmed = (None, None) if other is None else _turning(model, p, (base, other) if face else (other, base))
    blocking = () if face else _in_the_way(model, relaxation, p)
    room = headroom_at(model, relaxation, base, p)
    pair = (swap, None) if face else (None, swap)
    at = None if turns is None or rate is None else rate + turns
    return Why(tranche_id, base.status, face > 0, face, rate, told, at, confirmed, blocking, room, *pair)


def _least(model: Model, p: int) -> float:
    """Return the least purchase of a line in units of its buy column: a ticket, a lot, a yuan."""
    lot, ticket = float(model.lines.lot[p]), float(model.lines.ticket[p])
    return float(np.ceil(max(ticket, lot) / lot)) if lot > 1 else max(ticket, 1.0) / 1e6


def _turning(model: Model, p: int, plans: tuple[Answer, Answer]) -> tuple[float | None, bool | None]:
    """Return (change of yield at which a line enters or leaves the plan, whether a plan made anew confirms it).

    ``plans``: one with the line and the best without it. What the best plan earns is convex in the yield of one line,
    and so Newton's steps come to the yield at which both earn the same from above, each step a plan: from what the one
    earns less, a yuan of the line, to what the best plan at that yield does, until that one holds none.
    """
    there, without = plans
    name, step = model.positions.ids[p], _per_yield(model, p)
    goal = model.value(without)
    if goal is None or step is None or name in (without.faces or {}):
        return None, None
    turn = _even(model, p, there, goal)
    if turn is None:
        return None, None
    for _ in range(MOST_STEPS):
        found = model.answer(adjust=paying(p, turn))
        if found.faces is None or name not in found.faces:
            break
        lower = _even(model, p, found, goal)
        if lower is None or turn - lower < FINEST:
            break
        turn = lower
    held = there is model.base
    again = model.answer(adjust=paying(p, turn + (-1.0 if held else 1.0) * NOTCH * abs(step)))
    confirmed = None if again.faces is None else (name in again.faces) != held
    return turn / step, confirmed


def _even(model: Model, p: int, plan: Answer, goal: Fraction) -> float | None:
    """Return how much more a yuan of a line would have to earn for a plan that holds it to be worth ``goal``."""
    worth, name = model.value(plan), model.positions.ids[p]
    if worth is None or plan.faces is None or not plan.faces.get(name):
        return None
    size = float(plan.faces[name]) * float(model.lines.worth[p])
    if model.rate:
        weights = np.nan_to_num(model.objective.capital)
        capital = sum(float(face) * weights[model.position(line)] for line, face in plan.faces.items())
        return float(float(goal - worth) * capital / size) if capital > 0 else None
    return float(goal - worth) / size


def _per_yield(model: Model, p: int) -> float | None:
    """Return what a yuan of a line earns more for each unit that it yields more; None where that is not known."""
    if model.lines.liability[p]:
        # What is borrowed is paid for.
        return -1.0
    if model.objective.kind != "horizon_income":
        return 1.0
    rate, reinvest = float(model.lines.rate[p]), model.state.mandate.objective.reinvest_rate
    again = np.nan if reinvest is None else float(reinvest.value)
    share = (float(model.positions.number("horizon_rate", {})[p]) - again) / (rate - again) if rate != again else np.nan
    return share if share > 0 else None


def _in_the_way(model: Model, relaxation: Relaxation, p: int) -> tuple[str, ...]:
    """Return the rules that, left out alone, let the relaxation buy a line."""
    session = Session.of(model)
    found = []
    for rule in relaxation.names:
        faces = session.ask(Moved(off=frozenset({rule}))).faces
        if faces is not None and faces[p] > HELD:
            found.append(rule)
    return tuple(found)


def _swap(model: Model, p: int, answer: Answer, *, held: bool) -> Swap:
    """Return what a plan costs that holds a line (``held``) or does not, against the best one."""
    old, new = model.value(model.base), model.value(answer)
    name = model.positions.ids[p]
    if old is None or new is None or answer.faces is None or model.base.faces is None:
        return Swap(answer.status, None, None, Fraction(0), (), ())
    if (name in answer.faces) != held:
        # What may not be traded can neither be left out nor forced in.
        return Swap("infeasible", None, None, Fraction(0), (), ())
    moves = moved(model, model.base.faces, answer.faces)
    comes = tuple((n, v) for n, v in moves if v > 0 and n != name)[:5]
    goes = tuple((n, -v) for n, v in reversed(moves) if v < 0 and n != name)[:5]
    cost = None if model.rate else old - new
    return Swap(answer.status, cost, model.bp(old - new), answer.faces.get(name, Fraction(0)), comes, goes)


def moved(model: Model, old: dict[str, Fraction], new: dict[str, Fraction]) -> list[tuple[str, Fraction]]:
    """Return (line, change of market value in yuan) between two plans, what comes most first."""
    found = []
    for name in {*old, *new}:
        change = new.get(name, Fraction(0)) - old.get(name, Fraction(0))
        if change:
            found.append((name, change * Fraction(float(model.lines.worth[model.position(name)]))))
    return sorted(found, key=lambda item: (-item[1], item[0]))
