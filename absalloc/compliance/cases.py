"""Running the cases that ship beside a rulebook, and naming what no case shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from absalloc.compliance.case_books import case_book
from absalloc.compliance.case_files import Case, Cases, Expect, expected_number, load_cases
from absalloc.compliance.case_gaps import Gap, gaps
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import DIGITS, Finding
from absalloc.messages import render
from absalloc.rows.state import BookState

WORST_FIRST = ("fail", "unknown", "pass")


class Evaluator(Protocol):
    """A checker: the exact one, or the fast one."""

    def __call__(self, states: Sequence[BookState], *, rules: Sequence[str]) -> tuple[Finding, ...]:
        """Return the findings of some rules."""


@dataclass(frozen=True)
class CaseResult:
    """One case: what was expected, what a checker found, and the difference in words (empty where there is none)."""

    id: str
    rule: str
    shows: str
    ok: bool
    expected: str
    found: str
    place: str
    differences: tuple[tuple[str, str, str], ...] = ()

    def text(self, lang: str = "en") -> str:
        """Return one line: the place, the case, and what differs."""
        if self.ok:
            return render("compliance.case_ok", lang, place=self.place, id=self.id, rule=self.rule)
        said = "; ".join(
            render("compliance.case_differs", lang, what=what, expected=expected, found=found)
            for what, expected, found in self.differences
        )
        return render("compliance.case_failed", lang, place=self.place, id=self.id, rule=self.rule, said=said)


@dataclass(frozen=True)
class CaseReport:
    """The results of a file of cases, and what it leaves untested."""

    rulebook: str
    results: tuple[CaseResult, ...]
    missing: tuple[Gap, ...]

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases that did not come out as written."""
        return tuple(result for result in self.results if not result.ok)

    @property
    def ok(self) -> bool:
        """Whether every case came out as written."""
        return not self.failed


def run_cases(source: str | Path | Cases, *, evaluators: Sequence[Evaluator] = (evaluate_exact,)) -> CaseReport:
    """Run the cases of a shipped rulebook (its id), a rulebook file or a case file, with every checker given.

    A case is in order where all checkers say what it expects. Raises BadInput as ``load_cases`` does, and for
    a value of a case that cannot be read.
    """
    cases = source if isinstance(source, Cases) else load_cases(source)
    results = tuple(run_case(cases, index, evaluators=evaluators) for index in range(len(cases.file.cases)))
    return CaseReport(cases.book.id, results, tuple(gaps(cases)))


def run_case(cases: Cases, index: int, *, evaluators: Sequence[Evaluator] = (evaluate_exact,)) -> CaseResult:
    """Run one case of a file; ``index`` counts from 0."""
    case = cases.file.cases[index]
    state = case_book(cases, case, index)
    place = str(cases.document.where("cases", index, "id"))
    shown, differences = "", []
    for evaluator in evaluators:
        findings = evaluator([state], rules=[case.rule])
        shown = shown or _shown(_chosen(findings, case.expect))
        differences += [item for item in case_differences(case, findings) if item not in differences]
    return CaseResult(
        case.id, case.rule, case.shows, not differences, _wanted(case.expect), shown, place, tuple(differences)
    )


def case_differences(case: Case, findings: Sequence[Finding]) -> tuple[tuple[str, str, str], ...]:
    """Return (what, expected, found) wherever the findings of a case's rule are not what the case expects."""
    return tuple(_differences(case, _chosen(findings, case.expect)))


def _chosen(findings: Sequence[Finding], expect: Expect) -> Finding | None:
    """Return the finding a case speaks of: its group's, else the worst."""
    named = "group" in expect.model_fields_set
    own = [f for f in findings if not named or f.group == expect.group]
    own = [f for f in own if expect.sense is None or f.sense == expect.sense]
    return min(own, key=lambda f: WORST_FIRST.index(f.verdict), default=None)


def _differences(case: Case, found: Finding | None) -> Iterator[tuple[str, str, str]]:
    expect = case.expect
    if found is None:
        if expect.verdict != "none":
            yield "verdict", expect.verdict, "none"
        return
    if found.verdict != expect.verdict:
        yield "verdict", expect.verdict, found.verdict
    for name in ("value", "limit", "headroom"):
        if name in expect.model_fields_set:
            yield from _number_differs(name, getattr(expect, name), getattr(found, name), found.unit)
    for name in ("group", "cause"):
        if name in expect.model_fields_set and getattr(expect, name) != getattr(found, name):
            yield name, str(getattr(expect, name)), str(getattr(found, name))
    codes = [reason.code for reason in found.reasons]
    if expect.reason is not None and expect.reason not in codes:
        yield "reason", expect.reason, ", ".join(codes)
    if case.shows == "boundary" and _off_limit(found):
        yield "boundary", _number(found.limit, found.unit), _number(found.value, found.unit)


def _off_limit(found: Finding) -> bool:
    """Return whether a share, capital or floor has a ratio that is not its limit to the last digit."""
    on = found.numerator is not None and found.denominator is not None and found.limit is not None
    share = found.unit in ("ratio", "yuan") and found.headroom is not None
    return on and share and found.headroom != 0


def _number_differs(name: str, text: str | None, value: Fraction | None, unit: str) -> Iterator[tuple[str, str, str]]:
    if text is None or value is None:
        if text is not None or value is not None:
            yield name, str(text), _number(value, unit)
        return
    # The headroom of a share is yuan, whatever the unit of the ratio.
    wanted, written = expected_number(text)
    digits = 2 if written == "yuan" else DIGITS
    if (name != "headroom" and written != unit) or round(wanted, digits) != round(value, digits):
        yield name, text, _number(value, unit)


def _number(value: Fraction | None, unit: str) -> str:
    if value is None:
        return "null"
    if unit == "ratio":
        return f"{float(round(value * 100, DIGITS)):.12g}%"
    return f"{float(value):.15g} {unit}"


def _shown(found: Finding | None) -> str:
    if found is None:
        return "none"
    return f"{found.verdict}, {_number(found.value, found.unit)} / {_number(found.limit, found.unit)}"


def _wanted(expect: Expect) -> str:
    return ", ".join(f"{name}: {getattr(expect, name)}" for name in sorted(expect.model_fields_set))
