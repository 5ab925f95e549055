"""What two days of the rule book mean for one book: rules, risk weights, verdicts, and the best plan's carry.

The book is valued on its own day on both sides; only the day whose rules and risk weights hold is another one. So
whatever differs comes from the rules and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from absalloc.capital.tables import regime_at
from absalloc.compliance.check import check_books
from absalloc.compliance.finding import Finding, number, shown
from absalloc.compliance.result import Findings
from absalloc.desk.ask import turnover_cap
from absalloc.desk.book import SCREEN, Book, Prepared, prepare
from absalloc.messages import render
from absalloc.plan.note import Note
from absalloc.rulebook import Rulebook, find_rulebook
from absalloc.rulebook.active import Override
from absalloc.rulebook.diff import Change, diff
from absalloc.terms import ABS_PRODUCTS

if TYPE_CHECKING:
    from absalloc.plan.result import Plan

RULES_DIFF = "absalloc.rules-diff/1"
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class RulesDiff:
    """What changed after ``days[0]``, up to and on ``days[1]``.

    With a mandate, ``regimes`` are its capital rules on the two days, ``market`` how many ABS lines of the universe
    weigh less, more, the same or without a known weight on either day, ``binds`` the rules that bind it on either;
    with its holdings, ``checks`` are the two checks and ``weights`` the lines held whose risk weight moved; with a
    universe, ``plans`` are the best plans from an empty book.
    """

    days: tuple[date, date]
    changes: tuple[Change, ...]
    titles: Mapping[str, str] = field(repr=False)
    mandate: str | None = None
    valued: date | None = None
    regimes: tuple[str, str] | None = None
    market: Mapping[str, int] = field(default_factory=dict)
    binds: frozenset[str] | None = None
    checks: tuple[Findings, Findings] | None = field(default=None, repr=False)
    weights: tuple[dict[str, Any], ...] = ()
    plans: tuple[Plan, Plan] | None = field(default=None, repr=False)
    notes: tuple[Any, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether every question was answered: each of the two searches ended with a proof, of a plan or of none."""
        return self.plans is None or all(plan.status in ("optimal", "infeasible") for plan in self.plans)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.rules-diff/1`` document; what was not asked for is null."""
        return {
            "schema": RULES_DIFF,
            "from": self.days[0].isoformat(),
            "to": self.days[1].isoformat(),
            "mandate": self.mandate,
            "as_of": None if self.valued is None else self.valued.isoformat(),
            "changes": [self._change(item, lang) for item in self.changes],
            "capital": None if self.regimes is None else {**_sides(*self.regimes), "lines": dict(self.market)},
            "weights": None if self.checks is None else [dict(item) for item in self.weights],
            "verdicts": None if self.checks is None else _verdicts(self.checks, lang),
            "optimum": None if self.plans is None else _optimum(self.plans, lang),
            "assumptions": [note.text(lang) for note in self.notes],
            "inputs": dict(self.inputs) or None,
        }

    def _change(self, item: Change, lang: str) -> dict[str, Any]:
        source = item.source
        return {
            "day": item.day.isoformat(),
            "rule": item.rule,
            "title": getattr(item.title, lang),
            "what": item.what,
            "before": item.before,
            "after": item.after,
            "binds": None if self.binds is None else item.rule in self.binds,
            "level": item.level,
            "status": item.status,
            "source": {
                "document": source.document, "title": self.titles[item.rule], "article": source.article,
                "ref": source.ref, "confidence": source.confidence, "article_confirmed": source.article_confirmed,
            },
            "text": item.text(lang),
        }  # fmt: skip


def rules_diff(
    first: date,
    second: date,
    *,
    rulebooks: Sequence[Rulebook] | None = None,
    book: Book | None = None,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    time_limit: float | None = None,
) -> RulesDiff:
    """Return what changed between two days, and for a ``book`` what that does to it.

    ``rulebooks`` (those of the mandate by default) are compared as written; without a book, one that is modelled
    only later is compared from its first day, with a note. Raises BadInput where ``second`` is the earlier day, for
    a day before a rulebook of the mandate is modelled, and as ``check`` and ``optimise`` do.
    """
    if book is None:
        changes, notes = _written(rulebooks or (), first, second)
        return RulesDiff((first, second), changes, _titles(rulebooks or ()), notes=notes)
    mandate = book.mandate
    books = [find_rulebook(name, mandate.folder) for name in mandate.rulebooks] if rulebooks is None else rulebooks
    changes = diff(books, first, second, regime=mandate.capital.regime)
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides}
    sides = [prepare(book, rules_day=day, **how) for day in (first, second)]
    states = [side.state for side in sides]
    held = book.holdings is not None
    return RulesDiff(
        (first, second), changes, _titles(books), mandate.name, states[0].as_of,
        regimes=(regime_at(first, mandate.capital.regime), regime_at(second, mandate.capital.regime)),
        market=_market(sides),
        binds=frozenset(rule.id for state in states for rule in state.rules.active),
        checks=(_checked(sides[0]), _checked(sides[1])) if held else None,
        weights=tuple(_moved_weights(sides)) if held else (),
        plans=(_planned(book, first, time_limit, how), _planned(book, second, time_limit, how)),
        notes=tuple(dict.fromkeys(note for side in sides for note in side.notes)),
        inputs={"universe_sha256": book.universe.sha256, "rulebook_sha256": states[0].rules.sha256},
    )  # fmt: skip


def _written(books: Sequence[Rulebook], first: date, second: date) -> tuple[tuple[Change, ...], tuple[Note, ...]]:
    """Compare rulebooks as written, each from the first day it speaks of."""
    found: list[Change] = []
    notes = []
    diff((), first, second)  # refuses the days the wrong way round, whatever the books
    for item in books:
        start = item.book.modelled.from_
        if start > first:
            notes.append(Note("modelled_later", book=item.id, start=start, first=first))
        if start <= second:
            found += diff([item], max(first, start), second)
    return tuple(sorted(found, key=lambda change: change.day)), tuple(notes)


def _titles(books: Sequence[Rulebook]) -> dict[str, str]:
    return {f"{b.id}/{r.id}": b.book.sources[r.source.document].title for b in books for r in b.book.rules}


def _checked(side: Prepared) -> Findings:
    state = side.state
    return Findings(
        check_books([state]), state.rules.inactive, state.as_of.isoformat(), (state.name,),
        {"universe_sha256": state.universe.sha256, "rulebook_sha256": state.rules.sha256}, side.notes,
    )  # fmt: skip


def _planned(book: Book, day: date, time_limit: float | None, how: Mapping[str, Any]) -> Plan:
    from absalloc.desk.reported import Plan as Reported
    from absalloc.plan.make import PlanSettings, make_plan

    ready = prepare(Book(book.universe, book.mandate), extra=(SCREEN,), rules_day=day, **how)
    settings = PlanSettings(max_turnover=turnover_cap(book.mandate, None), time_limit=time_limit)
    return Reported(make_plan(ready.state, settings), ready.notes, settings)


def _market(sides: Sequence[Prepared]) -> dict[str, int]:
    """Count the ABS lines of the universe by what becomes of their risk weight."""
    is_abs = np.isin(sides[0].state.product, ABS_PRODUCTS)
    one, two = (side.state.universe.column("risk_weight")[is_abs] for side in sides)
    counts = {"less": one > two, "more": one < two, "same": one == two, "unknown": np.isnan(one) | np.isnan(two)}
    return {name: int(np.count_nonzero(found)) for name, found in counts.items()}


def _moved_weights(sides: Sequence[Prepared]) -> list[dict[str, Any]]:
    """Return the ABS lines held whose risk weight, or what it rests on, is another one; largest market value first."""
    one, two = (side.state for side in sides)
    columns = [(s.universe.column("risk_weight"), s.universe.label("risk_weight")) for s in (one, two)]
    names = one.universe.column("name")
    found = []
    for tranche, face in one.held.items():
        row = one.index.get(tranche)
        if row is None or one.product[row] not in ABS_PRODUCTS:
            continue
        (before, basis), (after, other) = ((float(w[row]), str(label[row])) for w, label in columns)
        if before == after or (np.isnan(before) and np.isnan(after)):
            continue
        low, high = one.unit("market_value", row)
        found.append(
            {
                "tranche_id": tranche, "name": names[row],
                "market_value": shown(face * low, "yuan") if low == high else None,
                "before": _known(before), "after": _known(after), "basis_before": basis, "basis_after": other,
            }
        )  # fmt: skip
    return sorted(found, key=lambda item: (-(item["market_value"] or 0.0), item["tranche_id"]))


def _known(weight: float) -> float | None:
    return None if np.isnan(weight) else number(weight)


def _sides(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}


def _verdicts(checks: tuple[Findings, Findings], lang: str) -> dict[str, Any]:
    """Return both answers and each finding that says another verdict, value or limit; flips first."""
    one, two = ({item.key: item for item in found.findings} for found in checks)
    moved = []
    for key in dict.fromkeys([*one, *two]):
        a, b = one.get(key), two.get(key)
        if _said(a) != _said(b):
            moved.append(_moved(a, b, lang))
    moved.sort(key=lambda item: not item["flips"])
    return {
        "compliant": _sides(*(found.compliant for found in checks)),
        "n_proven": _sides(*(found.n_proven for found in checks)),
        "n_unknown": _sides(*(found.n_unknown for found in checks)),
        "moved": moved,
    }


def _said(item: Finding | None) -> tuple[Any, ...] | None:
    return None if item is None else (item.verdict, item.value, item.limit)


def _moved(a: Finding | None, b: Finding | None, lang: str) -> dict[str, Any]:
    some = b or a
    assert some is not None

    def side(item: Finding | None) -> dict[str, Any] | None:
        if item is None:
            return None
        return {
            "verdict": item.verdict, "value": shown(item.value, item.unit), "limit": shown(item.limit, item.unit),
        }  # fmt: skip

    return {
        "rule": some.rule, "title": getattr(some.title, lang), "group": some.group, "sense": some.sense,
        "strict": some.strict, "unit": some.unit, "level": some.level,
        "flips": (a and a.verdict) != (b and b.verdict), **_sides(side(a), side(b)),
    }  # fmt: skip


def _optimum(plans: tuple[Plan, Plan], lang: str) -> dict[str, Any]:
    """Return both plans in short, and the change of carry in yuan a year and as a share of the book."""
    found = [_plan(plan.to_json(lang)) for plan in plans]
    change = {
        key: None if None in (found[0][key], found[1][key]) else round(found[1][key] - found[0][key], digits)
        for key, digits in (("carry_yuan", 2), ("on_nav", 12), ("carry_rate", 12))
    }
    return {**_sides(*found), "change": change}


def _plan(document: Mapping[str, Any]) -> dict[str, Any]:
    earned = document["objective"] or {}
    return {
        "status": document["status"],
        "reason": document["reason"],
        "proven": document["proven"],
        "carry_yuan": earned.get("carry_yuan"),
        "on_nav": earned.get("on_nav"),
        "carry_rate": earned.get("carry_rate"),
        "parts": earned.get("parts", {}),
        "lines": len(document["holdings"]) if earned else None,
        "binding": document["binding"],
        "gap": document["gap"],
    }


def basis(label: str, lang: str) -> str:
    """Return what a risk weight rests on in words: the approach, or what is missing."""
    head, _, rest = label.partition(":")
    key = (
        f"basis_{rest.replace('-', '_')}"
        if head == "derived"
        else "basis_missing"
        if head == "missing"
        else "basis_file"
    )
    return render(f"desk.{key}", lang)
