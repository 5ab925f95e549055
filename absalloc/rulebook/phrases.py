"""Words for the parts of a rule, in English and Chinese: quantities, measures, groups, predicates, names.

A negation is said of the thing it denies (``below AAA``, not ``not (at least AAA)``): in three-valued logic as in
the plain one, the denial of "all" is "one is not".
"""

from __future__ import annotations

import re

from absalloc.messages import catalogue, render
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate
from absalloc.rulebook.models import (
    AmountOf,
    Book,
    By,
    Dated,
    HoldingsSum,
    Link,
    Measure,
    ReferenceTotal,
    Signed,
    UniverseSum,
)
from absalloc.terms import AMOUNTS, COLUMNS, PREFIXED_COLUMNS, column

SEPARATOR = {"en": ", ", "zh": "，"}
LISTED = {"en": ", ", "zh": "、"}
THEN = {"en": "; ", "zh": "；"}
STOP = {"en": ".", "zh": "。"}
BETWEEN = {"en": " ", "zh": ""}
COLON = {"en": ": ", "zh": "："}
_BRACKETS = {"en": "({})", "zh": "（{}）"}
_SIDES = {"min": "least", "max": "most", "above": "above", "below": "below"}
_OTHER_SIDE = {"min": "below", "max": "above", "above": "max", "below": "min"}
UNITS_ZH = {
    "trading days": "个交易日", "yuan": "元", "days": "天", "months": "个月", "years": "年", "names": "只",
}  # fmt: skip


QUANTITIES = ("limit", "now", "was")
"""Fields of sentences that are quantities as rulebooks write them, ``0.2 years``."""


def field(key: str, text: str, lang: str) -> str:
    """Return a field of a sentence in a language."""
    return Phrases(lang).value(text) if key in QUANTITIES else text


