"""Which limits hold for one run only, so that no answer looks as if the rule said them."""

from __future__ import annotations

from absalloc.rulebook.active import Limit, Rules
from absalloc.terms import RATING_GRADES


def limits_set(rules: Rules, written: Rules) -> list[dict[str, str]]:
    """Return rule, value now and value written of each rule in force whose limit is not the one written."""
    says = {rule.id: rule.limits for rule in written.active}
    found = []
    for rule in rules.active:
        for now, was in zip(rule.limits, says.get(rule.id, rule.limits), strict=True):
            if now != was:
                found.append({"rule": rule.id, "now": _text(now), "was": _text(was)})
    return found


def _text(limit: Limit) -> str:
    """Return a limit that is a number as a rulebook writes it."""
    assert limit.value is not None
    if limit.unit == "grade":
        return next(grade for grade, step in RATING_GRADES.items() if step == limit.value)
    if limit.unit == "ratio":
        return f"{float(100 * limit.value):.12g}%"
    return f"{float(limit.value):.15g} {'names' if limit.unit == 'count' else limit.unit}"
