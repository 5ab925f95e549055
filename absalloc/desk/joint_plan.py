"""The answer for several books: the plan of each, their sum, the one proof, and the ``absalloc.plans/1`` document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from absalloc.compliance.check import with_cure_dates
from absalloc.compliance.finding import Finding, shown
from absalloc.desk.book import Prepared
from absalloc.desk.joint_json import alone_json, clash_json, shared_json
from absalloc.desk.reported import Plan
from absalloc.files import sha256
from absalloc.plan.binding import tight_rows
from absalloc.plan.certificate import certificate_bytes
from absalloc.plan.joint import JointAnswer
from absalloc.plan.joint_apart import Apart
from absalloc.plan.joint_program import JointProgram
from absalloc.plan.joint_proof import joint_certificate, rules_sha256
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.note import Note
from absalloc.plan.result import versions

SCHEMA = "absalloc.plans/1"


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
    def program(self) -> JointProgram | None:
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
        answer, states = self.answer, self.answer.states
        names, outcome, certificate = [state.name for state in states], answer.outcome, self.certificate
        return {
            "schema": SCHEMA,
            "status": answer.status,
            "reason": None if answer.reason is None else answer.reason.text(lang),
            "as_of": states[0].as_of.isoformat(),
            "mandates": names,
            "mode": states[0].mandate.mode,
            "objective": self._objective() if answer.planned else None,
            "compliant": self.compliant if answer.planned else None,
            "books": [book.to_json(lang) for book in self.books],
            "binding": [{"books": [names[b] for b in books], "rule": rule} for books, rule in self.binding],
            "shared": shared_json(answer, names),
            "conflict": [clash_json(item, names) for item in answer.conflict],
            "alone": None if self.alone is None else alone_json(self.alone, names),
            "bound": None if outcome is None or outcome.bound is None else round(-outcome.bound * 1e6, 2),
            "gap": None if outcome is None or outcome.gap is None else float(f"{outcome.gap:.3g}"),
            "proven": self.proven,
            "inputs": {"universe_sha256": states[0].universe.sha256, "rulebook_sha256": rules_sha256(states)},
            "certificate": None if certificate is None else sha256(certificate_bytes(certificate)),
            "run": {
                "seconds": round(answer.seconds, 3),
                "versions": dict(versions()),
                "solver": None if outcome is None else outcome.solver,
            },
        }

    def _objective(self) -> dict[str, Any]:
        total = [book.answer.state.mandate.amount("nav") for book in self.books]
        nav = sum((Fraction(one) for one in total if one is not None), Fraction(0)) if None not in total else None
        return {
            "kind": self.answer.states[0].mandate.objective.kind,
            "carry_yuan": shown(self.carry_yuan, "yuan"),
            "on_nav": shown(self.carry_yuan / nav, "ratio") if nav else None,
        }
