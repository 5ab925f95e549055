"""Rulebook × date × mandate → the rules that bind, each with its values chosen, and the others with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from absalloc.errors import BadInput
from absalloc.files import sha256
from absalloc.mandate.load import LoadedMandate
from absalloc.predicate import Predicate, narrowed
from absalloc.rulebook.load import Rulebook, find_rulebook
from absalloc.rulebook.mandate_test import missing_keys, satisfies
from absalloc.rulebook.models import (
    Alternative,
    AmountOf,
    By,
    Combined,
    Dated,
    Denominator,
    FromList,
    Measure,
    PassiveBreach,
    Reading,
    ReferenceTotal,
    Rule,
    Source,
    Title,
)
from absalloc.rulebook.softened import Softened
from absalloc.rulebook.tax import tax_readings
from absalloc.units import Quantity, exact, on_scale, quantity
from absalloc.where import Where

Status = Literal[
    "not_in_force",
    "no_longer",
    "draft",
    "off",
    "not_applicable",
    "needs_key",
    "no_value",
    "selects_nothing",
    "unverified",
]


@dataclass(frozen=True)
class Limit:
    """The bound of a rule on its day: one number, or a list of the mandate with one per name."""

    sense: Literal["max", "min"]
    value: Fraction | None
    unit: str  # ratio yuan years days count grade
    strict: bool = False
    from_list: FromList | None = None


@dataclass(frozen=True)
class ActiveRule:
    """A rule that binds a mandate on a day; everything a row needs rides on it."""

    id: str  # <rulebook>/<id>
    kind: str
    title: Title
    source: Source
    document: str
    place: Where
    limits: tuple[Limit, ...]
    where: Predicate | None
    require: Predicate | None
    by: By | None
    measure: tuple[str, ...]
    of: Denominator | None
    plus: tuple[AmountOf | ReferenceTotal, ...]
    level: str
    tested: str
    scope: str
    exceptions: tuple[tuple[str, Predicate], ...]
    columns: Mapping[str, Combined] = field(repr=False)
    sets: Mapping[str, Predicate] = field(repr=False)
    readings: tuple[str, ...] = ()
    read_as: tuple[Title | None, ...] = ()  # the same readings in words
    over: Fraction | None = None
    up_to: Fraction | None = None
    if_held: Fraction | None = None
    of_trade: bool = False
    passive_breach: PassiveBreach | None = None
    unless: Alternative | None = None
    group: str | None = None
    soft: Softened | None = None

    @property
    def short(self) -> str:
        """The id within its rulebook."""
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class InactiveRule:
    """A rule that does not bind, and why: a status and the fields of its message ``rulebook.<status>``."""

    id: str
    title: Title
    source: Source
    status: Status
    level: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Rules:
    """The rules of one mandate on one day."""

    active: tuple[ActiveRule, ...]
    inactive: tuple[InactiveRule, ...]
    books: tuple[Rulebook, ...] = field(repr=False)
    warnings: tuple[Mapping[str, str], ...] = ()
    """Rulebooks asked for a day after they were last verified."""

    @property
    def hashes(self) -> dict[str, str]:
        """The hash of each rulebook."""
        return {book.id: book.sha256 for book in self.books}

    @property
    def sha256(self) -> str:
        """One hash over all rulebooks."""
        return sha256("\n".join(f"{name} {value}" for name, value in sorted(self.hashes.items())).encode())


def resolve(
    mandate: LoadedMandate,
    as_of: date,
    *,
    overrides: Mapping[str, Override] | None = None,
    extra: tuple[str, ...] = (),
    readings: Mapping[str, str] | None = None,
    books: tuple[Rulebook, ...] | None = None,
) -> Rules:
    """Return the rules of a mandate on a day.

    ``overrides`` maps ``RULE.limit`` to a quantity with its unit; ``extra`` names rulebooks the desk adds;
    ``readings`` beats the mandate's own; ``books`` are the rulebooks where the caller has them loaded.
    Raises BadInput for a date before a rulebook is modelled, an unknown or ambiguous rule in ``off`` or
    ``overrides``, an override that has no unit, and a reading that no rule of the rulebooks has.
    """
    names = tuple(dict.fromkeys((*mandate.rulebooks, *extra)))
    if books is None:
        books = tuple(_named(name, mandate) for name in names)
    off = {full_id(books, name, mandate.document.where("off", name)): reason for name, reason in mandate.off.items()}
    changed = _overrides(books, {k: v for k, v in (overrides or {}).items() if not k.startswith("target/")})
    chosen = {**mandate.readings, **(readings or {})}
    _check_readings(books, chosen, mandate)
    active: list[ActiveRule] = []
    inactive: list[InactiveRule] = []
    warnings = []
    for book in books:
        _check_day(book, as_of)
        if as_of > book.book.modelled.verified_until:
            warnings.append({"book": book.id, "until": str(book.book.modelled.verified_until), "day": str(as_of)})
        for rule in book.book.rules:
            found = _resolve_one(book, rule, mandate, as_of, off)
            if isinstance(found, InactiveRule):
                inactive.append(found)
            else:
                chosen_rule = _read(found, rule, chosen)
                active.append(
                    overridden(chosen_rule, changed[chosen_rule.id]) if chosen_rule.id in changed else chosen_rule
                )
    _no_idle(changed, active, inactive)
    return Rules(tuple(active), tuple(inactive), books, tuple(warnings))


def _named(name: str, mandate: LoadedMandate) -> Rulebook:
    """Return a rulebook the mandate names; one that is not known is refused at the mandate's line."""
    try:
        return find_rulebook(name, mandate.folder)
    except BadInput as error:
        if error.where.file is None and name in mandate.rulebooks:
            error.where = mandate.document.where("rulebooks", mandate.rulebooks.index(name))
        raise


