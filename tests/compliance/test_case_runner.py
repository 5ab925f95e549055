"""The runner of cases: what it refuses, what it calls a difference, and what it finds untested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from absalloc.compliance.cases import run_cases
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.errors import BadInput
from absalloc.rows.state import BookState

BOOK = """
rulebook: own
modelled: {from: 2010-01-01, verified_until: 2030-01-01}
sources: {law: {title: A law}}
rules:
  - id: share
    kind: share
    title: {en: t, zh: t}
    source: {document: law, article: '1', ref: R, confidence: unverified}
    where: {placement: public}
    of: nav
    max: [{value: 10%, to: 2025-12-31}, {value: 20%, from: 2026-01-01}]
    exceptions: [{id: state, where: {product: government}}]
"""
HEAD = """
rulebook: own
defaults:
  as_of: 2025-06-30
  mandate: {institution: public_fund_open, amounts: {nav: 1000}}
  line: {product: credit_bond, placement: public, factor: 1, dirty_price: 100}
cases:
"""
PASS = (
    "  - {id: passes, rule: share, shows: pass, lines: [{tranche_id: A, face: 90}], "
    "expect: {verdict: pass, value: 9%}}\n"
)
FAIL = (
    "  - {id: fails, rule: share, shows: fail, lines: [{tranche_id: A, face: 101}], "
    "expect: {verdict: fail, value: 10.1%}}\n"
)
EDGE = (
    "  - {id: edge, rule: share, shows: boundary, lines: [{tranche_id: A, face: 100}], "
    "expect: {verdict: pass, group: null}}\n"
)
MORE = """
  - {id: state, rule: share, shows: "exception:state", lines: [{tranche_id: A, face: 500, product: government}], expect: {verdict: pass, reason: exception}}
  - {id: old, rule: share, shows: date, as_of: 2025-12-31, lines: [{tranche_id: A, face: 150}], expect: {verdict: fail}}
  - {id: new, rule: share, shows: date, as_of: 2026-01-01, lines: [{tranche_id: A, face: 150}], expect: {verdict: pass, limit: 20%}}
  - {id: in, rule: share, shows: pass, lines: [{tranche_id: A, face: 99.9999}], expect: {verdict: pass, value: 9.99999%}}
  - {id: on, rule: share, shows: boundary, lines: [{tranche_id: A, face: 100}], expect: {verdict: pass, value: 10%}}
  - {id: out, rule: share, shows: fail, lines: [{tranche_id: A, face: 100.0001}], expect: {verdict: fail, value: 10.00001%}}
  - {id: later-in, rule: share, shows: pass, as_of: 2026-01-01, lines: [{tranche_id: A, face: 199.9999}], expect: {verdict: pass, value: 19.99999%}}
  - {id: later-on, rule: share, shows: boundary, as_of: 2026-01-01, lines: [{tranche_id: A, face: 200}], expect: {verdict: pass, value: 20%}}
  - {id: later-out, rule: share, shows: fail, as_of: 2026-01-01, lines: [{tranche_id: A, face: 200.0001}], expect: {verdict: fail, value: 20.00001%}}
  - {id: no-factor, rule: share, shows: "missing:factor", lines: [{tranche_id: A, face: 150, factor: null}], expect: {verdict: unknown, value: null}}
  - {id: no-price, rule: share, shows: "missing:dirty_price", lines: [{tranche_id: A, face: 150, dirty_price: null}], expect: {verdict: unknown, value: null}}
  - {id: no-nav, rule: share, shows: "missing:nav", mandate: {amounts: {nav: null}}, lines: [{tranche_id: A, face: 150}], expect: {verdict: unknown, value: null}}
  - {id: gone, rule: share, shows: "missing:placement", lines: [{tranche_id: A, face: 150, placement: null}], expect: {verdict: unknown, value: 0%}}
