"""The commands: their names, options and help. What they do is in the modules beside this one, imported when run."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli import completion
from absalloc.cli.explain_app import explain
from absalloc.cli.options import (
    AsOf,
    Before,
    BeforeMandate,
    BeforeUniverse,
    CurvesFile,
    Cvar,
    HoldingsFile,
    Json,
    Lang,
    Language,
    MandateFile,
    MappingFile,
    OnlyVerified,
    OpeningDay,
    OpeningFile,
    Out,
    Pdf,
    Quiet,
    Scenarios,
    Set,
    Solver,
    SolverName,
    Strict,
    TimeLimit,
    TradesFile,
    UniverseFiles,
    WorstLoss,
)
from absalloc.cli.reserved import reserve
from absalloc.cli.rules_app import rules
from absalloc.cli.shell import Shell
from absalloc.cli.study_app import add_studies

app = typer.Typer(
    name="absalloc",
    help="Portfolio allocation under regulation for Chinese asset-backed securities. Start with: absalloc demo",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rules, name="rules")
app.add_typer(explain, name="explain")

_EXAMPLE = "\n\nExample: "


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
    install_completion: Annotated[
        completion.ShellName | None,
        typer.Option(help="Complete words in this shell from now on.", callback=completion.install, is_eager=True),
    ] = None,
    show_completion: Annotated[
        completion.ShellName | None,
        typer.Option(help="Print the script that does so.", callback=completion.show, is_eager=True),
    ] = None,
) -> None:
    if version:
        from absalloc import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(help="The main job on the shipped market, end to end." + _EXAMPLE + "absalloc demo --out demo")
def demo(
    out: Out = None,
    pdf: Pdf = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Run the main job on the shipped market."""
    from absalloc.cli.demo import run_demo

    return run_demo(Shell(as_json, lang, quiet), out, as_of, pdf=pdf)


