"""A rule as one readable sentence, from its data alone: what ``rules show`` and the reports print."""

from __future__ import annotations

from absalloc.messages import catalogue, render
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate
from absalloc.rulebook.models import (
    Alternative,
    AmountOf,
    Book,
    By,
    Dated,
    Denominator,
    Exception_,
    FromList,
    HoldingsSum,
    Link,
    Measure,
    ReferenceTotal,
    Rule,
    Signed,
    UniverseSum,
)
from absalloc.terms import AMOUNTS, COLUMNS, PREFIXED_COLUMNS, column

_SEPARATOR = {"en": ", ", "zh": "，"}
_LISTED = {"en": ", ", "zh": "、"}
_THEN = {"en": "; ", "zh": "；"}
_STOP = {"en": ".", "zh": "。"}
_BETWEEN = {"en": " ", "zh": ""}
_COLON = {"en": ": ", "zh": "："}
_SIDES = {"min": "least", "max": "most", "above": "above", "below": "below"}
_BOUNDS = {
    ("max", False): "at_most",
    ("max", True): "less_than",
    ("min", False): "at_least",
    ("min", True): "more_than",
}


def sentence(rule: Rule, lang: str = "en", book: Book | None = None) -> str:
    """Return a rule in words, ``en`` or ``zh``: what is measured, on what, the limit, when and where it binds.

    With its ``book`` the sets and combined columns are called by the names the book gives them.
    """
    said = _Words(lang, book)
    first = said.rule(rule)
    return _BETWEEN[lang].join([first[:1].upper() + first[1:] + _STOP[lang], *said.notes(rule)])


def condition(predicate: Predicate, lang: str = "en") -> str:
    """Return a condition on the mandate in words, ``en`` or ``zh``: the ``when`` of a value, an ``applies``."""
    return _Words(lang, None).mandate(predicate)


