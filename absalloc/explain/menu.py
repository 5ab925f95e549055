"""Portfolios that are nearly as good and quite different, and what each gives and takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.errors import BadInput
from absalloc.explain.model import Adjust, Model
from absalloc.explain.prices import Progress
from absalloc.explain.why import moved
from absalloc.explain.words import ratio, yuan
from absalloc.plan.builder import MILLION
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.plan.program import Program
from absalloc.rows import BookState
from absalloc.solve import Problem

SHOWN = 10
AVERAGES = ("modified_duration", "wal", "risk_weight")


@dataclass(frozen=True)
class Choice:
    """One portfolio: ``value`` yuan a year, ``gives_up`` basis points against the best, ``overlap`` of market value.

    ``features``: names, shares and averages over securities (None: unknown for a line held); ``comes, goes``: the
    largest moves from the best, in yuan of market value.
    """

    answer: Answer = field(repr=False)
    value: Fraction
    gives_up: Fraction | None
    overlap: float
    features: Mapping[str, float | None]
    comes: tuple[tuple[str, Fraction], ...]
    goes: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True)
class Menu:
    """The best portfolio first, then others within ``within_bp`` of it, each unlike those before it."""

    status: str
    within_bp: Fraction
    choices: tuple[Choice, ...]
    reason: Note | None = None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data; ``difference`` is each feature less that of the best."""
        best = self.choices[0].features if self.choices else {}
        return {
            "schema": "absalloc.menu/1",
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "within_bp": ratio(self.within_bp),
            "choices": [_choice(item, best) for item in self.choices],
        }


def _choice(item: Choice, best: Mapping[str, float | None]) -> dict[str, Any]:
    def less(key: str) -> float | None:
        mine, other = item.features[key], best[key]
        return None if mine is None or other is None else round(mine - other, 12)

    return {
        "carry_yuan": yuan(item.value),
        "gives_up_bp": ratio(item.gives_up),
        "overlap": round(item.overlap, 6),
        "features": dict(item.features),
        "difference": {key: less(key) for key in item.features},
        "comes": [{"tranche_id": n, "market_value": yuan(v)} for n, v in item.comes],
        "goes": [{"tranche_id": n, "market_value": yuan(v)} for n, v in item.goes],
        "holdings": [{"tranche_id": n, "face": yuan(v)} for n, v in sorted((item.answer.faces or {}).items())],
    }


def menu(
    state: BookState,
    settings: PlanSettings,
    within_bp: Fraction,
    count: int,
    *,
    supply: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Menu:
    """Return up to ``count`` portfolios within ``within_bp`` basis points (of NAV or the invested amount) of the best.

    Each next one has the least market value in lines of those before it, a line counting once for each that holds
    it; it is a plan of its own, re-checked. Fewer come back where none has less in such lines. ``supply``: the most
    face that may be bought of some lines. Raises BadInput for a width or a count that is not positive.
    """
    if within_bp <= 0 or count < 1:
        raise BadInput("explain.not_positive", value=str(within_bp if within_bp <= 0 else count))
    model = Model.of(state, settings, supply)
    base, best = model.base, model.value(model.base)
    if model.rate:
        return Menu("stopped", within_bp, (), Note("rate_objective"))
    if best is None or model.total is None:
        return Menu(base.status, within_bp, (), base.reason)
    floor = best - within_bp / 10_000 * model.total
    found = [_made(model, base)]
    weight = _held(model, base).astype(float)
    while len(found) < count:
        if progress is not None:
            progress(len(found), count, "")
        answer = model.answer(adjust=_unlike(floor, weight))
        if answer.faces is None or any(answer.faces == item.answer.faces for item in found):
            break
        found.append(_made(model, answer))
        weight += _held(model, answer)
    return Menu(base.status, within_bp, tuple(found))


def _held(model: Model, answer: Answer) -> np.ndarray:
    """Return 1 for each security a plan holds: shape (n,)."""
    faces = answer.faces or {}
    return np.asarray(np.array([name in faces for name in model.positions.ids]) & model.lines.security)


def _unlike(floor: Fraction, weight: np.ndarray) -> Adjust:
    """Return what asks for a carry of at least ``floor`` and the least market value in lines of ``weight``."""

    def adjust(program: Program) -> Problem:
        problem, lines, legs = program.problem, program.lines, program.legs
        from scipy.sparse import csr_matrix, vstack

        cost = np.zeros(problem.n)
        for leg, sign in ((legs.buy, 1.0), (legs.sell, -1.0), (legs.odd, -1.0)):
            at = np.flatnonzero(leg >= 0)
            sizes = np.array([program.builder.columns[c].size for c in leg[at]]) / MILLION
            cost[leg[at]] = sign * sizes * lines.worth[at] * weight[at]
        top = -float(floor) / MILLION - problem.offset
        return replace(
            problem, c=cost, A=vstack([problem.A.to_scipy(), csr_matrix(problem.c[None, :])]).tocsr(), offset=0.0,
            row_lower=np.append(problem.row_lower, -np.inf), row_upper=np.append(problem.row_upper, top),
            row_names=None,
        )  # fmt: skip

    return adjust


def _made(model: Model, answer: Answer) -> Choice:
    value, best = model.value(answer), model.value(model.base)
    assert value is not None
    assert best is not None
    old, new = model.base.faces or {}, answer.faces or {}
    moves = moved(model, old, new)
    return Choice(
        answer,
        value,
        model.bp(best - value),
        _overlap(model, old, new),
        _features(model, new),
        tuple((n, v) for n, v in moves if v > 0)[:SHOWN],
        tuple((n, -v) for n, v in reversed(moves) if v < 0)[:SHOWN],
    )


def _overlap(model: Model, old: Mapping[str, Fraction], new: Mapping[str, Fraction]) -> float:
    """Return the market value of securities both hold over that of the first."""
    places = [model.position(name) for name in old]
    worth = {n: float(model.lines.worth[p]) for n, p in zip(old, places, strict=True) if model.lines.security[p]}
    size = sum(float(old[n]) * w for n, w in worth.items())
    both = sum(float(min(old[n], new.get(n, Fraction(0)))) * w for n, w in worth.items())
    return both / size if size else 1.0


def _features(model: Model, faces: Mapping[str, Fraction]) -> dict[str, float | None]:
    at = np.array([model.position(name) for name in faces], dtype=np.int64)
    value = np.array([float(face) for face in faces.values()]) * model.lines.worth[at]
    total = float(model.total or 1)
    mine = model.lines.security[at]
    found: dict[str, float | None] = {"names": float(mine.sum())}
    for key, mask in (("cash", model.lines.cash[at]), ("repo", model.lines.liability[at])):
        found[key] = float(value[mask].sum()) / total
    codes, words = model.positions.text("sector", {})
    for code, word in enumerate(words):
        found[f"sector.{word}"] = float(value[codes[at] == code].sum()) / total
    size = float(value[mine].sum())
    for name in AVERAGES:
        numbers = model.positions.number(name, {})[at][mine]
        known = size > 0 and not np.any(np.isnan(numbers))
        found[name] = float(numbers @ value[mine]) / size if known else None
    return {key: None if number is None else round(number, 12) for key, number in found.items()}
