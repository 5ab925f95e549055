"""What the what-if part of the page answers: from the numbers of its fields to what it shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from absalloc.web.page import figures
from absalloc.web.page.choices import rulebooks
from absalloc.web.page.desks import Chosen, Desks, mandate_of, universe
from absalloc.web.page.knobs import base_of, changes_of, knobs_of, repaired, rules_of, told_changes
from absalloc.web.page.panel import panel
from absalloc.web.page.parts import notice, tiles
from absalloc.web.page.words import text, with_unit

if TYPE_CHECKING:
    from absalloc.desk import Changes, WhatIf
    from absalloc.explain.live import Live

PLAN_SECONDS = 20.0
MOST_NAMED = 4
"""Rules that bind, named in the row of a pinned variant."""


def fields(desks: Desks, chosen: Chosen, typed: Mapping[str, Any], lang: str) -> tuple[Any, ...]:
    """Return the knobs of a book, the rules that may be left out, the lines that may be barred; and all as given.

    ``typed``: what a person typed for this book before; it stands in the fields, and the book as given in the history.
    """
    desk = desks.of(chosen)
    rules = [{"value": r.id, "label": f"{getattr(r.title, lang)} · {r.id}"} for r in rules_of(desk)]
    lines = [
        {"value": str(code), "label": f"{code} {name or ''}".strip()}
        for code, name in zip(universe().column("tranche_id"), universe().column("name"), strict=True)
    ]
    given: dict[str, Any] = {"values": {k.name: k.held for k in knobs_of(desk, lang)}, "off": [], "barred": []}
    now = {**given, **typed}
    off, barred = (_among(now[key], data) for key, data in (("off", rules), ("barred", lines)))
    return panel(desk, lang, now["values"]), rules, off, lines, barred, [given]


def chosen_fields(desks: Desks, chosen: Chosen, kept: Mapping[str, Any], lang: str) -> tuple[Any, ...]:
    """Return the fields of what is chosen, the rulebooks there are and those that hold, and the mandate's day."""
    mandate = chosen.mandate
    own = mandate_of(chosen.book)
    names = list(mandate.rulebooks)
    key = "|".join((chosen.book, chosen.day or "", ",".join(names)))
    day = own.as_of or universe().data_date
    data = _rulebooks(lang, (*own.rulebooks, *names))
    return (*fields(desks, chosen, kept.get(key) or {}, lang), data, names, "" if day is None else day.isoformat())


def _rulebooks(lang: str, own: Sequence[str]) -> list[dict[str, str]]:
    """Return the rulebooks to choose from: those that ship, and the mandate's own files."""
    files = [{"value": name, "label": name} for name in dict.fromkeys(own) if name.endswith((".yaml", ".yml"))]
    return [*rulebooks(lang), *files]


def _among(names: Sequence[str], data: Sequence[Mapping[str, str]]) -> list[str]:
    known = {item["value"] for item in data}
    return [name for name in names if name in known]


def asked(desks: Desks, chosen: Chosen, said: dict[str, Any], lang: str) -> Any:
    """Return what the page shows of an answer; None where a newer question has come."""
    desk = desks.of(chosen)
    changes = changes_of(desk, said)
    live = desk.ask(changes, every=True)
    if live.status == "superseded":
        return None
    said = {**said, "version": live.version}
    if live.value is None:
        reason = live.reason.text(lang) if live.reason and live.status == "stopped" else ""
        message = notice(f"{text(f'status_{live.status}', lang)} {reason}", "red")
        said = {**said, "stopped": live.status == "stopped"}
        return *nothing(message, lang), said
    lines = _lines(desk, changes, live)
    from dash import html

    told_ = html.Div(text("answered", lang, version=live.version), className="soft")
    return (
        told_,
        _tiles(desk, changes, live, lang),
        figures.sectors(lines, lang),
        figures.ladder(lines, lang),
        _rules(desk, changes, live, lang),
        [_shift(item) for item in live.changed],
        lines,
        said,
    )


