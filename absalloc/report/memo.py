"""The compliance memo as plain data: what is not passed first, each verdict with article, arithmetic and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absalloc.report.asked import Readings, in_words, provenance
from absalloc.report.rules import WORST_FIRST
from absalloc.report.view import BookView
from absalloc.report.words import LISTED, say

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.universe import Universe


@dataclass(frozen=True)
class Memo:
    """One memo; ``open`` and ``passed`` (rule by rule) are the findings of ``document``; ``quotes`` by rule id."""

    title: str
    answer: str
    good: bool | None
    document: Mapping[str, Any]
    open: tuple[Mapping[str, Any], ...]
    passed: tuple[tuple[Mapping[str, Any], ...], ...]
    quotes: Mapping[str, str]
    disclosed: tuple[dict[str, Any], ...]
    provenance: tuple[tuple[str, str], ...]
    readings: Readings


def memo_of(
    document: Mapping[str, Any], lang: str, *, mandate: LoadedMandate, universe: Universe, view: BookView | None
) -> Memo:
    """Return the memo of a check or plan document; hard failures first, then by verdict, as listed."""
    from absalloc.report.answer import check_answer, plan_answer

    plan = document["schema"].startswith("absalloc.plan/")
    findings = document["findings"]
    left = [item for item in findings if item["verdict"] != "pass"]
    books = [document["mandate"]] if plan else document["mandates"]
    return Memo(
        title=say("title_memo", lang, book=LISTED[lang].join(books)),
        answer=(plan_answer if plan else check_answer)(dict(document), lang, titled=True),
        good=document["compliant"],
        document=document,
        open=tuple(sorted(left, key=lambda item: (item["level"] != "hard", WORST_FIRST[item["verdict"]]))),
        passed=_by_rule([item for item in findings if item["verdict"] == "pass"]),
        quotes=view.quotes if view else {},
        disclosed=view.disclosed if view else (),
        provenance=tuple(provenance(mandate, universe, document, lang, view)),
        readings=in_words(view, lang),
    )


def _by_rule(findings: Sequence[Mapping[str, Any]]) -> tuple[tuple[Mapping[str, Any], ...], ...]:
    """Return the findings of each rule together, in the order of the rules."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for item in findings:
        found.setdefault(tuple(item[key] for key in ("book", "rule", "reading", "scenario", "sense")), []).append(item)
    return tuple(tuple(items) for items in found.values())
