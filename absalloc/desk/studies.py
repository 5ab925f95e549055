"""The questions a desk asks about a book and a choice: stress, compare, and what explanations start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.desk.ask import turnover_cap
from absalloc.desk.book import SCREEN, Book, Prepared, prepare
from absalloc.desk.scenarios import curves_of, found_scenarios, known_scenarios
from absalloc.desk.studied import Compared, StressedBook
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.rows import BookState
from absalloc.rulebook.active import Override
from absalloc.terms import SECTORS
from absalloc.universe import Universe

if TYPE_CHECKING:
    from absalloc.desk.run_notes import Asked
    from absalloc.plan.make import PlanSettings
    from absalloc.stress import Scenario
    from absalloc.study.stress import BookStress


def stress_test(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    forward_months: int | None = None,
    others: Sequence[Book] = (),
    break_even: bool = False,
    step: Callable[[str], Any] = lambda done: None,
) -> StressedBook:
    """Return a book under each of ``scenarios``: value, return in parts, lives, and the rules that break.

    Not called ``stress``: as a public name that would be the stage ``absalloc.stress`` once anything imports it.

    A scenario is a shipped name, the path of a file, or a ``Scenario``. ``forward_months``: how far the run-off is
    followed, by default each scenario's horizon. The curves are the mandate's. ``others``: further books, stressed
    beside it; rules over several books see them all. ``break_even``: how far spreads, prepayment and defaults may go,
    of each book. ``step`` is called with a name after each piece of work.
    Raises BadInput for no scenario, one that is not known (with the nearest), and as ``check`` does.
    """
    known = found_scenarios(scenarios)
    if not known:
        raise BadInput("desk.no_scenario", expected=known_scenarios())
    ready = prepare(Book(universe, mandate, holdings), as_of=as_of, overrides=overrides)
    rest = [prepare(other, as_of=ready.state.as_of) for other in others]
    return stressed([ready, *rest], known, forward_months=forward_months, break_even=break_even, step=step)


def stressed(
    ready: Sequence[Prepared],
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    *,
    forward_months: int | None = None,
    break_even: bool = False,
    step: Callable[[str], Any] = lambda done: None,
) -> StressedBook:
    """Return books that are made ready under each of ``scenarios``, the first as the one asked about."""
    from absalloc.study.drivers import break_evens
    from absalloc.study.stress import stress_books

    states = [item.state for item in ready]
    curves = curves_of(states[0])
    found: list[BookStress] = []
    for item in found_scenarios(scenarios):
        found += stress_books(states, item, curves=curves, forward_months=forward_months)
        step(item.name)
    evens = {}
    for state in states if break_even else ():
        evens[state.name] = break_evens(state, curves=curves, step=lambda: step(""))
    notes = tuple(dict.fromkeys(note for item in ready for note in item.notes))
    return StressedBook(tuple(found), notes, _inputs(states[0].universe, states[0]), evens)


def compare(
    universe: Universe,
    mandates: LoadedMandate | Sequence[LoadedMandate],
    scenarios: Mapping[str, Any] | Sequence[Any] | str = (),
    *,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    severity: float = 1.0,
    break_even: bool = False,
    curve: bool = False,
    solver: str = "highs",
    time_limit: float | None = None,
    step: Callable[[str], Any] = lambda done: None,
) -> Compared:
    """Return urban-investment, credit and enterprise ABS like for like in each mandate, from an empty book.

    ``scenarios``: what stresses the sectors: one scenario for all three, or ``{sector: scenario}`` (as texts
    ``sector=scenario``) for some; the others keep ``absalloc.study.severity.sector_driver``. ``severity`` multiplies
    every driver, 1 as recorded. ``break_even`` costs about eight more plans a sector; ``curve`` (carry against
    stressed loss) about four, and four for the mix. ``step`` is called after each plan.
    Raises BadInput for unknown sectors and scenarios, for two scenarios of one sector, for a severity outside 0.1
    to 5, and as ``optimise`` does.
    """
    read = [mandates] if isinstance(mandates, LoadedMandate) else list(mandates)
    drivers = sector_drivers(scenarios)
    how: dict[str, Any] = {"as_of": as_of, "overrides": overrides, "solver": solver, "time_limit": time_limit}
    cases = (planning(Book(universe, mandate), **how) for mandate in read)
    return compare_cases(cases, drivers, severity=severity, break_even=break_even, curve=curve, step=step)


def compare_cases(
    cases: Iterable[Case],
    drivers: Mapping[str, Scenario],
    *,
    severity: float = 1.0,
    break_even: bool = False,
    curve: bool = False,
    step: Callable[[str], Any] = lambda done: None,
) -> Compared:
    """Return the sectors like for like in books that are made ready, each from nothing held; as ``compare``."""
    from absalloc.study.compare import compare as compare_states

    parts = []
    for case in cases:
        state = replace(case.state, held={}, before=None, book_value={}, breach_since={})
        found = compare_states(
            [state], drivers, severity=severity, curves=curves_of(state), settings=case.settings,
            break_even=break_even, curve=curve, step=step,
        )  # fmt: skip
        parts.append((found[0], case.notes, case.inputs))
    return Compared(tuple(parts), break_even)


@dataclass(frozen=True)
class Case:
    """A book as ``optimise`` sees it: what the functions of ``absalloc.explain`` take, and what was assumed."""

    state: BookState = field(repr=False)
    settings: PlanSettings
    notes: tuple[Any, ...]
    inputs: dict[str, str]


def planning(
    book: Book,
    *,
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
    solver: str = "highs",
    time_limit: float | None = None,
    max_turnover: Fraction | float | str | None = None,
    before: Book | None = None,
) -> Case:
    """Return a book with the rules and settings that ``optimise`` and ``rebalance`` plan it with.

    ``before``: what it held before, as for ``rebalance``. Raises BadInput as ``prepare`` does.
    """
    from absalloc.plan.make import PlanSettings

    cap = turnover_cap(book.mandate, max_turnover)
    settings = PlanSettings(backend=solver, max_turnover=cap, time_limit=time_limit)
    ready: Prepared = prepare(book, extra=(SCREEN,), as_of=as_of, overrides=overrides, before=before)
    return Case(ready.state, settings, ready.notes, _inputs(book.universe, ready.state))


def case_of(asked: Asked) -> Case:
    """Return a what-if's book under changes as a case of its own."""
    return Case(asked.state, asked.settings, asked.notes, _inputs(asked.state.universe, asked.state))


