"""Pools and deals against a slow second opinion in exact fractions, over random inputs (``reference_deals``)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import reference_deals
from hypothesis import given, settings
from hypothesis import strategies as st

import absalloc.cashflow as cf

F = Fraction
BALANCE = 10**8
FEN = 0.01


def percent(low: int, high: int) -> st.SearchStrategy[F]:
    return st.integers(low, high).map(lambda number: F(number, 100))


@st.composite
def pools(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same pool in the words of the reference and of the package."""
    term = draw(st.integers(1, 18))
    floating = draw(st.booleans())
    rates = draw(st.lists(percent(0, 20), min_size=term, max_size=term)) if floating else [draw(percent(0, 20))] * term
    kind, io = draw(st.sampled_from(["level", "equal", "bullet"])), draw(st.integers(0, term - 1))
    lag = draw(st.integers(0, 5))
    smm, mdr, severity = draw(percent(0, 60)), draw(percent(0, 60)), draw(percent(0, 100))
    advance = draw(st.booleans())
    theirs = {
        "balance": F(BALANCE), "rates": [rate / 12 for rate in rates], "kind": kind, "io": io, "smm": smm, "mdr": mdr,
        "severity": severity, "lag": lag, "advance": advance,
    }  # fmt: skip
    wac = [float(rate) for rate in rates] if floating else float(rates[0])
    ours = {
        "balance": float(BALANCE), "wac": wac, "term": term, "smm": float(smm), "mdr": float(mdr),
        "severity": float(severity), "recovery_lag": lag, "advance": advance, "amortisation": kind, "interest_only": io,
    }  # fmt: skip
    return theirs, ours


@given(pools())
@settings(max_examples=120)
def test_a_pool_is_its_cohorts_one_by_one(pool: tuple[dict[str, Any], dict[str, Any]]) -> None:
    wanted, got = reference_deals.pool(**pool[0]), cf.project_pool(**pool[1])
    pairs = {"balance": got.balance, "interest": got.interest, "prepayment": got.prepayment, "default": got.default,
             "scheduled": got.scheduled_principal, "recovery": got.recovery, "loss": got.loss}  # fmt: skip
    for name, values in pairs.items():
        assert values == pytest.approx([float(value) for value in wanted[name]], abs=1e-4), name
    assert float(got.principal.sum() + got.loss.sum()) == pytest.approx(BALANCE, abs=FEN)


