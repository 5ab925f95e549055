"""Rebalance: the book as it is, the trades proposed, before and after, and the order file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError, BadInput
from absalloc.terms import UNIT_PRICE_PRODUCTS
from absalloc.web.page import books
from absalloc.web.page.desks import Desks, mandate_of, universe
from absalloc.web.page.earlier import rows_before
from absalloc.web.page.knobs import base_of
from absalloc.web.page.parts import KEPT, beside, book_choice, grid, notice, tiles, told
from absalloc.web.page.verdicts import Asked, names_of
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash

    from absalloc.plan.result import Plan

SECONDS = 30.0
TRADES = (
    ("tranche_id", "code", "text"), ("name", "name", "long"), ("side", "side", "short"), ("face", "face", "yuan"),
    ("market_value", "market_value", "yuan"), ("cost", "cost_column", "yuan"),
)  # fmt: skip
BOTH = (
    ("tranche_id", "code", "text"), ("name", "name", "long"), ("before", "was", "yuan"), ("after", "becomes", "yuan"),
)  # fmt: skip


def layout(lang: str) -> Any:
    """Return the part of the page."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    def say(key: str) -> str:
        return text(key, lang)

    trades = [(field, say(key), kind) for field, key, kind in TRADES]
    both = [(field, say(key), kind) for field, key, kind in BOTH]
    side = html.Aside(
        [
            book_choice("rb-book", lang),
            dmc.NumberInput(
                id="rb-turnover", label=say("max_turnover"), value=10, min=0, max=400, suffix=" %", size="sm", **KEPT
            ),
            dmc.Checkbox(id="rb-cure", label=say("cure"), mt=10, **KEPT),
            dmc.Checkbox(id="rb-own", label=say("own_book"), mt=10, **KEPT),
            dmc.Group(
                [
                    dmc.Button(say("propose"), id="rb-go", size="xs"),
                    dmc.Button(say("download_orders"), id="rb-orders", size="xs", variant="light"),
                ],
                mt=12,
            ),
            dcc.Download(id="rb-download"),
        ],
        **{"aria-label": say("the_book")},
    )
    body = html.Section(
        [
            dcc.Loading(
                html.Div(notice(say("ready_to_propose")), id="rb-told", role="status", **{"aria-live": "polite"})
            ),
            html.Div(id="rb-tiles"),
            html.H2(say("trades")),
            grid("rb-trades", trades, lang),
            html.H2(say("before_after")),
            grid("rb-both", both, lang),
        ]
    )
    return html.Div([side, body, dcc.Store(id="rb-plan")], className="split")


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    from dash import Input, Output, State, dcc, no_update

    @app.callback(
        Output("rb-told", "children"),
        Output("rb-tiles", "children"),
        Output("rb-trades", "rowData"),
        Output("rb-both", "rowData"),
        Output("rb-plan", "data"),
        Input("rb-go", "n_clicks"),
        State("rb-book", "value"),
        State("rb-turnover", "value"),
        State("rb-cure", "checked"),
        State("rb-own", "checked"),
        State("ck-rows", "data"),
        State("ck-before", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
        running=[(Output("rb-go", "disabled"), True, False)],
    )
    async def propose(
        clicks: Any, book: str, turnover: Any, cure: Any, own: Any, kept: Any, before: Any, lang: str | None
    ) -> Any:
        if not clicks or lang is None:
            return (no_update,) * 5
        try:
            asked = _asked(book, kept if own else None, before)
            return await beside(_proposed, asked, turnover, bool(cure), lang)
        except AbsallocError as error:
            return told(error, lang), [], [], [], None

    @app.callback(
        Output("rb-download", "data"),
        Input("rb-orders", "n_clicks"),
        State("rb-plan", "data"),
        prevent_initial_call=True,
    )
    def orders(clicks: Any, plan: Any) -> Any:
        from absalloc.report.files import TRADES, table

        if not clicks or not plan:
            return no_update
        return dcc.send_string(table(TRADES, plan["trades"]), "trades.csv")


def _asked(book: str, kept: Any, before: Any) -> Asked:
    """Return the shipped book, or that of the Check page with its earlier one. Raises BadInput if that is another's."""
    if kept is None:
        return Asked(book, books.shipped_rows(book))
    if kept["book"] != book:
        raise BadInput("page.own_other", value=str(mandate_of(kept["book"]).name))
    return Asked(book, kept["rows"], rows_before(book, before))


def _proposed(asked: Asked, turnover: Any, cure: bool, lang: str) -> tuple[Any, ...]:
    from absalloc.desk import rebalance
    from absalloc.report.answer import plan_answer

    held = books.table_of(asked.rows)
    earlier = None if asked.before is None else books.table_of(asked.before)
    cap = None if turnover in (None, "") else f"{turnover}%"
    how: dict[str, Any] = {"max_turnover": cap, "cure": cure, "time_limit": SECONDS}
    plan = rebalance(universe(), mandate_of(asked.book), held, before=earlier, **how)
    document = plan.to_json(lang)
    good = document["status"] == "optimal" and document["compliant"]
    day = document["as_of"]
    kept = {"trades": [{"date": day, **trade} for trade in document["trades"]]} if document["objective"] else None
    names = names_of({*(trade["tranche_id"] for trade in document["trades"]), *(plan.answer.state.before or {})})
    trades = [
        {**trade, "name": names.get(trade["tranche_id"]), "side": text(f"side_{trade['side']}", lang)}
        for trade in document["trades"]
    ]
    said = notice(plan_answer(document, lang, titled=True), "green" if good else "red")
    return said, _tiles(plan, document, lang), trades, _both(plan, names), kept


def _tiles(plan: Plan, document: dict[str, Any], lang: str) -> Any:
    from absalloc.report.words import shown

    if document["objective"] is None:
        return []
    # As the cap counts it: securities alone. Cash, repo and reverse repo only pay for them.
    state = plan.answer.state
    flat = {name for name, row in state.index.items() if state.product[row] in UNIT_PRICE_PRODUCTS}
    traded = sum(trade["market_value"] for trade in document["trades"] if trade["tranche_id"] not in flat)
    base = base_of(state.mandate)
    share = "" if not base else f" · {shown(traded / base, 'ratio', lang)}"
    return tiles(
        [
            (text("tile_carry", lang), shown(document["objective"]["carry_yuan"], "yuan", lang)),
            (text("tile_traded", lang), f"{shown(traded, 'yuan', lang)}{share}"),
            (text("cost", lang), shown(document["objective"]["parts"]["trading_cost"], "yuan", lang)),
            (text("tile_trades", lang), str(len(document["trades"]))),
        ]
    )


def _both(plan: Plan, names: Mapping[str, str]) -> list[dict[str, Any]]:
    before = {name: float(face) for name, face in (plan.answer.state.before or {}).items()}
    after = {line.tranche_id: line for line in plan.holdings}
    return [
        {
            "tranche_id": name,
            "name": names.get(name),
            "before": before.get(name, 0.0),
            "after": float(after[name].face) if name in after else 0.0,
        }
        for name in sorted({*before, *after})
    ]
