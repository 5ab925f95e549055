"""``absalloc explain``: the names, options and help of its questions."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli.options import (
    AsOf,
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

explain = typer.Typer(
    help="Why this plan: prices, conflict, headroom, menu, frontier, why.\n\n"
    "Example: absalloc explain prices fund.yaml -u tranches.csv",
    no_args_is_help=False,
)
_EXAMPLE = "\n\nExample: absalloc explain "

Held = Annotated[
    str | None, typer.Option("--holdings", metavar="FILE", help="What is held now; an empty book without it.")
]
RuleNames = Annotated[
    list[str] | None, typer.Option("--rule", metavar="RULE", help="Only these rules. Repeatable.", show_default=False)
]


@explain.command(
    help="What each rule costs: looser, tighter, gone; pairs that take over from each other." + _EXAMPLE
    + "prices fund.yaml -u abs.csv --breakpoints --attribution"
)  # fmt: skip
def prices(
    mandate: MandateFile, holdings: Held = None, rule: RuleNames = None,
    breakpoints: Annotated[
        bool, typer.Option("--breakpoints", help="Where each limit starts and stops to bind, too.")
    ] = False,
    attribution: Annotated[
        bool, typer.Option("--attribution", help="Share what the rules cost together out over their rulebooks, too.")
    ] = False,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="NAME=RULE,RULE", help="Share it out over these groups. Repeatable.",
                     show_default=False),
    ] = None,
    lp: Annotated[
        bool, typer.Option("--lp", help="Prices of the LP relaxation: no lots, tickets or whole names; at once.")
    ] = False,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Break points, pairs and attribution by plans with lots, tickets and names, too: "
                     "many solves. Without it they are of the LP relaxation."),
    ] = False,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Price the rules."""
    from absalloc.cli.explains import ExplainAsk, PricesAsk, run_prices
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    wanted = PricesAsk(rule, breakpoints, attribution, group, lp, exact)
    return run_prices(Shell(as_json, lang, quiet), ask, wanted)


@explain.command(help="Which rules cannot hold together, and ways out." + _EXAMPLE + "conflict fund.yaml -u abs.csv")
def conflict(
    mandate: MandateFile, holdings: Held = None,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Find conflicts."""
    from absalloc.cli.explains import ExplainAsk, run_conflict
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    return run_conflict(Shell(as_json, lang, quiet), ask)


@explain.command(
    help="How much of each line may still be bought, and what stops it." + _EXAMPLE + "headroom fund.yaml -u abs.csv"
)
def headroom(
    mandate: MandateFile, holdings: Held = None,
    line: Annotated[
        list[str] | None, typer.Option("--line", metavar="TRANCHE", help="Only these lines. Repeatable.")
    ] = None,
    rebalanced: Annotated[bool, typer.Option("--rebalanced", help="Everything else may be traded for it.")] = False,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Find headroom."""
    from absalloc.cli.explains import ExplainAsk, run_headroom
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    return run_headroom(Shell(as_json, lang, quiet), ask, line, rebalanced)


@explain.command(help="Portfolios nearly as good and quite different." + _EXAMPLE + "menu fund.yaml -u abs.csv")
def menu(
    mandate: MandateFile, holdings: Held = None,
    within: Annotated[str, typer.Option("--within", metavar="2bp", help="How much carry they may give up.")] = "2bp",
    count: Annotated[int, typer.Option("--count", min=1, max=20, help="How many, the best one included.")] = 3,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Offer near-best portfolios."""
    from absalloc.cli.explains import ExplainAsk, run_menu
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    return run_menu(Shell(as_json, lang, quiet), ask, within, count)


@explain.command(
    help="Carry against the limit of one rule or target, and where the rules that bind change." + _EXAMPLE
    + "frontier fund.yaml -u abs.csv --rule duration --sense max --from '1 year' --to '5 years'"
)  # fmt: skip
def frontier(
    mandate: MandateFile,
    rule: Annotated[
        str, typer.Option("--rule", metavar="RULE", help="The rule or target that is moved.", show_default=False)
    ],
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="10%", help="Only these limits, with their units. Repeatable.")
    ] = None,
    low: Annotated[
        str | None,
        typer.Option("--from", metavar="8%", help="Least limit; the tightest that leaves a portfolio without it."),
    ] = None,
    high: Annotated[
        str | None, typer.Option("--to", metavar="30%", help="Greatest limit; where it costs nothing without it.")
    ] = None,
    points: Annotated[
        int | None, typer.Option("--points", metavar="12", help="How many, evenly; the limit as written comes on top.")
    ] = None,
    lp: Annotated[
        bool, typer.Option("--lp", help="Points of the LP relaxation: no lots, tickets or whole names; at once.")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="CHART.svg", help="Draw the curve into this file, too.")
    ] = None,
    holdings: Held = None,
    sense: Annotated[
        str | None, typer.Option("--sense", metavar="max|min", help="Of a rule with both, the limit that is moved.")
    ] = None,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Trace a frontier."""
    from absalloc.cli.explain_frontier import Wanted, run_frontier
    from absalloc.cli.explains import ExplainAsk
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    return run_frontier(
        Shell(as_json, lang, quiet), ask, Wanted(rule, sense, tuple(at or ()), low, high, points, lp, out)
    )


@explain.command(
    help="Why one line is in the plan or not, and at which yield that turns." + _EXAMPLE
    + "why fund.yaml 2489123.IB -u abs.csv"
)  # fmt: skip
def why(
    mandate: MandateFile,
    tranche: Annotated[str, typer.Argument(metavar="TRANCHE", help="Code of the line.", show_default=False)],
    holdings: Held = None,
    solver: SolverName = Solver.highs, changes: Set = None, time_limit: TimeLimit = None,
    universe: UniverseFiles = None, mapping: MappingFile = None, strict: Strict = False,
    as_json: Json = False, lang: Language = Lang.en, as_of: AsOf = None, quiet: Quiet = False,
) -> int:  # fmt: skip
    """Explain one line."""
    from absalloc.cli.explains import ExplainAsk, run_why
    from absalloc.cli.inputs import files, overrides

    ask = ExplainAsk(
        files(universe, mapping, as_of, strict), mandate, holdings, overrides(changes), solver, time_limit
    )  # fmt: skip
    return run_why(Shell(as_json, lang, quiet), ask, tranche)
