"""What the explain stage says, against every portfolio of small worlds written as files: is it true to the yuan?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from file_worlds import ABS, CASH, LOT, NAV, Brute, Files, bank, fund, line, rule, share, world, written

import absalloc as aa
from absalloc.compliance.exact import evaluate_exact
from absalloc.explain import attribution, conflicts, frontier, headroom, menu, prices, why
from absalloc.explain.lines import without_line
from absalloc.explain.model import Model
from absalloc.plan.make import make_plan

SEEDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


@cache
def made(folder: Path, seed: int) -> Brute:
    return Brute(world(folder / str(seed), seed))


@pytest.fixture(params=SEEDS)
def here(folder: Path, request: pytest.FixtureRequest) -> Brute:
    return made(folder, request.param)


def near(a: Fraction | float | None, b: Fraction | float) -> bool:
    return a is not None and abs(float(a) - float(b)) <= 2


def structural(here: Brute) -> list[str]:
    """Return the rules, and what can conflict with them and is none."""
    names = sorted(here.hard)
    names += ["turnover"] if here.files.settings.max_turnover is not None else []
    return names + (["budget"] if here.invest is not None and here.invest.how == "exactly" else [])


def test_prices_and_the_plan_are_differences_of_best_portfolios(here: Brute) -> None:
    base, state, settings = here.best(), here.state, here.files.settings
    table = prices(state, settings)
    if base is None:
        assert (table.status, table.prices) == ("infeasible", ())
        return
    assert near(table.value, base)
    assert {item.rule.id for item in table.prices} == here.hard
    for item in table.prices:
        assert near(item.removed.gain, (here.best(frozenset({item.rule.id})) or 0) - base), item
        for move, side in ((item.looser, 1), (item.tighter, -1)):
            if move is None or move.limit is None:
                continue
            there = here.best(moved=(item.rule.id, item.sense, move.limit))
            assert near(move.gain, there - base) if there is not None else move.status == "infeasible", item
            assert there is None or side * (there - base) >= 0, (item, "the wrong way")


def test_a_line_costs_and_turns_where_the_best_portfolios_do(here: Brute) -> None:
    base = here.best()
    if base is None:
        return
    for name in here.lines:
        told = why(here.state, here.files.settings, name)
        inside = [made for made in here.good if name in made.faces]
        outside = [made.value for made in here.good if name not in made.faces]
        rest = outside if told.held else [made.value for made in inside]
        swap = told.without if told.held else told.forced
        if swap is None or swap.cost is None:
            assert not rest, name
        else:
            assert near(swap.cost, base - max(rest)), name
        if not inside or not outside:
            assert told.turns_at is None
            continue
        # The least extra yield at which a portfolio with the line is worth the best one without it.
        extra = min(float((max(outside) - made.value) / (made.faces[name] * here.worth[name])) for made in inside)
        assert told.turns_at == pytest.approx((told.rate or 0) + extra, abs=1e-7), name
        assert told.confirmed


def test_headroom_passes_and_one_lot_more_does_not(here: Brute) -> None:
    table = headroom(here.state, here.files.settings)
    if table.status != "optimal":
        assert here.best() is None
        return
    model = Model(here.state, here.files.settings)
    start = dict(here.state.held) or dict(model.base.faces or {})
    opening = replace(here.state, held=start, before=dict(start))

    def excess(faces: dict[str, Fraction]) -> dict[tuple[str, str | None, str], Fraction]:
        found = [f for f in evaluate_exact([here.after(faces, opening)]) if f.verdict != "pass" and f.level == "hard"]
        beyond = {}
        for f in found:
            assert f.limit is not None
            over = (f.value or 0) - f.limit if f.numerator is None else f.numerator - f.limit * (f.denominator or 1)
            beyond[f.rule, f.group, f.sense] = over if f.sense == "max" else -over
        return beyond

    was = excess(start)

    def allowed(name: str, face: int) -> bool:
        after = {**start, name: start.get(name, Fraction(0)) + face}
        if after[name] > here.size[name]:
            return False
        paid = face * here.worth[name] * (1 + here.bp)
        if here.invest is None:
            after["CASH"] = after.get("CASH", Fraction(0)) - paid
            if after["CASH"] < 0:
                return False
        elif sum(f * here.worth[n] for n, f in after.items()) > here.total:
            return False
        cap = here.files.settings.max_turnover
        trades = {n: abs(after.get(n, Fraction(0)) - here.state.held.get(n, Fraction(0))) for n in here.lines}
        if cap is not None and sum(f * here.worth[n] for n, f in trades.items()) > cap * here.total:
            return False
        return all(
            key in was and over <= was[key] for key, over in excess({n: f for n, f in after.items() if f}).items()
        )

    ticket = int(here.files.mandate.trading.min_ticket or 0)
    for item in table.lines:
        if item.tranche_id == "CASH":
            continue
        least = ticket if here.state.held or item.tranche_id not in start else 0
        # A least position is asked for of the whole, and what is too little already need not be mended by halves.
        floors = [int(r.if_held) for r in here.state.rules.active if r.if_held is not None]
        least = max([least, *(floor - int(start.get(item.tranche_id, 0)) for floor in floors)])
        top = 0
        for face in range(max(LOT, least), 10 * LOT, LOT):
            if not allowed(item.tranche_id, face):
                break
            top = face
        assert item.face == top, (item, was)


def test_no_portfolio_holds_more_than_the_rebalanced_headroom(here: Brute) -> None:
    table = headroom(here.state, here.files.settings, rebalanced=True)
    for item in table.lines:
        held = here.state.held.get(item.tranche_id, Fraction(0))
        most = max((made.faces.get(item.tranche_id, Fraction(0)) - held for made in here.good), default=Fraction(0))
        assert item.tranche_id == "CASH" or float(item.face) >= float(most) - 1, item


def test_conflicts_are_all_the_minimal_ones_and_repairs_just_enough(here: Brute) -> None:
    found = conflicts(here.state, here.files.settings)
    if here.best() is not None:
        assert (found.status, found.sets) == ("optimal", ())
        return
    check_conflicts(here)


def check_conflicts(here: Brute) -> None:
    """Hold every set and repair of an infeasible world against all sets of rules."""
    found, names = conflicts(here.state, here.files.settings), structural(here)
    bad = [
        some
        for mask in range(1 << len(names))
        if all(
            made.failed & (some := frozenset(n for i, n in enumerate(names) if mask >> i & 1)) for made in here.every
        )
    ]
    assert found.complete
    assert {frozenset(item.rules) for item in found.sets} == {x for x in bad if not any(y < x for y in bad)}
    for item in found.sets:
        assert item.verified, item
        for repair in item.repairs:
            if repair.limit is None:
                continue
            moved = (repair.rule, repair.sense, repair.limit)
            others = frozenset(names) - frozenset(item.rules)
            assert here.best(others, moved) is not None, repair
            there = here.best(moved=moved)
            assert (repair.status == "infeasible") == (there is None), repair
            assert there is None or near(repair.value, there), repair


def test_choices_are_compliant_within_the_width_and_as_unlike_as_can_be(here: Brute) -> None:
    base, width = here.best(), Fraction(5)
    if base is None:
        return
    total = here.total if here.invest is not None else Fraction(NAV)
    values = {frozenset((n, f) for n, f in made.faces.items() if n != "CASH"): made.value for made in here.good}
    floor, before = base - width / 10_000 * total, list[set[str]]()

    def weight(faces: dict[str, Fraction] | frozenset[tuple[str, Fraction]]) -> Fraction:
        pairs = dict(faces)
        return sum(
            (f * here.worth[n] * sum(n in lines for lines in before) for n, f in pairs.items() if n != "CASH"),
            Fraction(0),
        )

    for number, choice in enumerate(menu(here.state, here.files.settings, width, 3).choices):
        faces = {n: f for n, f in (choice.answer.faces or {}).items() if n != "CASH"}
        assert near(choice.value, values[frozenset(faces.items())])
        assert near(choice.gives_up, (base - choice.value) / total * 10_000)
        assert choice.value >= floor - 1
        if number:
            assert weight(faces) <= min(weight(some) for some, value in values.items() if value >= floor) + 1
        before.append(set(faces))


def test_a_frontier_and_a_what_if_are_the_best_portfolios_at_each_limit(here: Brute) -> None:
    desk = aa.WhatIf(here.files.universe, here.files.mandate, here.files.holdings)
    first = desk.ask()
    for item in here.state.rules.active:
        if item.id.startswith("desk/") or item.kind == "eligibility":
            continue
        for limit in (x for x in item.limits if x.value is not None):
            assert limit.value is not None
            step = {"ratio": Fraction(1, 10), "yuan": Fraction(LOT), "grade": Fraction(1), "count": Fraction(1)}
            value = limit.value + step.get(limit.unit, Fraction(1, 2))
            there = here.best(moved=(item.id, limit.sense, value))
            [point] = frontier(here.state, here.files.settings, item.id, [value], sense=limit.sense, turns=False).points
            assert near(point.value, there) if there is not None else point.value is None, item.id
            moved = aa.Changes(limits={f"{item.id}.{limit.sense}": value})
            live, plan = desk.ask(moved), desk.plan(moved, gap=1e-9)
            assert (plan.status == "infeasible") == (there is None)
            if there is not None:
                assert live.value is not None
                assert live.value >= float(there) - 1, "what no plan can beat"
            if len(item.limits) == 1:
                cold = aa.WhatIf(
                    here.files.universe, here.files.mandate, here.files.holdings, overrides={f"{item.id}.limit": value}
                ).ask()
                assert (cold.status, cold.value) == (live.status, pytest.approx(live.value, abs=1e-2))
    again = desk.ask()
    assert (again.status, again.value) == (first.status, pytest.approx(first.value, abs=1e-3))


def test_shares_of_the_gap_add_up(here: Brute) -> None:
    found = attribution(here.state, here.files.settings)
    if found.status == "optimal":
        assert found.free is not None
        assert found.constrained is not None
        for column in ("ordered", "shapley"):
            assert sum(getattr(item, column) for item in found.shares) == found.free - found.constrained


def test_the_check_passes_what_is_planned(here: Brute) -> None:
    plan = make_plan(here.state, here.files.settings)
    if plan.faces is None:
        return
    held = {name: float(face) for name, face in plan.faces.items()}
    import pandas as pd

    table = pd.DataFrame({"tranche_id": list(held), "face": list(held.values())})
    before = here.files.holdings or table.iloc[:0]
    assert aa.check(here.files.universe, here.files.mandate, table, before=before).compliant


# Worlds in which something untrue was once said.


def test_lots_make_a_set_smaller_than_on_the_relaxation(folder: Path) -> None:
    """Half of an issue of ten million is no lot, so that the two rules conflict; in parts of lots it takes turnover."""
    sizes = {"A": 2 * LOT, "B": LOT, "C": LOT, "D": 3 * LOT}
    lines = [line(n, 3.0, issue_size=size) for n, size in sizes.items()]
    half = rule("half", kind="share", by="tranche_id", where=ABS, measure="face", of="issue_size", max="50%")
    least = rule("least", kind="share", where=ABS, measure="market_value", of="tier1_capital", min="30%")
    mandate = bank(5 * LOT, trading={"lot": LOT, "max_turnover": "40%"})
    here = Brute(written(folder / "lots", lines, [half, least], mandate, {"C": LOT, "D": 2 * LOT}))
    assert [item.rules for item in conflicts(here.state, here.files.settings).sets] == [("own/half", "own/least")]
    check_conflicts(here)


def test_an_amount_that_need_not_be_invested_exactly_is_still_the_most(folder: Path) -> None:
    """The book must shrink to its new amount, and may not trade that much: no rule is needed for the conflict."""
    lines = [line(n, 2.0 + k / 10) for k, n in enumerate("ABC")]
    mandate = bank(5 * LOT, "exactly", trading={"lot": LOT, "max_turnover": "10%"})
    rules = [rule("cap", kind="share", where=ABS, measure="market_value", of="tier1_capital", max="90%")]
    here = Brute(written(folder / "exactly", lines, rules, mandate, dict.fromkeys("ABC", 3 * LOT)))
    assert [item.rules for item in conflicts(here.state, here.files.settings).sets] == [("turnover",)]
    check_conflicts(here)


def test_a_ticket_is_not_met_by_buying_and_selling_the_same_line(folder: Path) -> None:
    """Ten million more of B would be best; the least purchase is twenty, of which none may be sold again at once."""
    lines = [line("A", 2.0), line("B", 3.0), CASH]
    mandate = fund(trading={"lot": LOT, "min_ticket": 2 * LOT, "cost_bp": 1})
    held = {"A": LOT, "B": LOT, "CASH": NAV - 2 * LOT}
    here = Brute(written(folder / "ticket", lines, [share("cap", "20%", by="tranche_id")], mandate, held))
    plan = make_plan(here.state, here.files.settings)
    assert plan.faces is not None
    bought = {n: plan.faces.get(n, Fraction(0)) - here.state.held.get(n, Fraction(0)) for n in here.lines}
    assert all(face <= 0 or face >= 2 * LOT for face in bought.values())
    assert near(Model(here.state, here.files.settings).value(plan), here.best() or 0)


def rated(folder: Path) -> Files:
    grades = {"A": "AA", "B": "AA+", "C": "AAA"}
    lines = [line(n, 3.0 - k / 2, **{"rating.any": grades[n]}) for k, n in enumerate("ABC")]
    return written(folder / "rated", [*lines, CASH], [], fund(targets={"rating": {"min": "AA+"}}))


def test_a_grade_is_looser_the_worse_it_is(folder: Path) -> None:
    files = rated(folder)
    here, [price] = Brute(files), prices(files.state, files.settings, rules=("target/rating",)).prices
    assert price.looser is not None
    assert price.tighter is not None
    assert (price.looser.limit, price.tighter.limit) == (3, 1)
    base = here.best() or 0
    assert near(price.looser.gain, 900_000)
    assert near(price.tighter.gain, -750_000)
    assert near(price.looser.gain, (here.best(moved=("target/rating", "min", Fraction(3))) or 0) - base)


def test_a_rating_target_set_for_one_run_holds(folder: Path) -> None:
    files = rated(folder)
    plan = aa.optimise(files.universe, files.mandate, overrides={"target/rating.limit": "AAA"})
    assert {item.tranche_id for item in plan.holdings} == {"C", "CASH"}


def test_what_counts_years_is_no_amount_of_yuan(folder: Path) -> None:
    lines = [line(n, 3.0 - k / 2, wal=3 - k / 4) for k, n in enumerate("ABC")]
    floor = rule("floor", kind="share", where=ABS, measure="market_value", of="nav", min="50%")
    mandate = fund(targets={"wal": {"of": "sleeve", "max": 2}})
    files = written(folder / "years", [*lines, CASH], [floor], mandate)
    [found] = conflicts(files.state, files.settings).sets
    assert {repair.rule: repair.excess for repair in found.repairs} == {"target/wal": None, "own/floor": 50_000_000}
    live = aa.WhatIf(files.universe, files.mandate).ask(aa.Changes(limits={"wal": "4 years"}), every=True)
    rooms = {item.rule: item.room for item in live.rules}
    assert rooms["target/wal"] is None
    assert rooms["own/floor"] is not None


def rates(folder: Path) -> Files:
    lines = [line("A", 3.0, risk_weight=100), line("B", 2.5, originator="乙"), line("C", 2.0, originator="丙")]
    lines.append(line("D", 2.0, originator="丙", risk_weight=15))
    cap = rule("cap", kind="share", by="originator", where=ABS, measure="market_value", max="60%")
    keys = {"objective": {"kind": "carry_per_capital"}, "capital": {"ratio": "10.5%", "hurdle": "10%"}}
    wide = {**cap, "of": {"measure": "market_value"}}
    return written(folder / "rates", lines, [wide], bank(funding={"rate": "1.6%"}, **keys))


def test_of_a_rate_nothing_is_said_in_yuan(folder: Path) -> None:
    files = rates(folder)
    here = Brute(files)
    weight = {"A": Fraction(1), "B": Fraction(1, 5), "C": Fraction(1, 5), "D": Fraction(3, 20)}
    capital = {id(made): sum(f * weight[n] for n, f in made.faces.items()) * Fraction(21, 200) for made in here.good}
    ratio = {id(m): m.value / capital[id(m)] if capital[id(m)] else Fraction(0) for m in here.good}
    for name in here.lines:
        told = why(files.state, files.settings, name)
        inside, outside = ([m for m in here.good if (name in m.faces) is side] for side in (True, False))
        swap = told.without if told.held else told.forced
        best = max(ratio[id(m)] for m in (outside if told.held else inside))
        assert swap is not None
        assert swap.cost is None
        assert float(swap.bp or 0) / 1e4 == pytest.approx(float(max(ratio.values()) - best), abs=1e-7)
        goal = max(ratio[id(m)] for m in outside)
        extra = min(float((goal - ratio[id(m)]) * capital[id(m)] / m.faces[name]) for m in inside)
        assert told.turns_at == pytest.approx((told.rate or 0) + extra, abs=1e-7), name
    choices, shared = menu(files.state, files.settings, Fraction(2), 2), attribution(files.state, files.settings)
    assert (choices.status, shared.status) == ("stopped", "stopped")
    assert choices.to_json()["reason"]
    assert {item.gain for item in headroom(files.state, files.settings, rebalanced=True).lines} == {None}


def test_income_over_a_horizon_moves_with_what_is_left_of_the_line(folder: Path) -> None:
    """B runs for half of the year: its yield must rise by twice what its income lacks."""
    whole = {"coupon": 3, "repayment": "bullet", "rate_type": "fixed"}
    lines = [line("A", 3.0, **whole), line("B", 2.5, expected_maturity="2025-12-30", **{**whole, "coupon": 2.5}), CASH]
    objective = {"kind": "horizon_income", "reinvest_rate": "1%", "horizon_months": 12}
    files = written(folder / "horizon", lines, [share("cap", "30%")], fund(objective=objective))
    told = why(files.state, files.settings, "B")
    assert told.turns_at is not None

    def bought(rate: float) -> bool:
        again = [lines[0], {**lines[1], "yield": rate}, CASH]
        there = written(folder / f"horizon {rate}", again, [share("cap", "30%")], fund(objective=objective))
        return "B" in (make_plan(there.state, there.settings).faces or {})

    assert not bought(round(100 * told.turns_at - 0.001, 6))
    assert bought(round(100 * told.turns_at + 0.001, 6))


def softened(folder: Path, soft: list[dict[str, str]]) -> Files:
    lines = [line(n, 3.0 - k / 2, originator=w) for k, (n, w) in enumerate(zip("ABC", "甲乙丙", strict=True))]
    invested = rule("invested", kind="share", where=ABS, measure="market_value", of="nav", min="95%")
    short = share("short", "10%", where={**ABS, "originator": "甲"})
    rules = [share("cap", "20%", by="originator"), invested, short]
    return written(folder / "soft", [*lines, CASH], rules, fund(soft=soft))


def test_a_soft_rule_with_a_price_is_paid_for_where_another_gives_way(folder: Path) -> None:
    files = softened(folder, [{"rule": "own/invested"}, {"rule": "own/short", "price": "0.8%"}])
    live, plan = aa.WhatIf(files.universe, files.mandate).ask(), aa.optimise(files.universe, files.mandate)
    assert live.gave_way == ("own/invested",)
    # 1,500,000 of carry, less 0.8 % of the ten million that A is over.
    assert live.value == pytest.approx(1_420_000)
    assert plan.to_json()["gave_way"] == ["own/invested", "own/short"]


def test_only_the_soft_rules_that_give_way_are_named(folder: Path) -> None:
    files = softened(folder, [{"rule": "own/short"}, {"rule": "own/invested"}])
    table = prices(files.state, files.settings)
    assert table.status == "stopped"
    assert table.reason is not None
    assert "own/invested" in table.reason.text()
    assert "own/short" not in table.reason.text()


def test_a_choice_pays_for_the_soft_rules_it_exceeds(folder: Path) -> None:
    files = softened(folder, [{"rule": "own/invested", "price": "0.5%"}, {"rule": "own/short", "price": "0.8%"}])
    best, *others = menu(files.state, files.settings, Fraction(30), 3).choices
    assert near(best.value, 1_500_000 - 175_000 - 80_000)
    assert others
    for choice in others:
        faces = {n: float(f) for n, f in (choice.answer.faces or {}).items()}
        earned = sum(faces.get(n, 0) * rate for n, rate in (("A", 0.03), ("B", 0.025), ("C", 0.02)))
        over = max(faces.get("A", 0) - 1e7, 0) * 0.008 + max(95e6 - sum(faces.get(n, 0) for n in "ABC"), 0) * 0.005
        assert near(choice.value, earned - over)


@pytest.mark.parametrize("unknown", ["exclude", "worst"])
def test_nothing_is_promised_of_a_line_whose_rating_nobody_knows(folder: Path, unknown: str) -> None:
    lines = [line("A", 2.0), line("B", 3.5, implied_rating="AAA", **{"rating.any": None}), CASH]
    floor = rule("floor", kind="eligibility", where=ABS, require={"rating.any": {"min": "limit"}}, min="AA+")
    files = written(folder / unknown, lines, [floor], fund(unknown=unknown))
    for rebalanced in (False, True):
        [room] = headroom(files.state, files.settings, ["B"], rebalanced=rebalanced).lines
        assert room.face == 0
    told = why(files.state, files.settings, "B")
    assert (told.held, told.turns_at, told.in_the_way) == (False, None, ("own/floor",))
    if unknown == "exclude":
        assert [words.code for words in told.reasons] == ["barred_unknown"]
        assert "want of a fact" in told.reasons[0].text()


def test_two_rules_that_bar_a_line_are_each_no_way_in(folder: Path) -> None:
    lines = [line("A", 3.5, **{"rating.any": "AA"}), line("B", 2.0), CASH]
    floor = rule("floor", kind="eligibility", where=ABS, require={"rating.any": {"min": "limit"}}, min="AA+")
    files = written(folder / "twice", lines, [floor], fund(targets={"rating": {"min": "AAA"}}))
    told = why(files.state, files.settings, "A")
    assert {dict(words.fields)["rule"] for words in told.reasons} == {"own/floor", "target/rating"}
    assert told.in_the_way == (), "without either alone the other still bars it"


def test_what_may_not_be_traded_has_no_replacement_cost(folder: Path) -> None:
    lines = [line("A", 3.0), line("B", 2.0, product="credit_bond"), CASH]
    portfolio = {"allocate": {"product": ["enterprise_abs"]}, "fixed": "holdings"}
    held = {"B": LOT, "CASH": NAV - LOT}
    files = written(folder / "fixed", lines, [], fund(portfolio=portfolio), held)
    told = why(files.state, files.settings, "B")
    assert told.held
    assert told.without is not None
    assert (told.without.status, told.without.cost, told.turns_at) == ("infeasible", None, None)


def test_a_yield_of_unsaid_source_is_a_yield(folder: Path) -> None:
    lines = [{k: v for k, v in line("A", 3.0).items() if k != "yield_source"}, CASH]
    files = written(folder / "source", lines, [], fund())
    texts = [note.text() for note in files.case.notes]
    assert "1 lines have no yield." in texts, "cash has none"
    assert any(text.startswith("1 lines have a yield of which the file does not say") for text in texts)


@pytest.mark.parametrize("limit", ["0%", "10%"])
def test_the_best_rate_is_taken_of_all_ways_past_a_rule_tested_at_purchase(folder: Path, limit: str) -> None:
    """Each way, within the limit or buying nothing, has its own price of capital: their objectives do not compare."""
    weight = {"A": Fraction(7, 20), "B": Fraction(7, 20), "C": Fraction(1, 5), "D": Fraction(1, 5)}
    facts = {"A": (3.3, "丙", LOT), "B": (2.1, "乙", 3 * LOT), "C": (2.7, "丙", 2 * LOT), "D": (2.3, "乙", 2 * LOT)}
    lines = [
        line(n, y, originator=o, issue_size=size, risk_weight=float(100 * weight[n]))
        for n, (y, o, size) in facts.items()
    ]
    cap = rule("cap", kind="share", by="originator", where=ABS, measure="market_value", of="tier1_capital", max=limit)
    keys = {"objective": {"kind": "carry_per_capital"}, "capital": {"ratio": "10.5%", "hurdle": "10%"}}
    mandate = bank(10 * LOT, funding={"rate": "1.6%"}, trading={"lot": LOT, "cost_bp": 20}, **keys)
    held = {"B": 2 * LOT, "C": 2 * LOT, "D": LOT}
    here = Brute(written(folder / f"ways {limit}", lines, [{**cap, "tested": "purchase"}], mandate, held))
    for name in ("C", "D"):
        rates = []
        for made in (m for m in here.good if name not in m.faces and m.faces):
            capital = sum((f * weight[n] for n, f in made.faces.items()), Fraction(0)) * Fraction(21, 200)
            rates.append(made.value / capital)
        model = Model(here.state, here.files.settings)
        found = model.value(model.answer(adjust=without_line(model.position(name))))
        assert float(found or 0) == pytest.approx(float(max(rates)), abs=1e-6), name
