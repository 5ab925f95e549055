"""Several mandates optimised together: one supply, the rules over all of them, the greatest sum of what they earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from absalloc.desk.ask import turnover_cap
from absalloc.desk.book import SCREEN, Book, prepare
from absalloc.desk.checked import beside
from absalloc.desk.joint_plan import JointPlan
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.plan.joint import make_joint
from absalloc.plan.joint_apart import each_alone
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState
from absalloc.rulebook.active import Override
from absalloc.universe import Universe


def optimise_jointly(
    universe: Universe,
    mandates: Sequence[LoadedMandate],
    *,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    only_verified: bool = False,
    solver: str = "highs",
    time_limit: float | None = None,
    alone: bool = False,
) -> JointPlan:
    """Return the best plans of several books together, from nothing held: the greatest sum of what they earn.

    Each book keeps its own rules and targets; rules over several books of one manager hold over all of them, and
    together they buy no more of a line than is offered (mode strategic: than is outstanding). ``overrides`` name rules
    of the first mandate and set the same provision in the others. ``alone``: also each book by itself, to compare.
    Raises BadInput for fewer than two mandates, for two of one name or of different days, modes or objectives, for one
    that leaves out a rule over several books that another keeps, and as ``optimise`` does.
    """
    read = distinct(mandates)
    how: dict[str, Any] = {"only_verified": only_verified, "extra": (SCREEN,), "readings": None}
    first = prepare(Book(universe, read[0]), as_of=as_of, overrides=overrides, **how)
    day = first.state.as_of
    for mandate in read[1:]:
        if as_of is None and mandate.as_of not in (None, day):
            raise _other_day(mandate, first.state)
    more = [beside(first.state, Book(universe, mandate), day, overrides or {}, **how) for mandate in read[1:]]
    ready = [first, *more]
    states = [one.state for one in ready]
    _same_rules(states)
    settings = [
        PlanSettings(backend=solver, max_turnover=turnover_cap(mandate, None), time_limit=time_limit)
        for mandate in read
    ]
    answer = make_joint(states, settings)
    apart = each_alone(states, settings) if alone and answer.planned else None
    return JointPlan(answer, tuple(ready), tuple(settings), apart)


def distinct(mandates: Sequence[LoadedMandate]) -> list[LoadedMandate]:
    """Return the mandates. Raises BadInput for fewer than two, and for two of one name."""
    read = list(mandates)
    if len(read) < 2:
        raise BadInput("desk.joint_one", value=len(read))
    names: dict[str, str] = {}
    for one in read:
        if one.name in names:
            where = one.document.where("name")
            raise BadInput(
                "mandate.duplicate_name", where=where, value=one.name, first=names[one.name], second=one.file
            )  # fmt: skip
        names[one.name] = one.file
    return read


def _other_day(mandate: LoadedMandate, first: BookState) -> BadInput:
    return BadInput(
        "plan.joint_differs", where=mandate.document.where("as_of"), value=mandate.as_of, key="as_of",
        book=mandate.name, other=first.as_of, first=first.name,
    )  # fmt: skip


def _same_rules(states: Sequence[BookState]) -> None:
    """Raise BadInput where a book switches a rule over several books off that another book of its manager keeps."""
    for state in states:
        for rule in state.rules.active:
            if rule.scope == "portfolio":
                continue
            mine = (rule.short, rule.source)
            for other in states:
                if other is state or other.mandate.manager != state.mandate.manager:
                    continue
                for left in other.rules.inactive:
                    if left.status == "off" and (left.id.partition("/")[2], left.source) == mine:
                        where = other.mandate.document.where("off")
                        raise BadInput("plan.joint_off", where=where, value=left.id, book=other.name, first=state.name)
