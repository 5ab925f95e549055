"""Where a verdict hangs on how a disputed word is read: each reading alone, and two together where they interact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.compliance.result import Findings
from absalloc.rows import BookState
from absalloc.rulebook.active import resolve

Key = tuple[str, str, str, str]
Chosen = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Differs:
    """A finding whose verdict another reading changes; None where there is no such finding under one of them."""

    key: Key
    here: Finding | None
    there: Finding | None


@dataclass(frozen=True)
class OtherReading:
    """The check under other ``readings`` (switch, id): one, or two together where only both change a verdict."""

    readings: Chosen
    compliant: bool | None
    differs: tuple[Differs, ...]


def other_readings(findings: Findings) -> tuple[OtherReading, ...]:
    """Return what each reading changes that the checked books do not use, and what two change only together.

    Two readings are tried together where one rule has both; shown are the findings whose verdict under both is
    neither that of the one nor that of the other alone. Scenarios are left as they were read.
    """
    base = tuple(item for item in findings.findings if item.scenario is None)
    states = findings.states
    alone = {(pair,): _under(base, states, (pair,)) for pair in _unused(states)}
    found = [OtherReading(chosen, _compliant(after), _differs(base, after)) for chosen, after in alone.items()]
    for one, two in combinations([pair for (pair,) in alone], 2):
        if one[0] == two[0] or not _share_a_rule(states, one, two):
            continue
        after = _under(base, states, (one, two))
        known = [{item.key: item.verdict for item in alone[pair,]} for pair in (one, two)]
        new = tuple(
            each for each in _differs(base, after, every=True)
            if all(_verdict(each.there) != verdicts.get(each.key, "pass") for verdicts in known)
        )  # fmt: skip
        if new:
            found.append(OtherReading((one, two), _compliant(after), new))
    return tuple(found)


def _unused(states: Sequence[BookState]) -> list[tuple[str, str]]:
    """Return the readings of rules that bind which some rule with their switch does not use, as written."""
    found: dict[tuple[str, str], None] = {}
    for state in states:
        using = {rule.id: rule.readings for rule in state.rules.active}
        for book in state.rules.books:
            for rule in book.book.rules:
                used = using.get(f"{book.id}/{rule.id}")
                for reading in rule.readings if used is not None else ():
                    if f"{reading.switch}={reading.id}" not in (used or ()):
                        found[reading.switch, reading.id] = None
    return list(found)


def _share_a_rule(states: Sequence[BookState], one: tuple[str, str], two: tuple[str, str]) -> bool:
    for state in states:
        binding = {rule.id for rule in state.rules.active}
        for book in state.rules.books:
            for rule in book.book.rules:
                written = {(reading.switch, reading.id) for reading in rule.readings}
                if {one, two} <= written and f"{book.id}/{rule.id}" in binding:
                    return True
    return False


def _under(base: Sequence[Finding], states: Sequence[BookState], chosen: Chosen) -> tuple[Finding, ...]:
    """Return the findings under other readings: only rules that these change are evaluated anew."""
    moved: set[str] = set()
    other = []
    for state in states:
        changed = _reread(state, dict(chosen))
        moved |= {a.id for a, b in zip(state.rules.active, changed.rules.active, strict=True) if a != b}
        other.append(changed)
    again = evaluate_exact(other, rules=moved) if moved else ()
    return (*(item for item in base if item.rule not in moved), *again)


def _reread(state: BookState, chosen: Mapping[str, str]) -> BookState:
    """Return a book whose rules read some words in another way; limits set for the run stay."""
    read = {**state.mandate.readings, **_known(state, chosen)}
    rules = {r.id: r for r in resolve(state.mandate, state.as_of, readings=read, books=state.rules.books).active}
    active = []
    for rule in state.rules.active:
        other = rules.get(rule.id)
        same = other is None or not any(name.partition("=")[0] in chosen for name in (*rule.readings, *other.readings))
        active.append(rule if same or other is None else replace(other, limits=rule.limits))
    return replace(state, rules=replace(state.rules, active=tuple(active)))


def _known(state: BookState, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return those readings that some rule of the book's rulebooks has."""
    written = {(r.switch, r.id) for book in state.rules.books for rule in book.book.rules for r in rule.readings}
    return {switch: reading for switch, reading in chosen.items() if (switch, reading) in written}


def _differs(base: Sequence[Finding], after: Sequence[Finding], *, every: bool = False) -> tuple[Differs, ...]:
    one, two = ({item.key: item for item in found} for found in (base, after))
    pairs = [Differs(key, one.get(key), two.get(key)) for key in dict.fromkeys([*one, *two])]
    return tuple(p for p in pairs if every or _verdict(p.here) != _verdict(p.there))


def _verdict(item: Finding | None) -> str:
    """Return the verdict; a group of which nothing is held passes, whether it has a finding or not."""
    return "pass" if item is None else item.verdict


def _compliant(findings: Sequence[Finding]) -> bool | None:
    hard = [item.verdict for item in findings if item.level == "hard"]
    return False if "fail" in hard else None if "unknown" in hard else True
