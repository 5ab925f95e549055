"""What stands beside a plan in a full report: the price of each rule, the plan under scenarios, the three sectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from absalloc.desk.book import Book
from absalloc.desk.studies import Case, case_of, compare, compare_cases, planning, stress_test
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.rulebook.active import Override
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.desk.changes import Changes
    from absalloc.desk.studied import Compared, StressedBook
    from absalloc.desk.whatif import WhatIf
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
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides}

    def stress() -> StressedBook:
        table = pd.DataFrame({"tranche_id": list(_held(plan)), "face": list(_held(plan).values())})
        return stress_test(universe, mandate, table, scenarios=GRID, **how)

    return _deepened(
        plan, lambda: planning(Book(universe, mandate, holdings), **how), stress,
        lambda _: compare(universe, [mandate], **how), lang=lang, step=step,
    )  # fmt: skip


def deepen_run(
    desk: WhatIf, changes: Changes, plan: Plan, *, lang: str = "en", step: Callable[[str], Any] = lambda _: None
) -> dict[str, Any]:
    """Return the same of a plan that ``desk.plan(changes)`` made: under its limits, rules, prices and NAV.

    Sectors are not compared where lines are barred: a comparison would buy them.
    """
    asked = desk.asked(changes)

    def sectors(case: Case) -> Compared:
        if asked.supply:
            raise BadInput("desk.sectors_barred", value=", ".join(asked.supply))
        return compare_cases([case], {})

    return _deepened(
        plan, lambda: case_of(asked), lambda: desk.stress_held(GRID, _held(plan), changes), sectors, lang=lang,
        step=step, supply=asked.supply,
    )  # fmt: skip


def _held(plan: Plan) -> dict[str, float]:
    return {line.tranche_id: float(line.face) for line in plan.holdings}


def _deepened(
    plan: Plan,
    ready: Callable[[], Case],
    stress: Callable[[], StressedBook],
    sectors: Callable[[Case], Compared],
    *,
    lang: str,
    step: Callable[[str], Any],
    supply: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    from absalloc.explain import prices

    if plan.answer.faces is None:
        return {}
    step("prices")
    case = ready()
    found: dict[str, Any] = {
        "prices": prices(case.state, case.settings, lp=True, pairs=False, supply=supply).to_json(lang)
    }
    step("scenarios")
    found["scenarios"] = stress().to_json(lang)["scenarios"]
    step("sectors")
    try:
        found["sectors"] = sectors(case).to_json(lang)["mandates"][0]
    except BadInput as error:
        found |= {"sectors": None, "sectors_reason": error.text(lang)}
    return found
