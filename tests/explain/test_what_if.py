"""What-if answers against programs built afresh, against plans, and against each other in two sessions."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from plan_worlds import plan_book

from absalloc.compliance.exact import evaluate_exact
from absalloc.explain.model import Change, Model
from absalloc.explain.relaxation import relax
from absalloc.explain.standing import Moved
from absalloc.explain.whatif import Live, Session
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState
from absalloc.rulebook.softened import Softened

EXACT = PlanSettings(mip_gap=1e-9)
STEPS = {"ratio": Fraction(1, 20), "years": Fraction(1, 4), "count": Fraction(1), "grade": Fraction(1)}
WORLDS = [(seed, held) for seed in range(15) for held in (False, True)]


def random_moved(rng: Random, state: BookState) -> Moved:
    limits = {}
    for rule in state.rules.active:
        for limit in rule.limits:
            if limit.value is not None and rule.kind != "eligibility" and rng.random() < 0.6:
                step = STEPS.get(limit.unit, limit.value / 10)
                least = Fraction(limit.unit == "grade")
                limits[rule.id, limit.sense] = max(limit.value + rng.randint(-3, 3) * step, least)
    off = frozenset(rule.id for rule in state.rules.active if rng.random() < 0.25)
    lines = list(state.index)
    yields = {name: rng.choice([0.01, 0.05]) for name in lines if rng.random() < 0.3}
    supply = {name: float(rng.choice([0, 10_000_000, 20_000_000])) for name in lines if rng.random() < 0.2}
    return Moved(limits, off, yields, supply)


def afresh(session: Session, moved: Moved) -> tuple[str, float | None]:
    """Return (status, value) of the relaxation built from nothing for the book as moved, soft rules let go."""
    state = session.state(replace(moved, off=frozenset()))
    model = Model(state, EXACT)
    model.__dict__["levels"] = frozenset({"hard", "soft"})
    relaxation = relax(model)
    made = relaxation.program.problem
    high = made.col_upper.copy()
    for name, face in moved.supply.items():
        leg = int(relaxation.program.legs.buy[model.position(name)])
        if leg >= 0:
            high[leg] = min(high[leg], face // relaxation.program.builder.columns[leg].size)
    object.__setattr__(relaxation, "program", replace(relaxation.program, problem=replace(made, col_upper=high)))
    soft = frozenset(rule.id for rule in model.rules.values() if rule.level == "soft")
    found = relaxation.solve(moved.off)
    if found.status == "infeasible" and soft:
        found = relaxation.solve(moved.off | soft)
    return found.status, None if found.objective is None else -found.objective * 1e6


@pytest.mark.parametrize(("seed", "held"), WORLDS)
def test_answers_are_those_of_a_program_built_afresh(seed: int, held: bool) -> None:
    state = plan_book(seed, held=held)
    session, rng = Session(state, EXACT), Random(seed)
    if session.given.stopped is not None:
        assert session.ask(Moved()).status == "stopped"
        return
    for moved in [Moved(), *[random_moved(rng, state) for _ in range(4)], Moved()]:
        live = session.ask(moved, every=True)
        status, value = afresh(session, moved)
        assert live.status == status
        if value is not None:
            assert live.value == pytest.approx(value, rel=1e-7, abs=1.0)


def was_otherwise(state: BookState, rng: Random) -> BookState:
    """Return the book with what it held before: of some breaches of today it is then known that no trade made them."""
    before = {name: face * rng.choice([1, 1, 2]) for name, face in state.held.items() if rng.random() < 0.9}
    return replace(state, before=before)


@pytest.mark.parametrize("seed", range(20))
def test_passive_breaches_may_stay_at_every_limit(seed: int) -> None:
    rng = Random(seed + 500)
    state = was_otherwise(plan_book(seed, held=True), rng)
    session = Session(state, EXACT)
    if session.given.stopped is not None:
        return
    for moved in [Moved(), *[random_moved(rng, state) for _ in range(4)], Moved()]:
        live = session.ask(moved)
        status, value = afresh(session, moved)
        assert live.status == status
        if value is not None:
            assert live.value == pytest.approx(value, rel=1e-7, abs=1.0)


@pytest.mark.parametrize(("seed", "held"), WORLDS[:10])
def test_no_plan_beats_the_answer(seed: int, held: bool) -> None:
    state = plan_book(seed, held=held)
    session, rng = Session(state, EXACT), Random(seed + 100)
    for _ in range(3):
        moved = random_moved(rng, state)
        live, plan = session.ask(moved), session.plan(moved)
        if plan.faces is None or plan.gave_way or live.gave_way:
            continue
        there = Model(session.state(moved), EXACT)
        value = there.value(plan)
        assert value is not None
        assert live.value is not None
        assert float(value) <= live.value + 1.0
        assert all(plan.faces.get(n, 0) - state.held.get(n, 0) <= face for n, face in moved.supply.items())


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_beats_the_answer_where_rules_give_way_for_a_price(seed: int) -> None:
    state = plan_book(seed, held=False)
    rules = tuple(
        replace(r, level="soft", soft=Softened(0, Fraction(1, 50))) if r.kind == "share" and r.unless is None else r
        for r in state.rules.active
    )
    state = replace(state, rules=replace(state.rules, active=rules))
    session = Session(state, EXACT)
    if session.given.stopped is not None:
        return
    live, plan = session.ask(Moved()), session.plan(Moved())
    value = session.given.value(plan)
    if value is not None and live.value is not None:
        assert float(value) <= live.value + 1.0
        assert session.given.value(session.given.base) == pytest.approx(value, abs=2)


def test_answers_name_what_changed() -> None:
    session = Session(plan_book(3, held=False), EXACT)
    given = session.ask(Moved())
    name = max(given.holdings, key=given.holdings.__getitem__)
    live = session.ask(Moved(supply={name: 0.0}))
    assert name not in live.holdings
    gone = next(shift for shift in live.changed if shift.tranche_id == name)
    assert (gone.face, gone.was) == (0.0, pytest.approx(given.holdings[name]))
    assert live.gain == pytest.approx(live.value - given.value)
    session.pin(live)
    assert session.ask(Moved(supply={name: 0.0})).changed == ()


def test_the_newest_question_wins() -> None:
    session = Session(plan_book(3, held=False), EXACT)
    assert session.ask(Moved(), version=7).status == "optimal"
    assert session.ask(Moved(), version=6).status == "superseded"
    assert session.ask(Moved()).version == 8


def test_sessions_in_threads_share_nothing() -> None:
    states = [plan_book(seed, held=False) for seed in (3, 5, 8)]
    wanted = [[Session(s, EXACT).ask(m).value for m in moves(s)] for s in states]
    found: list[list[float | None]] = [[] for _ in states]

    def work(number: int) -> None:
        session = Session(states[number], EXACT)
        found[number] = [session.ask(moved).value for moved in moves(states[number])]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(states))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for here, there in zip(found, wanted, strict=True):
        assert len(here) == len(there)
        assert all(same(a, b) for a, b in zip(here, there, strict=True))


def same(a: float | None, b: float | None) -> bool:
    return a == b if a is None or b is None else a == pytest.approx(b, rel=1e-9)


def moves(state: BookState) -> list[Moved]:
    rng = Random(1)
    return [random_moved(rng, state) for _ in range(6)]


def test_one_session_serves_several_threads() -> None:
    state = plan_book(3, held=False)
    session, alone = Session(state, EXACT), Session(state, EXACT)
    wanted = [alone.ask(moved) for moved in moves(state)]
    wrong: list[object] = []

    def work() -> None:
        for moved, right in zip(moves(state), wanted, strict=True):
            live = session.ask(moved)
            if live.status != "superseded" and (live.status != right.status or not same(live.value, right.value)):
                wrong.append((live, right))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_rule_off_is_the_rule_left_out() -> None:
    session = Session(plan_book(5, held=False), EXACT)
    rule = session.given.binding_rules[0].id
    assert session.state(Moved(off=frozenset({rule}))).rules == session.given.changed(Change.drop(rule))[0].rules


def at_answer(session: Session, moved: Moved, live: Live) -> BookState:
    """Return the book as moved, holding what an answer of the LP relaxation holds."""
    assert live.faces is not None
    held = {name: Fraction(float(face)) for name, face in zip(live.ids, live.faces, strict=True) if face}
    return replace(session.state(moved), held=held, before=dict(session.given.state.held))


def compared(session: Session, moved: Moved) -> int:
    """Hold the readings at an answer to the exact checker's findings there; return how many there were."""
    live = session.ask(moved, every=True)
    if live.status != "optimal":
        return 0
    exact = evaluate_exact([at_answer(session, moved, live)])
    told = 0
    for item in live.rules:
        mine = {f.group: f for f in exact if (f.rule, f.sense) == (item.rule, item.sense)}
        if item.value is None or any(r.code == "unknown_lines" for f in mine.values() for r in f.reasons):
            continue
        told += 1
        worst = (max if item.sense == "max" else min)(float(f.value) for f in mine.values() if f.value is not None)
        assert item.value == pytest.approx(worst, rel=1e-9, abs=1e-12)
        if item.unit == "count":
            continue
        nearest = mine[item.group]
        assert float(nearest.value or 0) == pytest.approx(worst, rel=1e-9, abs=1e-12)
        assert item.limit == nearest.limit
        if item.unit not in ("ratio", "yuan"):
            assert item.room is None
            continue
        left = (nearest.limit or 0) * (nearest.denominator or 0) - (nearest.numerator or 0)
        assert item.room == pytest.approx(float(left if item.sense == "max" else -left), rel=1e-9, abs=1.0)
    return told


def test_readings_are_those_of_the_exact_checker() -> None:
    many = 0
    for seed, held in WORLDS:
        rng, state = Random(seed + 300), plan_book(seed, held=held)
        state = was_otherwise(state, rng) if held else state
        session = Session(state, EXACT)
        many += sum(compared(session, moved) for moved in [Moved(), *[random_moved(rng, state) for _ in range(3)]])
    assert many > 150, many