class _Words:
    """The words of one language and one rulebook."""

    def __init__(self, lang: str, book: Book | None) -> None:
        self.lang, self.book = lang, book

    def say(self, key: str, **fields: str) -> str:
        return render(f"sentence.{key}", self.lang, **fields)

    def known(self, key: str, otherwise: str) -> str:
        return self.say(key) if key in catalogue("sentence", self.lang) else otherwise

    # -- the rule ----------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> str:
        who = self.who(rule.where)
        if rule.kind == "eligibility":
            return self.say("eligibility", who=who, require=self.predicate(rule.require, limit=self.limits(rule, None)))
        fields = {"who": who, "parts": self.parts(rule), "bound": self.limits(rule, rule.of)}
        if rule.kind == "average":
            return self.say(
                "average", attribute=self.column(rule.measure[1]), measure=self.measure(rule.measure[0]), **fields
            )
        if rule.kind == "count":
            fields["bound"] = self.limits(rule, None)
            return self.say("count", groups=self.by_names(rule.by) if rule.by else self.say("count_lines"), **fields)
        if rule.kind == "threshold_sum":
            fields["bound"] = self.limits(rule, None)
            of = self.denominator(rule.of) if rule.of is not None else ""
            over = {"of": of, "over": _text(rule.over), "measure": self.measure(rule.measure)}
            if rule.up_to is None:
                return self.say("threshold_sum", **over, **fields)
            return self.say("threshold_band", up_to=rule.up_to.text, **over, **fields)
        return self.say("share", measure=self.measure(rule.measure), **fields)

    def notes(self, rule: Rule) -> list[str]:
        """Return the sentences after the first: conditions, exceptions, tests, severity, cure."""
        found = []
        if rule.applies is not None:
            found.append(self.say("applies", when=self.mandate(rule.applies)))
        found += [self.exception(item) for item in rule.exceptions]
        if rule.unless is not None:
            found.append(self.alternative(rule.unless))
        found += [self.say(rule.tested)] if rule.tested != "always" else []
        found += [self.say(rule.level)] if rule.level != "hard" else []
        found += [self.say("draft")] if rule.status == "draft" else []
        if rule.passive_breach is not None and rule.passive_breach.cure is not None:
            found.append(self.say("cure", days=self.value(rule.passive_breach.cure.text)))
        return found

    def exception(self, item: Exception_) -> str:
        if item.when is None:
            return self.say("exception", who=self.predicate(item.where))
        return self.say("exception_when", who=self.predicate(item.where), when=self.mandate(item.when))

    def alternative(self, other: Alternative) -> str:
        sides = (("max", other.max), ("min", other.min))
        bound = _THEN[self.lang].join(self.limit(side, found, other.of) for side, found in sides if found)
        parts = self.by(other.by) if other.by else self.say("whole")
        return self.say(
            "unless", measure=self.measure(other.measure), who=self.who(other.where), parts=parts, bound=bound
        )

    def parts(self, rule: Rule) -> str:
        """Return how the lines are put together: by group, over which books, with what is held elsewhere."""
        counted = rule.kind == "count"
        found = [] if counted else [self.by(rule.by) if rule.by else self.say("whole")]
        if rule.scope != "portfolio":
            found.append(self.say(f"scope_{rule.scope}"))
        found += [self.say("plus", what=self.denominator(item)) for item in rule.plus]
        if counted:
            over = self.say("over_each", over=self.of(rule.over.text, rule.of)) if rule.over is not None else ""
            found.append(over or self.say("whole"))
        return _SEPARATOR[self.lang].join(found)

    # -- limits ------------------------------------------------------------------------------------------

    def limits(self, rule: Rule, of: Denominator | None) -> str:
        found = [self.limit(side, limit, of) for side, limit in (("max", rule.max), ("min", rule.min)) if limit]
        if rule.if_held is not None:
            found.append(self.say("if_held", value=self.of(rule.if_held.text, of)))
        return _THEN[self.lang].join(found)

    def of(self, text: str, of: Denominator | None) -> str:
        """Return a quantity, with what it is a part of."""
        return self.value(text) if of is None else self.say("of", value=self.value(text), what=self.denominator(of))

    def limit(self, side: str, written: FromList | tuple[Dated, ...], of: Denominator | None) -> str:
        if isinstance(written, FromList):
            bound = self.say(_BOUNDS[side, False], value=self.say("the_limit"))
            fields = {"list": written.list, "column": written.column, "absent": self.value(written.absent.text)}
            if written.expires is None:
                return self.say("from_list", bound=bound, **fields)
            return self.say("from_list_dated", bound=bound, expires=written.expires, **fields)
        return _THEN[self.lang].join(self.dated(side, item, of) for item in written)

    def dated(self, side: str, item: Dated, of: Denominator | None) -> str:
        bound = self.say(_BOUNDS[side, item.strict], value=self.of(item.value.text, of))
        if item.from_ is not None:
            bound = self.say("from_day", bound=bound, day=item.from_.isoformat())
        if item.to is not None:
            bound = self.say("to_day", bound=bound, day=item.to.isoformat())
        return bound if item.when is None else self.say("when", bound=bound, when=self.mandate(item.when))

    def value(self, text: str) -> str:
        """Return a quantity as printed: ``0 yuan`` is ``0元`` in Chinese."""
        units = {"trading days": "个交易日", "yuan": "元", "days": "天", "months": "个月", "years": "年", "names": "只"}
        number, space, unit = text.partition(" ")
        if self.lang == "zh" and space and unit in units:
            return number + units[unit]
        return text.removesuffix("s") if number == "1" else text

    # -- what is measured --------------------------------------------------------------------------------

    def measure(self, measure: Measure) -> str:
        if isinstance(measure, str):
            return self.say(f"measure_{measure}")
        return self.say("product_of", first=self.say(f"measure_{measure[0]}"), second=self.column(measure[1]))

    def by(self, by: By) -> str:
        if isinstance(by, Link):
            if by.weight is None:
                return self.say("link", group=by.group, table=by.link)
            return self.say("weighted", group=by.group, table=by.link, weight=by.weight)
        return self.say("each", by=self.by_names(by))

    def by_names(self, by: By) -> str:
        if isinstance(by, Link):
            return by.group
        return _LISTED[self.lang].join(self.column(name) for name in ((by,) if isinstance(by, str) else by))

    def denominator(self, of: object) -> str:
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
        return _BETWEEN[self.lang].join(self.signed(part, first=i == 0) for i, part in enumerate(of))

    def signed(self, part: Signed, *, first: bool) -> str:
        what = self.denominator(part.part)
        return what if first and part.sign > 0 else self.say("positive" if part.sign > 0 else "negative", what=what)

    # -- predicates --------------------------------------------------------------------------------------

    def who(self, where: Predicate | None) -> str:
        """Return which lines: the kinds of instrument, and in brackets what else is asked of them."""
        if where is None:
            return self.say("all_assets")
        if _kinds(where) or (isinstance(where, AnyOf) and _kinds(where.parts[0])):
            return self.predicate(where)
        parts = where.parts if isinstance(where, AllOf) else (where,)
        kinds = [part for part in parts if _kinds(part)]
        others = [self.nested(part, "") for part in parts if not _kinds(part)]
        first = self.joined([self.predicate(part) for part in kinds], True) if kinds else self.say("assets")
        return self.say("with", who=first, what=self.joined(others, True))

    def predicate(self, inner: Predicate | None, limit: str = "") -> str:
        if inner is None:
            return self.say("all_assets")
        if isinstance(inner, Not) and isinstance(inner.inner, Missing):
            return self.say("known", column=self.column(inner.inner.column))
        if isinstance(inner, Not):
            return self.say("not", a=self.predicate(inner.inner, limit))
        if isinstance(inner, AllOf | AnyOf):
            return self.joined([self.nested(part, limit) for part in inner.parts], isinstance(inner, AllOf))
        if isinstance(inner, InSet):
            return self.say("in_set", name=self.named(inner.name))
        name = self.column(inner.column)
        if isinstance(inner, Missing):
            return self.say("missing", column=name)
        if isinstance(inner, InList):
            return self.say("in_list", column=name, list=inner.name)
        if isinstance(inner, Between):
            return self.between(inner, name, limit)
        return self.one_of(inner, name)

    def nested(self, part: Predicate, limit: str) -> str:
        said = self.predicate(part, limit)
        brackets = {"en": "({})", "zh": "（{}）"}[self.lang]
        return brackets.format(said) if isinstance(part, AllOf | AnyOf) else said

    def joined(self, parts: list[str], every: bool) -> str:
        result = parts[0]
        for part in parts[1:]:
            result = self.say("and" if every else "or", a=result, b=part)
        return result

    def between(self, inner: Between, name: str, limit: str) -> str:
        said = []
        for side, bound in inner.bounds:
            if bound == "limit" and limit:
                said.append(name + (_COLON[self.lang] if _THEN[self.lang] in limit else _BETWEEN[self.lang]) + limit)
                continue
            value = (
                self.say("the_mandate", path=self.key(bound[1]))
                if isinstance(bound, tuple)
                else self.bound(inner, bound)
            )
            said.append(self.say(_SIDES[side], column=name, value=value))
        return self.joined(said, True)

    def bound(self, inner: Between, text: str) -> str:
        found = column(inner.column)
        bare = text.replace(".", "", 1).isdigit()
        return self.value(f"{text} days" if bare and found is not None and found.kind == "days" else text)

    def one_of(self, inner: OneOf, name: str) -> str:
        if inner.values in (("true",), ("false",)):
            return self.say("has" if inner.values == ("true",) else "has_not", column=name)
        values = self.values(inner)
        return values if inner.column == "product" else self.say("is", column=name, values=values)

    def values(self, inner: OneOf) -> str:
        words = [self.known(f"value_{value}", value) for value in inner.values]
        first = _LISTED[self.lang].join(words[:-1])
        return self.say("or", a=first, b=words[-1]) if first else words[-1]

    def mandate(self, inner: Predicate) -> str:
        """Return a predicate over the mandate in words."""
        if isinstance(inner, Not) and isinstance(inner.inner, Missing):
            return self.say("key_given", column=self.key(inner.inner.column))
        if isinstance(inner, Not) and isinstance(inner.inner, OneOf):
            return self.say("is_not", column=self.key(inner.inner.column), values=self.values(inner.inner))
        if isinstance(inner, Not):
            return self.say("not", a=self.mandate(inner.inner))
        if isinstance(inner, AllOf | AnyOf):
            return self.joined([self.mandate(part) for part in inner.parts], isinstance(inner, AllOf))
        if isinstance(inner, InSet):
            return self.named(inner.name)
        name = self.key(inner.column)
        if isinstance(inner, Missing):
            return self.say("key_missing", column=name)
        if isinstance(inner, InList):
            return self.say("in_list", column=name, list=inner.name)
        if isinstance(inner, Between):
            return self.between(inner, name, "")
        return self.say("is", column=name, values=self.values(inner))

    def key(self, path: str) -> str:
        head, _, rest = path.partition(".")
        if head in ("facts", "reference"):
            return self.say(f"key_{head}", name=rest)
        return self.known("key_" + path.replace(".", "_"), path)

    # -- names -------------------------------------------------------------------------------------------

    def named(self, name: str) -> str:
        found = self.book.names.get(name) if self.book is not None else None
        return name.replace("_", " ") if found is None else getattr(found, self.lang)

    def column(self, name: str) -> str:
        if self.book is not None and name in (*self.book.names, *self.book.columns):
            return self.named(name)
        found = column(name)
        if found is None or f"column_{name}" in catalogue("sentence", self.lang):
            return self.known(f"column_{name}", name.replace("_", " "))
        if name in COLUMNS or name.partition(".")[0] in PREFIXED_COLUMNS:
            return found.zh if self.lang == "zh" else found.en
        return name


def _kinds(part: Predicate) -> bool:
    """Return whether a predicate says which kinds of instrument are meant."""
    return isinstance(part, InSet) or (isinstance(part, OneOf) and part.column == "product")


def _text(number: object) -> str:
    return str(getattr(number, "text", number))
