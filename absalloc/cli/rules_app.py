"""``absalloc rules``: the rule book itself."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli.options import (
    AsOf,
    Json,
    Lang,
    Language,
    MappingFile,
    OnlyVerified,
    Quiet,
    Set,
    Strict,
    TimeLimit,
    UniverseFiles,
)
from absalloc.cli.shell import Shell

rules = typer.Typer(
    help="The rule book: list, show, test, diff, lint, new.\n\nExample: absalloc rules list", no_args_is_help=False
)

Book = Annotated[
    list[str] | None, typer.Option("--rulebook", metavar="ID|FILE", help="Only these rulebooks. Repeatable.")
]


@rules.command("list", help="Every rule, with its article.\n\nExample: absalloc rules list --rulebook house")
def list_(
    rulebook: Book = None,
    only_verified: OnlyVerified = False,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """List rules."""
    from absalloc.cli.inputs import parse_day
    from absalloc.cli.rules import run_list

    return run_list(Shell(as_json, lang, quiet), rulebook, parse_day(as_of), only_verified=only_verified)


@rules.command(help="One rule in words, with its article.\n\nExample: absalloc rules show house/tranche-of-nav-1pct")
def show(
    rule: Annotated[str, typer.Argument(metavar="ID", help="RULEBOOK/RULE, or RULE.", show_default=False)],
    rulebook: Book = None,
    as_json: Json = False,
    lang: Language = Lang.en,
    quiet: Quiet = False,
) -> int:
    """Show one rule."""
    from absalloc.cli.rules import run_show

    return run_show(Shell(as_json, lang, quiet), rule, rulebook)


@rules.command("test", help="Run the worked cases beside a rulebook.\n\nExample: absalloc rules test my-house.yaml")
def cases(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A rulebook or case file, or the id of a shipped one.")
    ] = None,
    as_json: Json = False,
    lang: Language = Lang.en,
    quiet: Quiet = False,
) -> int:
    """Run worked cases."""
    from absalloc.cli.rules import run_test

    return run_test(Shell(as_json, lang, quiet), file)


_DIFF = """What two days of the rule book mean: as written, and with a mandate for its book and its best plan.

Exit code 0 where that was answered, also where a hard rule newly fails: 'absalloc check' is the question whether a
book complies. 1 where a search for the best plan was stopped.

Example: absalloc rules diff --from 2023-12-31 --to 2024-01-01 --mandate bank.yaml --holdings h.csv -u tranches.csv"""


@rules.command("diff", help=_DIFF)
def diff(
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="The earlier day.", show_default=False)],
    second: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="The later day.", show_default=False)],
    rulebook: Book = None,
    mandate: Annotated[
        str | None, typer.Option("--mandate", metavar="FILE", help="For this mandate: its rules, its best plan.")
    ] = None,
    holdings: Annotated[
        str | None, typer.Option("--holdings", metavar="FILE", help="What it holds: verdicts and risk weights.")
    ] = None,
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
    """Compare two days."""
    from absalloc.cli.inputs import files, overrides
    from absalloc.cli.rules_diff import DiffAsk, run_diff

    ask = DiffAsk(
        first, second, files(universe, mapping, as_of, strict), tuple(rulebook or ()), mandate, holdings,
        overrides(changes), time_limit,
    )  # fmt: skip
    return run_diff(Shell(as_json, lang, quiet), ask)


_LINT = """What the rules say about each other, proven with the solver for any portfolio.

Two rules that conflict, a rulebook that leaves only cash, a rule that others keep already or that selects nothing.
Rulebooks one by one (all that ship by default), or with a mandate its own together.
Exit code 1 where a finding is likely a mistake, 0 else.

Example: absalloc rules lint my-house.yaml"""


@rules.command("lint", help=_LINT)
def lint(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|FILE...]", help="Rulebooks, each by itself.", show_default=False)
    ] = None,
    mandate: Annotated[
        str | None, typer.Option("--mandate", metavar="FILE", help="The rules that bind this mandate, together.")
    ] = None,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """Examine the rules."""
    from absalloc.cli.rules_lint import run_lint

    return run_lint(Shell(as_json, lang, quiet), files or (), mandate, as_of)


_NEW = "A rulebook of your own to start from, with worked cases.\n\nExample: absalloc rules new my-house"


@rules.command("new", help=_NEW)
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lower-case letters, digits, hyphens.", show_default=False)
    ],
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="Where the files go.")] = ".",
    as_json: Json = False,
    lang: Language = Lang.en,
    quiet: Quiet = False,
) -> int:
    """Write a rulebook to start from."""
    from absalloc.cli.rules import run_new

    return run_new(Shell(as_json, lang, quiet), name, out)