def nothing(message: Any, lang: str) -> tuple[Any, ...]:
    """Return a message, and tiles, charts and tables without anything in them."""
    return message, [], figures.sectors([], lang), figures.ladder([], lang), [], [], []


def _lines(desk: WhatIf, changes: Changes, live: Live) -> list[dict[str, Any]]:
    """Return the lines of an answer as the holdings of a plan are written, under the mandate asked for."""
    from absalloc.plan.holdings import held_lines
    from absalloc.units import exact

    state = desk.case_of(changes).state
    held = {name: exact(round(face, 2)) for name, face in live.holdings.items()}
    return [line.as_json() for line in held_lines(replace(state, held=held))]


def _tiles(desk: WhatIf, changes: Changes, live: Live, lang: str) -> Any:
    from absalloc.report.words import shown

    base = base_of(desk.case_of(changes).state.mandate)
    rate = None if live.value is None or not base else live.value / base
    items = [
        (text("tile_net", lang), shown(live.value, "yuan", lang)),
        (text("tile_rate", lang), shown(rate, "ratio", lang)),
        (text("tile_lines", lang), str(len(live.holdings))),
        (text("tile_binding", lang), str(len(live.binding))),
    ]
    if live.gain is not None:
        items.insert(1, (text("tile_gain" if desk.pinned else "tile_gain_given", lang), shown(live.gain, "yuan", lang)))
    return tiles(items)


def _rules(desk: WhatIf, changes: Changes, live: Live, lang: str) -> list[dict[str, Any]]:
    from absalloc.report.words import DASH

    titles = {rule.id: getattr(rule.title, lang) for rule in desk.case_of(changes).state.rules.active}
    found = []
    for item in sorted(live.rules, key=lambda r: (not r.binding, r.room is None, r.room or 0.0)):
        told_ = item.to_json()
        limit = None if item.limit is None else float(item.limit)
        sign = "≤" if item.sense == "max" and item.unit != "grade" else "≥"
        found.append(
            {
                "title": titles.get(item.rule, item.rule),
                "group": item.group or DASH,
                "room": told_["room_yuan"],
                "value": with_unit(told_["value"], item.unit, lang, limit),
                "limit": text("limits_listed", lang)
                if limit is None
                else f"{sign} {with_unit(limit, item.unit, lang)}",
                "binds": "●" if item.binding else "",
            }
        )
    return found


def _shift(item: Any) -> dict[str, Any]:
    return {"tranche_id": item.tranche_id, "was": round(item.was, 2), "face": round(item.face, 2)}


def planned(desks: Desks, chosen: Chosen, said: Mapping[str, Any], lang: str) -> tuple[Any, Any]:
    """Return the plan in whole lots, and the repairs where there is none; nothing where a newer question came."""
    from dash import no_update

    from absalloc.report.answer import plan_answer

    desk = desks.of(chosen)
    if desk.latest != said["version"]:
        return no_update, no_update
    if said.get("stopped"):  # the plan would say the same
        return [], []
    changes = changes_of(desk, said)
    plan = desk.plan(changes, time_limit=PLAN_SECONDS)
    document = plan.to_json(lang)
    good = document["status"] == "optimal"
    gap = "" if document["gap"] is None else text("gap", lang, gap=_at_most(document["gap"]))
    net = ""
    if document["objective"]:
        cost = document["objective"]["parts"]["trading_cost"] or 0.0
        net = text("plan_net", lang, yuan=f"{document['objective']['carry_yuan'] - cost:,.2f}")
    said_ = notice(
        f"{text('whole_lots', lang)} {plan_answer(document, lang, titled=True)} {net} {gap}", "green" if good else "red"
    )
    titles = {rule.id: str(getattr(rule.title, lang)) for rule in desk.case_of(changes).state.rules.active}
    return said_, _repairs(document["conflict"], titles, lang)


def _at_most(gap: float) -> str:
    """Return a relative gap in per cent, never rounded down: it is said that it is no more."""
    return f"{math.ceil(gap * 1e6 - 1e-9) / 1e4:.4f}%"


