"""A rule as one readable sentence, from its data alone: what ``rules show`` and the reports print."""

from __future__ import annotations

from absalloc.predicate import OneOf, Predicate
from absalloc.rulebook.models import Alternative, Book, Dated, Denominator, Exception_, FromList, Rule
from absalloc.rulebook.phrases import BETWEEN, SEPARATOR, STOP, THEN, Phrases, grades_of

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
    return BETWEEN[lang].join([first[:1].upper() + first[1:] + STOP[lang], *said.notes(rule)])


def condition(predicate: Predicate, lang: str = "en") -> str:
    """Return a condition on the mandate in words, ``en`` or ``zh``: the ``when`` of a value, an ``applies``."""
    return _Words(lang, None).mandate(predicate)


class _Words(Phrases):
    """The sentences of a rule."""

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
        bound = THEN[self.lang].join(self.limit(side, found, other.of) for side, found in sides if found)
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
        return SEPARATOR[self.lang].join(found)

    # -- limits ------------------------------------------------------------------------------------------

    def limits(self, rule: Rule, of: Denominator | None) -> str:
        found = [self.limit(side, limit, of) for side, limit in (("max", rule.max), ("min", rule.min)) if limit]
        if rule.if_held is not None:
            found.append(self.say("if_held", value=self.of(rule.if_held.text, of)))
        return THEN[self.lang].join(found)

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
        one_by_one, same = grades_of(written)
        said = [self.dated(side, item, of) for item in one_by_one]
        return THEN[self.lang].join([*said, *([self.repeated(side, same)] if same else [])])

    def repeated(self, side: str, same: list[Dated]) -> str:
        """Return values that each repeat what one key of the mandate says: at least what it says."""
        columns = [item.when.column for item in same if isinstance(item.when, OneOf)]
        every = OneOf(columns[0], tuple(str(item.value.text) for item in same))
        bound = self.say(_BOUNDS[side, False], value=self.key(columns[0]))
        return self.say("when", bound=bound, when=self.say("that_is", values=self.values(every)))

    def dated(self, side: str, item: Dated, of: Denominator | None) -> str:
        bound = self.say(_BOUNDS[side, item.strict], value=self.of(item.value.text, of))
        if item.from_ is not None:
            bound = self.say("from_day", bound=bound, day=item.from_.isoformat())
        if item.to is not None:
            bound = self.say("to_day", bound=bound, day=item.to.isoformat())
        return bound if item.when is None else self.say("when", bound=bound, when=self.mandate(item.when))


def _text(number: object) -> str:
    return str(getattr(number, "text", number))
