"""Several books planned together: against a program written by hand, brute force, and each book alone."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from joint_worlds import ABS, World, named, world
from odd_books import DAY, book_of, broken, mandate_of, odd_book, rulebook
from scipy.optimize import linprog
from test_certificate import leaves
from test_certificate_fields import changed, holds

from absalloc.compliance.exact import evaluate_exact
from absalloc.errors import BadInput
from absalloc.plan import verify_standalone as standalone
from absalloc.plan.certificate import verify_certificate, words_of
from absalloc.plan.holdings import carry_of, held_lines
from absalloc.plan.joint import JointAnswer, make_joint
from absalloc.plan.joint_apart import each_alone
from absalloc.plan.joint_conflict import minimal_conflict
from absalloc.plan.joint_proof import joint_certificate
from absalloc.plan.make import Answer, PlanSettings, make_plan
from absalloc.rows import BookState

SETTINGS = PlanSettings()


def planned(states: list[BookState], settings: PlanSettings = SETTINGS) -> JointAnswer:
    return make_joint(states, [settings] * len(states))


def carry(answer: JointAnswer) -> float:
    return float(sum(carry_of(state, held_lines(state)).yuan for state in answer.states))


def keeps_supply(found: World, answer: JointAnswer) -> bool:
    bought = [sum(s.held.get(f"T{i}", Fraction(0)) for s in answer.states) for i in range(len(found.size))]
    return all(face <= Fraction(int(size)) for face, size in zip(bought, found.size, strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_the_sum_is_that_of_a_program_written_by_hand(seed: int) -> None:
    found = world(seed)
    answer = planned(found.states())
    assert answer.status == "optimal", (seed, answer.reason)
    best = found.best()
    assert answer.outcome is not None
    assert answer.outcome.objective is not None
    assert -answer.outcome.objective * 1e6 == pytest.approx(best, rel=1e-7)
    # Whole yuan cost a yuan of each line at most.
    assert best - carry(answer) == pytest.approx(0, abs=1e-7 * best + 5)
    assert keeps_supply(found, answer)
    assert all(item.verdict == "pass" for item in evaluate_exact(answer.states))
    assert any(item.book == " + ".join(state.name for state in answer.states) for item in answer.findings)
    made = joint_certificate(answer, SETTINGS.mip_gap)
    assert made is not None
    assert verify_certificate(made).ok


def test_the_worlds_are_those_where_books_stand_in_each_others_way() -> None:
    worlds = [world(seed).states() for seed in range(40)]
    possible = [each_alone(states, [SETTINGS] * len(states)).possible for states in worlds]
    assert sum(possible) < 10


@pytest.mark.parametrize("seed", range(100, 108))
def test_with_nothing_shared_the_sum_is_that_of_the_books_alone(seed: int) -> None:
    states = world(seed, loose=True).states()
    alone = [make_plan(state, SETTINGS) for state in states]
    assert all(answer.outcome is not None and answer.outcome.objective is not None for answer in alone)
    together = planned(states)
    assert together.outcome is not None
    sums = sum(float(a.outcome.objective) for a in alone if a.outcome is not None and a.outcome.objective is not None)
    assert together.outcome.objective == pytest.approx(sums, rel=1e-7)


@pytest.mark.parametrize("seed", range(200, 208))
def test_whole_lots_are_those_of_brute_force(seed: int) -> None:
    found = world(seed, lot=20_000_000)
    answer = planned(found.states())
    assert answer.status == "optimal", answer.reason
    c, A, b = found.rows()
    top = [range(int(size // found.lot) + 1) for size in np.tile(found.size, 2)]
    faces = np.array(list(itertools.product(*top)), dtype=float) * found.lot
    inside = (faces @ A.T <= b * (1 + 1e-12)).all(axis=1)
    best = float((faces[inside] @ c).max()) + 0.005 * float(found.nav.sum())
    assert carry(answer) == pytest.approx(best, rel=SETTINGS.mip_gap)
    assert carry(answer) <= best + 0.01
    assert all(face % found.lot == 0 for s in answer.states for name, face in s.held.items() if name != "CASH")
    made = joint_certificate(answer, SETTINGS.mip_gap)
    assert made is not None
    assert verify_certificate(made).ok


def crowded() -> World:
    """Two funds that both want the one dear line: together at most half of it, of 100 million."""
    return World(
        size=np.array([1e8, 4e8]), price=np.array([100.0, 100.0]), rate=np.array([0.06, 0.03]),
        originator=("甲", "乙"), nav=np.array([1e8, 2e8]), own=np.array([0.8, 0.8]), wide=0.5, deals=1.0,
    )  # fmt: skip


def test_alone_each_fund_breaks_what_both_keep_together() -> None:
    states = crowded().states()
    apart = each_alone(states, [SETTINGS, SETTINGS])
    assert {(item.rule, item.group) for item in apart.broken} == {("w/wide", "T0")}
    assert not apart.possible
    # 50 million each of a line of 100 million: no more than there is, and twice what the manager may have.
    assert apart.oversold == {}
    answer = planned(states)
    # Half of each line, 50 and 200 million, at 6 % and 3 %; the other 50 million are cash at 0.5 %.
    by_hand = 50e6 * 0.06 + 200e6 * 0.03 + 50e6 * 0.005
    assert sum(state.held.get("T0", 0) for state in answer.states) == 50_000_000
    assert carry(answer) < float(sum(yuan for yuan in apart.carries if yuan is not None))
    assert carry(answer) == pytest.approx(by_hand, abs=0.01)
    assert crowded().best() == pytest.approx(by_hand, rel=1e-12)


def test_plans_made_alone_that_fit_are_said_to() -> None:
    apart = each_alone(world(100, loose=True).states(), [SETTINGS] * 3)
    assert apart.possible


def test_plans_made_alone_may_buy_more_than_there_is() -> None:
    states = replace(crowded(), wide=1.0, own=np.array([0.9, 0.9])).states()
    apart = each_alone(states, [SETTINGS, SETTINGS])
    bought = sum(answer.state.held.get("T0", 0) for answer in apart.answers)
    assert apart.oversold == {"T0": bought - 100_000_000}
    assert bought > 100_000_000
    assert sum(state.held.get("T0", 0) for state in planned(states).states) == 100_000_000


def test_no_split_of_the_supply_earns_more() -> None:
    """Every other way to share the dear line between the funds is a worse sum, or the same."""
    found = crowded()
    best = carry(planned(found.states()))
    for first in np.linspace(0, 50e6, 6):
        c, A, b = found.rows()
        fixed = np.zeros((2, 4))
        fixed[0, 0], fixed[1, 0] = 1, -1
        split = linprog(-c, A_ub=np.vstack([A, fixed]), b_ub=[*b, first, -first], method="highs")
        assert -split.fun + 0.005 * found.nav.sum() <= best + 1


def test_books_of_other_managers_share_the_supply_and_no_rule() -> None:
    states = crowded().states()
    other = states[1].mandate.model.model_copy(update={"manager": "另一公司"})
    states[1] = replace(states[1], mandate=replace(states[1].mandate, model=other))
    answer = planned(states)
    # Each manager may have half of the line, and there is the whole of it for both.
    assert [float(state.held["T0"]) for state in answer.states] == [50e6, 50e6]
    assert all("+" not in item.book for item in answer.findings)


def test_every_field_of_a_joint_certificate_is_guarded() -> None:
    made = joint_certificate(planned(crowded().states()), SETTINGS.mip_gap)
    assert made is not None
    for path in leaves(made):
        assert not holds(changed(made, path)), path


def test_a_joint_answer_that_is_signed_anew_still_fails() -> None:
    made = joint_certificate(planned(crowded().states()), SETTINGS.mip_gap)
    assert made is not None
    columns = made["problem"]["columns"]["names"]
    more = changed(made, ("solution", "x", columns.index("[2] buy T0")))
    body = {key: value for key, value in more.items() if key != "sha256"}
    more["sha256"] = hashlib.sha256(standalone.canonical(body)).hexdigest()
    failed = {check.name for check in verify_certificate(more).checks if not check.ok}
    assert "row_activity" in failed
    assert "hash" not in failed


def test_a_joint_certificate_says_in_words_which_books() -> None:
    made = joint_certificate(planned(crowded().states()), SETTINGS.mip_gap)
    assert made is not None
    for lang in ("en", "zh"):
        claimed = words_of(made, verify_certificate(made), lang)["claimed"]
        assert any("[1] 基金0; [2] 基金1" in text for text in claimed)
    names = made["problem"]["rows"]["names"]
    assert "[1+2] w/wide | T0 | max" in names
    assert len(set(names)) == len(names)
    columns = made["problem"]["columns"]["names"]
    assert len(set(columns)) == len(columns)


def wanting(least: str, wide: str, supply: str = "100000000") -> list[BookState]:
    """Return two funds of 100 million that each want at least so much of one line, a share of NAV."""
    lines = [
        {"tranche_id": "T0", "product": "credit_abs", "originator": "甲", "factor": "1", "seniority": "senior",
         "wal": "2", "issue_size": supply, "dirty_price": "100", "yield": "0.03"},
        {"tranche_id": "CASH", "product": "cash", "yield": "0.005"},
    ]  # fmt: skip
    rules = [
        named({"kind": "share", "of": "nav", "min": least, "where": ABS}, "least"),
        named({"kind": "share", "of": "nav", "max": "90%", "where": ABS}, "idle"),
        named({"kind": "share", "by": "tranche_id", "measure": "face", "of": "issue_size", "where": ABS,
               "max": wide, "scope": "manager_funds"}, "wide"),
    ]  # fmt: skip
    found = []
    for name in ("甲基金", "乙基金"):
        mandate = {
            "name": name, "manager": "某公司", "institution": "public_fund_open", "rulebooks": ["w"],
            "amounts": {"nav": "100000000"}, "mode": "strategic", "unknown": "worst",
            "elsewhere": {"manager_funds": "none"},
        }  # fmt: skip
        found.append(book_of(lines, mandate_of(mandate), DAY, books=(rulebook(rules),)))
    return found


def test_a_conflict_names_each_rule_with_its_books_and_nothing_that_is_idle() -> None:
    answer = planned(wanting("30%", "50%"))
    assert answer.status == "infeasible"
    assert set(answer.conflict) == {("1", "w/least"), ("2", "w/least"), ("1+2", "w/wide")}
    # What there is of the line is too little too, but the cap is reached before it.
    assert set(planned(wanting("60%", "100%")).conflict) >= {("1", "w/least"), ("2", "w/least")}
    assert planned(wanting("25%", "50%")).status == "optimal"


def test_a_supply_too_small_for_both_is_a_conflict_of_its_own() -> None:
    answer = planned(wanting("30%", "200%", "50000000"))
    assert answer.status == "infeasible"
    assert set(answer.conflict) == {("1", "w/least"), ("2", "w/least"), ("supply", "")}


def test_a_conflict_of_one_book_names_that_book_alone() -> None:
    states = wanting("30%", "100%")
    states[1] = wanting("95%", "100%")[1]
    assert set(planned(states).conflict) == {("2", "w/least"), ("2", "w/idle")}


def test_minimal_conflicts_are_those_of_all_subsets() -> None:
    rng = np.random.default_rng(7)
    items = [("1", f"r{i}") for i in range(7)]
    for _ in range(40):
        bad = [frozenset(rng.choice(7, size=rng.integers(1, 4), replace=False).tolist()) for _ in range(3)]

        def feasible(held: object, bad: list[frozenset[int]] = bad) -> bool:
            mine = {items.index(item) for item in held}  # type: ignore[attr-defined]
            return not any(one <= mine for one in bad)

        found = minimal_conflict(items, feasible)
        assert not feasible(found)
        assert all(feasible([other for other in found if other != item]) for item in found)
    assert minimal_conflict(items, lambda held: False) == ()


def test_names_over_all_funds_are_counted_once() -> None:
    """At most one name over both funds: the same one in each, though alone each would hold two."""
    most = {"kind": "count", "by": "tranche_id", "max": "1 names", "where": ABS, "scope": "manager_funds"}
    free = replace(crowded(), wide=1.0, own=np.array([0.4, 0.4]))
    one = make_plan(free.states()[0], SETTINGS)
    assert one.faces is not None
    assert sorted(one.faces) == ["CASH", "T0", "T1"]
    answer = planned(replace(free, more=(named(most, "names"),)).states())
    assert answer.status == "optimal", answer.reason
    assert [sorted(state.held) for state in answer.states] == [["CASH", "T0"], ["CASH", "T0"]]
    # 40 % of 100 million and the rest of the line, 60 of 80, in the dear line; by hand.
    assert carry(answer) == pytest.approx(0.06 * 100e6 + 0.005 * 200e6, rel=1e-6)


def test_what_does_not_add_up_is_refused() -> None:
    states = crowded().states()
    with pytest.raises(BadInput) as held:
        planned([states[0], replace(states[1], held={"T0": Fraction(1)})])
    assert held.value.code == "plan.joint_holdings"
    kind = states[0].mandate.model.objective.model_copy(update={"kind": "carry_per_capital"})
    rate = states[0].mandate.model.model_copy(update={"objective": kind})
    with pytest.raises(BadInput) as refused:
        planned([replace(states[0], mandate=replace(states[0].mandate, model=rate)), states[1]])
    assert refused.value.code == "plan.joint_rate"


REFUSALS = (
    "plan.joint_alternative", "plan.special_rule", "plan.threshold_denominator", "compliance.amounts_differ",
)  # fmt: skip


def odd_pair(seed: int) -> list[BookState]:
    """Return two books of odd amounts, the second of another size, that hold nothing and buy from one market."""
    state, _ = odd_book(seed)
    model = state.mandate.model
    nav = state.mandate.amount("nav")
    assert nav is not None
    found = []
    for name, share in (("甲", Fraction(1)), ("乙", Fraction(100 + 37 * (seed % 2), 100))):
        amounts = {**model.amounts, "nav": model.amounts["nav"].model_copy(update={"value": round(nav * share, 2)})}
        more = {"name": name, "manager": "M", "elsewhere": model.elsewhere.model_copy(update={"manager_funds": "none"})}
        own = replace(state.mandate, model=model.model_copy(update={**more, "amounts": amounts}))
        wide = tuple(replace(rule, scope="manager_funds") for rule in state.rules.active[:1])
        rules = replace(state.rules, active=(*wide, *state.rules.active[1:]))
        found.append(replace(state, mandate=own, rules=rules, held={}, before=None, book_value={}))
    return found


def test_pairs_of_odd_amounts_are_certified_and_keep_all_that_is_asked() -> None:
    certified, refused, joint = 0, 0, 0
    for seed in range(4000, 4180):
        states = odd_pair(seed)
        answer, code = tried(states)
        if answer is None:
            assert code in REFUSALS, (seed, code)
            refused += 1
            continue
        tiny = answer.reason is not None and answer.reason.code == "rounding_gap"
        known = answer.reason is not None and answer.reason.code == "elsewhere_unknown"
        assert answer.status in ("optimal", "infeasible") or tiny or known, (seed, answer.reason)
        if not answer.planned:
            continue
        made = joint_certificate(answer, SETTINGS.mip_gap)
        assert made is not None, seed
        assert verify_certificate(made).ok, seed
        joint += any("+" in item.book for item in answer.findings)
        assert all(item.verdict != "fail" for item in evaluate_exact(answer.states) if item.level == "hard"), seed
        for before, after in zip(states, answer.states, strict=True):
            assert not broken(before, SETTINGS, alone(after)), seed
        names = {name for state in answer.states for name in state.held} - {"CASH", "REPO"}
        for name in names:
            bought = sum(state.held.get(name, Fraction(0)) for state in answer.states)
            size = states[0].universe.table["issue_size"][states[0].index[name]]
            assert bought <= Fraction(str(size)), (seed, name)
        certified += 1
    assert certified >= 60
    assert joint >= 50
    assert refused < 60


def tried(states: list[BookState]) -> tuple[JointAnswer | None, str]:
    try:
        return make_joint(states, [SETTINGS, SETTINGS], conflict=False), ""
    except BadInput as error:
        return None, error.code


def alone(after: BookState) -> Answer:
    return Answer("optimal", None, after, dict(after.held), (), None, None)
