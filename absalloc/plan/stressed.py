"""A plan in the scenarios it was made for, as plain data: what each does to it, and what keeping them costs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.compliance.finding import shown
from absalloc.plan.holdings import Carry, carry_of, held_lines

if TYPE_CHECKING:
    from absalloc.plan.make import Answer
    from absalloc.plan.recheck import Outlook


def scenarios_json(
    answer: Answer, worst_loss: Fraction | None, own: Carry | None, alone: Answer | None
) -> dict[str, Any]:
    """Return the part of an ``absalloc.plan/1`` document that speaks of scenarios; yuan and decimals.

    ``own``: the carry of the plan; ``alone``: the answer without the scenarios. ``given_up``: its carry less that of
    the plan, null where either is missing.
    """
    return {
        "worst_loss": shown(worst_loss, "ratio"),
        "given_up": _given_up(own, alone),
        "results": [_result(item, answer.state.mandate.amount("nav")) for item in answer.outlooks],
    }


def _given_up(own: Carry | None, alone: Answer | None) -> dict[str, Any] | None:
    if own is None or alone is None or alone.faces is None or alone.status != "optimal":
        return None
    other = carry_of(alone.state, held_lines(alone.state))
    yuan = None if other.yuan is None or own.yuan is None else other.yuan - own.yuan
    on_nav = None if other.on_nav is None or own.on_nav is None else other.on_nav - own.on_nav
    return {"carry_yuan": shown(yuan, "yuan"), "on_nav": shown(on_nav, "ratio")}


def _result(item: Outlook, nav: Fraction | None) -> dict[str, Any]:
    hard = [found.verdict for found in item.findings if found.level == "hard"]
    total = item.total_return
    return {
        "name": item.scenario,
        "sha256": item.sha256,
        "compliant": False if "fail" in hard else None if "unknown" in hard else True,
        "nav_after": shown(item.state.mandate.amount("nav"), "yuan"),
        "gain": shown(item.gain, "yuan"),
        "total_return": shown(total, "yuan"),
        "return_on_nav": None if total is None or not nav else shown(total / nav, "ratio"),
        "redeemed": shown(item.redeemed.asked, "yuan"),
        "unpaid": shown(item.redeemed.unpaid, "yuan"),
        "unknown_lines": list(item.silent),
    }
