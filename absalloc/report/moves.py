"""How ratios moved since the book before, as rows for a terminal and a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from absalloc.report.words import DASH, name, say, shown


@dataclass(frozen=True)
class MoveRow:
    """One finding: its ratio then and now, each part as (driver, share of the move), and who caused a breach."""

    rule: str
    group: str
    then: str
    now: str
    parts: tuple[tuple[str, str], ...]
    cause: str
    cure_by: str


def move_rows(findings: Sequence[dict[str, Any]], lang: str) -> list[MoveRow]:
    """Return a row for each finding (plain data) that says how it moved."""
    return [_row(item, lang) for item in findings if item.get("moves")]


def _row(item: dict[str, Any], lang: str) -> MoveRow:
    moves, unit = item["moves"], item["unit"]
    then = shown(moves["value"], unit, lang, item["value"])
    if moves["new_rule"]:
        then += " " + say("moves_new_rule", lang)
    limits = "" if moves["limit"] == item["limit"] else " / " + shown(moves["limit"], unit, lang, item["limit"])
    return MoveRow(
        item["rule"], item["group"] or DASH, then + limits, shown(item["value"], unit, lang, moves["value"]),
        tuple((name("driver", part["driver"], lang), _signed(part, unit, lang)) for part in moves["parts"]),
        name("cause", item["cause"], lang) if item["cause"] else DASH, item["cure_by"] or DASH,
    )  # fmt: skip


def _signed(part: dict[str, Any], unit: str, lang: str) -> str:
    """Return a part with its sign; where only the limit moved, the yuan by which the excess did."""
    value, excess = part["value"], part["excess"]
    if value is None:
        return "?"
    if value == 0 and excess:
        return say("moves_room", lang, amount=("+" if excess > 0 else "−") + shown(abs(excess), "yuan", lang))
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + shown(abs(value), unit, lang)
