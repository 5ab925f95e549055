"""Only rules whose text was seen: the others are left out of what binds, and named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from absalloc.errors import BadInput
from absalloc.rulebook.active import ActiveRule, InactiveRule, Rules, full_id

SEEN = "text_seen"


def only_verified(rules: Rules, overridden: Iterable[str] = ()) -> tuple[Rules, tuple[str, ...]]:
    """Return the rules without those that are secondary or unverified, and the ids of what was left out.

    What is left out stands among the inactive rules as ``unverified``, rules that lack a key of the mandate among it:
    nobody waits for the key of a rule that is not to bind. ``overridden`` are the ``RULE.limit`` names set for this
    run. Raises BadInput where one of them is left out: it would change nothing, silently.
    """
    out = [rule for rule in rules.active if rule.source.confidence != SEEN]
    waiting = [r for r in rules.inactive if r.status == "needs_key" and r.source.confidence != SEEN]
    left: list[ActiveRule | InactiveRule] = [*out, *waiting]
    names = tuple(sorted(rule.id for rule in left))
    for name in overridden:
        if name.startswith("target/"):
            continue
        rule = full_id(rules.books, name.rpartition(".")[0])
        if rule in names:
            raise BadInput("rulebook.override_idle", value=rule, status="unverified")
    active = tuple(rule for rule in rules.active if rule.source.confidence == SEEN)
    kept = tuple(rule for rule in rules.inactive if rule.id not in names)
    return replace(rules, active=active, inactive=(*kept, *(_left_out(rule) for rule in left))), names


def _left_out(rule: ActiveRule | InactiveRule) -> InactiveRule:
    words = {"confidence": rule.source.confidence}
    return InactiveRule(rule.id, rule.title, rule.source, "unverified", rule.level, words)
