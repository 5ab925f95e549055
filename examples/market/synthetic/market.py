"""All deals of the market, weighted and priced: ordinary ones by class, urban-investment ones oversampled."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from synthetic.classes import CLASSES, FEE_OTHER, LGFV_DEBT, LGFV_FEE, LGFV_PROPERTY, AssetClass
from synthetic.deals import Deal, fill, new_deal
from synthetic.levels import AS_OF, abs_over_notes, curve
from synthetic.names import Cast
from synthetic.schedule import value

LGFV_SHARE = 0.12
PLAN_SHARE = 0.05


def _complete(rng: np.random.Generator, number: int, cls: AssetClass, cast: Cast) -> Deal:
    """Return a filled deal all of whose tranches are alive (one may be within three months of its end)."""
    for _ in range(200):
        deal = new_deal(rng, number, cls, cast)
        fill(rng, deal)
        if all(row["expected_maturity"] > AS_OF + timedelta(days=20) for row in deal.rows):
            return deal
    raise RuntimeError(f"no living deal of class {cls.key}")


def ordinary(rng: np.random.Generator, cast: Cast, tranches: int) -> list[Deal]:
    """Return ordinary deals with about ``tranches`` tranches, classes in fixed proportion."""
    classes = (*CLASSES, FEE_OTHER)
    total = sum(c.share for c in classes)
    queue = [0.0] * len(classes)
    deals: list[Deal] = []
    made = 0
    while made < tranches:
        for i, cls in enumerate(classes):
            queue[i] += 20 * cls.share / total
        for i, cls in enumerate(classes):
            while queue[i] >= 1 and made < tranches:
                queue[i] -= 1
                deals.append(_complete(rng, len(deals) + 1, cls, cast))
                made += len(deals[-1].rows)
    return deals


def urban(rng: np.random.Generator, cast: Cast, tranches: int, start: int) -> list[Deal]:
    """Return urban-investment deals: 56/40/4 by underlying, a tenth of them ABN, AA+ one in five."""
    pattern = (LGFV_FEE, LGFV_DEBT, LGFV_FEE, LGFV_DEBT, LGFV_FEE, LGFV_DEBT, LGFV_PROPERTY, LGFV_FEE, LGFV_DEBT)
    deals: list[Deal] = []
    made = 0
    while made < tranches:
        k = len(deals)
        for _ in range(500):
            deal = new_deal(rng, start + k, pattern[k % len(pattern)], cast)
            deal.owner = cast.lgfvs[k % len(cast.lgfvs)]
            deal.originator = deal.owner if deal.originator in cast.lgfvs else deal.originator
            deal.grade = ("AAA", "AAA", "AA+", "AAA", "AAA")[k % 5] if k % 17 != 16 else "AA"
            deal.product = "abn" if k % 7 == 3 else "enterprise_abs"
            fill(rng, deal)
            if all(row["expected_maturity"] > AS_OF + timedelta(days=20) for row in deal.rows):
                break
        else:
            raise RuntimeError("no living urban-investment deal")
        deals.append(deal)
        made += len(deal.rows)
    return deals


def label(deals: list[Deal], rng: np.random.Generator) -> None:
    """Say where each yield comes from; lines on offer from the issue yield their coupon, a few have no yield."""
    for deal in deals:
        fresh = (deal.issued.year, deal.issued.month) == (2025, 6)
        for row in deal.rows:
            if row["yield"] is None:
                continue
            draw = rng.random()
            row["yield_source"] = "trade" if draw < 0.07 else "valuation"
            if 0.5 < draw < 0.53:  # no valuation: the program must say so, or fit a model yield
                row["yield"] = row["yield_source"] = None
            elif fresh and draw > 0.6:
                row["yield_source"] = "primary"
                par = value(row["terms"], row["coupon"] / 100)
                row["yield"] = row["coupon"] + (par.clean - 100) / max(par.modified_duration, 0.1)


def calibrate_spreads(deals: list[Deal], weights: np.ndarray) -> None:
    """Shift yields so that the weighted AAA mean over notes hits the published spread at 1, 3, 5 and 10 years.

    The shift is linear between the tenors, so lines of neighbouring tenors stay in order; primary lines keep
    their yields but count. Raises RuntimeError where the shifts do not settle.
    """
    nodes, bands = (1.0, 3.0, 5.0, 10.0), ((0.5, 1.5), (2.4, 3.6), (4.0, 6.0), (7.0, 13.0))
    for _ in range(300):
        offs = [_mean_off(deals, weights, band) for band in bands]
        if max(abs(o) for o in offs) < 1e-4:
            return
        for deal in deals:
            for row in deal.rows:
                if row["yield"] is not None and row["yield_source"] != "primary":
                    row["yield"] -= float(np.interp(row["wal"], nodes, offs))
    raise RuntimeError(f"spreads do not settle: {offs}")


def _mean_off(deals: list[Deal], weights: np.ndarray, band: tuple[float, float]) -> float:
    top = bottom = 0.0
    for deal, weight in zip(deals, weights, strict=True):
        for row in deal.rows:
            if row["grade"] == "AAA" and row["yield"] is not None and band[0] <= row["wal"] < band[1]:
                amount = weight * row["issue_size"] * row["factor"]
                top += amount * (row["yield"] - curve("MTN_AAA", row["wal"]) - abs_over_notes(row["wal"]))
                bottom += amount
    return top / bottom if bottom else 0.0


def price(deals: list[Deal]) -> None:
    """Round yields to facts and price every line from its own columns."""
    for deal in deals:
        for row in deal.rows:
            if row["wal"] is None:
                continue
            row["wal"] = round(row["wal"], 4)
            if row["yield"] is not None:
                row["yield"] = round(row["yield"], 4)
                found = value(row["terms"], row["yield"] / 100)
                row["clean_price"], row["accrued"] = round(found.clean, 4), found.accrued
                row["modified_duration"] = round(found.modified_duration, 4)
