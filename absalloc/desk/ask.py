"""The questions a desk asks: optimise, rebalance, check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.desk.book import SCREEN, Book, prepare
from absalloc.desk.scenarios import row_scenarios, scenario_notes, split_sets, tail_rule, worst_loss_of
from absalloc.mandate import LoadedMandate
from absalloc.rulebook.active import Override
from absalloc.units import exact
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.desk.reported import Plan
    from absalloc.plan.make import PlanSettings

Scenarios = Any
"""Names of shipped scenarios, paths of files, or ``absalloc.stress.Scenario``: one, or a sequence."""


def optimise(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any = None,
    *,
    scenarios: Scenarios = (),
    worst_loss: Fraction | float | str | None = None,
    cvar: str | tuple[Any, Any] | None = None,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    only_verified: bool = False,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the best portfolio the mandate's rules allow, from what it holds (nothing by default).

    ``overrides`` maps ``RULE.limit`` to a limit with its unit (``{"originator-share.limit": "12%"}``, or 0.12).
    ``only_verified`` leaves out the rules whose text was not seen.
    ``scenarios`` (shipped names, paths, Scenarios): every rule holds in each of them as well, those tested at purchase
    excepted. ``worst_loss`` ("3%"): what none of them may lose to its horizon, of NAV or of the amount invested.
    A Monte-Carlo set among ``scenarios`` needs ``cvar`` ("95%:2%"): the worst 5 % of its draws lose at most 2 % on
    average; no rule is tested in them.
    Raises BadInput for input that cannot be used; infeasible and stopped are answers, not errors.
    """
    settings = _settings(backend=solver, max_turnover=turnover_cap(mandate, None), time_limit=time_limit)
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides, "only_verified": only_verified}
    return _plan(Book(universe, mandate, holdings), settings, (scenarios, worst_loss, cvar), before=None, **how)


def rebalance(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    before: Any = None,
    max_turnover: Fraction | float | str | None = None,
    cure: bool = False,
    scenarios: Scenarios = (),
    worst_loss: Fraction | float | str | None = None,
    cvar: str | tuple[Any, Any] | None = None,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    only_verified: bool = False,
    solver: str = "highs",
    time_limit: float | None = None,
) -> Plan:
    """Return the trades from ``holdings`` to the best portfolio, costs paid in cash.

    ``before`` (holdings or a Book) shows which breaches are passive: these may stay, no worse, unless
    ``cure``, which brings caps on purchases back too; without a turnover cap its trades are the least that comply.
    ``scenarios``, ``worst_loss`` and ``cvar`` as for ``optimise``.
    """
    earlier = before if isinstance(before, Book) or before is None else Book(universe, mandate, before)
    settings = _settings(
        backend=solver, max_turnover=turnover_cap(mandate, max_turnover), cure=cure, time_limit=time_limit
    )
    book = Book(universe, mandate, holdings)
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides, "only_verified": only_verified}
    return _plan(book, settings, (scenarios, worst_loss, cvar), before=earlier, **how)


def _settings(**how: Any) -> PlanSettings:
    # Imported late: a check has no use for solvers, and should not wait for them.
    from absalloc.plan.make import PlanSettings

    return PlanSettings(**how)


def _plan(book: Book, settings: PlanSettings, asked: tuple[Scenarios, Any, Any], **how: Any) -> Plan:
    from absalloc.desk.reported import Plan
    from absalloc.plan.make import in_scope, make_plan

    ready = prepare(book, extra=(SCREEN,), **how)
    state = in_scope(ready.state)
    single, sets = split_sets(asked[0])
    shocks = row_scenarios([state], single)
    tail = tail_rule(state, asked[2], sets)
    settings = replace(settings, worst_loss=worst_loss_of(asked[1], shocks), tail=tail)
    # Where no scenario stands beside the rules, the explain stage finds all conflicts, with repairs.
    by_rules = not shocks and tail is None
    answer = make_plan(state, settings, shocks, conflict=not by_rules)
    # The same plan without the scenarios: what keeping them costs is the difference.
    more = not by_rules and answer.faces is not None
    alone = make_plan(state, replace(settings, worst_loss=None, tail=None)) if more else None
    notes = (*ready.notes, *scenario_notes([state], shocks))
    return Plan(answer, notes, settings, alone, state if by_rules else None)


def turnover_cap(mandate: LoadedMandate, wanted: Fraction | float | str | None) -> Fraction | None:
    """Return the most that is traded, a share of NAV: what is wanted, else the mandate's. Raises BadInput."""
    if wanted is None:
        cap = mandate.trading.max_turnover
        return None if cap is None else Fraction(cap.value)
    if isinstance(wanted, str):
        from absalloc.units import ratio

        return ratio(wanted).value
    return exact(float(wanted)) if isinstance(wanted, float) else Fraction(wanted)
