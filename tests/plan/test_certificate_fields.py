"""Certificates of plans with lots, tickets, scenarios, capped tails and soft rules: no field changes unseen."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from odd_books import DAY, book_of, mandate_of, rulebook
from test_certificate import altered, leaves

from absalloc.errors import BadInput
from absalloc.plan import verify_standalone as standalone
from absalloc.plan.certificate import verify_certificate
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.proof import certificate_of
from absalloc.plan.tail import TailRule
from absalloc.rows import BookState, Scenario
from absalloc.rulebook.softened import Softened

Kind = tuple[BookState, PlanSettings, list[Scenario]]


def fund(*rules: dict[str, Any], **more: Any) -> BookState:
    """Return a fund of four lines, a government bond, cash and repo, in whole yuan unless ``more`` says otherwise."""
    base = {"product": "credit_abs", "issue_size": "40000000", "factor": "1", "seniority": "senior", "wal": "2"}
    lines: list[dict[str, str]] = [
        {**base, "tranche_id": f"T{i}", "originator": "甲乙"[i % 2], "dirty_price": price, "yield": f"0.0{30 + 3 * i}"}
        for i, price in enumerate(("100", "98.7654", "101.2345", "99.5"))
    ]
    lines += [
        {**base, "tranche_id": "国债", "product": "government", "dirty_price": "100", "yield": "0.017"},
        {"tranche_id": "CASH", "product": "cash", "yield": "0.005"},
        {"tranche_id": "REPO", "product": "repo"},
    ]
    source = {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"}
    named = [{"id": f"r{i}", "title": {"en": "x", "zh": "x"}, "source": source, **r} for i, r in enumerate(rules)]
    mandate = {
        "name": "某基金", "institution": "public_fund_open", "rulebooks": ["w"], "amounts": {"nav": "100000000.07"},
        "mode": "strategic", "unknown": "worst", "repo": {"rate": "1.6%", "max": "20%"}, **more,
    }  # fmt: skip
    return book_of(lines, mandate_of(mandate), DAY, books=(rulebook(named),))


SHARE = {"kind": "share", "by": "originator", "of": "nav", "max": "55%", "where": {"product": "credit_abs"}}
COUNT = {"kind": "count", "by": "originator", "max": "1 names", "where": {"product": "credit_abs"}}


def plain() -> Kind:
    return fund(SHARE), PlanSettings(), []


def lots() -> Kind:
    return fund(SHARE, COUNT, trading={"lot": "100000", "min_ticket": "1000000", "cost_bp": "3"}), PlanSettings(), []


def soft() -> Kind:
    state = fund(SHARE, {"kind": "share", "of": "nav", "min": "150%", "where": {"product": "credit_abs"}})
    wanted = replace(state.rules.active[1], level="soft", soft=Softened(0, Fraction(1, 100)))
    return replace(state, rules=replace(state.rules, active=(state.rules.active[0], wanted))), PlanSettings(), []


def scenarios() -> Kind:
    """Prices fall, a tenth is redeemed, and no more than 4 % of NAV may be lost."""
    state = fund(SHARE)
    fall = np.array([0.97, 0.95, 0.9, 0.93, 1.0, 1.0, 1.0])
    table = state.universe.table
    prices = table["dirty_price"].to_numpy(dtype=float) * fall
    fallen = state.universe.replace(table=table.assign(dirty_price=prices))
    shock = Scenario("跌价", (fallen,), Fraction(1, 10), returns=(fall - 1,), sha256="b" * 64)
    return state, PlanSettings(worst_loss=Fraction(4, 100)), [shock]


def tail() -> Kind:
    """Draws in which what yields most loses most; their worst fifth may lose 2 % of NAV on average."""
    state, rng = fund(SHARE), np.random.default_rng(3)
    returns = rng.normal(0, 1, (25, 7)) * np.array([0.01, 0.03, 0.05, 0.08, 0.0, 0.0, 0.0])
    return state, PlanSettings(tail=TailRule("draws", "c" * 64, Fraction(4, 5), Fraction(2, 100), 180, returns)), []


KINDS = [plain, lots, soft, scenarios, tail]


def made(kind: Any) -> dict[str, Any]:
    state, settings, shocks = kind()
    answer = make_plan(state, settings, shocks)
    assert answer.status == "optimal", answer.reason
    found = certificate_of(answer, settings)
    assert found is not None
    assert verify_certificate(found).ok
    return found


def holds(document: dict[str, Any]) -> bool:
    try:
        return verify_certificate(document).ok
    except BadInput:
        return False


def changed(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    found = copy.deepcopy(document)
    parent: Any = found
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = altered(parent[path[-1]])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_each_kind_is_about_is_in_its_certificate(kind: Any) -> None:
    found = made(kind)
    names = " ".join(found["problem"]["rows"]["names"]) + " ".join(found["problem"]["columns"]["names"])
    word = {plain: "r0 | ", lots: "ticket ", soft: "gives ", scenarios: "redemption in 跌价", tail: "cvar [draws]"}[
        kind
    ]
    assert word in names
    assert (found["proof"]["kind"] == "relaxation") == (kind is lots)
    meta = {scenarios: ("scenarios", {"跌价": "b" * 64}), tail: ("draws", {"draws": "c" * 64})}.get(kind)
    if meta is not None:
        assert found["meta"][meta[0]] == meta[1]
    if kind in (scenarios, tail):
        row = next(i for i, n in enumerate(found["problem"]["rows"]["names"]) if n.startswith(("worst-loss", "cvar")))
        slack = [Fraction(found["solution"]["row_activity"][row])]
        slack = [abs(slack[0] - Fraction(found["problem"]["rows"][e][row])) for e in ("lower", "upper")
                 if "inf" not in found["problem"]["rows"][e][row]]  # fmt: skip
        assert min(slack) < Fraction(1, 1000), "the cap binds"


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_it_is_guarded(kind: Any) -> None:
    document = made(kind)
    paths = list(leaves(document))
    assert len(paths) > 100
    for path in paths:
        assert not holds(changed(document, path)), path


@pytest.mark.parametrize("kind", KINDS)
def test_a_forger_who_makes_the_hash_anew_cannot_change_answer_or_proof(kind: Any) -> None:
    document = made(kind)
    ends = [(n, Fraction(y)) for n, y in enumerate(document["proof"]["row_dual"])]
    idle = {
        ("proof", "row_dual", n)
        for n, y in ends
        if y == 0 and document["problem"]["rows"]["lower"][n] == "-inf"  # what pushes against no end counts as nil
    }
    for path in leaves(document):
        if path[0] not in ("solution", "proof") or path in idle:
            continue
        forged = changed(document, path)
        forged["sha256"] = hashlib.sha256(standalone.canonical(forged)).hexdigest()
        assert not holds(forged), path
