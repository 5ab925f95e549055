"""The mandate's soft rules: its own targets and limits that may give way, for a price or in an order."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from absalloc.errors import BadInput
from absalloc.mandate.load import LoadedMandate
from absalloc.rulebook.active import ActiveRule, Rules
from absalloc.rulebook.softened import Softened

OWN = ("mandate", "house", "desk")
"""Documents that are decisions of the institution itself: what stands in a law never becomes soft."""


def softened(rules: Rules, mandate: LoadedMandate) -> Rules:
    """Return the rules with those the mandate lists under ``soft`` made so, the most important first.

    Raises BadInput for a rule that is not in force, stands twice, or is law; and for a price of what is no amount.
    """
    found = list(rules.active)
    done: set[str] = set()
    for rank, wanted in enumerate(mandate.soft):
        where = mandate.document.where("soft", rank)
        at = [i for i, rule in enumerate(found) if wanted.rule in (rule.id, rule.short)]
        if len(at) != 1 or found[at[0]].id in done:
            choices = [rule.id for rule in found]
            raise BadInput("rulebook.soft_rule", where=where, value=wanted.rule, choices=choices)
        rule = found[at[0]]
        done.add(rule.id)
        if rule.level != "soft" and rule.document not in OWN and rule.source.document not in OWN:
            raise BadInput("rulebook.soft_law", where=where, value=rule.id, article=rule.source.article)
        price = None if wanted.price is None else Fraction(wanted.price.value)
        if price is not None and not _amounts(rule):
            raise BadInput("rulebook.soft_price", where=where, value=rule.id, kind=rule.kind)
        found[at[0]] = replace(rule, level="soft", soft=Softened(rank, price))
    return replace(rules, active=tuple(found))


def _amounts(rule: ActiveRule) -> bool:
    """Say whether a rule is exceeded by an amount of yuan, so that a yuan of excess has a price."""
    return rule.kind in ("share", "average", "capital") and rule.unless is None and rule.if_held is None
