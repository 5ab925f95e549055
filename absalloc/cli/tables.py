"""Findings, holdings and trades as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from absalloc.cli.shell import Shell, plain
from absalloc.report.rules import RuleUse, by_rule, to_explain
from absalloc.report.words import DASH, article_sure, bound_sign, headroom_unit, name, say, shown, used

STYLES = {"pass": "green", "fail": "bold red", "unknown": "yellow"}
MARKS = {"pass": "✓", "fail": "✗", "unknown": "?"}
BAR = 12
NARROW = 120
LINES = 6
"""How many lines that count a failing finding names; JSON and report have them all."""


def bar(use: float | None, width: int = BAR) -> Text:
    """Return a bar of use and its per cent; full at the limit and marked beyond it."""
    if use is None:
        return Text(DASH)
    filled = min(width, math.floor(min(use, 1.0) * width + 1e-9))
    over = use > 1
    style = "red" if over else "yellow" if use >= 0.9 else "cyan"
    return Text("█" * filled, style=style) + Text("░" * (width - filled), style="dim") + Text(f" {used(use):>6}")


def verdict(found: str, lang: str) -> Text:
    """Return a verdict with a mark, so that it reads without colour."""
    return Text(f"{MARKS[found]} {name('verdict', found, lang)}", style=STYLES[found])


def rule_table(findings: Sequence[dict[str, Any]], lang: str, *, books: bool = False, width: int = 150) -> Table:
    """Return one row a rule: verdict, rule, article, worst group, value, limit, use, headroom.

    In fewer than 120 columns the article stands under the rule.
    """
    narrow = width < NARROW
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column(say("col_verdict", lang), no_wrap=True)
    if books:
        table.add_column(say("col_book", lang))
    table.add_column(say("col_rule", lang), ratio=3, overflow="fold")
    if not narrow:
        table.add_column(say("col_article", lang), ratio=3, overflow="fold")
    table.add_column(say("col_group", lang), ratio=2, overflow="fold")
    table.add_column(say("col_value", lang), justify="right", no_wrap=True)
    table.add_column(say("col_limit", lang), justify="right", no_wrap=True)
    table.add_column(say("col_use", lang), no_wrap=True)
    table.add_column(say("col_headroom", lang), justify="right", no_wrap=True)
    for row in by_rule(findings):
        table.add_row(*_cells(row, lang, books, narrow))
    return table


def _cells(row: RuleUse, lang: str, books: bool, narrow: bool) -> list[Text | str]:
    item = row.worst
    title = Text(plain(item["title"])) + Text(f"\n{plain(row.label)}", style="dim")
    if item["level"] != "hard":
        title += Text(f" {name('level', item['level'], lang)}", style="dim")
    for taken in item["exceptions"]:
        said = say("by_exception", lang, n=len(taken["lines"]), title=taken["title"] or taken["id"])
        title += Text(f"\n{plain(said)}", style="dim")
    group = plain(item["group"] or DASH)
    if row.groups > 1:
        group += "\n" + say("of_groups", lang, n=row.groups)
    unit = item["unit"]
    cells: list[Text | str] = [verdict(item["verdict"], lang)]
    cells += [plain(row.book)] if books else []
    rests = Text(plain(article_sure(item["source"], lang)), style="dim")
    cells += [title + Text("\n") + rests] if narrow else [title, rests]
    return [
        *cells,
        group,
        shown(item["value"], unit, lang, item["limit"]),
        f"{bound_sign(item)} {shown(item['limit'], unit, lang, item['value'])}",
        bar(row.use, BAR // 2 if narrow else BAR),
        shown(item["headroom"], headroom_unit(unit), lang),
    ]


def failing(findings: Sequence[dict[str, Any]], lang: str) -> list[Text]:
    """Return, for each finding that does not pass or passes beyond its limit, why, cause, cure date and lines."""
    return [_detail(item, lang) for item in findings if to_explain(item)]


def _detail(item: dict[str, Any], lang: str) -> Text:
    rule = item["rule"] if item["scenario"] is None else f"{item['rule']} [{item['scenario']}]"
    head = Text(f"{MARKS[item['verdict']]} {plain(rule)}", style=STYLES[item["verdict"]])
    parts = [plain(item["group"])] if item["group"] else []
    if item["cause"]:
        parts.append(say("cause", lang, cause=name("cause", item["cause"], lang)))
    if item["cure_by"]:
        parts.append(say("cure_by", lang, day=item["cure_by"]))
    parts += [plain(item["reason"])] if item["reason"] else []
    text = head + Text("  " + " · ".join(parts))
    lines = sorted(item["lines"], key=lambda line: (-(line["contribution"] or 0), line["tranche_id"]))
    if lines:
        said = ", ".join(f"{plain(x['tranche_id'])} {shown(x['contribution'], 'yuan', lang)}" for x in lines[:LINES])
        more = "" if len(lines) <= LINES else " " + say("more_lines", lang, n=len(lines) - LINES)
        text += Text(f"\n    {say('lines_that_count', lang)} {said}{more}", style="dim")
    return text


def simple_table(headers: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> Table:
    """Return a plain table of texts; ``right`` are the columns that hold numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else plain(cell) for cell in row))
    return table


def said_once(shell: Shell, title: str, lines: Sequence[str]) -> None:
    """Print a heading and lines under it, where there are any."""
    if lines:
        shell.show("", Text(title, style="bold"), *(Text(f"  {plain(line)}") for line in lines))