"""  # noqa: E501


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text(BOOK, encoding="utf-8")
    return tmp_path / "own.yaml"


def write(own: Path, *cases: str) -> Path:
    own.with_name("own.cases.yaml").write_text(HEAD + "".join(cases), encoding="utf-8")
    return own


def test_complete_cases_leave_nothing_out(own: Path) -> None:
    report = run_cases(write(own, PASS, FAIL, EDGE, MORE))
    assert [result.text() for result in report.failed] == []
    assert (report.rulebook, len(report.results), report.missing) == ("own", 16, ())


def test_gaps_are_named(own: Path) -> None:
    report = run_cases(write(own, PASS))
    gaps = [(gap.kind, gap.what) for gap in report.missing]
    assert gaps == [
        ("fail", ""), ("boundary", ""), ("edge", "10%"), ("edge", "20%"), ("exception", "state"),
        ("date", "2026-01-01"),
        ("column", "dirty_price"), ("column", "factor"), ("column", "nav"), ("column", "placement"),
    ]  # fmt: skip
    assert all(gap.text("zh") != gap.text("en") for gap in report.missing)


def test_difference_shows_both(own: Path) -> None:
    wrong = PASS.replace("face: 90", "face: 101")
    [result] = run_cases(write(own, wrong)).failed
    assert "passes (share): verdict: expected pass, found fail; value: expected 9%, found 10.1%" in result.text()
    assert result.place.endswith("own.cases.yaml:8:6")


def test_value_is_compared_to_the_last_digit_and_the_boundary_is_the_limit(own: Path) -> None:
    near = run_cases(write(own, PASS.replace("9%", "9.0000000001%")))
    assert [d[0] for d in near.failed[0].differences] == ["value"]
    off = run_cases(write(own, EDGE.replace("100}", "99}")))
    assert off.failed[0].differences == (("boundary", "10%", "9.9%"),)


def test_every_checker_must_agree(own: Path) -> None:
    def other(states: Sequence[BookState], *, rules: Sequence[str]) -> tuple[Finding, ...]:
        return tuple(replace(item, verdict="unknown") for item in evaluate_exact(states, rules=rules))

    write(own, PASS)
    assert run_cases(own, evaluators=(evaluate_exact, evaluate_exact)).ok
    assert run_cases(own, evaluators=(evaluate_exact, other)).failed[0].differences == (("verdict", "pass", "unknown"),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shows: pass", "shows: fail", r"yaml:8:\d+: The case 'passes' shows 'fail' but expects the verdict 'pass'"),
        ("shows: pass", "shows: pas", r"own.cases.yaml:8:\d+: 'pas' is nothing a case can show.*'pass'"),
        ("shows: pass", "shows: 'exception:stat'", r"'exception:stat' is nothing a case can show.*exception:state"),
        ("rule: share", "rule: shar", r"own.cases.yaml:8:\d+: There is no rule 'shar'.*'share'"),
        ("value: 9%", "value: 9", r"'9' .*%"),
        ("face: 90", "face: ninety", r"'ninety' is not a value of 'face'"),
        ("face: 90", "face: 90, placment: public", r"placment.*'placement'"),
        ("face: 90", "face: 90, seniority: top", r"'top' is not a value of 'seniority'"),
        ("tranche_id: A, ", "", "has no tranche_id"),
        ("shows: pass", "show: pass", r"own.cases.yaml:8:\d+: .*'show'"),
    ],
)  # fmt: skip
def test_bad_cases_are_refused_at_their_line(own: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        run_cases(write(own, PASS.replace(old, new)))


def test_case_given_twice_and_cases_that_are_not_there(own: Path) -> None:
    with pytest.raises(BadInput, match=r"'passes' stands twice \(first on line 8\)"):
        run_cases(write(own, PASS, PASS))
    own.with_name("own.cases.yaml").unlink()
    with pytest.raises(BadInput, match=r"own.cases.yaml"):
        run_cases(own)