@given(pools())
@settings(max_examples=40)
def test_the_table_of_a_pool_projects_like_the_pool(pool: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A prospectus table of the pool without speeds, projected at its speeds, is the pool at these speeds."""
    arguments = dict(pool[1])
    speeds = {name: arguments.pop(name) for name in ("smm", "mdr", "severity", "recovery_lag", "advance")}
    plain = cf.project_pool(**arguments)
    table = cf.project_table(plain.principal, plain.interest, BALANCE, **speeds)
    direct = cf.project_pool(**pool[1])
    for name in ("balance", "interest", "principal", "loss", "in_foreclosure"):
        assert getattr(table, name) == pytest.approx(getattr(direct, name), abs=1e-3), name


@st.composite
def triggers(draw: st.DrawFn) -> dict[str, Any]:
    measure = draw(
        st.sampled_from(["oc", "ic", "cumulative_loss", "cumulative_default", "interest_shortfall", "period"])
    )
    limits = {"oc": percent(90, 150), "ic": percent(80, 300), "period": st.integers(1, 12).map(F),
              "interest_shortfall": st.integers(0, 10**5).map(F)}  # fmt: skip
    return {
        "measure": measure, "limit": draw(limits.get(measure, percent(1, 40))), "cure": draw(st.booleans()),
        "effect": draw(st.sampled_from(["sequential", "accelerate", "default"])),
        "of": draw(st.sampled_from([["A"], ["A", "B"]])) if measure in ("oc", "ic", "interest_shortfall") else [],
    }  # fmt: skip


@st.composite
def supports(draw: st.DrawFn) -> list[dict[str, Any]]:
    def one(name: str, behind: str | None) -> dict[str, Any]:
        return {
            "name": name, "kind": draw(st.sampled_from(["guarantee", "shortfall", "liquidity"])), "behind": behind,
            "covers": draw(st.sampled_from([["A"], ["A", "B"]])), "limit": F(draw(st.integers(0, BALANCE))),
            "defaults": draw(st.none() | st.integers(1, 12)), "recovery": draw(percent(0, 100)),
        }  # fmt: skip

    return [one("first", None), one("second", draw(st.sampled_from([None, "first"])))][: draw(st.integers(0, 2))]


@st.composite
def deals(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[F]]]:
    """A deal and its pool in plain dicts, and what the package needs beside."""
    theirs, ours = draw(pools())
    flows = reference_deals.pool(**theirs)
    share = draw(percent(30, 90))
    sizes = [BALANCE * share, BALANCE * (1 - share) * draw(percent(0, 100))]
    sizes.append(BALANCE - sum(sizes))
    targets = draw(st.none() | st.lists(percent(0, 100), min_size=1, max_size=10))
    tranches = [
        {"name": name, "size": size, "rate": draw(percent(0, 12)), "targets": None, "maturity": None}
        for name, size in zip("ABC", sizes, strict=True)
    ]
    if targets is not None:
        tranches[0]["targets"] = [part * sizes[0] for part in sorted(targets, reverse=True)]
    tranches[1]["maturity"] = draw(st.none() | st.integers(1, 18))
    steps = draw(
        st.sampled_from(
            [
                [{"of": ["A", "B", "C"], "how": "sequential", "to": "zero"}],
                [{"of": ["A", "B"], "how": "pro_rata", "to": "zero"}, {"of": ["C"], "how": "sequential", "to": "zero"}],
                [{"of": ["A"], "how": "sequential", "to": "target"}, {"of": ["B"], "how": "sequential", "to": "zero"}],
            ]
        )
    )
    unit_pool = {
        "balance": F(1), "rates": [draw(percent(0, 20)) / 12] * draw(st.integers(1, 4)), "kind": "level", "io": 0,
        "smm": F(0), "mdr": draw(percent(0, 10)), "severity": F(1, 2), "lag": 0, "advance": True,
    }  # fmt: skip
    revolving = draw(st.none() | st.fixed_dictionaries({"periods": st.integers(1, 6), "price": percent(90, 110)}))
    if revolving is not None:
        revolving["pool"] = unit_pool
    reserve = {"initial": F(draw(st.integers(0, 10**6))), "amount": F(draw(st.integers(0, 10**6))),
               "share": draw(percent(0, 5)), "covers": draw(st.sampled_from(["interest", "all"]))}  # fmt: skip
    deal = {
        "tranches": tranches, "steps": steps, "fee": draw(percent(0, 3)), "combined": draw(st.booleans()),
        "turbo": draw(st.booleans()), "covers": draw(st.booleans()), "hold": draw(st.booleans()),
        "pro_rata_interest": draw(st.booleans()), "reserve": draw(st.sampled_from([None, reserve])),
        "call": draw(st.none() | st.fixed_dictionaries(
            {"share": percent(5, 60), "price": percent(70, 100), "needs": st.sampled_from([[], ["A"], ["A", "B"]])})),
        "triggers": [t | {"name": f"t{n}"} for n, t in enumerate(draw(st.lists(triggers(), max_size=2)))],
        "support": draw(supports()), "revolving": revolving,
    }  # fmt: skip
    return deal, ours, flows


def structure_of(deal: dict[str, Any]) -> cf.Structure:
    """Say the plain dict in the package's dataclasses."""
    tranches = tuple(
        cf.Tranche(
            t["name"], float(t["size"]), rate=float(t["rate"]), maturity=t["maturity"],
            targets=None if t["targets"] is None else tuple(map(float, t["targets"])),
        )
        for t in deal["tranches"]
    )  # fmt: skip
    revolving = deal["revolving"]
    if revolving is not None:
        unit = revolving["pool"]
        assets = cf.Assets(float(unit["rates"][0] * 12), len(unit["rates"]), mdr=float(unit["mdr"]), severity=0.5)
        revolving = cf.Revolving(revolving["periods"], assets, float(revolving["price"]))
    reserve, call = deal["reserve"], deal["call"]
    return cf.Structure(
        tranches, fees=(cf.Fee("service", rate=float(deal["fee"])),),
        principal=tuple(cf.Pay(tuple(s["of"]), s["how"], s["to"]) for s in deal["steps"]),
        cash="combined" if deal["combined"] else "separate", excess="turbo" if deal["turbo"] else "release",
        principal_covers=deal["covers"], surplus="hold" if deal["hold"] else "release",
        interest="pro_rata" if deal["pro_rata_interest"] else "sequential",
        triggers=tuple(
            cf.Trigger(t["name"], t["measure"], float(t["limit"]), t["effect"], tuple(t["of"]), t["cure"])
            for t in deal["triggers"]
        ),
        revolving=revolving,
        reserve=reserve and cf.Reserve(**{k: v if k == "covers" else float(v) for k, v in reserve.items()}),
        call=call and cf.CleanUpCall(float(call["share"]), float(call["price"]), tuple(call["needs"])),
        support=tuple(
            cf.Support(x["name"], x["kind"], tuple(x["covers"]), float(x["limit"]), x["defaults"], float(x["recovery"]),
                       x["behind"])
            for x in deal["support"]
        ),
    )  # fmt: skip


def as_reference(deal: dict[str, Any], flows: dict[str, list[F]]) -> tuple[dict[str, Any], dict[str, list[F]]]:
    """Give the reference its monthly series, lengthened for purchases, and the flows of one yuan bought."""
    principal = [sum(parts) for parts in zip(flows["scheduled"], flows["prepayment"], flows["recovery"], strict=True)]
    left, collateral = F(BALANCE), []
    for paid, lost in zip(principal, flows["loss"], strict=True):
        left -= paid + lost
        collateral.append(left)
    series = {"interest": flows["interest"], "principal": principal, "default": flows["default"],
              "loss": flows["loss"], "collateral": collateral}  # fmt: skip
    if deal["revolving"] is None:
        return deal, series
    unit = reference_deals.pool(**deal["revolving"]["pool"])
    bought = {**unit, "principal": [a + b for a, b in zip(unit["scheduled"], unit["recovery"], strict=True)],
              "collateral": unit["balance"]}  # fmt: skip
    pad = max(deal["revolving"]["periods"] + len(unit["balance"]) - len(principal), 0)
    longer = {name: [*values, *[F(0)] * pad] for name, values in series.items()}
    return {**deal, "revolving": {**deal["revolving"], "unit": bought}}, longer


@given(deals())
@settings(max_examples=150)
def test_a_deal_pays_what_its_words_say(made: tuple[dict[str, Any], dict[str, Any], dict[str, list[F]]]) -> None:
    deal, _, flows = made
    plain, series = as_reference(deal, flows)
    wanted = reference_deals.deal(plain, series, F(1, 12))
    exact = SimpleNamespace(**{name: np.array([float(v) for v in values]) for name, values in
                               as_reference({**deal, "revolving": None}, flows)[1].items()})  # fmt: skip
    got = cf.waterfall(structure_of(deal), exact)
    if near_a_threshold(got, wanted):
        return
    for name in ("interest", "principal", "balance", "residual", "reserve", "account", "spent"):
        values = np.array([[float(x) for x in row] if isinstance(row, list) else float(row) for row in wanted[name]])
        assert getattr(got, name) == pytest.approx(values, abs=FEN / 2), name
    assert got.fees["service"] == pytest.approx([float(fee) for fee in wanted["fees"]], abs=FEN / 2)
    for name, values in wanted["support"].items():
        assert got.support[name] == pytest.approx([float(value) for value in values], abs=FEN / 2), name


def near_a_threshold(got: cf.Waterfall, wanted: dict[str, Any]) -> bool:
    """A trigger exactly at its limit may tip by the last bit of a float; the reference decides in fractions."""
    return {name: period for name, period in got.events.items() if period} != wanted["first"]


@given(deals(), st.sampled_from([1, 2, 3, 6]), percent(1, 100), st.booleans())
@settings(max_examples=150)
def test_every_yuan_is_accounted_for(
    made: tuple[dict[str, Any], dict[str, Any], dict[str, list[F]]], months: int, share: F, backed: bool
) -> None:
    """Over random pools, speeds and structures, with periods of several months, lent money at interest, and puts."""
    deal, ours, _ = made
    flows, structure = cf.project_pool(**ours), structure_of(deal)
    assert flows.principal.sum() + flows.loss.sum() == pytest.approx(BALANCE, abs=FEN)
    support = tuple(replace(item, rate=0.06) if item.kind == "liquidity" else item for item in structure.support)
    provider = support[0].name if backed and support else None
    puts = (cf.Put("A", 1, float(share), provider), cf.Put("A", 2, float(share)))
    structure = replace(structure, months=months, support=support, puts=puts)
    run = cf.waterfall(structure, flows)
    first = structure.reserve.initial if structure.reserve else 0.0
    before = np.concatenate(([first], (run.reserve + run.account)[:-1]))
    came = run.pool.interest + run.pool.principal + sum(run.support.values(), np.zeros(run.residual.size)) + before
    went = run.interest.sum(axis=1) + run.principal.sum(axis=1) + sum(run.fees.values()) + run.residual
    went = went + sum(run.repaid.values(), np.zeros(run.residual.size)) + run.spent + run.reserve + run.account
    assert went == pytest.approx(came, abs=FEN)
    opening = np.concatenate(([run.pool.opening], run.pool.collateral[:-1]))
    assert run.pool.principal + run.pool.loss + run.pool.collateral == pytest.approx(
        opening + run.pool.purchase, abs=FEN
    )
    sizes = np.array([tranche.size for tranche in structure.tranches])
    assert run.balance == pytest.approx(sizes - np.cumsum(run.principal, axis=0), abs=FEN)
    held = np.concatenate(([1.0], run.held[:-1, 0]))
    mine, others = run.holder("A"), (run.interest[:, 0] * (1 - held), run.principal[:, 0] * (1 - held) - run.put[:, 0])
    assert mine[0] + others[0] == pytest.approx(run.interest[:, 0], abs=FEN)
    assert mine[1] + others[1] == pytest.approx(run.principal[:, 0], abs=FEN)
    assert mine[1].sum() <= sizes[0] + FEN
    everything = (run.interest, run.principal, run.balance, run.shortfall, run.residual, run.reserve, run.account)
    for part in (*everything, *run.support.values(), *run.repaid.values()):
        assert np.isfinite(part).all()
        assert (part >= -1e-6).all()
