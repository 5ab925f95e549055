"""A rule as a formula to be read: numerator, denominator, bounds, and what the names in them mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from absalloc.predicate import Between, InList, InSet, Missing, OneOf, Predicate, leaves, narrowed
from absalloc.rulebook.models import Book, Combined, Dated, Denominator, FromList, HoldingsSum, Reading, Rule
from absalloc.rulebook.phrases import LISTED, THEN, Phrases, grades_of

_SIGNS = {("max", False): "≤", ("max", True): "<", ("min", False): "≥", ("min", True): ">"}


@dataclass(frozen=True)
class Formula:
    """``numerator ÷ denominator ≤ limit``; the denominator is None for an amount in yuan, a mean or a count.

    ``each``: there is one such ratio for each; ``bounds`` are plain data with sign, value, dates and condition;
    ``text`` is all of it but ``each`` on one line.
    """

    numerator: str
    denominator: str | None
    each: str | None
    bounds: tuple[dict[str, Any], ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "text": self.text,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "each": self.each,
            "bounds": [dict(item) for item in self.bounds],
        }


def formula(rule: Rule, lang: str = "en", book: Book | None = None) -> Formula:
    """Return a rule's formula with words of ``lang`` for its parts."""
    words = Phrases(lang, book)
    numerator, denominator = _sides(rule, words)
    left = numerator if denominator is None else f"{numerator} ÷ {denominator}"
    said = [text for side, written in _limits(rule) for text in _said(side, written, words)]
    bounds = [item for side, written in _limits(rule) for item in _bounds(side, written, words)]
    if rule.if_held is not None:
        bounds.append(_bound("≥", words.value(rule.if_held.text)))
        said.append(f"≥ {words.value(rule.if_held.text)}")
    each = None if rule.by is None else words.by(rule.by)
    return Formula(numerator, denominator, each, tuple(bounds), f"{left} {THEN[lang].join(said)}".strip())


def _limits(rule: Rule) -> Iterator[tuple[str, FromList | tuple[Dated, ...]]]:
    for side, written in (("max", rule.max), ("min", rule.min)):
        if written is not None:
            yield side, written


def _sides(rule: Rule, words: Phrases) -> tuple[str, str | None]:
    who = words.who(rule.where)
    of = None if rule.of is None else words.denominator(rule.of)
    if rule.kind == "eligibility":
        # A test against the rule's own limit is said by its column: the bounds follow.
        said = words.predicate(rule.require, words.say("the_limit"))
        if isinstance(rule.require, Between) and any(bound == "limit" for _, bound in rule.require.bounds):
            said = words.column(rule.require.column)
        return words.say("formula_each_line", who=who, require=said), None
    total = _sum(words.measure(rule.measure), who)
    if rule.kind == "average":
        return f"{total} ÷ {_sum(words.measure(rule.measure[0]), who)}", None
    if rule.kind == "count":
        over = "" if rule.over is None else f" > {words.value(rule.over.text)}"
        ratio = total if of is None else f"{total} ÷ {of}"
        return words.say("formula_count", what=f"{ratio}{over}" if over else who), None
    if rule.kind == "threshold_sum" and rule.over is not None:
        over = words.value(rule.over.text)
        top = "" if rule.up_to is None else f", ≤ {words.value(rule.up_to.text)}"
        return words.say("formula_over", ratio=f"{total} ÷ {of}", over=f"{over}{top}"), None
    plus = "".join(f" + {words.denominator(item)}" for item in rule.plus)
    return f"({total}{plus})" if plus else total, None if of is None else (
        f"({of})" if isinstance(rule.of, tuple) else of
    )


def _sum(measure: str, who: str) -> str:
    return f"Σ {measure} [{who}]"


def _bounds(side: str, written: FromList | tuple[Dated, ...], words: Phrases) -> Iterator[dict[str, Any]]:
    if isinstance(written, FromList):
        yield _bound(_SIGNS[side, False], f"{written.list}.{written.column}")
        return
    for item in written:
        when = None if item.when is None else words.mandate(item.when)
        start, end = (None if day is None else day.isoformat() for day in (item.from_, item.to))
        yield _bound(_SIGNS[side, item.strict], words.value(item.value.text), start, end, when)


