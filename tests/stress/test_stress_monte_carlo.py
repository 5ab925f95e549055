"""Monte-Carlo sets: moments against closed forms, each draw against the scenario it stands for, streams, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stress_lines as made
import yaml
from scipy.stats import kstest, multivariate_normal, norm

import absalloc.stress as st
from absalloc.errors import BadInput
from absalloc.stress.draws import MeanReverting, conditional_rate, default_distribution, normals, obligor_key, paths
from absalloc.stress.monte_carlo import MonteCarlo, _build
from absalloc.yamlpos import parse_yaml

LEVEL = {"speed": "30%", "mean": "2%", "volatility": "60 bp"}
SLOPE = {"speed": "200%", "mean": "40 bp", "volatility": "50 bp"}
OBLIGOR = {"pd": "5%", "correlation": "30%", "loss": "60%", "by": "issuer", "where": {"product": "credit_bond"}}
POOL = {"cdr": "4%", "correlation": "20%", "severity": "70%", "lag": "3 months"}


def set_text(**keys: Any) -> str:
    data = {
        "kind": "monte_carlo", "scenario": "made", "title": {"en": "made", "zh": "自拟"},
        "source": {"document": "a test", "confidence": "assumption"}, "draws": 60, "seed": 7, "horizon": "12 months",
        "rates": {"short": "2y", "long": "10y", "level": LEVEL, "slope": SLOPE, "correlation": "-40%"}, **keys,
    }  # fmt: skip
    return yaml.safe_dump({k: v for k, v in data.items() if v is not None}, allow_unicode=True)


def made_set(**keys: Any) -> MonteCarlo:
    return _build(parse_yaml(set_text(**keys), "made.yaml"), "made")


def lines() -> Any:
    """A pass-through with a call, its subordinated tranche, a bullet, a bond, cash, and a line without a price."""
    return made.valued(
        made.steep_curves(),
        product=["credit_abs", "credit_abs", "enterprise_abs", "credit_bond", "cash", "credit_abs"],
        asset_type=["rmbs", "rmbs", "receivables", None, None, "rmbs"],
        repayment=["pass_through", "pass_through", "bullet", "bullet", None, "pass_through"],
        coupon=[0.03, 0.05, 0.035, 0.028, 0.01, 0.03],
        factor=[0.8, 0.8, 1.0, 1.0, 1.0, 0.7],
        attachment=[0.1, 0.0, 0.0, np.nan, np.nan, 0.2],
        detachment=[1.0, 0.1, 1.0, np.nan, np.nan, 1.0],
        seniority=["senior", "subordinated", "senior", None, None, "senior"],
        originator=["A", "A", "B", None, None, "C"],
        issuer=[None, None, None, "D", "E", None],
        issue_date=["2024-03-15", "2024-03-15", "2024-06-30", "2023-01-10", "NaT", "2024-03-15"],
        expected_maturity=["2032-03-15", "2032-03-15", "2028-12-30", "2029-01-10", "NaT", "NaT"],
        clean_price=[100.5, 96.0, 101.0, 99.0, 100.0, np.nan],
    )  # fmt: skip


def as_scenario(chosen: MonteCarlo, drawn: st.Draws, k: int, base_cpr: float) -> st.Scenario:
    """Draw ``k`` written out as one scenario: moves at two tenors, a speed for every month, defaults in two steps."""
    level, slope = (float(path[k, -1] - path[k, 0]) for path in (drawn.level, drawn.slope))
    keys: dict[str, Any] = {"horizon": "12 months", "reinvest": "1.5%"}
    ends = {"2y": level - slope / 2, "10y": level + slope / 2}
    keys["yields"] = [{"points": {name: f"{move * 100:.15f}%" for name, move in ends.items()}}]
    rule = chosen.file.prepayment
    if rule is not None:
        season = [float(share) for share in rule.season]
        steps = []
        for month in range(1, 200):
            fall = (drawn.level[k, 0] - drawn.level[k, min(month, 12)]) * 100
            power = min(max((1 + float(rule.per_100bp)) ** fall, float(rule.least)), float(rule.most))
            cpr = base_cpr * power * season[(made.DAY.month - 1 + month) % 12]
            steps.append({"cpr": f"{cpr * 100:.13f}%", "months": "1 month"})
        keys["speeds"] = [{"steps": steps, "where": {"asset_type": "rmbs"}}]
    pools = []
    for pool in chosen.file.defaults:
        tail = norm.ppf(float(pool.cdr)) - np.sqrt(float(pool.correlation)) * drawn.factor[k]
        cdr = norm.cdf(tail / np.sqrt(1 - float(pool.correlation)))
        steps = [{"cdr": f"{cdr * 100:.13f}%", "months": "12 months"}, {"cdr": pool.cdr.text}]
        pools.append(
            {"steps": steps, "severity": pool.severity.text, "lag": "3 months", "where": {"asset_type": "rmbs"}}
        )
    return made.scenario(**keys, defaults=pools) if pools else made.scenario(**keys)


PREPAYMENT = {
    "per_100bp": "40%", "least": "50%", "most": "200%",
    "season": ["90%", "80%", "120%", "110%", "100%", "100%", "100%", "100%", "100%", "100%", "100%", "100%"],
}  # fmt: skip


@pytest.mark.parametrize("curves", [None, made.steep_curves()], ids=["no curve", "steep curve"])
@pytest.mark.parametrize(
    "parts",
    [{}, {"prepayment": PREPAYMENT}, {"defaults": [{**POOL, "where": {"asset_type": "rmbs"}}]},
     {"prepayment": PREPAYMENT, "defaults": [{**POOL, "where": {"asset_type": "rmbs"}}]}],
    ids=["rates", "prepayment", "defaults", "all"],
)  # fmt: skip
def test_every_draw_is_the_scenario_it_stands_for(parts: dict[str, Any], curves: Any) -> None:
    universe, chosen = lines(), made_set(reinvest="1.5%", **parts)
    found = st.revalue_draws(universe, chosen, made.DAY, curves=curves)
    assert found.known.tolist() == [True, True, True, True, False, False]
    base = np.asarray(universe.column("dirty_price"), float)
    for k in range(0, 60, 7):
        one = st.stress_universe(universe, as_scenario(chosen, found.draws, k, 0.10), made.DAY, curves=curves)
        expected = (one.dirty + one.parts["carry"]) / base - 1
        assert found.returns[k, :4] == pytest.approx(expected[:4], abs=2e-9)


def test_the_base_speed_of_the_lines_is_the_one_the_test_writes_out() -> None:
    from absalloc.cashflow.facts import Notes, line_facts
    from absalloc.cashflow.settings import ValuationSettings

    facts = line_facts(lines(), made.DAY, ValuationSettings(), Notes(6))
    assert facts.cpr[:2].tolist() == [0.10, 0.10]


def test_what_is_not_revalued_earns_its_yield_and_says_so() -> None:
    universe = lines()
    found = st.revalue_draws(universe, made_set(), made.DAY)
    assert found.returns[:, 4] == pytest.approx(float(np.asarray(universe.column("yield"), float)[4]), nan_ok=False)
    assert "not_revalued" in found.notes[5]
    assert np.isfinite(found.returns).all()


def test_a_floor_holds_yields_up_and_needs_a_curve() -> None:
    universe, low = lines(), {**LEVEL, "mean": "-15%", "start": "0.1%"}
    rates = {"short": "2y", "long": "10y", "level": low, "slope": SLOPE, "correlation": "0%"}
    free, held = (made_set(rates=rates, yield_floor=floor) for floor in (None, "1.5%"))
    with pytest.raises(BadInput, match="holds back a curve"):
        st.revalue_draws(universe, held, made.DAY)
    one, two = (st.revalue_draws(universe, item, made.DAY, curves=made.steep_curves()).returns for item in (free, held))
    assert (two[:, 3] < one[:, 3] - 0.01).all()


@pytest.mark.parametrize("years", [1 / 12, 1.0, 5.0])
def test_rates_have_the_moments_of_the_closed_form(years: float) -> None:
    processes = MeanReverting(0.3, 0.02, 0.006), MeanReverting(2.0, 0.004, 0.005)
    count, months = 40_000, round(years * 12)
    drawn = paths(processes, (0.03, 0.001), -0.4, np.random.default_rng(1).standard_normal((2, count, months)))
    for k, (process, start) in enumerate(zip(processes, (0.03, 0.001), strict=True)):
        last = drawn[k, :, -1]
        error = np.sqrt(process.variance(years) / count)
        assert last.mean() == pytest.approx(process.expected(start, years), abs=4 * error)
        assert last.var() == pytest.approx(process.variance(years), rel=4 * np.sqrt(2 / count))
        mean = 0.02 + 0.01 * np.exp(-0.3 * years) if k == 0 else 0.004 - 0.003 * np.exp(-2.0 * years)
        assert process.expected(start, years) == pytest.approx(mean, abs=1e-15)
        closed = process.volatility**2 * (1 - np.exp(-2 * process.speed * years)) / (2 * process.speed)
        assert process.variance(years) == pytest.approx(closed, rel=1e-12)
    covariance = -0.4 * 0.006 * 0.005 * (1 - np.exp(-2.3 * years)) / 2.3
    found = np.cov(drawn[0, :, -1], drawn[1, :, -1])[0, 1]
    spread = np.sqrt(processes[0].variance(years) * processes[1].variance(years) / count)
    assert found == pytest.approx(covariance, abs=5 * spread)


def test_the_default_rate_has_vasiceks_distribution() -> None:
    rate, correlation = 0.03, 0.15
    drawn = conditional_rate(rate, correlation, normals(3, (1,), (40_000,), 0, False))
    assert kstest(drawn, lambda share: default_distribution(share, rate, correlation)).pvalue > 0.01
    assert drawn.mean() == pytest.approx(rate, rel=0.02)
    # E[p(Z)²] is the chance that two loans default together: a bivariate normal at the same threshold.
    both = multivariate_normal.cdf([norm.ppf(rate)] * 2, mean=[0, 0], cov=[[1, correlation], [correlation, 1]])
    assert (drawn**2).mean() == pytest.approx(both, rel=0.05)


def test_obligors_fail_as_often_as_they_should_and_together() -> None:
    count = 20_000
    names = [f"N{number}" for number in range(3)]
    universe = made.valued(
        product=["credit_bond"] * 4, coupon=[0.03] * 4, issuer=[names[0], names[1], names[2], names[0]],
        expected_maturity=["2029-01-10"] * 4, issue_date=["2023-01-10"] * 4, clean_price=[100.0] * 4,
    )  # fmt: skip
    calm = {"speed": "0%", "mean": "2%", "volatility": "0 bp"}
    rates = {"short": "2y", "long": "10y", "level": calm, "slope": dict(calm), "correlation": "0%"}
    found = st.revalue_draws(universe, made_set(draws=count, obligors=[OBLIGOR], rates=rates), made.DAY).returns
    failed = found < -0.3
    assert (failed[:, 0] == failed[:, 3]).all()  # two lines of one issuer
    assert failed[:, :3].mean() == pytest.approx(0.05, abs=0.005)
    both = multivariate_normal.cdf([norm.ppf(0.05)] * 2, mean=[0, 0], cov=[[1, 0.3], [0.3, 1]])
    pairs = [(failed[:, a] & failed[:, b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert np.mean(pairs) == pytest.approx(both, rel=0.2)


def test_mean_reversion_is_found_again() -> None:
    truth = MeanReverting(1.5, 0.02, 0.006)
    drawn = paths((truth, truth), (0.02, 0.02), 0.0, np.random.default_rng(4).standard_normal((2, 1, 6000)))[0, 0]
    found = st.fit_mean_reversion(drawn)
    assert found.mean == pytest.approx(truth.mean, abs=4 * truth.volatility / truth.speed / np.sqrt(500))
    assert found.volatility == pytest.approx(truth.volatility, rel=0.05)
    assert found.speed == pytest.approx(truth.speed, rel=0.2)
    with pytest.raises(BadInput, match="does not revert"):
        st.fit_mean_reversion(np.cumsum(np.ones(60)))
    with pytest.raises(BadInput, match="at least 24"):
        st.fit_mean_reversion(drawn[:10])


def test_the_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    universe, chosen = lines(), made_set(prepayment=PREPAYMENT, defaults=[POOL])
    one, two = (st.revalue_draws(universe, chosen, made.DAY).returns.tobytes() for _ in range(2))
    assert one == two
    assert st.revalue_draws(universe, made_set(seed=8), made.DAY).returns.tobytes() != one


def test_an_obligor_draws_the_same_in_any_universe() -> None:
    assert obligor_key("甲公司") == obligor_key("甲公司")
    one, two = (normals(7, obligor_key(name), (6,), 0, False) for name in ("甲公司", "乙公司"))
    assert abs(one - two).min() > 0
    # The documented stream, by numpy alone.
    import hashlib

    words = np.frombuffer(hashlib.sha256("甲公司".encode()).digest()[:16], ">u4").tolist()
    stream = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(2, *words)))
    assert one.tolist() == stream.standard_normal(6).tolist()


def test_antithetic_draws_are_balanced() -> None:
    drawn = st.draw(made_set())
    assert drawn.factor.mean() == pytest.approx(0.0, abs=1e-15)
    process = MeanReverting(0.3, 0.02, 0.006)
    assert drawn.level[:, -1].mean() == pytest.approx(process.expected(0.02, 1.0), abs=1e-15)


def test_rates_start_at_the_curve_else_at_the_mean() -> None:
    chosen = made_set()
    drawn = st.draw(chosen, made.steep_curves())
    assert not drawn.from_mean
    assert drawn.level[0, 0] == pytest.approx((0.013 + 0.026) / 2)
    assert drawn.slope[0, 0] == pytest.approx(0.026 - 0.013)
    assert st.draw(chosen).from_mean
    assert st.draw(chosen).level[0, 0] == 0.02


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"draws": 61}, "even"),
        ({"draws": 4}, "20 - "),
        ({"draws": "many"}, "whole number"),
        ({"rates": {"short": "10y", "long": "2y", "level": LEVEL, "slope": SLOPE, "correlation": "0%"}}, "beyond"),
        ({"rates": {"short": "2y", "long": "11y", "level": LEVEL, "slope": SLOPE, "correlation": "0%"}}, "10y"),
        ({"rates": {"short": "2y", "long": "10y", "level": LEVEL, "slope": SLOPE, "correlation": "-0.4"}}, "%"),
        ({"prepayment": {**PREPAYMENT, "season": ["100%"]}}, "12 months"),
        ({"prepayment": {**PREPAYMENT, "least": "120%"}}, "100 %"),
        ({"defaults": [{**POOL, "correlation": "100%"}]}, "99%"),
        ({"obligors": [{**OBLIGOR, "by": "region"}]}, "originator"),
        ({"horizon": None}, "horizon"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_a_set_that_is_wrong_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        made_set(**keys)


def test_a_set_is_no_single_scenario_and_a_scenario_no_set(tmp_path: Path) -> None:
    [name] = st.shipped_sets()
    with pytest.raises(BadInput, match="Monte-Carlo set"):
        st.find_scenario(name)
    assert st.find_set("yongmei-2020") is None
    path = tmp_path / "made.yaml"
    path.write_text(set_text(), encoding="utf-8")
    found = st.find_set(str(path))
    assert found is not None
    assert (found.name, found.horizon) == ("made", 12)
    with pytest.raises(BadInput, match="Monte-Carlo set"):
        st.load_scenario(path)
