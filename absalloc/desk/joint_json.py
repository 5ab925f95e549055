"""The ``absalloc.plans/1`` document: several plans, their sum and the one proof."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.compliance.finding import shown
from absalloc.files import sha256
from absalloc.plan.certificate import certificate_bytes
from absalloc.plan.joint_apart import Apart
from absalloc.plan.joint_program import SUPPLY
from absalloc.plan.joint_proof import rules_sha256
from absalloc.plan.result import versions

if TYPE_CHECKING:
    from absalloc.desk.joint import JointPlan

SCHEMA = "absalloc.plans/1"


def joint_json(plan: JointPlan, lang: str) -> dict[str, Any]:
    """Return the document, its words in ``en`` or ``zh``."""
    answer, states = plan.answer, plan.answer.states
    names, outcome, certificate = [state.name for state in states], answer.outcome, plan.certificate
    return {
        "schema": SCHEMA,
        "status": answer.status,
        "reason": None if answer.reason is None else answer.reason.text(lang),
        "as_of": states[0].as_of.isoformat(),
        "mandates": names,
        "mode": states[0].mandate.mode,
        "objective": _objective(plan) if answer.planned else None,
        "compliant": plan.compliant if answer.planned else None,
        "books": [book.to_json(lang) for book in plan.books],
        "binding": [{"books": [names[b] for b in books], "rule": rule} for books, rule in plan.binding],
        "shared": _shared(plan, names),
        "conflict": [_clash(item, names) for item in answer.conflict],
        "alone": None if plan.alone is None else _alone(plan.alone, names),
        "bound": None if outcome is None or outcome.bound is None else round(-outcome.bound * 1e6, 2),
        "gap": None if outcome is None or outcome.gap is None else float(f"{outcome.gap:.3g}"),
        "proven": plan.proven,
        "inputs": {"universe_sha256": states[0].universe.sha256, "rulebook_sha256": rules_sha256(states)},
        "certificate": None if certificate is None else sha256(certificate_bytes(certificate)),
        "run": {
            "seconds": round(answer.seconds, 3),
            "versions": dict(versions()),
            "solver": None if outcome is None else outcome.solver,
        },
    }


def _objective(plan: JointPlan) -> dict[str, Any]:
    total = [book.answer.state.mandate.amount("nav") for book in plan.books]
    nav = sum((Fraction(one) for one in total if one is not None), Fraction(0)) if None not in total else None
    return {
        "kind": plan.answer.states[0].mandate.objective.kind,
        "carry_yuan": shown(plan.carry_yuan, "yuan"),
        "on_nav": shown(plan.carry_yuan / nav, "ratio") if nav else None,
    }


def _shared(plan: JointPlan, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lines of which all that there is for several books is bought, or as good as all: less than a lot."""
    program = plan.answer.program
    if program is None or not plan.answer.planned:
        return []
    found = []
    for name, there in program.short.items():
        bought = [state.held.get(name, Fraction(0)) for state in plan.answer.states]
        position = program.books[0].lines.positions.state.index[name]
        lot = Fraction(max(float(own.lines.lot[position]) for own in program.books))
        if sum(bought, Fraction(0)) > there - max(lot, Fraction(1)):
            found.append(
                {
                    "tranche_id": name, "there": shown(there, "yuan"),
                    "bought": [
                        {"mandate": book, "face": shown(face, "yuan")}
                        for book, face in zip(names, bought, strict=True)
                    ],
                }
            )  # fmt: skip
    return found


def _clash(item: tuple[str, str], names: Sequence[str]) -> dict[str, Any]:
    """Return a rule of a conflict and its books; rule null for the supply that all share."""
    tag, rule = item
    if tag == SUPPLY:
        return {"books": list(names), "rule": None}
    return {"books": [names[int(number) - 1] for number in tag.split("+")], "rule": rule}


def _alone(apart: Apart, names: Sequence[str]) -> dict[str, Any]:
    carries = apart.carries
    whole = None if None in carries else sum((yuan for yuan in carries if yuan is not None), Fraction(0))
    broken = dict.fromkeys((item.book, item.rule) for item in apart.broken)
    return {
        "possible": apart.possible,
        "carry_yuan": shown(whole, "yuan"),
        "books": [
            {"mandate": name, "status": answer.status, "carry_yuan": shown(yuan, "yuan")}
            for name, answer, yuan in zip(names, apart.answers, carries, strict=True)
        ],
        "breaks": [{"book": book, "rule": rule} for book, rule in broken],
        "oversold": [{"tranche_id": name, "over": shown(over, "yuan")} for name, over in apart.oversold.items()],
    }
