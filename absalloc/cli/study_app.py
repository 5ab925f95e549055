"""``absalloc stress`` and ``absalloc compare``: their names, options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli.options import (
    AsOf,
    HoldingsFile,
    Json,
    Lang,
    Language,
    MandateFile,
    MappingFile,
    Quiet,
    Set,
    Solver,
    SolverName,
    Strict,
    TimeLimit,
    UniverseFiles,
)
from absalloc.cli.shell import Shell

_STRESS = """A book under stress: value, return in parts, lives, and the rules that break.

Exits 1 where a hard rule fails, or is unknown, in any of the scenarios.

Example: absalloc stress fund.yaml holdings.csv -u tranches.csv --scenario yongmei-2020"""
_COMPARE = """Urban-investment, credit and enterprise ABS like for like, and the mix, from an empty book.

Break-even yields cost about eight more plans a sector and are left out unless --break-even is given.

Example: absalloc compare fund.yaml bank.yaml -u tranches.csv"""


def add_studies(app: typer.Typer) -> None:
    """Register both commands."""
    app.command("stress", help=_STRESS)(_stress)
    app.command("compare", help=_COMPARE)(_compare)


def _stress(
    mandate: MandateFile,
    holdings: HoldingsFile,
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="A shipped scenario, or a .yaml file. Repeatable."),
    ] = None,
    forward_months: Annotated[
        int | None,
        typer.Option("--forward", metavar="MONTHS", min=0, max=600, help="Run-off followed; default: the horizon."),
    ] = None,
    changes: Set = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Put a book under stress."""
    from absalloc.cli.asked import StressAsk
    from absalloc.cli.inputs import files, overrides
    from absalloc.cli.stresses import run_stress

    read = files(universe, mapping, as_of, strict)
    ask = StressAsk(read, tuple(scenario or ()), overrides(changes), forward_months)
    return run_stress(Shell(as_json, lang, quiet), ask, mandate, holdings)


def _compare(
    mandates: Annotated[
        list[str], typer.Argument(metavar="MANDATE...", help="Mandate file (YAML).", show_default=False)
    ],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            "--scenario", metavar="[SECTOR=]NAME", help="What stresses a sector, or all three. Repeatable by sector."
        ),
    ] = None,
    break_even: Annotated[bool, typer.Option("--break-even", help="Break-even yields too; takes longer.")] = False,
    solver: SolverName = Solver.highs,
    changes: Set = None,
    time_limit: TimeLimit = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Compare the sectors."""
    from absalloc.cli.compares import CompareAsk, run_compare
    from absalloc.cli.inputs import files, overrides

    read = files(universe, mapping, as_of, strict)
    ask = CompareAsk(read, tuple(scenario or ()), overrides(changes), break_even, solver, time_limit)
    return run_compare(Shell(as_json, lang, quiet), ask, mandates)
