"""Each book planned by itself, as if it were alone: what that adds up to, and what it breaks together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.plan.holdings import carry_of, held_lines
from absalloc.plan.joint import oversold
from absalloc.plan.make import Answer, PlanSettings, make_plan
from absalloc.rows import BookState


@dataclass(frozen=True)
class Apart:
    """Plans that do not know of one another. ``broken``: findings on all together that fail and did not alone.

    ``oversold`` maps lines to what is bought beyond what there is, yuan of face.
    """

    answers: tuple[Answer, ...] = field(repr=False)
    broken: tuple[Finding, ...]
    oversold: dict[str, Fraction]

    @property
    def carries(self) -> tuple[Fraction | None, ...]:
        """What each book earns by itself, yuan a year; None where it has no plan."""
        return tuple(
            None if answer.faces is None else carry_of(answer.state, held_lines(answer.state)).yuan
            for answer in self.answers
        )

    @property
    def possible(self) -> bool:
        """Whether all of it can be had together: then it is the joint optimum as well."""
        return not self.broken and not self.oversold


def each_alone(states: Sequence[BookState], settings: Sequence[PlanSettings]) -> Apart:
    """Return the plan of each book, made as if the others bought nothing."""
    answers = tuple(make_plan(s, how, conflict=False) for s, how in zip(states, settings, strict=True))
    after = [answer.state if answer.faces is not None else replace(answer.state, held={}) for answer in answers]
    own = {(f.rule, f.group, f.sense, f.book) for answer in answers for f in answer.findings if f.verdict == "fail"}
    found = evaluate_exact(after)
    broken = tuple(
        f for f in found
        if f.verdict == "fail" and f.level == "hard" and (f.rule, f.group, f.sense, f.book) not in own
    )  # fmt: skip
    return Apart(answers, broken, oversold(after))
