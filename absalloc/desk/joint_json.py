"""Parts of the ``absalloc.plans/1`` document: what the books share, what conflicts, each book by itself."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from absalloc.compliance.finding import shown
from absalloc.plan.joint import JointAnswer
from absalloc.plan.joint_apart import Apart
from absalloc.plan.joint_conflict import Item
from absalloc.plan.joint_program import SUPPLY


def shared_json(answer: JointAnswer, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lines of which all that there is for several books is bought, or as good as all: less than a lot."""
    program = answer.program
    if program is None or not answer.planned:
        return []
    found = []
    for name, there in program.short.items():
        bought = [state.held.get(name, Fraction(0)) for state in answer.states]
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


def clash_json(item: Item, names: Sequence[str]) -> dict[str, Any]:
    """Return a rule of a conflict and its books; rule null for the supply that all share."""
    tag, rule = item
    if tag == SUPPLY:
        return {"books": list(names), "rule": None}
    return {"books": [names[int(number) - 1] for number in tag.split("+")], "rule": rule}


def alone_json(apart: Apart, names: Sequence[str]) -> dict[str, Any]:
    """Return each book by itself, their sum, and why it cannot be had at once."""
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