def stressed(desks: Desks, chosen: Chosen, said: Mapping[str, Any], scenario: str, lang: str) -> Any:
    """Return what a scenario does to the answer; nothing where a newer question came."""
    from dash import no_update

    from absalloc.report.words import shown

    desk = desks.of(chosen)
    if desk.latest != said["version"]:
        return no_update
    found = desk.stress(scenario, changes_of(desk, said), version=said["version"])
    if found is None:
        return []
    item = found.to_json(lang)["scenarios"][0]
    bad = dict.fromkeys(f["rule"] for f in item["findings"] if f["level"] == "hard" and f["verdict"] != "pass")
    verdict = text("kept", lang) if item["compliant"] else text("broken", lang, rules=", ".join(bad))
    said_ = text(
        "scenario_said",
        lang,
        name=item["scenario"]["title"],
        months=item["scenario"]["horizon_months"],
        change=shown(item["gain"], "yuan", lang),
        carry=shown(item["parts"]["carry"], "yuan", lang),
        verdict=verdict,
    )
    return notice(said_, "green" if item["compliant"] else "red")


def _repairs(conflict: Sequence[Mapping[str, Any]], titles: Mapping[str, str], lang: str) -> list[Any]:
    import dash_mantine_components as dmc
    from dash import html

    found: list[Any] = []
    for item in conflict:
        rules = "; ".join(f"{titles.get(name, name)} ({name})" for name in item["rules"])
        found.append(html.P(text("conflict", lang, rules=rules)))
        for repair in item["repairs"]:
            name, value = ("", repair["rule"]) if repair["remove"] else repaired(repair)
            found.append(
                dmc.Button(
                    f"{_repair(repair, titles, lang)} {_worth(repair, lang)}",
                    size="xs",
                    mr=8,
                    mb=6,
                    variant="light",
                    className="repair",
                    id={"part": "repair", "knob": name, "to": value},
                )
            )
    return found


def _repair(repair: Mapping[str, Any], titles: Mapping[str, str], lang: str) -> str:
    """Return what a repair does, in the words of the page."""
    rule, unit = titles.get(repair["rule"], repair["rule"]), repair["unit"]
    if repair["remove"]:
        return text("repair_remove", lang, rule=rule)
    was, now = (with_unit(repair[key], unit, lang) for key in ("was", "limit"))
    sign = "≤" if repair["sense"] == "max" and unit != "grade" else "≥"
    return text("repair_to", lang, rule=rule, was=f"{sign} {was}", to=f"{sign} {now}")


def _worth(repair: Mapping[str, Any], lang: str) -> str:
    """Return what is earned after a repair, or that it does not do alone."""
    from absalloc.report.words import shown

    if repair["status"] == "infeasible":
        return text("repair_not_alone", lang)
    if repair["carry_yuan"] is None:
        return text("repair_slow", lang)
    key = "repair_earns" if repair["status"] == "optimal" else "repair_earns_least"
    return text(key, lang, yuan=shown(repair["carry_yuan"], "yuan", lang))


def pinned(desks: Desks, chosen: Chosen, said: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Pin an answer, which later ones are compared with, and return it as a row."""
    desk = desks.of(chosen)
    changes = changes_of(desk, said)
    live = desk.pin(changes)
    case = desk.case_of(changes)
    base = base_of(case.state.mandate)
    titles = {rule.id: getattr(rule.title, lang) for rule in case.state.rules.active}
    rest = len(live.binding) - MOST_NAMED
    more = [f"+{rest}"] if rest > 0 else []
    return {
        "name": str(desk.case.state.name),
        "value": None if live.value is None else round(live.value, 2),
        "bp": None if live.value is None or not base else round(live.value / base * 1e4, 4),
        "lines": len(live.holdings),
        "what": "; ".join(told_changes(desk, said, lang)) or text("as_given", lang),
        "binding": "; ".join([*(titles.get(name, name) for name in live.binding[:MOST_NAMED]), *more]),
    }
