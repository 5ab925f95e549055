"""``absalloc stress`` and ``absalloc compare``: their names, options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli.options import (
    AsOf,
    Json,
    Lang,
    Language,
    MappingFile,
    Out,
    Pdf,
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

Exits 1 where a hard rule fails, or is unknown, in any of the scenarios. --list shows the shipped scenarios.

Example: absalloc stress fund.yaml holdings.csv -u tranches.csv --scenario yongmei-2020 --scenario bear-2020 -o out"""
_COMPARE = """Urban-investment, credit and enterprise ABS like for like, and the mix, from an empty book.

Break-even yields cost about eight more plans a sector, the curve of carry against stressed loss four; both are left out
unless asked for. --severity 2 strikes every sector twice as hard.

Example: absalloc compare fund.yaml bank.yaml -u tranches.csv --curve -o out"""


def add_studies(app: typer.Typer) -> None:
    """Register both commands."""
    app.command("stress", help=_STRESS)(_stress)
    app.command("compare", help=_COMPARE)(_compare)


def _stress(
    mandate: Annotated[
        str | None, typer.Argument(metavar="MANDATE", help="Mandate file (YAML).", show_default=False)
    ] = None,
    holdings: Annotated[
        str | None, typer.Argument(metavar="HOLDINGS", help="Holdings (CSV, XLSX).", show_default=False)
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="NAME|FILE", help="A shipped scenario, or a .yaml file. Repeatable."),
    ] = None,
    forward_months: Annotated[
        int | None,
        typer.Option("--forward", metavar="MONTHS", min=0, max=600, help="Run-off followed; default: the horizon."),
    ] = None,
    others: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MANDATE=HOLDINGS", help="A further book, beside the first. Repeatable."),
    ] = None,
    break_even: Annotated[
        bool, typer.Option("--break-even", help="How far spreads, prepayment and defaults may go. Takes longer.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the shipped scenarios and how sure they are.")] = False,
    changes: Set = None,
    out: Out = None,
    pdf: Pdf = False,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Put a book under stress, or list the scenarios."""
    from absalloc.cli.asked import StressAsk
    from absalloc.cli.inputs import files, overrides
    from absalloc.cli.stresses import list_scenarios, run_stress
    from absalloc.errors import BadInput

    shell = Shell(as_json, lang, quiet)
    if listed:
        return list_scenarios(shell)
    if mandate is None or holdings is None:
        raise BadInput("cli.stress_needs", value="MANDATE" if mandate is None else "HOLDINGS", expected="--list")
    read = files(universe, mapping, as_of, strict)
    ask = StressAsk(
        read, tuple(scenario or ()), overrides(changes), forward_months, tuple(others or ()), break_even, out, pdf
    )  # fmt: skip
    return run_stress(shell, ask, mandate, holdings)


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
    severity: Annotated[
        float,
        typer.Option("--severity", metavar="TIMES", help="How hard every sector is struck, 0.1 to 5; 1 as recorded."),
    ] = 1.0,
    break_even: Annotated[bool, typer.Option("--break-even", help="Break-even yields too; takes longer.")] = False,
    curve: Annotated[bool, typer.Option("--curve", help="Carry against stressed loss too; takes longer.")] = False,
    solver: SolverName = Solver.highs,
    changes: Set = None,
    time_limit: TimeLimit = None,
    out: Out = None,
    pdf: Pdf = False,
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
    ask = CompareAsk(
        read, tuple(scenario or ()), overrides(changes), severity, break_even, curve, solver, time_limit, out, pdf
    )  # fmt: skip
    return run_compare(Shell(as_json, lang, quiet), ask, mandates)