@app.command(help="Is it readable, what is in it, what is missing." + _EXAMPLE + "absalloc universe tranches.csv")
def universe(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="CSV, XLSX or Parquet.", show_default=False)],
    mapping: MappingFile = None,
    rulebook: Annotated[
        list[str] | None, typer.Option("--rulebook", metavar="ID|FILE", help="Only for these rulebooks. Repeatable.")
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Look at universe files."""
    from absalloc.cli.inputs import files
    from absalloc.cli.universe import run_universe

    return run_universe(Shell(as_json, lang, quiet), files(paths, mapping, as_of, strict), rulebook)


def _optimise(
    mandates: Annotated[
        list[str], typer.Argument(metavar="MANDATE...", help="Mandate file (YAML).", show_default=False)
    ],
    holdings: Annotated[str | None, typer.Option("--holdings", metavar="FILE", help="What is held now.")] = None,
    solver: SolverName = Solver.highs,
    changes: Set = None,
    only_verified: OnlyVerified = False,
    out: Out = None,
    pdf: Pdf = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="With --out: price of each rule, scenarios and the three sectors in the report; takes longer.",
        ),
    ] = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="With several mandates: also plan each by itself, to compare.")
    ] = False,
    time_limit: TimeLimit = None,
    scenario: Scenarios = None,
    worst_loss: WorstLoss = None,
    cvar: Cvar = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Find the best compliant portfolio; of several mandates, the best together."""
    from absalloc.cli.inputs import files, overrides
    from absalloc.cli.plans import Ask, run_optimise

    read = files(universe, mapping, as_of, strict)
    ask = Ask(
        read, overrides(changes), solver, time_limit, out, only_verified, tuple(scenario or ()), worst_loss, cvar, full,
        pdf, alone,
    )  # fmt: skip
    shell = Shell(as_json, lang, quiet)
    if len(mandates) > 1:
        from absalloc.cli.joint import run_joint

        return run_joint(shell, ask, mandates, holdings)
    return run_optimise(shell, ask, mandates[0], holdings)


_OPTIMISE = (
    "The best compliant portfolio; of several mandates, the best together: one supply, rules over all of them."
    + _EXAMPLE
    + "absalloc optimise fund.yaml -u tranches.csv -o plan"
)
app.command("optimise", help=_OPTIMISE)(_optimise)
app.command("optimize", help="The same as optimise.", hidden=True)(_optimise)


@app.command(
    help="Does this book comply, rule by rule." + _EXAMPLE + "absalloc check fund.yaml holdings.csv -u tranches.csv"
)
def check(
    mandate: MandateFile,
    holdings: HoldingsFile,
    others: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MANDATE=HOLDINGS", help="A further book that shared rules see. Repeatable."),
    ] = None,
    before: Before = None,
    before_universe: BeforeUniverse = None,
    before_mandate: BeforeMandate = None,
    trades: Annotated[str | None, typer.Option("--trades", metavar="FILE", help="Trades that led to the book.")] = None,
    readings: Annotated[
        str | None, typer.Option("--readings", metavar="all", help="all: under every reading of disputed words, too.")
    ] = None,
    moves: Annotated[
        str | None, typer.Option("--moves", metavar="all", help="all: what moved every ratio, not only breached ones.")
    ] = None,
    only_verified: OnlyVerified = False,
    changes: Set = None,
    out: Out = None,
    pdf: Pdf = False,
    scenario: Scenarios = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Check a book against its rules."""
    from absalloc.cli.checks import CheckAsk, run_check
    from absalloc.cli.inputs import files, overrides

    ask = CheckAsk(
        files=files(universe, mapping, as_of, strict), overrides=overrides(changes), others=tuple(others or ()),
        before=before, earlier=(before_universe, before_mandate), trades=trades, readings=readings,
        moves=moves, only_verified=only_verified, out=out, pdf=pdf, scenarios=tuple(scenario or ()),
    )  # fmt: skip
    return run_check(Shell(as_json, lang, quiet), ask, mandate, holdings)


@app.command(
    help="The trades to the best portfolio." + _EXAMPLE + "absalloc rebalance fund.yaml holdings.csv -u tranches.csv"
)
def rebalance(
    mandate: MandateFile,
    holdings: HoldingsFile,
    before: Before = None,
    before_universe: BeforeUniverse = None,
    before_mandate: BeforeMandate = None,
    max_turnover: Annotated[
        str | None, typer.Option("--max-turnover", metavar="10%", help="Most that is traded, a share of NAV.")
    ] = None,
    cure: Annotated[bool, typer.Option("--cure", help="Cure passive breaches too, with the least trades.")] = False,
    solver: SolverName = Solver.highs,
    changes: Set = None,
    only_verified: OnlyVerified = False,
    out: Out = None,
    pdf: Pdf = False,
    time_limit: TimeLimit = None,
    scenario: Scenarios = None,
    worst_loss: WorstLoss = None,
    cvar: Cvar = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Find the trades from a book to the best portfolio."""
    from absalloc.cli.inputs import files, overrides
    from absalloc.cli.plans import Ask, Change, run_rebalance

    read = files(universe, mapping, as_of, strict)
    ask = Ask(
        read, overrides(changes), solver, time_limit, out, only_verified, tuple(scenario or ()), worst_loss, cvar,
        pdf=pdf,
    )  # fmt: skip
    change = Change(holdings, before, (before_universe, before_mandate), max_turnover, cure)
    return run_rebalance(Shell(as_json, lang, quiet), ask, mandate, change)


@app.command(help="Market statistics, as reviews print them." + _EXAMPLE + "absalloc market tranches.csv")
def market(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="CSV, XLSX or Parquet.", show_default=False)],
    curves: CurvesFile = None,
    trades: TradesFile = None,
    opening: OpeningFile = None,
    opening_as_of: OpeningDay = None,
    out: Out = None,
    mapping: MappingFile = None,
    strict: Strict = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Print market statistics."""
    from absalloc.cli.inputs import files
    from absalloc.cli.market import MarketAsk, run_market

    ask = MarketAsk(files(paths, mapping, as_of, strict), curves, trades, (opening, opening_as_of), out)
    return run_market(Shell(as_json, lang, quiet), ask)


@app.command(help="Is this answer what it claims to be." + _EXAMPLE + "absalloc verify plan/certificate.json")
def verify(
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="certificate.json", show_default=False)],
    as_json: Json = False,
    lang: Language = Lang.en,
    quiet: Quiet = False,
) -> int:
    """Verify a certificate."""
    from absalloc.cli.verify import run_verify

    return run_verify(Shell(as_json, lang, quiet), certificate)


@app.command(help="The page and the REST API, on this machine." + _EXAMPLE + "absalloc serve --port 8050")
def serve(
    mandates: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MANDATE...]", help="Mandates in place of the shipped books.", show_default=False),
    ] = None,
    universe: UniverseFiles = None,
    mapping: MappingFile = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8050,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but this machine's own needs ABSALLOC_TOKEN.")
    ] = "127.0.0.1",
    lang: Language = Lang.en,
    quiet: Quiet = False,
) -> int:
    """Serve the page and the REST API."""
    from absalloc.cli.serve import Own, run_serve

    own = Own(tuple(mandates or ()), tuple(universe or ()), mapping) if mandates or universe else None
    return run_serve(Shell(False, lang, quiet), host, port, own)


add_studies(app)
reserve(app)

COMMANDS = (
    *sorted(str(c.name or c.callback.__name__) for c in app.registered_commands if c.callback),
    "explain",
    "rules",
)
"""Every command there is, reserved ones included."""
