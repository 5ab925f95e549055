"""The knobs of the what-if page: one for every limit and target that is a number or a grade, and for money."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from absalloc.web.page.keys import money, unset, written
from absalloc.web.page.knob import DECIMALS, GRADE, KEY, Knob, in_words, made_knob
from absalloc.web.page.words import UNIT_SCALE, in_field, of_field, text

if TYPE_CHECKING:
    from absalloc.desk import Changes, WhatIf
    from absalloc.mandate import LoadedMandate
    from absalloc.rulebook.active import ActiveRule, InactiveRule


def knobs_of(desk: WhatIf, lang: str) -> list[Knob]:
    """Return the knobs of a desk: money, the mandate's targets, its rulebooks one by one, targets it does not set."""
    state = desk.case.state
    rules = [
        made_knob(rule.id, getattr(rule.title, lang), (limit.sense, limit.unit), in_field(limit.value, limit.unit))
        for rule in state.rules.active
        for limit in rule.limits
        if limit.value is not None
    ]
    targets = [knob for knob in rules if knob.group == "target"]
    books = [knob for knob in rules if knob.group != "target"]
    return [*money(state.mandate, lang), *targets, *books, *unset(state.mandate, {k.name for k in targets}, lang)]


def changes_of(desk: WhatIf, said: Mapping[str, Any]) -> Changes:
    """Return what differs from the book as given; an empty field is as given."""
    from absalloc.desk import Changes

    limits: dict[str, Any] = {}
    keys: dict[str, Any] = {"rulebooks": list(said["rulebooks"])} if said.get("rulebooks") else {}
    for knob in knobs_of(desk, "en"):
        value = said["values"].get(knob.name)
        if value in (None, "") or float(value) == knob.value:
            continue
        if knob.rule.startswith(KEY):
            keys.update(written(knob, value))
        else:
            limits[f"{knob.rule}.{knob.sense}"] = of_field(value, knob.unit)
    binding = {rule.id for rule in desk.case.state.rules.active}
    off = tuple(name for name in said["off"] if name in binding)
    # A rule that waits for a key of the mandate binds nothing yet: it is switched off in the mandate, by name.
    keys |= {f"off.{name}": text("off_reason", "en") for name in said["off"] if name not in binding}
    return Changes(limits=limits, off=off, supply=dict.fromkeys(said["barred"], 0), mandate=keys)


def told_changes(desk: WhatIf, said: Mapping[str, Any], lang: str) -> list[str]:
    """Return what differs from the book as given, in words."""
    found = []
    for knob in knobs_of(desk, lang):
        value = said["values"].get(knob.name)
        if value not in (None, "") and float(value) != knob.value:
            found.append(f"{knob.said} {in_words(float(value), knob.unit, lang)}")
    titles = {rule.id: getattr(rule.title, lang) for rule in rules_of(desk)}
    names = [titles.get(name, name) for name in said["off"]]
    return found + [text("without", lang, what=name) for name in (*names, *said["barred"])]


def repaired(repair: Mapping[str, Any]) -> tuple[str, str]:
    """Return the knob that a repair moves and the number of its field, rounded to the side that lets more."""
    unit, most = repair["unit"], repair["sense"] == "max"
    scale = 10 ** DECIMALS.get(unit, 0)
    exact = Fraction(str(repair["limit"])) * Fraction(str(UNIT_SCALE.get(unit, 1.0))) * scale
    steps = ceil(exact) if most else floor(exact)
    name = f"{repair['rule']}.{repair['sense']}{GRADE if unit == 'grade' else ''}"
    return name, f"{float(Fraction(steps, scale)):.12g}"


def rules_of(desk: WhatIf) -> list[ActiveRule | InactiveRule]:
    """Return the rules that may be left out: those that bind, and those that wait for a key of the mandate."""
    rules = desk.case.state.rules
    return [*rules.active, *(rule for rule in rules.inactive if rule.status == "needs_key")]


def groups_of(desk: WhatIf, lang: str) -> dict[str, tuple[str, list[Knob]]]:
    """Return group -> its title and knobs, in the order of the page."""
    titles = {book.id: getattr(book.book.title, lang) for book in desk.case.state.rules.books}
    found: dict[str, tuple[str, list[Knob]]] = {}
    for knob in knobs_of(desk, lang):
        title = titles.get(knob.group) or text(f"group_{knob.group}", lang)
        found.setdefault(knob.group, (title, []))[1].append(knob)
    return found


def base_of(mandate: LoadedMandate) -> float | None:
    """Return what a carry is a share of: NAV, else the amount to be invested, in yuan."""
    nav = mandate.amount("nav")
    invest = mandate.portfolio.invest
    return float(nav) if nav else None if invest is None else float(invest.amount)
