"""The options that commands share, written once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Lang(StrEnum):
    """The language of every text."""

    en = "en"
    zh = "zh"


class Solver(StrEnum):
    """What solves the program; all solve the same one."""

    highs = "highs"
    cvxpy = "cvxpy"
    pyomo = "pyomo"


_SPEECH, _INPUT = "How it answers", "What it reads"

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.", rich_help_panel=_SPEECH)]
Language = Annotated[Lang, typer.Option("--lang", help="Language of texts.", rich_help_panel=_SPEECH)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer.", rich_help_panel=_SPEECH)]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="Valuation day; beats the mandate's.", rich_help_panel=_INPUT),
]
UniverseFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--universe", "-u", metavar="FILE", help="Universe: CSV, XLSX or Parquet. Repeatable.", rich_help_panel=_INPUT
    ),
]
MappingFile = Annotated[
    str | None,
    typer.Option("--mapping", metavar="FILE", help="Header aliases, units, joins.", rich_help_panel=_INPUT),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="A row that cannot be read is an error.", rich_help_panel=_INPUT)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="RULE.limit=12%",
        help="Another limit for this run; target/NAME.max or .min of a target with both. Repeatable.",
    ),
]
Scenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        metavar="NAME|FILE",
        help="The rules must hold in this scenario as well. Repeatable. A Monte-Carlo set goes with --cvar.",
    ),
]
WorstLoss = Annotated[
    str | None,
    typer.Option("--worst-loss", metavar="3%", help="Most of NAV that any of the scenarios may lose to its horizon."),
]
Cvar = Annotated[
    str | None,
    typer.Option(
        "--cvar",
        metavar="95%:2%",
        help="The worst 5 % of the draws of a Monte-Carlo set lose at most 2 % of NAV on average.",
    ),
]
Out = Annotated[
    str | None, typer.Option("--out", "-o", metavar="DIR", help="Write report, tables and certificate here.")
]
Pdf = Annotated[bool, typer.Option("--pdf", help="With --out: the pages as PDF too. Needs the extra pdf.")]
OnlyVerified = Annotated[
    bool, typer.Option("--only-verified", help="Only rules whose text was seen; the others are left out, and named.")
]
SolverName = Annotated[Solver, typer.Option("--solver", help="What solves the program.")]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", min=0.001, help="Stop the search then; what is found is unproven."),
]
Before = Annotated[
    str | None, typer.Option("--before", metavar="HOLDINGS", help="The book as it was: tells active from passive.")
]
BeforeUniverse = Annotated[
    str | None, typer.Option("--before-universe", metavar="FILE", help="The universe of that day, where it differs.")
]
BeforeMandate = Annotated[
    str | None, typer.Option("--before-mandate", metavar="FILE", help="The mandate of that day, where it differs.")
]
MandateFile = Annotated[str, typer.Argument(metavar="MANDATE", help="Mandate file (YAML).", show_default=False)]
HoldingsFile = Annotated[
    str, typer.Argument(metavar="HOLDINGS", help="Holdings file (CSV or XLSX).", show_default=False)
]
CurvesFile = Annotated[
    str | None,
    typer.Option("--curves", metavar="FILE", help="Curves: spreads where the file has none."),
]
TradesFile = Annotated[
    str | None, typer.Option("--trades", metavar="FILE", help="Trades of the period: turnover; needs --opening.")
]
OpeningFile = Annotated[
    str | None, typer.Option("--opening", metavar="FILE", help="The universe at the start of the period.")
]
OpeningDay = Annotated[
    str | None, typer.Option("--opening-as-of", metavar="YYYY-MM-DD", help="Its day: turnover a year.")
]