def full_id(books: tuple[Rulebook, ...], name: str, where: Where | None = None) -> str:
    """Return ``<rulebook>/<id>`` of a rule named in short or in full. Raises BadInput where unknown or ambiguous."""
    everything = [f"{book.id}/{rule}" for book in books for rule in book.rules]
    if name in everything:
        return name
    found = [item for item in everything if item.partition("/")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput("rulebook.ambiguous_rule", where=where, value=name, expected=", ".join(found))
    short = [item.partition("/")[2] for item in everything]
    names = ", ".join(book.id for book in books)
    raise BadInput("rulebook.unknown_rule", where=where, value=name, choices=[*short, *everything], books=names)


def _check_readings(books: tuple[Rulebook, ...], chosen: Mapping[str, str], mandate: LoadedMandate) -> None:
    """Refuse a reading that rules with its switch do not have: it would silently be ignored."""
    written = [reading for book in books for rule in book.book.rules for reading in rule.readings]
    taxes = tax_readings() if chosen else {}
    for switch, wanted in chosen.items():
        known = list(dict.fromkeys(reading.id for reading in written if reading.switch == switch))
        known = known or list(taxes.get(switch, ()))
        if known and wanted not in known:
            where = mandate.document.where("readings", switch)
            raise BadInput(
                "rulebook.unknown_reading",
                where=where,
                value=wanted,
                expected=", ".join(known),
                choices=known,
                switch=switch,
            )


def _check_day(book: Rulebook, as_of: date) -> None:
    start = book.book.modelled.from_
    if as_of < start:
        where = book.document.where("modelled", "from")
        raise BadInput("rulebook.before_modelled", where=where, value=as_of, expected=start, book=book.id)


def _resolve_one(
    book: Rulebook, rule: Rule, mandate: LoadedMandate, as_of: date, off: Mapping[str, str]
) -> ActiveRule | InactiveRule:
    identity = f"{book.id}/{rule.id}"

    def inactive(status: Status, **fields: object) -> InactiveRule:
        words = {key: str(value) for key, value in fields.items()}
        return InactiveRule(identity, rule.title, rule.source, status, rule.level, words)

    if identity in off:
        return inactive("off", reason=off[identity])
    if rule.status == "draft" and not mandate.drafts:
        return inactive("draft")
    start, end = rule.from_ or book.book.modelled.from_, rule.to
    if as_of < start:
        return inactive("not_in_force", day=as_of, start=start)
    if end is not None and as_of > end:
        return inactive("no_longer", day=as_of, end=end)
    applies = satisfies(rule.applies, mandate)
    if applies is False:
        return inactive("not_applicable")
    if applies is None:
        return inactive("needs_key", key=", ".join(missing_keys(rule.applies, mandate)))
    undecided = _undecided(rule, mandate, as_of)
    if undecided:
        return inactive("needs_key", key=", ".join(undecided))
    limits = _limits(rule, mandate, as_of)
    if limits is None:
        starts = [item.from_ for side in (rule.max, rule.min) if isinstance(side, tuple) for item in side if item.from_]
        if starts and min(starts) > as_of:
            return inactive("not_in_force", day=as_of, start=min(starts))
        return inactive("no_value", day=as_of)
    exceptions = tuple((e.id, e.where) for e in rule.exceptions if satisfies(e.when, mandate) is not False)
    return ActiveRule(
        id=identity, kind=rule.kind, title=rule.title, source=rule.source,
        document=book.book.sources[rule.source.document].title, place=book.where(rule.id), limits=limits,
        where=rule.where, require=rule.require, by=rule.by, measure=_measure(rule.measure), of=rule.of, plus=rule.plus,
        level=rule.level, tested=rule.tested, scope=rule.scope, exceptions=exceptions,
        columns=book.book.columns, sets=book.book.sets, over=_value(rule.over), up_to=_value(rule.up_to),
        if_held=_value(rule.if_held), of_trade=rule.of_trade, passive_breach=rule.passive_breach,
        unless=None if rule.unless is None else _alternative_on(rule.unless, as_of), group=rule.group,
    )  # fmt: skip


def _alternative_on(other: Alternative, day: date) -> Alternative:
    """Return the ``unless`` branch with the values of one day, undated: a book may be valued on another."""
    sides: dict[str, Any] = {}
    for side in ("max", "min"):
        written = getattr(other, side)
        if isinstance(written, tuple):
            live = [d for d in written if (d.from_ or day) <= day <= (d.to or day)]
            sides[side] = tuple(d.model_copy(update={"from_": None, "to": None}) for d in live)
    return other.model_copy(update=sides)


def _measure(measure: Measure) -> tuple[str, ...]:
    return (measure,) if isinstance(measure, str) else tuple(measure)


def _value(number: Quantity | None) -> Fraction | None:
    return None if number is None else number.value


def _limits(rule: Rule, mandate: LoadedMandate, as_of: date) -> tuple[Limit, ...] | None:
    """Return the limits that hold; () for a rule that has none by its kind; None where no value holds."""
    found: list[Limit] = []
    for sense, written in (("max", rule.max), ("min", rule.min)):
        if isinstance(written, FromList):
            found.append(Limit(sense, None, written.absent.unit, from_list=written))  # type: ignore[arg-type]
        elif written:
            value = dated_value(written, mandate, as_of)
            if value is not None:
                found.append(as_limit(rule.kind, sense, value))
    if not found and (rule.max is not None or rule.min is not None):
        return None
    return tuple(found)


def as_limit(kind: str, sense: str, value: Dated) -> Limit:
    """Return a dated value as a limit; grades grow worse upwards, so an average of at least AA+ is at most step 2."""
    unit = value.value.unit
    if kind == "average" and unit == "grade":
        sense = "max" if sense == "min" else "min"
    return Limit(sense, value.value.value, unit, strict=value.strict)  # type: ignore[arg-type]


def dated_value(written: tuple[Dated, ...], mandate: LoadedMandate, as_of: date) -> Dated | None:
    """Return the value in force: the last one whose dates hold and whose ``when`` the mandate satisfies."""
    best: Dated | None = None
    for item in written:
        if (item.from_ and as_of < item.from_) or (item.to and as_of > item.to):
            continue
        if satisfies(item.when, mandate) is True:
            best = item
    return best


def _undecided(rule: Rule, mandate: LoadedMandate, as_of: date) -> list[str]:
    """Return the mandate keys without which it is unknown which value of the limit holds."""
    written = [item for side in (rule.max, rule.min) if isinstance(side, tuple) for item in side]
    live = [item for item in written if (item.from_ or as_of) <= as_of <= (item.to or as_of)]
    keys = [key for item in live if satisfies(item.when, mandate) is None for key in missing_keys(item.when, mandate)]
    return list(dict.fromkeys(keys))


def _read(rule: ActiveRule, written: Rule, chosen: Mapping[str, str]) -> ActiveRule:
    """Apply the readings chosen, or those marked default, to a rule."""

    def holds(reading: Reading) -> bool:
        wanted = chosen.get(reading.switch)
        return wanted == reading.id or (wanted is None and reading.default)

    held = [reading for reading in written.readings if holds(reading)]
    for reading in held:
        rule = replace(
            rule,
            where=reading.where or rule.where,
            by=reading.by or rule.by,
            measure=_measure(reading.measure) if reading.measure else rule.measure,
            of=reading.of or rule.of,
        )
    # What readings take out comes after what they put in its place, in whichever order they stand.
    for reading in held:
        if reading.without is not None:
            rule = replace(rule, where=narrowed(rule.where, reading.without))
    names = tuple(f"{reading.switch}={reading.id}" for reading in held)
    return replace(rule, readings=names, read_as=tuple(reading.title for reading in held))


Override = str | float | Fraction
"""A limit written with its unit (``12%``), or from Python a number in the limit's own unit (0.12)."""


def _overrides(books: tuple[Rulebook, ...], overrides: Mapping[str, Override]) -> dict[str, Override]:
    """Return full rule id -> limit, of ``RULE.limit`` -> limit."""
    found: dict[str, Override] = {}
    for name, value in overrides.items():
        rule, dot, key = name.rpartition(".")
        if not dot or value == "":
            raise BadInput("rulebook.override_form", value=f"{name}={value}")
        identity = full_id(books, rule)
        if key != "limit":
            raise BadInput("rulebook.override_key", value=key, rule=identity, expected="RULE.limit=12%")
        found[identity] = value
    return found


def overridden(rule: ActiveRule, value: Override) -> ActiveRule:
    """Return the rule with its one limit replaced. Raises BadInput where it has none, or the unit is another."""
    if len(rule.limits) != 1 or rule.limits[0].from_list is not None:
        raise BadInput("rulebook.override_key", value="limit", rule=rule.id, expected="one limit that is a number")
    limit = rule.limits[0]
    new = quantity(value) if isinstance(value, str) else Quantity(_number(value), limit.unit, str(value))
    if new.unit != limit.unit:
        raise BadInput("rulebook.limit_unit", value=new.text, rule=rule.id, expected=limit.unit)
    if new.value < 0:
        raise BadInput("rulebook.limit_negative", value=new.text, rule=rule.id)
    return replace(rule, limits=(replace(limit, value=on_scale(new.value, limit.unit, rule.id)),))


def _number(value: float | Fraction) -> Fraction:
    return value if isinstance(value, Fraction) else exact(value)


def _no_idle(changed: Mapping[str, Override], active: list[ActiveRule], inactive: list[InactiveRule]) -> None:
    """Raise BadInput for a limit set on a rule that does not bind: it would change nothing, silently."""
    idle = set(changed) - {rule.id for rule in active}
    for rule in inactive:
        if rule.id in idle:
            raise BadInput("rulebook.override_idle", value=rule.id, status=rule.status.replace("_", " "))
