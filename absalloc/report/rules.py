"""Findings put together by rule: how much of each limit is used, worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NEAR = 0.95
"""Share of a limit from which a pass is called near."""
MOST_NEAR = 30
"""Near misses that a page lists; the workbook and the JSON have every finding."""
WORST_FIRST = {"fail": 0, "unknown": 1, "pass": 2}


@dataclass(frozen=True)
class RuleUse:
    """One rule of one book: its worst finding (plain data), how many groups it has, how many fail, are unknown.

    ``use`` is the share of the limit that the worst group takes up: 1 on the limit, inf over a limit of nil,
    None where value or limit is unknown; of a floor it is limit over value.
    """

    book: str
    rule: str
    worst: dict[str, Any]
    groups: int
    n_fail: int
    n_unknown: int
    use: float | None

    @property
    def label(self) -> str:
        """The rule, with the scenario where its findings are those of one."""
        scenario = self.worst["scenario"]
        return self.rule if scenario is None else f"{self.rule} [{scenario}]"


def beyond(finding: dict[str, Any]) -> bool:
    """Return whether a finding passes beyond its limit: nothing was bought, or the breach is passive."""
    headroom = finding["headroom"]
    return finding["verdict"] == "pass" and headroom is not None and headroom < 0


def to_explain(finding: dict[str, Any]) -> bool:
    """Return whether a finding wants its reason beside it: it does not pass, or passes beyond its limit."""
    return finding["verdict"] != "pass" or (finding["reason"] is not None and beyond(finding))


def use_of(finding: dict[str, Any]) -> float | None:
    """Return the share of its limit that a finding (plain data) takes up."""
    value, limit = finding["value"], finding["limit"]
    if value is None or limit is None:
        return None
    part, whole = (value, limit) if finding["sense"] == "max" else (limit, value)
    if whole > 0:
        return max(0.0, float(part) / float(whole))
    return 0.0 if part <= 0 else math.inf


def near_misses(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings (plain data) that pass with at least ``NEAR`` of their limit used, closest first.

    A grade is no amount of which a share could be used; what passes beyond its limit is ``beyond``.
    """
    found = [
        (use, item)
        for item in findings
        if item["verdict"] == "pass"
        and item["unit"] != "grade"
        and not beyond(item)
        and (use := use_of(item)) is not None
        and use >= NEAR
    ]
    return [item for _, item in sorted(found, key=lambda pair: (-pair[0], pair[1]["rule"], pair[1]["group"] or ""))]


def by_rule(findings: Sequence[dict[str, Any]]) -> list[RuleUse]:
    """Return one entry a book, rule and scenario: fails first, then unknown, then by use; ties by name."""
    grouped: dict[tuple[str, str, str | None], list[dict[str, Any]]] = {}
    for item in findings:
        grouped.setdefault((item["book"], item["rule"], item["scenario"]), []).append(item)
    return sorted((_one(book, rule, items) for (book, rule, _), items in grouped.items()), key=_order)


def _one(book: str, rule: str, items: list[dict[str, Any]]) -> RuleUse:
    worst = min(items, key=lambda item: (WORST_FIRST[item["verdict"]], -_known(use_of(item))))
    counts = [item["verdict"] for item in items]
    return RuleUse(book, rule, worst, len(items), counts.count("fail"), counts.count("unknown"), use_of(worst))


def _known(use: float | None) -> float:
    return -1.0 if use is None else use


def _order(row: RuleUse) -> tuple[int, float, str, str]:
    return WORST_FIRST[row.worst["verdict"]], -_known(row.use), row.book, row.label
