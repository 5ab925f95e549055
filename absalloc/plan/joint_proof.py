"""The certificate of a plan of several books: one program over all of them, one proof."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from absalloc.compliance.exact import BOOKS
from absalloc.plan.builder import of_book
from absalloc.plan.joint import JointAnswer, joint_point
from absalloc.plan.joint_program import SUPPLY, tag_of
from absalloc.plan.proof import eased, held_back, verified
from absalloc.plan.rounding import moved_by
from absalloc.rows import BookState


def joint_certificate(answer: JointAnswer, mip_gap: float) -> dict[str, Any] | None:
    """Return the certificate of all books together; None where there is no plan.

    Columns and rows are named by the number of their book: ``[1] buy X``, ``[1+2] rule | X | max``; ``meta.books``
    says whose numbers these are.
    """
    joint, outcome = answer.program, answer.outcome
    if not answer.planned or joint is None or outcome is None or outcome.x is None:
        return None
    point = joint_point(joint, answer.states, outcome)
    back = {
        name if tag == SUPPLY else of_book(tag, name): yuan
        for tag, keys in answer.margins.items()
        for name, yuan in held_back(keys).items()
    }
    moved = np.zeros(joint.problem.n)
    for b, (own, start) in enumerate(zip(joint.books, joint.starts, strict=True)):
        mine = slice(start, start + own.problem.n)
        moved[mine] = moved_by(own, outcome.x[mine], point[mine], answer.margins.get(tag_of([b]), {}))
    problem = eased(joint.problem, point, back, moved)
    return verified(problem, outcome, point, _meta(answer.states), mip_gap)


def _meta(states: Sequence[BookState]) -> dict[str, Any]:
    first = states[0]
    return {
        "universe_sha256": first.universe.sha256,
        "rulebook_sha256": rules_sha256(states),
        "sense": "max",
        "mandate": BOOKS.join(state.name for state in states),
        "as_of": first.as_of.isoformat(),
        "unit": "million yuan a year",
        "books": [
            {"mandate": state.name, "rulebook_sha256": state.rules.sha256, "rulebooks": state.rules.hashes}
            for state in states
        ],
    }


def rules_sha256(states: Sequence[BookState]) -> str:
    """Return the hash of the books' rules: theirs where it is one, else that of their hashes, a line each."""
    found = [state.rules.sha256 for state in states]
    return found[0] if len(set(found)) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()
