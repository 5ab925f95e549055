"""Soft rules against every portfolio of small worlds: for a price, in an order; and what may not become soft."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import absalloc as aa
from absalloc.compliance.exact import evaluate_exact
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.rows import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.softened import Softened

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "rows"))
from plan_worlds import after, carry, plan_book, portfolios

EXACT = PlanSettings(mip_gap=1e-9)
MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
SEEDS = range(20)


def gives_yuan(rule: ActiveRule) -> bool:
    plain = rule.kind in ("share", "average") and rule.unless is None and rule.tested == "always"
    return plain and not any(limit.strict for limit in rule.limits)


def softened(state: BookState, prices: list[Fraction | None]) -> BookState | None:
    """Return a world whose rules with amounts are soft, in their order; None where there are none."""
    rules, rank = [], 0
    for rule in state.rules.active:
        if gives_yuan(rule):
            rule, rank = replace(rule, level="soft", soft=Softened(rank, prices[rank % len(prices)])), rank + 1
        rules.append(rule)
    return replace(state, rules=replace(state.rules, active=tuple(rules))) if rank else None


def excesses(state: BookState, faces: dict[str, Fraction]) -> tuple[dict[str, Fraction], bool]:
    """Return (yuan by which each soft rule is exceeded, whether every hard rule passes)."""
    found: dict[str, Fraction] = {}
    lawful = True
    for item in evaluate_exact([after(state, faces)]):
        if item.level != "soft":
            lawful &= item.verdict == "pass"
        elif item.verdict == "fail":
            sign = 1 if item.sense == "max" else -1
            over = sign * (item.numerator - item.limit * item.denominator)
            found[item.rule] = found.get(item.rule, Fraction(0)) + over
    return found, lawful


@pytest.mark.parametrize("seed", SEEDS)
def test_a_price_is_weighed_against_carry(seed: int) -> None:
    price = Fraction(1, 50)
    state = softened(plan_book(seed, held=False), [price])
    if state is None:
        return
    best = max(
        (carry(state, f) - float(price * sum(over.values()))
         for f in portfolios(state) for over, lawful in [excesses(state, f)] if lawful),
        default=None,
    )  # fmt: skip
    made = make_plan(state, EXACT)
    if best is None:
        assert made.status == "infeasible"
        return
    assert made.faces is not None
    over, lawful = excesses(state, made.faces)
    assert lawful
    assert carry(state, made.faces) - float(price * sum(over.values())) == pytest.approx(best, abs=2)
    assert set(made.gave_way) == set(over)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_less_important_gives_way_first(seed: int) -> None:
    state = softened(plan_book(seed, held=False), [None])
    if state is None:
        return
    order = [rule.id for rule in state.rules.active if rule.level == "soft"]
    every = [(over, f) for f in portfolios(state) for over, lawful in [excesses(state, f)] if lawful]
    made = make_plan(state, EXACT)
    if not every:
        assert made.status == "infeasible"
        return
    assert made.faces is not None
    least = min(tuple(float(over.get(rule, 0)) for rule in order) for over, _ in every)
    mine = excesses(state, made.faces)[0]
    assert tuple(float(mine.get(rule, 0)) for rule in order) == pytest.approx(least, abs=50)
    best = max(
        carry(state, f) for over, f in every
        if all(float(over.get(rule, 0)) <= low + 50 for rule, low in zip(order, least, strict=True))
    )  # fmt: skip
    assert carry(state, made.faces) == pytest.approx(best, abs=5)
    assert set(made.gave_way) == set(mine)


def mandate(tmp_path: Path, soft: str) -> object:
    text = (MARKET / "wealth-closed-18m.yaml").read_text(encoding="utf-8")
    for name in ("originator_totals.csv", "wealth-own-bank.csv", "curves.csv"):
        (tmp_path / name).write_bytes((MARKET / name).read_bytes())
    (tmp_path / "m.yaml").write_text(text + soft, encoding="utf-8")
    return aa.load_mandate(str(tmp_path / "m.yaml"))


def test_a_target_that_may_give_way_is_soft_in_the_check_too(tmp_path: Path) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    told = mandate(tmp_path, "targets: {duration: {min: 9 years}}\nsoft: [{rule: target/duration}]\n")
    plan = aa.optimise(universe, told)
    assert plan.proven
    assert plan.compliant
    assert plan.to_json()["gave_way"] == ["target/duration"]
    held = tmp_path / "held.csv"
    held.write_text(
        "tranche_id,face\n" + "".join(f"{line.tranche_id},{float(line.face)}\n" for line in plan.holdings),
        encoding="utf-8",
    )
    [finding] = [f for f in aa.check(universe, told, held).findings if f.rule == "target/duration"]
    assert (finding.level, finding.verdict) == ("soft", "fail")


def test_a_priced_target_costs_what_it_says(tmp_path: Path) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    cheap = aa.optimise(
        universe, mandate(tmp_path, "targets: {duration: {min: 0.7 years}}\nsoft: [{rule: duration, price: 0.0001%}]\n")
    )
    dear = aa.optimise(
        universe, mandate(tmp_path, "targets: {duration: {min: 0.7 years}}\nsoft: [{rule: duration, price: 90%}]\n")
    )
    hard = aa.optimise(universe, mandate(tmp_path, "targets: {duration: {min: 0.7 years}}\n"))
    assert cheap.answer.gave_way == ("target/duration",)
    assert dear.answer.gave_way == ()
    assert dear.carry.yuan == pytest.approx(hard.carry.yuan, rel=1e-4)
    assert cheap.carry.yuan > hard.carry.yuan
    assert cheap.certificate is not None


@pytest.mark.parametrize(
    ("soft", "code"),
    [
        ("soft: [{rule: security-share}]\n", "rulebook.soft_law"),
        ("soft: [{rule: no-such-rule}]\n", "rulebook.soft_rule"),
        ("soft: [{rule: minimum-term, price: 1%}]\n", "rulebook.soft_price"),
        ("soft: [{rule: minimum-term}, {rule: minimum-term}]\n", "rulebook.soft_rule"),
    ],
)
def test_law_is_never_soft(tmp_path: Path, soft: str, code: str) -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    with pytest.raises(aa.BadInput) as caught:
        aa.optimise(universe, mandate(tmp_path, soft))
    assert caught.value.code == code
    assert caught.value.text("zh")