class Phrases:
    """The words of one language; with a ``book``, its sets and combined columns by the names it gives them."""

    def __init__(self, lang: str, book: Book | None = None) -> None:
        self.lang, self.book = lang, book

    def say(self, key: str, **fields: str) -> str:
        """Return message ``sentence.<key>``."""
        return render(f"sentence.{key}", self.lang, **fields)

    def known(self, key: str, otherwise: str) -> str:
        """Return message ``sentence.<key>`` where there is one."""
        return self.say(key) if key in catalogue("sentence", self.lang) else otherwise

    # -- quantities --------------------------------------------------------------------------------------

    def value(self, text: str) -> str:
        """Return a quantity as printed: ``30000000000 yuan`` is ``30,000,000,000 yuan`` and ``300亿元``."""
        number, space, unit = text.partition(" ")
        if self.lang == "zh" and unit == "yuan" and re.fullmatch(r"\d+", number):
            for size, word in ((10**8, "亿元"), (10**4, "万元")):
                if int(number) >= size and int(number) % size == 0:
                    return f"{int(number) // size}{word}"
        if self.lang == "zh" and space and unit in UNITS_ZH:
            return number + UNITS_ZH[unit]
        if unit == "yuan" and re.fullmatch(r"\d{5,}", number):
            return f"{int(number):,} yuan"
        return text.removesuffix("s") if number == "1" else text

    # -- what is measured --------------------------------------------------------------------------------

    def measure(self, measure: Measure) -> str:
        """Return what is added up, or a product of two."""
        if isinstance(measure, str):
            return self.say(f"measure_{measure}")
        return self.say("product_of", first=self.say(f"measure_{measure[0]}"), second=self.column(measure[1]))

    def by(self, by: By) -> str:
        """Return by what the lines are put together."""
        if isinstance(by, Link):
            if by.weight is None:
                return self.say("link", group=by.group, table=by.link)
            return self.say("weighted", group=by.group, table=by.link, weight=by.weight)
        return self.say("each", by=self.by_names(by))

    def by_names(self, by: By) -> str:
        """Return the names of the columns of a group."""
        if isinstance(by, Link):
            return by.group
        return LISTED[self.lang].join(self.column(name) for name in ((by,) if isinstance(by, str) else by))

    def denominator(self, of: object) -> str:
        """Return what a share is a part of."""
        if isinstance(of, str):
            return self.say(f"amount_{of}") if of in AMOUNTS else self.column(of)
        if isinstance(of, AmountOf):
            what = self.say(f"amount_{of.amount}")
            return what if of.as_of is None else self.say("amount_as_of", what=what, day=self.say(of.as_of))
        if isinstance(of, UniverseSum):
            return self.say("universe", what=self.column(of.universe))
        if isinstance(of, ReferenceTotal):
            return self.say("reference", name=of.reference)
        if isinstance(of, HoldingsSum):
            return self.say("holdings", measure=self.measure(of.measure), who=self.who(of.where))
        assert isinstance(of, tuple)
        return BETWEEN[self.lang].join(self.signed(part, first=i == 0) for i, part in enumerate(of))

    def signed(self, part: Signed, *, first: bool) -> str:
        """Return a part of a denominator with its sign, in words."""
        what = self.denominator(part.part)
        return what if first and part.sign > 0 else self.say("positive" if part.sign > 0 else "negative", what=what)

    # -- predicates --------------------------------------------------------------------------------------

    def who(self, where: Predicate | None) -> str:
        """Return which lines: the kinds of instrument, and in brackets what else is asked of them."""
        if where is None:
            return self.say("all_assets")
        if is_kinds(where) or (isinstance(where, AnyOf) and _first_kinds(where)):
            return self.predicate(where)
        parts = _told(where.parts) if isinstance(where, AllOf) else (where,)
        kinds = [part for part in parts if is_kinds(part)]
        others = [part for part in parts if not is_kinds(part)]
        first = self.joined(kinds, every=True) if kinds else self.say("assets")
        return self.say("with", who=first, what=self.joined(others, every=True)) if others else first

    def predicate(self, inner: Predicate | None, limit: str = "", *, mandate: bool = False) -> str:
        """Return a predicate over lines in words, or over the mandate; ``limit`` is what its ``limit`` says."""
        if inner is None:
            return self.say("all_assets")
        if isinstance(inner, Not):
            return self.denied(inner.inner, limit, mandate=mandate)
        if isinstance(inner, AllOf) and not mandate and any(is_kinds(part) for part in inner.parts):
            return self.who(inner)
        if isinstance(inner, AllOf | AnyOf):
            return self.joined(inner.parts, limit, every=isinstance(inner, AllOf), mandate=mandate)
        if isinstance(inner, InSet):
            return self.say("in_set", name=self.named(inner.name))
        name = self.key(inner.column) if mandate else self.column(inner.column)
        if isinstance(inner, Missing):
            return self.say("key_missing" if mandate else "missing", column=name)
        if isinstance(inner, InList):
            return self.say("in_list", column=name, list=inner.name)
        if isinstance(inner, Between):
            return self.between(inner, name, limit)
        return self.one_of(inner, name, mandate=mandate)

    def denied(self, inner: Predicate, limit: str = "", *, mandate: bool = False) -> str:
        """Return the denial of a predicate in words."""
        if isinstance(inner, Not):
            return self.predicate(inner.inner, limit, mandate=mandate)
        if isinstance(inner, AllOf | AnyOf):
            parts = tuple(Not(part) for part in inner.parts)
            return self.joined(parts, limit, every=isinstance(inner, AnyOf), mandate=mandate)
        if isinstance(inner, InSet):
            return self.say("not_in_set", name=self.named(inner.name))
        name = self.key(inner.column) if mandate else self.column(inner.column)
        if isinstance(inner, Missing):
            return self.say("key_given" if mandate else "known", column=name)
        if isinstance(inner, InList):
            return self.say("not_in_list", column=name, list=inner.name)
        if isinstance(inner, Between):
            if any(bound == "limit" for _, bound in inner.bounds):
                return self.say("not", a=self.between(inner, name, limit))
            turned = tuple(Between(inner.column, ((_OTHER_SIDE[side], bound),)) for side, bound in inner.bounds)
            return self.joined(turned, every=False, mandate=mandate)
        return self.one_of(inner, name, mandate=mandate, denied=True)

    def joined(
        self, parts: tuple[Predicate, ...] | list[Predicate], limit: str = "", *, every: bool, mandate: bool = False
    ) -> str:
        """Return parts in a row. Of alternatives a long one stands apart; a choice within a condition in brackets."""
        parts = _told(tuple(parts)) if every else tuple(parts)
        said = [self.predicate(part, limit, mandate=mandate) for part in parts]
        if every and len(parts) > 1:
            said = [_BRACKETS[self.lang].format(s) if _choice(p) else s for p, s in zip(parts, said, strict=True)]
        how = "and" if every else "or_apart" if any(_choice(p) or isinstance(p, AllOf) for p in parts) else "or"
        result = said[0]
        for part in said[1:]:
            result = self.say(how, a=result, b=part)
        return result

    def between(self, inner: Between, name: str, limit: str) -> str:
        """Return bounds in words; of a date "not later than"."""
        found = column(inner.column)
        dated = found is not None and found.kind == "date"
        said = []
        for side, bound in inner.bounds:
            if bound == "limit" and limit:
                said.append(name + (COLON[self.lang] if THEN[self.lang] in limit else BETWEEN[self.lang]) + limit)
                continue
            value = (
                self.say("the_mandate", path=self.key(bound[1]))
                if isinstance(bound, tuple)
                else self.bound(inner, bound)
            )
            key = {"max": "latest", "min": "earliest"}.get(side, _SIDES[side]) if dated else _SIDES[side]
            said.append(self.say(key, column=name, value=value))
        result = said[0]
        for part in said[1:]:
            result = self.say("and", a=result, b=part)
        return result

    def bound(self, inner: Between, text: str) -> str:
        """Return a bound; a bare number of a column of days is in days."""
        found = column(inner.column)
        bare = text.replace(".", "", 1).isdigit()
        return self.value(f"{text} days" if bare and found is not None and found.kind == "days" else text)

    def one_of(self, inner: OneOf, name: str, *, mandate: bool = False, denied: bool = False) -> str:
        """Return "column is one of", or its denial; of a yes or no the column itself."""
        if inner.values in (("true",), ("false",)):
            yes = (inner.values == ("true",)) != denied
            keys = ("key_has", "key_has_not") if mandate else ("has", "has_not")
            return self.say(keys[0] if yes else keys[1], column=name)
        values = self.values(inner)
        if inner.column == "product" and not mandate:
            return self.say("other_than", values=values) if denied else values
        return self.say("is_not" if denied else "is", column=name, values=values)

    def values(self, inner: OneOf) -> str:
        """Return the values of a choice in a row."""
        tail = inner.column.replace(".", "_")
        words = [self.known(f"value_{tail}_{value}", self.known(f"value_{value}", value)) for value in inner.values]
        first = LISTED[self.lang].join(words[:-1])
        return self.say("or", a=first, b=words[-1]) if first else words[-1]

    def mandate(self, inner: Predicate) -> str:
        """Return a predicate over the mandate in words."""
        return self.predicate(inner, mandate=True)

    def key(self, path: str) -> str:
        """Return what a key of the mandate is called."""
        head, _, rest = path.partition(".")
        own = f"key_{path.replace('.', '_')}"
        if head in ("facts", "reference"):
            return self.known(own, self.say(f"key_{head}", name=rest))
        return self.known(own, path)

    # -- names -------------------------------------------------------------------------------------------

    def named(self, name: str) -> str:
        """Return what a set or combined column is called."""
        found = self.book.names.get(name) if self.book is not None else None
        return name.replace("_", " ") if found is None else getattr(found, self.lang)

    def column(self, name: str) -> str:
        """Return what a column is called."""
        if self.book is not None and name in (*self.book.names, *self.book.columns):
            return self.named(name)
        found = column(name)
        if found is None or f"column_{name}" in catalogue("sentence", self.lang):
            return self.known(f"column_{name}", name.replace("_", " "))
        if name in COLUMNS or name.partition(".")[0] in PREFIXED_COLUMNS:
            return found.zh if self.lang == "zh" else found.en
        return name


