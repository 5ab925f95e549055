"""``absalloc rules``: the rule book itself."""

from __future__ import annotations

from typing import Annotated

import typer

from absalloc.cli.options import AsOf, Json, Lang, Language, Quiet
from absalloc.cli.reserved import reserve_rules
from absalloc.cli.shell import Shell

rules = typer.Typer(help="The rule book: list, show, test.\n\nExample: absalloc rules list", no_args_is_help=False)

Book = Annotated[
    list[str] | None, typer.Option("--rulebook", metavar="ID|FILE", help="Only these rulebooks. Repeatable.")
]


@rules.command("list", help="Every rule, with its article.\n\nExample: absalloc rules list --rulebook house")
def list_(
    rulebook: Book = None,
    as_json: Json = False,
    lang: Language = Lang.en,
    as_of: AsOf = None,
    quiet: Quiet = False,
) -> int:
    """List rules."""
    from absalloc.cli.inputs import parse_day
    from absalloc.cli.rules import run_list

    return run_list(Shell(as_json, lang, quiet), rulebook, parse_day(as_of))


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


reserve_rules(rules)
