"""The report as plain data: what a page needs and nothing else, all of it from the JSON documents and their inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.report.asked import Readings, asked, in_words, provenance
from absalloc.report.cash import payment_stacks
from absalloc.report.charts import Bar, Stacks
from absalloc.report.rules import RuleUse, by_rule
from absalloc.report.summary import Tile, summary_tiles
from absalloc.report.words import name, say, shown
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.report.view import BookView
    from absalloc.universe import Universe

LADDER = (0.25, 1.0, 2.0, 3.0, 5.0)
"""Upper ends, in years of weighted average life, of all steps of the ladder but the last."""
NOT_IN_LADDER = ("cash", "deposit", "repo", "reverse_repo")


@dataclass(frozen=True)
class Report:
    """One report; ``document`` is the JSON it shows, ``asked`` and ``provenance`` are pairs of label and text."""

    kind: str  # plan or check
    lang: str
    title: str
    answer: str
    good: bool | None
    document: Mapping[str, Any]
    asked: tuple[tuple[str, str], ...]
    rules: tuple[RuleUse, ...]
    provenance: tuple[tuple[str, str], ...]
    sectors: tuple[Bar, ...] = ()
    ladder: tuple[Bar, ...] = ()
    payments: Stacks | None = None
    unscheduled: tuple[str, ...] = ()
    deeper: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = field(default=())
    tiles: tuple[Tile, ...] = ()
    axis: str = ""
    held: tuple[Mapping[str, Any], ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    readings: Readings = field(default_factory=dict)


def report_of(
    document: Mapping[str, Any],
    lang: str,
    *,
    mandate: LoadedMandate,
    universe: Universe,
    holdings: str | None = None,
    view: BookView | None = None,
    deeper: Mapping[str, Any] | None = None,
) -> Report:
    """Return the report of a plan or check document: what was asked, what it was made from, its book, further parts."""
    from absalloc.report.answer import check_answer, plan_answer

    plan = document["schema"].startswith("absalloc.plan/")
    good = document["compliant"] if not plan or document["objective"] is not None else False
    if plan and document["status"] != "optimal":
        good = False
    lines = document["holdings"] if plan else view.lines if view else ()
    rules = tuple(by_rule(document["findings"]))
    answer = plan_answer if plan else check_answer
    return Report(
        kind="plan" if plan else "check",
        lang=lang,
        title=say("title_plan" if plan else "title_check", lang, book=mandate.name),
        answer=answer(dict(document), lang, titled=True),
        good=good,
        document=document,
        asked=tuple(asked(mandate, document, lang, holdings, view)),
        rules=rules,
        provenance=tuple(provenance(mandate, universe, document, lang, view)),
        sectors=sector_bars(lines, lang),
        ladder=ladder_bars(lines, lang),
        payments=payment_stacks(view.payments, lang) if view and view.payments else None,
        unscheduled=view.unscheduled if view else (),
        deeper=deeper or {},
        failures=tuple(failure.text(lang) for failure in universe.failures),
        tiles=summary_tiles(document, rules, deeper or {}, lang),
        axis=say("axis_share" if weighed(lines) else "axis_worth", lang),
        held=tuple(lines),
        names=trade_names(universe, document.get("trades", ())),
        readings=in_words(view, lang),
    )


def trade_names(universe: Universe, trades: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of the lines that are traded, where the universe has them."""
    index, names = universe.index(), universe.column("name")
    found = {trade["tranche_id"]: names[index[trade["tranche_id"]]] for trade in trades if trade["tranche_id"] in index}
    return {code: str(text) for code, text in found.items() if text is not None}


def sector_bars(lines: Sequence[Mapping[str, Any]], lang: str) -> tuple[Bar, ...]:
    """Return the share of each sector of the ABS, and of each other kind of instrument."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        sector, product = line["sector"], line["product"]
        if product in ABS_PRODUCTS:
            key = ("sleeve", name("sector", sector, lang) if sector else say("sector_unknown", lang))
        else:
            key = ("owed" if product in LIABILITY_PRODUCTS else "other", name("product", product, lang))
        groups.setdefault(key, []).append(line)
    scale = weighed(lines)
    found = [_bar(label, kind, items, lang, by_weight=scale) for (kind, label), items in groups.items()]
    order = {"sleeve": 0, "other": 1, "owed": 2}
    return tuple(sorted(found, key=lambda bar: (order[bar.kind], -bar.value, bar.label)))


def ladder_bars(lines: Sequence[Mapping[str, Any]], lang: str) -> tuple[Bar, ...]:
    """Return the share of each step of weighted average life; money and repo aside, unknown lives last."""
    steps: dict[int, list[Mapping[str, Any]]] = {step: [] for step in range(len(LADDER) + 1)}
    unknown = []
    for line in lines:
        if line["product"] in NOT_IN_LADDER:
            continue
        if line["wal"] is None:
            unknown.append(line)
        else:
            steps[sum(line["wal"] > end for end in LADDER)].append(line)
    if not any(steps.values()) and not unknown:
        return ()
    named = [(_step_name(step, lang), "sleeve", items) for step, items in steps.items()]
    named += [(say("life_unknown", lang), "other", unknown)] if unknown else []
    scale = weighed(lines)
    return tuple(_bar(label, kind, items, lang, by_weight=scale) for label, kind, items in named)


def _step_name(step: int, lang: str) -> str:
    if step == 0:
        return say("life_up_to", lang, end=f"{LADDER[0]:g}")
    if step == len(LADDER):
        return say("life_over", lang, start=f"{LADDER[-1]:g}")
    return say("life_between", lang, start=f"{LADDER[step - 1]:g}", end=f"{LADDER[step]:g}")


def weighed(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether lines are drawn by weight: the book has a total to weigh by."""
    return any(line["weight"] is not None for line in lines)


def _bar(label: str, kind: str, lines: Sequence[Mapping[str, Any]], lang: str, *, by_weight: bool) -> Bar:
    """Return a bar of weights, else of market value in yuan; lines of unknown value are no part of it, and counted."""
    sign = -1.0 if kind == "owed" else 1.0
    known = [line for line in lines if line["market_value"] is not None]
    worth = sum(line["market_value"] for line in known)
    text = shown(worth, "yuan", lang)
    if by_weight:
        weight = sign * sum(line["weight"] for line in known)
        text = f"{shown(weight, 'ratio', lang)}  {text}"
    if len(known) < len(lines):
        text = say("bar_unknown", lang, text=text, n=len(lines) - len(known))
    return Bar(label, weight if by_weight else sign * worth, text, kind)