def _said(side: str, written: FromList | tuple[Dated, ...], words: Phrases) -> Iterator[str]:
    """Yield each bound as text; those that repeat what a key of the mandate says as one."""
    if isinstance(written, FromList):
        yield f"{_SIGNS[side, False]} {written.list}.{written.column}"
        return
    one_by_one, same = grades_of(written)
    for item in _bounds(side, tuple(one_by_one), words):
        dates = f"{item['from'] or ''}…{item['to'] or ''}" if item["from"] or item["to"] else ""
        when = LISTED[words.lang].join(part for part in (dates, item["when"]) if part)
        yield f"{item['sign']} {item['value']}" + (f" [{when}]" if when else "")
    if same and isinstance(same[0].when, OneOf):
        values = LISTED[words.lang].join(str(item.value.text) for item in same)
        yield f"{_SIGNS[side, False]} {words.key(same[0].when.column)} [{values}]"


def _bound(
    sign: str, value: str, start: str | None = None, end: str | None = None, when: str | None = None
) -> dict[str, Any]:
    return {"sign": sign, "value": value, "from": start, "to": end, "when": when}


def definitions(rule: Rule, lang: str = "en", book: Book | None = None) -> dict[str, str]:
    """Return what the names in a rule's sentence mean: its sets and combined columns, and those they name."""
    if book is None:
        return {}
    words, found = Phrases(lang, book), {}
    queue = [*_names(rule, book)]
    while queue:
        name = queue.pop(0)
        if words.named(name) in found:
            continue
        if name in book.sets:
            found[words.named(name)] = words.predicate(book.sets[name])
            queue += _in_predicate(book.sets[name], book)
        else:
            found[words.named(name)] = _combined(book.columns[name], words)
    return found


def _combined(written: Combined, words: Phrases) -> str:
    names = [words.column(name.replace(".*", ".any")) for name in written.inputs]
    key = "formula_first" if written.first_of else f"formula_{written.take}"
    return words.say(key, columns=LISTED[words.lang].join(names))


def _names(rule: Rule, book: Book) -> Iterator[str]:
    """Yield the sets and combined columns a rule reads."""
    predicates = [rule.where, rule.require, *(item.where for item in rule.exceptions)]
    predicates += [part for reading in rule.readings for part in (reading.where, reading.without)]
    parts = rule.of if isinstance(rule.of, tuple) else (rule.of,)
    inner: list[Denominator | Any] = [getattr(part, "part", part) for part in parts]
    predicates += [part.where for part in inner if isinstance(part, HoldingsSum)]
    for predicate in predicates:
        if predicate is not None:
            yield from _in_predicate(predicate, book)
    columns = [rule.by] if isinstance(rule.by, str) else list(rule.by) if isinstance(rule.by, tuple) else []
    columns += [] if isinstance(rule.measure, str) else [rule.measure[1]]
    yield from (name for name in columns if name in book.columns)


def _in_predicate(predicate: Predicate, book: Book) -> list[str]:
    found = []
    for leaf in leaves(predicate):
        if isinstance(leaf, InSet):
            found.append(leaf.name)
        elif isinstance(leaf, OneOf | Between | InList | Missing) and leaf.column in book.columns:
            found.append(leaf.column)
    return found


def with_readings(rule: Rule, readings: Iterable[Reading]) -> Rule:
    """Return the rule as some readings have it: what they name replaces its own, then what they bar is taken out."""
    chosen = list(readings)
    for reading in chosen:
        named = {key: getattr(reading, key) for key in ("where", "by", "measure", "of") if getattr(reading, key)}
        rule = rule.model_copy(update=named)
    for reading in chosen:
        if reading.without is not None:
            rule = rule.model_copy(update={"where": narrowed(rule.where, reading.without)})
    return rule
