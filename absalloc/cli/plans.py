"""``absalloc optimise`` and ``absalloc rebalance``: the best portfolio, and the trades to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files, book_before
from absalloc.cli.shell import Shell
from absalloc.cli.writing import print_pdf, ready
from absalloc.errors import BadInput

if TYPE_CHECKING:
    from absalloc.plan.result import Plan

MOST_ROWS = 25
"""Rows of holdings and trades on a terminal; files and JSON have them all."""


@dataclass(frozen=True)
class Ask:
    """What both commands are asked for, as written on the command line."""

    files: Files
    overrides: dict[str, str] = field(default_factory=dict)
    solver: str = "highs"
    time_limit: float | None = None
    out: str | None = None
    only_verified: bool = False
    scenarios: tuple[str, ...] = ()
    worst_loss: str | None = None
    cvar: str | None = None
    full: bool = False
    pdf: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Change:
    """The book that is rebalanced, as written on the command line."""

    holdings: str
    before: str | None = None
    earlier: tuple[str | None, str | None] = (None, None)
    max_turnover: str | None = None
    cure: bool = False


def run_optimise(shell: Shell, ask: Ask, mandate_path: str, holdings: str | None) -> int:
    """Find the best compliant portfolio and print it; 0 where it is proven and keeps every hard rule, else 1."""
    from absalloc.desk import optimise
    from absalloc.mandate import load_mandate

    if ask.alone:
        raise BadInput("cli.needs_option", value="--alone", expected="MANDATE MANDATE")
    mandate = load_mandate(mandate_path)
    _ready(ask)
    with shell.step("step_solve"):
        universe = ask.files.load(mandate)
        plan = optimise(universe, mandate, holdings, **_how(ask))
        document = plan.to_json(shell.lang)
    return finish(shell, ask, plan, document, _deeper(shell, ask, plan, (universe, mandate, holdings)))


def run_rebalance(shell: Shell, ask: Ask, mandate_path: str, change: Change) -> int:
    """Find the trades from a book to the best one and print them; 0 where it is proven and complies, else 1."""
    from absalloc.desk import rebalance
    from absalloc.mandate import load_mandate
    from absalloc.units import ratio
    from absalloc.where import Where

    if change.max_turnover is not None:
        ratio(change.max_turnover, Where("--max-turnover"))
    mandate = load_mandate(mandate_path)
    _ready(ask)
    with shell.step("step_solve"):
        universe = ask.files.load(mandate)
        before = book_before(universe, mandate, change.before, change.earlier)
        plan = rebalance(
            universe, mandate, change.holdings, before=before, max_turnover=change.max_turnover, cure=change.cure,
            **_how(ask),
        )  # fmt: skip
        document = plan.to_json(shell.lang)
    return finish(shell, ask, plan, document)


def _how(ask: Ask) -> dict[str, Any]:
    return {
        "as_of": ask.files.day,
        "overrides": ask.overrides,
        "only_verified": ask.only_verified,
        "solver": str(ask.solver),
        "time_limit": ask.time_limit,
        "scenarios": ask.scenarios,
        "worst_loss": ask.worst_loss,
        "cvar": ask.cvar,
    }


def _ready(ask: Ask) -> None:
    """Refuse unknown scenarios and a folder that cannot be written before any time is spent."""
    if ask.scenarios:
        from absalloc.desk.scenarios import found_scenarios, split_sets

        found_scenarios(split_sets(ask.scenarios)[0])
    if ask.full and ask.out is None:
        raise BadInput("cli.needs_option", value="--full", expected="--out")
    # Prices and sectors are those of the mandate's own rules: beside another set of rules they would mislead.
    others = {"--only-verified": ask.only_verified, "--scenario": ask.scenarios}
    clash = next((name for name, given in others.items() if given), None)
    if ask.full and clash is not None:
        raise BadInput("cli.full_alone", value="--full", expected=clash)
    from absalloc.report.folder import PLAN_FILES

    ready(ask.out, ask.pdf, PLAN_FILES)


def _deeper(shell: Shell, ask: Ask, plan: Plan, asked: tuple[Any, Any, Any]) -> dict[str, Any] | None:
    """Return the further parts of a full report, where one is asked for."""
    if not ask.full:
        return None
    from absalloc.desk.deeper import deepen

    universe, mandate, holdings = asked
    with shell.step("step_deeper"):
        return deepen(
            plan, universe, mandate, holdings, lang=shell.lang, as_of=ask.files.day, overrides=ask.overrides
        )  # fmt: skip


def finish(shell: Shell, ask: Ask, plan: Plan, document: dict[str, Any], deeper: dict[str, Any] | None = None) -> int:
    """Write and print a plan; return its exit code."""
    if ask.out is not None:
        from absalloc.report.folder import write_plan_folder

        with shell.step("step_write"):
            write_plan_folder(plan, document, ask.out, shell.lang, deeper)
    print_pdf(shell, ask.out, ask.pdf)
    shell.document(document)
    show_plan(shell, document)
    return exit_code(document)


def exit_code(document: dict[str, Any]) -> int:
    """Return 0 where a plan is proven and keeps every hard rule, else 1."""
    return 0 if document["status"] == "optimal" and document["compliant"] else 1


def show_plan(shell: Shell, document: dict[str, Any]) -> None:
    """Print a plan for people: holdings, trades, rules, assumptions, and the answer last."""
    if shell.as_json:
        return
    from rich.text import Text

    from absalloc.cli.explain_tables import show_set
    from absalloc.cli.tables import failing, rule_table, said_once
    from absalloc.report.answer import plan_answer

    lang = shell.lang
    if not shell.quiet:
        _tables(shell, document)
        shell.show("", rule_table(document["findings"], lang, width=shell.console().width))
        details = failing(document["findings"], lang)
        if details:
            shell.show("", *details)
        for item in document["conflict"]:
            shell.show("", Text(shell.text("conflict"), style="bold"))
            show_set(shell, item)
        if document["scenarios"] is not None:
            if document["scenarios"]["results"]:
                _scenarios(shell, document["scenarios"])
            if document["scenarios"]["tail"] is not None:
                _tail(shell, document["scenarios"]["tail"])
        said_once(shell, shell.text("not_applied"), [f"{r['rule']}: {r['reason']}" for r in document["not_applied"]])
        said_once(shell, shell.text("assumptions"), document["assumptions"])
        shell.show("")
    style = "bold green" if exit_code(document) == 0 else "bold red" if document["objective"] is None else "bold yellow"
    shell.answer(Text(plan_answer(document, lang), style=style))


def _scenarios(shell: Shell, found: dict[str, Any]) -> None:
    """Print what each scenario does to the plan, and what keeping them costs."""
    from rich.text import Text

    from absalloc.cli.tables import simple_table, verdict
    from absalloc.report.words import shown, yuan_in_full

    words = {True: "pass", False: "fail", None: "unknown"}
    rows = [
        (
            item["name"], verdict(words[item["compliant"]], shell.lang), yuan_in_full(item["gain"]),
            yuan_in_full(item["total_return"]), shown(item["return_on_nav"], "ratio", shell.lang),
            yuan_in_full(item["nav_after"]), yuan_in_full(item["unpaid"]),
        )
        for item in found["results"]
    ]  # fmt: skip
    heads = ("scenario", "rules_hold", "gain", "to_horizon", "of_nav", "nav_after", "unpaid")
    table = simple_table([shell.text(f"head_{name}") for name in heads], rows, (2, 3, 4, 5, 6))
    shell.show("", Text(shell.text("title_scenarios"), style="bold"), table)
    for item in found["results"]:
        if item["unknown_lines"]:
            shell.show(Text(shell.text("scenario_unknown", scenario=item["name"], n=len(item["unknown_lines"]))))


def _tail(shell: Shell, found: dict[str, Any]) -> None:
    """Print the worst draws of the plan against their cap."""
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import shown, yuan_in_full

    row = (
        found["set"], str(found["draws"]), shown(found["level"], "ratio", shell.lang), yuan_in_full(found["var"]),
        yuan_in_full(found["cvar"]), shown(found["cvar_on_nav"], "ratio", shell.lang),
        shown(found["limit"], "ratio", shell.lang), yuan_in_full(found["worst"]),
    )  # fmt: skip
    heads = [shell.text(f"head_{n}") for n in ("set", "draws", "tail_level", "var", "cvar", "of_nav", "limit", "worst")]
    shell.show("", Text(shell.text("title_tail"), style="bold"), simple_table(heads, [row], (1, 2, 3, 4, 5, 6, 7)))
    if found["unknown_lines"]:
        shell.show(Text(shell.text("scenario_unknown", scenario=found["set"], n=len(found["unknown_lines"]))))


def _tables(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import name, shown, yuan_in_full

    lang = shell.lang
    lines = [
        (
            line["tranche_id"], line["name"] or "–", name("product", line["product"], lang),
            name("sector", line["sector"], lang), line["rating"] or "–", yuan_in_full(line["face"]),
            yuan_in_full(line["market_value"]), shown(line["weight"], "ratio", lang),
            shown(line["carry_rate"], "ratio", lang), name("yield_source", line["yield_source"], lang),
        )
        for line in document["holdings"]
    ]  # fmt: skip
    heads = ("code", "name", "product", "sector", "rating", "face", "market_value", "weight", "carry", "source")
    trades = [
        (
            t["tranche_id"],
            name("side", t["side"], lang),
            *(yuan_in_full(t[k]) for k in ("face", "market_value", "cost")),
        )
        for t in document["trades"]
    ]
    parts: list[tuple[str, tuple[str, ...], list[Any], tuple[int, ...]]] = [
        ("holdings", heads, lines, (5, 6, 7, 8)),
        ("trades", ("code", "side", "face", "market_value", "cost"), trades, (2, 3, 4)),
    ]
    for title, columns, rows, right in parts:
        if rows:
            shell.show("", Text(shell.text(f"title_{title}", n=len(rows)), style="bold"))
            shell.show(simple_table([shell.text(f"head_{c}") for c in columns], rows[:MOST_ROWS], right))
            if len(rows) > MOST_ROWS:
                shell.show(Text(shell.text("more_rows", n=len(rows) - MOST_ROWS), style="dim"))
