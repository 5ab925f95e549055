"""A plan in the scenarios it was made for, as plain data: what each does to it, and what keeping them costs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.compliance.finding import shown
from absalloc.plan.holdings import Carry, carry_of, held_lines
from absalloc.solve.tail import cvar, tail_weights

if TYPE_CHECKING:
    from absalloc.plan.make import Answer
    from absalloc.plan.recheck import Outlook
    from absalloc.plan.tail import TailRule


def scenarios_json(
    answer: Answer, caps: tuple[Fraction | None, TailRule | None], own: Carry | None, alone: Answer | None
) -> dict[str, Any]:
    """Return the part of an ``absalloc.plan/1`` document that speaks of scenarios; yuan and decimals.

    ``caps``: on the loss in each scenario, and on the tail of a set; ``own``: the carry of the plan; ``alone``: the
    answer without the scenarios. ``given_up``: its carry less that of the plan, null where either is missing.
    """
    return {
        "worst_loss": shown(caps[0], "ratio"),
        "given_up": _given_up(own, alone),
        "results": [_result(item, answer.state.mandate.amount("nav")) for item in answer.outlooks],
        "tail": None if caps[1] is None else _tail(answer, caps[1]),
    }


def _tail(answer: Answer, rule: TailRule) -> dict[str, Any]:
    """Return the worst draws of the plan; its figures are null where there is no plan."""
    found: dict[str, Any] = dict.fromkeys(("cvar", "cvar_on_nav", "var", "worst", "mean"))
    silent: list[str] = []
    if answer.faces is not None and answer.program is not None:
        lines, nav = answer.program.lines, answer.state.mandate.amount("nav")
        losses, level = rule.losses(lines, answer.faces), float(rule.level)
        average = cvar(losses, level)
        inside = losses[tail_weights(losses, level) > 0]
        sums = {"cvar": average, "var": inside.min(), "worst": losses.max(), "mean": losses.mean()}
        found |= {name: round(float(value), 2) for name, value in sums.items()}
        found["cvar_on_nav"] = None if not nav else round(average / float(nav), 10)
        silent = rule.silent(lines, answer.faces)
    return {
        "set": rule.name,
        "sha256": rule.sha256,
        "draws": rule.returns.shape[0],
        "horizon_months": rule.horizon,
        "level": shown(rule.level, "ratio"),
        "limit": shown(rule.share, "ratio"),
        **found,
        "unknown_lines": silent,
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