def is_kinds(part: Predicate) -> bool:
    """Return whether a predicate says which kinds of instrument are meant."""
    return isinstance(part, InSet) or (isinstance(part, OneOf) and part.column == "product")


def _first_kinds(where: AnyOf) -> bool:
    first = where.parts[0]
    return is_kinds(first) or (isinstance(first, AllOf) and any(is_kinds(part) for part in first.parts))


def _choice(part: Predicate) -> bool:
    """Return whether a part is a choice of several, whose "or" would be misread in a row."""
    if isinstance(part, Not):
        return isinstance(part.inner, AllOf) or (isinstance(part.inner, Between) and len(part.inner.bounds) > 1)
    return isinstance(part, AnyOf) or (isinstance(part, OneOf) and len(part.values) > 1)


def _told(parts: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
    """Leave out "column is known" where another part tests the column: a test that holds says so too."""
    tested = {part.column for part in parts if isinstance(part, OneOf | Between | InList)}
    tested |= {part.inner.column for part in parts if isinstance(part, Not) and isinstance(part.inner, OneOf | Between)}
    kept = [
        part
        for part in parts
        if not (isinstance(part, Not) and isinstance(part.inner, Missing) and part.inner.column in tested)
    ]
    return tuple(kept) or parts


def grades_of(written: tuple[Dated, ...]) -> tuple[list[Dated], list[Dated]]:
    """Split values of a limit: those said one by one, and those that each repeat what one key of the mandate says."""
    same = [
        item
        for item in written
        if isinstance(item.when, OneOf)
        and item.when.values == (str(item.value.text),)
        and item.from_ is item.to is None
    ]
    if len(same) < 2 or len({item.when.column for item in same if isinstance(item.when, OneOf)}) > 1:
        return list(written), []
    return [item for item in written if item not in same], same
