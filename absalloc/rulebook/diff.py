"""What rulebooks say otherwise on a later day: rules and values that begin, end or change, as pure data.

Only what is written is compared. Which verdicts flip for a book, and what that does to its optimum, is for the
stages that have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from absalloc.capital.tables import REGIMES, raw, regime_at
from absalloc.errors import BadInput
from absalloc.messages import render
from absalloc.predicate import InSet, Predicate, leaves
from absalloc.rulebook.load import Rulebook
from absalloc.rulebook.models import Dated, FromList, Rule, Source, Title
from absalloc.rulebook.sentence import condition

WEIGHTS = "risk_weight"
Side = Literal["max", "min"]
Values = Mapping[tuple[Side, Predicate | None], Dated]


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise from ``day`` on.

    ``what``: the rule ``begins`` or ``ends``; a ``value`` of its limit begins, ends or is another one (``before``
    and ``after`` as written, None where there is none; ``when`` is the condition on the mandate it stands under);
    or the capital rules whose ``weights`` the rule reads are other ones (``before`` and ``after`` name them).
    """

    rule: str
    day: date
    what: Literal["begins", "ends", "value", "weights"]
    title: Title
    source: Source
    level: str
    status: str
    before: str | None = None
    after: str | None = None
    side: Side | None = None
    when: Predicate | None = field(default=None, repr=False)

    def text(self, lang: str = "en") -> str:
        """Return the change as one line, ``en`` or ``zh``."""
        none = render("rulebook.diff_none", lang)
        said = render(
            f"rulebook.diff_{self.what}", lang, day=self.day, rule=self.rule, title=getattr(self.title, lang),
            before=self.before or none, after=self.after or none,
        )  # fmt: skip
        if self.when is not None:
            said = render("rulebook.diff_when", lang, said=said, when=condition(self.when, lang))
        return render("rulebook.diff_draft", lang, said=said) if self.status == "draft" else said


def diff(books: Sequence[Rulebook], first: date, second: date, *, regime: str = "by_date") -> tuple[Change, ...]:
    """Return what changed after ``first``, up to and on ``second``: by day, then as written.

    Every day between counts, so that what came and went again is told too. ``regime`` is how the mandate reads
    risk weights (``capital.regime``): one that is named does not change. Raises BadInput where ``second`` is the
    earlier day, and for a day before a rulebook is modelled.
    """
    if second < first:
        raise BadInput("rulebook.diff_order", value=second, expected=first)
    for book in books:
        start = book.book.modelled.from_
        if first < start:
            where = book.document.where("modelled", "from")
            raise BadInput("rulebook.before_modelled", where=where, value=first, expected=start, book=book.id)
    found = [
        change
        for book in books
        for rule in book.book.rules
        for day in sorted(_edges(rule, book, regime))
        if first < day <= second
        for change in _changes(rule, book, day, regime)
    ]
    return tuple(sorted(found, key=lambda change: change.day))


def _edges(rule: Rule, book: Rulebook, regime: str) -> set[date]:
    """Return the days on which anything of a rule begins, and those after it ends."""
    dated: list[Rule | Dated] = [rule, *(item for _, items in _sides(rule) for item in items)]
    days = {item.from_ for item in dated if item.from_ is not None}
    days |= {item.to + timedelta(days=1) for item in dated if item.to is not None}
    return days | (_regime_days() if regime == "by_date" and reads_weights(rule, book) else set())


def _sides(rule: Rule) -> Iterator[tuple[Side, tuple[Dated, ...]]]:
    sides: tuple[tuple[Side, FromList | tuple[Dated, ...] | None], ...] = (("max", rule.max), ("min", rule.min))
    for side, written in sides:
        if written is not None and not isinstance(written, FromList):
            yield side, written


def _regime_days() -> set[date]:
    return {raw()[name]["from"] for name in REGIMES[1:]}


def _changes(rule: Rule, book: Rulebook, day: date, regime: str) -> Iterator[Change]:
    """Yield what is otherwise on ``day`` than on the day before."""
    eve = day - timedelta(days=1)
    old, new = _in_force(rule, eve), _in_force(rule, day)

    def change(what: Literal["begins", "ends", "value", "weights"], **more: object) -> Change:
        return Change(
            rule=f"{book.id}/{rule.id}", day=day, what=what, title=rule.title, source=rule.source,
            level=rule.level, status=rule.status, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    if old != new:
        yield change("begins" if new else "ends")
        return
    if not new:
        return
    before, after = _values(rule, eve), _values(rule, day)
    for side, when in dict.fromkeys((*before, *after)):
        pair = [_said(values.get((side, when))) for values in (before, after)]
        if pair[0] != pair[1]:
            yield change("value", before=pair[0], after=pair[1], side=side, when=when)
    if regime == "by_date" and day in _regime_days() and reads_weights(rule, book):
        yield change("weights", before=regime_at(eve, regime), after=regime_at(day, regime))


def _in_force(rule: Rule, day: date) -> bool:
    """Return whether a rule binds on a day: within its own dates, and with a value where its values are dated."""
    if (rule.from_ is not None and day < rule.from_) or (rule.to is not None and day > rule.to):
        return False
    dated = dict(_sides(rule))
    return not dated or bool(_values(rule, day)) or len(dated) < sum(side is not None for side in (rule.max, rule.min))


def _values(rule: Rule, day: date) -> Values:
    """Return the value of each bound and condition on a day: the last one written whose dates hold."""
    found: dict[tuple[Side, Predicate | None], Dated] = {}
    for side, items in _sides(rule):
        for item in items:
            if (item.from_ is None or item.from_ <= day) and (item.to is None or day <= item.to):
                found[side, item.when] = item
    return found


def _said(item: Dated | None) -> str | None:
    """Return a value as written; a strict bound is another one."""
    if item is None:
        return None
    text = str(item.value.text)
    return f"{text} (strict)" if item.strict else text


def reads_weights(rule: Rule, book: Rulebook) -> bool:
    """Return whether a rule reads risk weights, which the capital rules of the day decide."""
    if not isinstance(rule.measure, str) and WEIGHTS in rule.measure:
        return True
    predicates = [rule.where, rule.require, *(item.where for item in rule.exceptions)]
    return any(_reads(predicate, book) for predicate in predicates if predicate is not None)


def _reads(predicate: Predicate, book: Rulebook) -> bool:
    return any(
        _reads(book.book.sets[leaf.name], book) if isinstance(leaf, InSet) else leaf.column == WEIGHTS
        for leaf in leaves(predicate)
    )
