"""What if: move a limit, see the new optimum, what binds, and what it costs; the whole-lot plan follows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError
from absalloc.web.page import figures
from absalloc.web.page.desks import Chosen, Desks, universe
from absalloc.web.page.knobs import changes_of, panel
from absalloc.web.page.parts import beside, book_choice, grid, notice, tiles, told, values_of
from absalloc.web.page.words import in_field, text

if TYPE_CHECKING:
    from dash import Dash

    from absalloc.desk import Changes, WhatIf
    from absalloc.explain.whatif import Live

SETTLE = 0.8
"""Seconds without a newer question after which the plan in whole lots is made."""
PLAN_SECONDS = 20.0


def layout(lang: str) -> Any:
    """Return the part of the page: fields on the left, answer on the right."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    from absalloc.stress import shipped_scenarios

    def say(key: str) -> str:
        return text(key, lang)

    changed = [("tranche_id", say("code"), "text"), ("was", say("was"), "yuan"), ("face", say("becomes"), "yuan")]
    held = [
        ("tranche_id", say("code"), "text"),
        ("name", say("name"), "text"),
        ("face", say("face"), "yuan"),
        ("market_value", say("market_value"), "yuan"),
        ("weight", say("weight"), "ratio"),
        ("carry_rate", say("carry_rate"), "ratio"),
        ("wal", say("wal"), "yuan"),
    ]
    rules = [
        ("title", say("rule"), "text"),
        ("group", say("group"), "text"),
        ("value", say("value"), "text"),
        ("limit", say("limit"), "text"),
        ("room", say("room"), "yuan"),
        ("binds", say("binds"), "text"),
    ]
    pinned = [
        ("name", say("variant"), "text"),
        ("value", say("carry"), "yuan"),
        ("bp", say("bp_nav"), "yuan"),
        ("lines", say("lines"), "text"),
        ("what", say("what_changed"), "text"),
        ("binding", say("binds"), "text"),
    ]
    side = html.Aside(
        [
            book_choice("wi-book", lang),
            dmc.DateInput(
                id="wi-day",
                label=say("day"),
                clearable=True,
                size="sm",
                valueFormat="YYYY-MM-DD",
                persistence=True,
                persistence_type="session",
            ),
            dmc.Select(
                id="wi-scenario",
                label=say("scenario"),
                data=list(shipped_scenarios()),
                clearable=True,
                searchable=True,
                size="sm",
            ),
            dmc.NumberInput(id="wi-nav", label=say("nav"), min=0, size="sm", thousandSeparator=",", debounce=300),
            dmc.MultiSelect(
                id="wi-off", label=say("off"), data=[], value=[], searchable=True, size="sm", clearable=True
            ),
            dmc.MultiSelect(
                id="wi-barred",
                label=say("barred"),
                data=[],
                value=[],
                searchable=True,
                size="sm",
                clearable=True,
                limit=50,
            ),
            dmc.Group(
                [
                    dmc.Button(say("undo"), id="wi-undo", variant="default", size="xs"),
                    dmc.Button(say("reset"), id="wi-reset", variant="default", size="xs"),
                    dmc.Button(say("pin"), id="wi-pin", size="xs"),
                ],
                mt=10,
                mb=10,
            ),
            html.Div(id="wi-knobs"),
        ],
        **{"aria-label": say("knobs")},
    )
    answer = html.Section(
        [
            html.Div(notice(say("loading")), id="wi-told", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-tiles"),
            html.Div(id="wi-plan", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-repairs"),
            html.Div(id="wi-stressed", role="status", **{"aria-live": "polite"}),
            html.Div(
                [
                    html.Figure([html.Figcaption(say("by_sector")), dcc.Graph(id="wi-sectors", config=PLAIN)]),
                    html.Figure([html.Figcaption(say("by_life")), dcc.Graph(id="wi-ladder", config=PLAIN)]),
                ],
                className="pair",
            ),
            html.H2(say("rules_at_limit")),
            grid("wi-rules", rules, lang),
            html.H2(say("variants")),
            grid("wi-pins", pinned, lang, options={"pagination": False}),
            html.H2(say("changed")),
            grid("wi-changed", changed, lang),
            html.H2(say("held")),
            grid("wi-held", held, lang),
        ]
    )
    stores = [
        dcc.Store(id=name, storage_type=kind)
        for name, kind in (("wi-asked", "memory"), ("wi-history", "memory"), ("wi-variants", "session"))
    ]
    return html.Div([side, answer, *stores], className="split")


PLAIN = {"displayModeBar": False}


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    import dash
    from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, no_update

    number = {"part": "number", "knob": ALL}
    here = (State("tab", "data"), State("lang", "data"))
    asked = [Input(number, "value"), Input("wi-off", "value"), Input("wi-barred", "value"), Input("wi-nav", "value")]

    @app.callback(
        Output("wi-knobs", "children"),
        Output("wi-nav", "value"),
        Output("wi-off", "data"),
        Output("wi-off", "value"),
        Output("wi-barred", "data"),
        Output("wi-barred", "value"),
        Output("wi-history", "data"),
        Output("wi-told", "children"),
        Input("wi-book", "value"),
        Input("wi-day", "value"),
        Input("tab", "data"),
        State("lang", "data"),
    )
    async def choose(book: str, day: str | None, tab: str | None, lang: str | None) -> Any:
        if tab is None or lang is None:
            return dash.no_update
        try:
            return (*await beside(_fields, desks, Chosen(tab, book, day), lang), [], no_update)
        except AbsallocError as error:
            return ([], None, [], [], [], [], [], told(error, lang))

    app.clientside_callback(
        ClientsideFunction("page", "twins"),
        Output({"part": "slider", "knob": MATCH}, "value"),
        Output({"part": "number", "knob": MATCH}, "value"),
        Input({"part": "slider", "knob": MATCH}, "value"),
        Input({"part": "number", "knob": MATCH}, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "undo"),
        Output(number, "value", allow_duplicate=True),
        Output("wi-history", "data", allow_duplicate=True),
        Input("wi-undo", "n_clicks"),
        Input("wi-reset", "n_clicks"),
        State("wi-history", "data"),
        State(number, "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "remember"),
        Output("wi-history", "data", allow_duplicate=True),
        Input(number, "value"),
        State(number, "id"),
        State("wi-history", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "repair"),
        Output(number, "value", allow_duplicate=True),
        Input({"part": "repair", "knob": ALL, "to": ALL}, "n_clicks"),
        State(number, "id"),
        State(number, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("wi-told", "children", allow_duplicate=True),
        Output("wi-tiles", "children"),
        Output("wi-sectors", "figure"),
        Output("wi-ladder", "figure"),
        Output("wi-rules", "rowData"),
        Output("wi-changed", "rowData"),
        Output("wi-held", "rowData"),
        Output("wi-asked", "data"),
        *asked,
        State(number, "id"),
        State("wi-book", "value"),
        State("wi-day", "value"),
        *here,
        prevent_initial_call=True,
    )
    async def ask(
        values: list[Any],
        off: list[str],
        barred: list[str],
        nav: Any,
        ids: list[Any],
        book: str,
        day: str | None,
        tab: str | None,
        lang: str | None,
    ) -> Any:
        if not values or tab is None or lang is None:
            return (no_update,) * 8
        said = {"values": values_of(ids, values), "off": off or [], "barred": barred or [], "nav": nav}
        try:
            found = await beside(_asked, desks, Chosen(tab, book, day), said, lang)
        except AbsallocError as error:
            return (told(error, lang), *(no_update,) * 7)
        return (no_update,) * 8 if found is None else found

    @app.callback(
        Output("wi-plan", "children"),
        Output("wi-repairs", "children"),
        Input("wi-asked", "data"),
        State("wi-book", "value"),
        State("wi-day", "value"),
        *here,
        prevent_initial_call=True,
    )
    async def follow(said: Any, book: str, day: str | None, tab: str | None, lang: str | None) -> Any:
        if not said or tab is None or lang is None:
            return no_update, no_update
        await asyncio.sleep(SETTLE)
        try:
            return await beside(_planned, desks, Chosen(tab, book, day), said, lang)
        except AbsallocError as error:
            return told(error, lang), []

    @app.callback(
        Output("wi-stressed", "children"),
        Input("wi-asked", "data"),
        Input("wi-scenario", "value"),
        State("wi-book", "value"),
        State("wi-day", "value"),
        *here,
        prevent_initial_call=True,
    )
    async def stress(said: Any, scenario: Any, book: str, day: str | None, tab: str | None, lang: str | None) -> Any:
        if not said or not scenario or tab is None or lang is None:
            return []
        await asyncio.sleep(SETTLE)
        try:
            return await beside(_stressed, desks, Chosen(tab, book, day), said, scenario, lang)
        except AbsallocError as error:
            return told(error, lang)

    @app.callback(
        Output("wi-variants", "data"),
        Input("wi-pin", "n_clicks"),
        State("wi-asked", "data"),
        State("wi-variants", "data"),
        State("wi-book", "value"),
        State("wi-day", "value"),
        *here,
        prevent_initial_call=True,
    )
    async def pin(
        clicks: int, said: Any, pinned: Any, book: str, day: str | None, tab: str | None, lang: str | None
    ) -> Any:
        if not said or not clicks or tab is None or lang is None:
            return no_update
        return [*(pinned or []), await beside(_pinned, desks, Chosen(tab, book, day), said, lang)]

    @app.callback(Output("wi-pins", "rowData"), Input("wi-variants", "data"))
    def show(pinned: Any) -> Any:
        return [{**item, "name": f"{place}. {item['name']}"} for place, item in enumerate(pinned or [], start=1)]


def _fields(desks: Desks, chosen: Chosen, lang: str) -> tuple[Any, ...]:
    desk = desks.of(chosen)
    state = desk.case.state
    nav = state.mandate.amount("nav")
    rules = [{"value": r.id, "label": f"{getattr(r.title, lang)} · {r.id}"} for r in state.rules.active]
    lines = [
        {"value": str(code), "label": f"{code} {name or ''}".strip()}
        for code, name in zip(universe().column("tranche_id"), universe().column("name"), strict=True)
    ]
    return panel(desk, lang), None if nav is None else in_field(nav, "yuan"), rules, [], lines, []


def _changes(desk: WhatIf, said: Mapping[str, Any]) -> Changes:
    return changes_of(desk, said["values"], said["off"], said["barred"], said["nav"])


def _asked(desks: Desks, chosen: Chosen, said: dict[str, Any], lang: str) -> Any:
    """Return what the page shows of an answer; None where a newer question has come."""
    desk = desks.of(chosen)
    changes = _changes(desk, said)
    live = desk.ask(changes, every=True)
    if live.status == "superseded":
        return None
    said = {**said, "version": live.version}
    if live.value is None:
        reason = live.reason.text(lang) if live.reason else ""
        message = notice(f"{text(f'status_{live.status}', lang)} {reason}", "red")
        return message, [], figures.sectors([], lang), figures.ladder([], lang), [], [], [], said
    lines = _lines(desk, changes, live)
    from dash import html

    told_ = html.Div(text("answered", lang, version=live.version), className="soft")
    return (
        told_,
        _tiles(desk, changes, live, lang),
        figures.sectors(lines, lang),
        figures.ladder(lines, lang),
        _rules(desk, live, lang),
        [_shift(item) for item in live.changed],
        lines,
        said,
    )


def _lines(desk: WhatIf, changes: Changes, live: Live) -> list[dict[str, Any]]:
    """Return the lines of an answer as the holdings of a plan are written, at the NAV asked for."""
    from absalloc.desk.whatif import exact_number, with_nav
    from absalloc.plan.holdings import held_lines
    from absalloc.units import exact

    state = desk.case.state
    if changes.nav is not None:
        state = replace(state, mandate=with_nav(state.mandate, exact_number(changes.nav, "yuan", "nav")))
    held = {name: exact(round(face, 2)) for name, face in live.holdings.items()}
    return [line.as_json() for line in held_lines(replace(state, held=held))]


def _tiles(desk: WhatIf, changes: Changes, live: Live, lang: str) -> Any:
    from absalloc.report.words import shown

    nav = desk.case.state.mandate.amount("nav") if changes.nav is None else changes.nav
    base = desk.case.state.mandate.portfolio.invest.amount if nav is None else nav
    rate = None if live.value is None or not base else live.value / float(base)
    items = [
        (text("tile_net", lang), shown(live.value, "yuan", lang)),
        (text("tile_rate", lang), shown(rate, "ratio", lang)),
        (text("tile_lines", lang), str(len(live.holdings))),
        (text("tile_binding", lang), str(len(live.binding))),
    ]
    if live.gain is not None:
        items.insert(1, (text("tile_gain", lang), shown(live.gain, "yuan", lang)))
    return tiles(items)


def _rules(desk: WhatIf, live: Live, lang: str) -> list[dict[str, Any]]:
    from absalloc.report.words import DASH, shown

    titles = {rule.id: getattr(rule.title, lang) for rule in desk.case.state.rules.active}
    found = []
    for item in sorted(live.rules, key=lambda r: (not r.binding, r.room is None, r.room or 0.0)):
        told_ = item.to_json()
        limit = None if item.limit is None else float(item.limit)
        sign = "≤" if item.sense == "max" else "≥"
        found.append(
            {
                "title": titles.get(item.rule, item.rule),
                "group": item.group or DASH,
                "room": told_["room_yuan"],
                "value": shown(told_["value"], item.unit, lang, limit),
                "limit": f"{sign} {shown(limit, item.unit, lang)}",
                "binds": "●" if item.binding else "",
            }
        )
    return found


def _shift(item: Any) -> dict[str, Any]:
    return {"tranche_id": item.tranche_id, "was": round(item.was, 2), "face": round(item.face, 2)}


def _planned(desks: Desks, chosen: Chosen, said: Mapping[str, Any], lang: str) -> tuple[Any, Any]:
    """Return the plan in whole lots, and the repairs where there is none; nothing where a newer question came."""
    from dash import no_update

    from absalloc.report.answer import plan_answer

    desk = desks.of(chosen)
    if desk.latest != said["version"]:
        return no_update, no_update
    plan = desk.plan(_changes(desk, said), time_limit=PLAN_SECONDS)
    document = plan.to_json(lang)
    good = document["status"] == "optimal"
    gap = "" if document["gap"] is None else text("gap", lang, gap=f"{document['gap']:.1e}")
    net = ""
    if document["objective"]:
        cost = document["objective"]["parts"]["trading_cost"] or 0.0
        net = text("plan_net", lang, yuan=f"{document['objective']['carry_yuan'] - cost:,.2f}")
    said_ = notice(f"{text('whole_lots', lang)} {plan_answer(document, lang)} {net} {gap}", "green" if good else "red")
    return said_, _repairs(document["conflict"], lang)


def _stressed(desks: Desks, chosen: Chosen, said: Mapping[str, Any], scenario: str, lang: str) -> Any:
    """Return what a scenario does to the answer; nothing where a newer question came."""
    import pandas as pd
    from dash import no_update

    from absalloc.desk import stress_test
    from absalloc.desk.whatif import with_nav
    from absalloc.report.words import shown

    desk = desks.of(chosen)
    if desk.latest != said["version"]:
        return no_update
    changes = _changes(desk, said)
    held = desk.ask(changes, version=said["version"]).holdings
    mandate = desk.case.state.mandate
    if changes.nav is not None:
        mandate = with_nav(mandate, Fraction(changes.nav))
    table = pd.DataFrame({"tranche_id": list(held), "face": [round(face, 2) for face in held.values()]})
    found = stress_test(universe(), mandate, table, scenarios=[scenario], as_of=chosen.as_of)
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


def _repairs(conflict: Sequence[Mapping[str, Any]], lang: str) -> list[Any]:
    import dash_mantine_components as dmc
    from dash import html

    found: list[Any] = []
    for item in conflict:
        found.append(html.P(item.get("text") or text("conflict", lang, rules=", ".join(item["rules"]))))
        for repair in item["repairs"]:
            name, value = _knob_of(repair)
            if name is not None:
                found.append(
                    dmc.Button(
                        repair["text"],
                        size="xs",
                        mr=8,
                        mb=6,
                        variant="light",
                        id={"part": "repair", "knob": name, "to": str(value)},
                    )
                )
    return found


def _knob_of(repair: Mapping[str, Any]) -> tuple[str | None, float | None]:
    limit, unit = repair.get("limit"), repair.get("unit")
    if limit is None or unit is None:
        return None, None
    return f"{repair['rule']}.{repair['sense']}", in_field(Fraction(str(limit)), unit)


def _pinned(desks: Desks, chosen: Chosen, said: Mapping[str, Any], lang: str) -> dict[str, Any]:
    desk = desks.of(chosen)
    changes = _changes(desk, said)
    live = desk.pin(changes)
    nav = desk.case.state.mandate.amount("nav") if changes.nav is None else changes.nav
    what = [f"{name} {float(value):.6g}" for name, value in changes.limits.items()]
    what += [text("without", lang, what=name) for name in (*changes.off, *changes.supply)]
    return {
        "name": str(desk.case.state.name),
        "value": None if live.value is None else round(live.value, 2),
        "bp": None if live.value is None or not nav else round(live.value / float(nav) * 1e4, 4),
        "lines": len(live.holdings),
        "what": "; ".join(what) or text("as_given", lang),
        "binding": ", ".join(name.partition("/")[2] for name in live.binding),
    }
