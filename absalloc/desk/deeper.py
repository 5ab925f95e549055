"""What stands beside a plan in a full report: the price of each rule, the plan under scenarios, the three sectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from absalloc.desk.book import Book
from absalloc.desk.studies import compare, planning, stress_test
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.rulebook.active import Override
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.plan.result import Plan

GRID = (
    "parallel-up-100", "bear-2020", "yongmei-2020", "urban-investment-spread-100", "rmbs-prepayment-2023",
    "supporter-failure-2021", "redemption-20",
)  # fmt: skip
"""The shipped scenarios of the grid: one a driver."""


def deepen(
    plan: Plan,
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any = None,
    *,
    lang: str = "en",
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    step: Callable[[str], Any] = lambda _: None,
) -> dict[str, Any]:
    """Return ``prices scenarios sectors`` as their documents, empty where there is no plan.

    ``prices`` are of the LP relaxation. ``sectors`` is None where the mandate has nothing to compare; then
    ``sectors_reason`` says why. ``step`` is told what is done next. Raises BadInput as ``planning`` does.
    """
    from absalloc.explain import prices

    if plan.answer.faces is None:
        return {}
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides}
    step("prices")
    case = planning(Book(universe, mandate, holdings), **how)
    found: dict[str, Any] = {"prices": prices(case.state, case.settings, lp=True).to_json(lang)}
    held = pd.DataFrame(
        {"tranche_id": [h.tranche_id for h in plan.holdings], "face": [float(h.face) for h in plan.holdings]}
    )
    step("scenarios")
    found["scenarios"] = stress_test(universe, mandate, held, scenarios=GRID, **how).to_json(lang)["scenarios"]
    step("sectors")
    try:
        found["sectors"] = compare(universe, [mandate], **how).to_json(lang)["mandates"][0]
    except BadInput as error:
        found |= {"sectors": None, "sectors_reason": error.text(lang)}
    return found