def sector_drivers(scenarios: Mapping[str, Any] | Sequence[Any] | str) -> dict[str, Scenario]:
    """Return sector -> scenario of what ``compare`` takes. Raises BadInput for two scenarios of one sector."""
    if isinstance(scenarios, Mapping):
        pairs = [(str(sector), item) for sector, item in scenarios.items()]
    else:
        listed = [scenarios] if isinstance(scenarios, str) or hasattr(scenarios, "sha256") else list(scenarios)
        pairs = [pair for item in listed for pair in _pairs(item)]
    drivers: dict[str, Scenario] = {}
    for sector, item in pairs:
        if sector not in SECTORS:
            raise BadInput("study.sector_unknown", value=sector, expected=", ".join(SECTORS), choices=SECTORS)
        if sector in drivers:
            raise BadInput("desk.sector_twice", value=sector)
        drivers[sector] = found_scenarios(item)[0]
    return drivers


def _pairs(item: Any) -> list[tuple[str, Any]]:
    sector, equals, name = item.partition("=") if isinstance(item, str) else ("", "", "")
    return [(sector.strip(), name.strip())] if equals else [(every, item) for every in SECTORS]


def _inputs(universe: Universe, state: BookState) -> dict[str, str]:
    return {"universe_sha256": universe.sha256, "rulebook_sha256": state.rules.sha256}
