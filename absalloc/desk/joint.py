"""Several mandates optimised together: one supply, the rules over all of them, the greatest sum of what they earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from absalloc.compliance.check import with_cure_dates
from absalloc.compliance.finding import Finding
from absalloc.desk.ask import turnover_cap
from absalloc.desk.book import SCREEN, Book, Prepared, prepare
from absalloc.desk.checked import beside
from absalloc.desk.reported import Plan
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.plan.binding import tight_rows
from absalloc.plan.joint import JointAnswer, make_joint
from absalloc.plan.joint_apart import Apart, each_alone
from absalloc.plan.joint_proof import joint_certificate
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
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
    read = _named(mandates)
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


def _named(mandates: Sequence[LoadedMandate]) -> list[LoadedMandate]:
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


@dataclass(frozen=True)
class BookPlan(Plan):
    """The plan of one of several books, as ``Plan``; its proof is that of all of them together."""

    joint: JointPlan | None = field(default=None, repr=False)
    number: int = 0

    @cached_property
    def binding(self) -> tuple[str, ...]:
        """The rules that stop this book: its own, and those over several books, with a row at its bound."""
        assert self.joint is not None
        return tuple(dict.fromkeys(rule for books, rule in self.joint.binding if self.number in books))

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """The certificate of all books together."""
        return None if self.joint is None else self.joint.certificate

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.plan/1`` document; ``bound`` and ``gap`` are null, they are those of the sum."""
        document = super().to_json(lang)
        if not self.answer.conflict:
            document["conflict"] = []
        return document


@dataclass(frozen=True)
class JointPlan:
    """The answer for several books: ``books`` in the order asked, one status, one proof."""

    answer: JointAnswer = field(repr=False)
    ready: tuple[Prepared, ...] = field(repr=False)
    settings: tuple[PlanSettings, ...] = field(repr=False)
    alone: Apart | None = None
    """Each book by itself, where asked for."""

    @property
    def status(self) -> str:
        """``optimal``: the sum is proven, all books re-checked together; ``infeasible``; or ``stopped``."""
        return self.answer.status

    @property
    def proven(self) -> bool:
        """Whether the sum is proven best, and every book passes the exact check beside the others."""
        return self.status == "optimal"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The exact verdicts on all books together; one of several books names them all."""
        return with_cure_dates(self.answer.findings, list(self.answer.states))

    @cached_property
    def books(self) -> tuple[BookPlan, ...]:
        """The plan of each book."""
        return tuple(self._book(number) for number in range(len(self.ready)))

    @property
    def compliant(self) -> bool | None:
        """True where every hard rule of every book passes, False where one fails, None where one is unknown."""
        found = [book.compliant for book in self.books]
        return False if False in found else None if None in found else True

    @cached_property
    def carry_yuan(self) -> Fraction:
        """What all books earn, yuan a year: the sum of their carries."""
        return sum((book.carry.yuan for book in self.books), Fraction(0))

    @cached_property
    def binding(self) -> tuple[tuple[tuple[int, ...], str], ...]:
        """The rules with a row at its bound: (numbers of the books from 0, rule)."""
        program, outcome = self.answer.program, self.answer.outcome
        if program is None or outcome is None or not self.answer.planned:
            return ()
        rows = tight_rows(program.problem, program.builder, outcome, lots=True)
        found = [(tuple(int(number) - 1 for number in row.book.split("+")), str(row.rule)) for row in rows]
        return tuple(dict.fromkeys(found))

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """The one certificate over all books, None where there is no plan."""
        return joint_certificate(self.answer, self.settings[0].mip_gap)

    @property
    def program(self) -> Any:
        """The mathematical program of all books: ``.problem``, and each book's own in ``.books``."""
        return self.answer.program

    def _book(self, number: int) -> BookPlan:
        answer, state = self.answer, self.answer.states[number]
        own = None if answer.program is None else answer.program.books[number]
        mine = tuple(item for item in answer.findings if number in self._of(item))
        outcome = None if answer.outcome is None else replace(answer.outcome, bound=None, gap=None)
        broken = tuple(sorted({i.rule for i in mine if i.level == "soft" and i.verdict == "fail"}))
        notes = (*answer.notes[number], *((Note("soft_gave_way", rules=", ".join(broken)),) if broken else ()))
        clash = tuple(rule for tag, rule in answer.conflict if str(number + 1) in tag.split("+"))
        faces = dict(state.held) if answer.planned else None
        whole = Answer(
            answer.status, answer.reason, state, faces, mine, outcome, own, clash, broken, notes, answer.seconds
        )  # fmt: skip
        return BookPlan(whole, self.ready[number].notes, self.settings[number], joint=self, number=number)

    def _of(self, item: Finding) -> tuple[int, ...]:
        """Return the numbers of the books a finding is on."""
        return self.answer.sets[item.book]

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.plans/1`` document; everything outside ``run`` is the same for the same input."""
        from absalloc.desk.joint_json import joint_json

        return joint_json(self, lang)
