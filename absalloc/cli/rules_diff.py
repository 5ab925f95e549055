"""``absalloc rules diff``: what two days of the rule book mean, as written and for one book."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files, parse_day
from absalloc.cli.shell import Shell, plain
from absalloc.errors import BadInput

if TYPE_CHECKING:
    from absalloc.desk.changed import RulesDiff


MOST_LINES = 12
"""Lines whose risk weight moves, on a terminal; JSON has them all."""


@dataclass(frozen=True)
class DiffAsk:
    """What is asked, as written on the command line."""

    first: str
    second: str
    files: Files
    rulebooks: tuple[str, ...] = ()
    mandate: str | None = None
    holdings: str | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    time_limit: float | None = None


def run_diff(shell: Shell, ask: DiffAsk) -> int:
    """Compare two days and print what changed; 0 where every question was answered, 1 where a search was stopped."""
    found = _compare(shell, ask)
    document = found.to_json(shell.lang)
    shell.document(document)
    if not shell.as_json:
        _show(shell, document)
    return 0 if found.answered else 1


def _compare(shell: Shell, ask: DiffAsk) -> RulesDiff:
    from absalloc.cli.rules import books_of
    from absalloc.desk import Book
    from absalloc.desk.changed import rules_diff
    from absalloc.mandate import load_mandate

    first, second = parse_day(ask.first, "--from"), parse_day(ask.second, "--to")
    assert first is not None
    assert second is not None
    if ask.mandate is None:
        for option, given in (("--holdings", ask.holdings), ("--universe", ask.files.paths), ("--set", ask.overrides)):
            if given:
                raise BadInput("cli.needs_option", value=option, expected="--mandate")
        return rules_diff(first, second, rulebooks=books_of(ask.rulebooks))
    if ask.rulebooks:
        raise BadInput("cli.mandate_has_books", value="--rulebook")
    mandate = load_mandate(ask.mandate)
    with shell.step("step_diff"):
        book = Book(ask.files.load(mandate), mandate, ask.holdings)
        return rules_diff(
            first, second, book=book, as_of=ask.files.day, overrides=ask.overrides, time_limit=ask.time_limit
        )


def _show(shell: Shell, document: Mapping[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import said_once

    if document["mandate"] is not None:
        words = {key: document[key] for key in ("from", "to", "mandate", "as_of")}
        head = shell.text(
            "diff_head", first=words["from"], second=words["to"], book=words["mandate"], day=words["as_of"]
        )
        shell.show(Text(plain(head), style="bold"))
    _show_changes(shell, document["changes"])
    if document["capital"] is not None:
        _show_capital(shell, document)
    if document["verdicts"] is not None:
        _show_verdicts(shell, document["verdicts"]["moved"])
    if document["optimum"] is not None:
        _show_optimum(shell, document["optimum"], (document["from"], document["to"]))
    said_once(shell, shell.text("assumptions"), document["assumptions"])
    shell.show("")
    shell.answer(plain(answer(shell, document)))


def _show_changes(shell: Shell, changes: Sequence[Mapping[str, Any]]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import article_sure, name

    if not changes:
        shell.show(shell.text("diff_no_changes"))
        return
    rows = []
    for item in changes:
        idle = item["binds"] is False or item["status"] == "draft"
        why = shell.text("diff_idle") if item["binds"] is False else ""
        rest = article_sure(item["source"], shell.lang)
        rows.append(
            (item["day"], Text(plain(said_of(item, shell.lang)), style="dim" if idle else ""),
             name("level", item["level"], shell.lang), rest, why)
        )  # fmt: skip
    heads = [shell.text(f"head_{key}") for key in ("from_day", "change", "level", "article")]
    shell.show(Text(shell.text("diff_changes", n=len(changes)), style="bold"))
    shell.show(simple_table([*heads, ""], rows))


def said_of(item: Mapping[str, Any], lang: str) -> str:
    """Return a change in words without its day, which has a column of its own."""
    return str(item["text"].removeprefix(item["day"]).lstrip(":： "))


def _show_capital(shell: Shell, document: Mapping[str, Any]) -> None:
    """Print the capital rules, what they make of the universe, and of the lines held by weight before and after."""
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.desk.changed import basis
    from absalloc.report.words import DASH, name, shown, yuan_in_full

    capital, weights, lang = document["capital"], document["weights"], shell.lang
    if capital["before"] == capital["after"] and not weights:
        return
    regimes = [name("regime", capital[side], lang) for side in ("before", "after")]
    shell.show("", Text(shell.text("diff_weights", before=regimes[0], after=regimes[1]), style="bold"))
    shell.show(shell.text("diff_market", **capital["lines"]))
    if not weights:
        return
    # What a line adds to or takes from the risk-weighted assets; unknown where one of the three is.
    known = [(item, _assets_moved(item)) for item in weights]
    ordered = sorted(known, key=lambda pair: -abs(pair[1] or math.inf))
    rows = [
        (
            item["tranche_id"], item["name"] or DASH, shown(item["market_value"], "yuan", lang),
            shown(item["before"], "ratio", lang), shown(item["after"], "ratio", lang),
            f"{basis(item['basis_before'], lang)} → {basis(item['basis_after'], lang)}", yuan_in_full(moved),
        )
        for item, moved in ordered[:MOST_LINES]
    ]  # fmt: skip
    heads = ("code", "name", "market_value", "before", "after", "basis", "moved_rwa")
    shell.show(simple_table([shell.text(f"head_{key}") for key in heads], rows, (2, 3, 4, 6)))
    if len(ordered) > MOST_LINES:
        shell.show(Text(shell.text("more_in_json", n=len(ordered) - MOST_LINES), style="dim"))
    open_ = sum(moved is None for _, moved in known)
    total = yuan_in_full(round(sum(moved or 0.0 for _, moved in known), 2))
    shell.show(shell.text("diff_rwa", n=len(known), total=total, open=open_))


def _assets_moved(item: Mapping[str, Any]) -> float | None:
    parts = (item["market_value"], item["before"], item["after"])
    return None if None in parts else round(parts[0] * (parts[2] - parts[1]), 2)


def _show_verdicts(shell: Shell, moved: Sequence[Mapping[str, Any]]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table

    shell.show("", Text(shell.text("diff_verdicts"), style="bold"))
    if not moved:
        shell.show(shell.text("diff_no_verdicts"))
        return
    heads = [shell.text(f"head_{key}") for key in ("rule", "group", "before", "after")]
    rows = [
        (
            Text(plain(item["title"]), style="bold" if item["flips"] else "") + Text(f"\n{item['rule']}", style="dim"),
            item["group"] or "–", _finding(shell, item, "before"), _finding(shell, item, "after"),
        )
        for item in moved
    ]  # fmt: skip
    shell.show(simple_table(heads, rows))


def _finding(shell: Shell, item: Mapping[str, Any], side: str) -> Any:
    from rich.text import Text

    from absalloc.cli.tables import verdict
    from absalloc.report.words import bound_sign, shown

    found, other = item[side], item["after" if side == "before" else "before"]
    if found is None:
        return Text(shell.text("diff_no_finding"), style="dim")
    unit, lang = item["unit"], shell.lang
    value = shown(found["value"], unit, lang, None if other is None else other["value"])
    return verdict(found["verdict"], lang) + Text(
        f"  {value} {bound_sign(dict(item))} {shown(found['limit'], unit, lang)}"
    )


def _show_optimum(shell: Shell, optimum: Mapping[str, Any], days: tuple[str, str]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import DASH, LISTED, name, shown, yuan_in_full

    lang = shell.lang
    rows = [
        (day, name("status", item["status"], lang), yuan_in_full(item["carry_yuan"]),
         shown(item["on_nav"], "ratio", lang), shown(item["carry_rate"], "ratio", lang),
         DASH if item["lines"] is None else str(item["lines"]),
         LISTED[lang].join(item["binding"]) or plain(item["reason"] or DASH))
        for day, item in zip(days, (optimum["before"], optimum["after"]), strict=True)
    ]  # fmt: skip
    heads = ("rules_of", "status", "carry_yuan", "on_nav", "carry", "lines", "binding")
    shell.show("", Text(shell.text("diff_optimum"), style="bold"))
    shell.show(simple_table([shell.text(f"head_{key}") for key in heads], rows, (2, 3, 4, 5)))


def answer(shell: Shell, document: Mapping[str, Any]) -> str:
    """Return what changed in one line: rules, verdicts, carry."""
    from absalloc.report.words import BETWEEN

    said = [shell.text("diff_answer", n=len(document["changes"]), first=document["from"], second=document["to"])]
    if document["verdicts"] is not None:
        moved = document["verdicts"]["moved"]
        flips = [item for item in moved if item["flips"]]
        fails = [i for i in flips if i["level"] == "hard" and i["after"] and i["after"]["verdict"] == "fail"]
        said.append(shell.text("diff_flips", n=len(flips), fails=len(fails), moved=len(moved)))
    if document["optimum"] is not None:
        said.append(_carry_said(shell, document["optimum"]))
    return BETWEEN[shell.lang].join(said)


def _carry_said(shell: Shell, optimum: Mapping[str, Any]) -> str:
    from absalloc.report.words import name, yuan_in_full

    change, sides = optimum["change"], (optimum["before"], optimum["after"])
    if change["carry_yuan"] is None:
        before, after = (name("status", item["status"], shell.lang) for item in sides)
        return shell.text("diff_no_carry", before=before, after=after)
    on_book = change["on_nav"] is not None
    share = change["on_nav"] if on_book else change["carry_rate"]
    before, after, moved = (yuan_in_full(v) for v in (*(s["carry_yuan"] for s in sides), change["carry_yuan"]))
    bp = "–" if share is None else f"{share * 1e4:+,.2f}"
    sign = "+" if change["carry_yuan"] > 0 else ""
    text = shell.text(
        "diff_carry" if on_book else "diff_carry_rate", before=before, after=after, moved=sign + moved, bp=bp
    )
    return text if all(side["proven"] for side in sides) else f"{text} {shell.text('diff_unproven')}"
