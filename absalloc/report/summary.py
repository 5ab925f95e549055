"""The summary that a manager reads in ten seconds: the verdict, what is open, what is near, what costs most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from absalloc.report.deeper import price_rows
from absalloc.report.rules import RuleUse, beyond, near_misses
from absalloc.report.words import said, say

VERDICTS = {True: "pass", False: "fail", None: "unknown"}
MARKS = {"pass": "✓", "fail": "✗", "unknown": "?"}


@dataclass(frozen=True)
class Tile:
    """One figure of the summary and what it is; ``verdict`` (``pass fail unknown``) where it is one."""

    text: str
    label: str
    verdict: str = ""


def summary_tiles(
    document: Mapping[str, Any], rules: Sequence[RuleUse], deeper: Mapping[str, Any], lang: str
) -> tuple[Tile, ...]:
    """Return the verdict on the hard rules, open ones beside them, near misses, and the rule that costs most.

    Nothing is judged where there is no portfolio.
    """
    if "objective" in document and document["objective"] is None:
        return ()
    verdict = VERDICTS[document["compliant"]]
    counts = {word: _count(rules, word, hard=True) for word in MARKS}
    tiles = [Tile(f"{MARKS[verdict]} {say('comply_' + verdict, lang)}", say("tile_hard", lang, **counts), verdict)]
    others = {word: _count(rules, word, hard=False) for word in ("fail", "unknown")}
    if any(others.values()):
        worst = "fail" if others["fail"] else "unknown"
        tiles.append(Tile(f"{MARKS[worst]} {sum(others.values())}", say("tile_others", lang, **others), worst))
    over = sum(beyond(item) for item in document["findings"])
    if over:
        tiles.append(Tile(f"! {over}", say("tile_beyond", lang), "unknown"))
    tiles.append(Tile(str(len(near_misses(document["findings"]))), say("tile_near", lang)))
    dear = next((row for row in price_rows(deeper) if (row["removed_yuan"] or 0.0) > 0), None)
    if dear is not None:
        tiles.append(Tile(said(dear["removed_yuan"], "yuan", lang), say("tile_dear", lang, title=dear["title"])))
    return tuple(tiles)


def _count(rules: Sequence[RuleUse], verdict: str, *, hard: bool) -> int:
    """Return how many rules have that verdict on their worst group."""
    return sum(row.worst["verdict"] == verdict and (row.worst["level"] == "hard") == hard for row in rules)
