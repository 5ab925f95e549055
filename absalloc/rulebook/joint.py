"""Which rules of several books are one provision: the same rule, or the same article written in another rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from absalloc.errors import BadInput
from absalloc.predicate import InSet, Predicate, leaves
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import HoldingsSum, Signed


def counterpart(rule: ActiveRule, rules: Sequence[ActiveRule]) -> ActiveRule | None:
    """Return the rule among ``rules`` that states the same provision, None where there is none.

    It is that very rule, else one of another rulebook with the same short id, document, article, register entry
    and scope.
    """
    same = next((each for each in rules if each.id == rule.id), None)
    return same or next((each for each in rules if _provision(each) == _provision(rule)), None)


def joint_rules(
    rule: ActiveRule, number: int, books: Sequence[tuple[str, str | None, Sequence[ActiveRule]]]
) -> tuple[tuple[int, ActiveRule], ...]:
    """Return (book, its version of the rule) for the books that a rule of book ``number`` is tested over.

    ``books`` are (name, manager, active rules). Raises BadInput where their versions differ in anything but
    exceptions, which are each book's own.
    """
    if rule.scope == "portfolio":
        return ((number, rule),)
    found = []
    for i, (name, manager, rules) in enumerate(books):
        match = rule if i == number else counterpart(rule, rules)
        if match is None or manager != books[number][1]:
            continue
        if meaning(match) != meaning(rule):
            raise BadInput("compliance.rules_differ", value=rule.id, books=f"{books[number][0]}, {name}")
        found.append((i, match))
    return tuple(found)


def _provision(rule: ActiveRule) -> tuple[str, ...]:
    return (rule.short, rule.source.document, rule.source.article, rule.source.ref, rule.scope)


def meaning(rule: ActiveRule) -> tuple[Any, ...]:
    """Return all that decides a rule's ratio, limit and test, sets and combined columns written out."""
    names = sorted(_sets(rule, [p for p in _predicates(rule) if p is not None]))
    return (
        rule.kind, rule.limits, rule.where, rule.require, rule.by, rule.measure, rule.of, rule.plus, rule.level,
        rule.tested, rule.over, rule.up_to, rule.if_held, rule.of_trade, rule.unless, rule.readings,
        tuple((name, rule.sets[name]) for name in names),
        tuple(sorted((name, repr(rule.columns[name])) for name in _columns(rule, names))),
    )  # fmt: skip


def _predicates(rule: ActiveRule) -> Iterator[Predicate | None]:
    yield from (rule.where, rule.require)
    parts = rule.of if isinstance(rule.of, tuple) else (rule.of,)
    for part in parts:
        inner = part.part if isinstance(part, Signed) else part
        if isinstance(inner, HoldingsSum):
            yield inner.where
    if rule.unless is not None:
        yield rule.unless.where


def _sets(rule: ActiveRule, predicates: Sequence[Predicate]) -> set[str]:
    names = {leaf.name for predicate in predicates for leaf in leaves(predicate) if isinstance(leaf, InSet)}
    return names | (_sets(rule, [rule.sets[name] for name in names]) if names else set())


def _columns(rule: ActiveRule, sets: Sequence[str]) -> set[str]:
    """Return the combined columns a rule reads: in its predicates, its groups or its measure."""
    predicates = [p for p in (*_predicates(rule), *(rule.sets[name] for name in sets)) if p is not None]
    read = {leaf.column for p in predicates for leaf in leaves(p) if not isinstance(leaf, InSet)}
    named = (rule.by,) if isinstance(rule.by, str) else rule.by if isinstance(rule.by, tuple) else ()
    return (read | set(named) | set(rule.measure)) & set(rule.columns)
