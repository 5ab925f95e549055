"""Rules: every rule with its article, words, formula, readings, dates and cases; two days of the book compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError, BadInput
from absalloc.web.page.desks import Desks
from absalloc.web.page.parts import beside, grid, notice, told
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash


def layout(lang: str) -> Any:
    """Return the part of the page."""
    import dash_mantine_components as dmc
    from dash import html

    def say(key: str) -> str:
        return text(key, lang)

    columns = [
        ("rule", say("rule_id"), "wrapped"),
        ("title", say("rule"), "wrapped"),
        ("article", say("article"), "wrapped"),
        ("level", say("level"), "text"),
        ("confidence", say("confidence"), "text"),
    ]
    changes = [
        ("day", say("diff_day"), "text"),
        ("rule", say("rule_id"), "wrapped"),
        ("text", say("what_changed"), "wrapped"),
    ]
    return html.Div(
        [
            html.H2(say("rule_book")),
            html.P(say("rule_hint"), className="soft"),
            grid(
                "ru-list", columns, lang, options={"rowSelection": {"mode": "singleRow", "enableClickSelection": True}}
            ),
            html.Article(id="ru-rule", role="status", **{"aria-live": "polite"}),
            html.H2(say("two_days")),
            dmc.Group(
                [
                    dmc.DateInput(
                        id="ru-from", label=say("from"), value="2023-12-31", valueFormat="YYYY-MM-DD", size="sm"
                    ),
                    dmc.DateInput(id="ru-to", label=say("to"), value="2024-01-01", valueFormat="YYYY-MM-DD", size="sm"),
                    dmc.Button(say("compare_days"), id="ru-diff", size="xs", mt=22),
                ]
            ),
            html.Div(id="ru-told", role="status", **{"aria-live": "polite"}),
            grid("ru-changes", changes, lang),
        ]
    )


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    from dash import Input, Output, State, no_update

    @app.callback(Output("ru-list", "rowData"), Input("lang", "data"))
    async def listed(lang: str | None) -> Any:
        return no_update if lang is None else await beside(_listed, lang)

    @app.callback(Output("ru-rule", "children"), Input("ru-list", "selectedRows"), State("lang", "data"))
    async def shown(rows: Any, lang: str | None) -> Any:
        return [] if not rows or lang is None else await beside(_shown, rows[0]["rule"], lang)

    @app.callback(
        Output("ru-changes", "rowData"),
        Output("ru-told", "children"),
        Input("ru-diff", "n_clicks"),
        State("ru-from", "value"),
        State("ru-to", "value"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    async def differ(clicks: Any, start: str | None, end: str | None, lang: str | None) -> Any:
        if not clicks or lang is None:
            return no_update, no_update
        try:
            return await beside(_changes, start, end, lang)
        except AbsallocError as error:
            return [], told(error, lang)


@cache
def _listed(lang: str) -> list[dict[str, Any]]:
    from absalloc.report.rule_text import rule_document
    from absalloc.report.words import article, name
    from absalloc.rulebook import find_rulebook, shipped_rulebooks

    found = []
    for book in map(find_rulebook, shipped_rulebooks()):
        for rule in book.book.rules:
            item = rule_document(book, rule, lang)
            found.append(
                {
                    "rule": item["rule"],
                    "title": item["title"],
                    "article": article(item["source"], lang),
                    "level": name("level", item["level"], lang),
                    "confidence": name("confidence", item["source"]["confidence"], lang),
                }
            )
    return found


def _shown(rule: str, lang: str) -> list[Any]:
    from dash import html

    from absalloc.report.rule_text import cases_of, rule_in_full
    from absalloc.report.words import article, name
    from absalloc.rulebook import find_rulebook

    book = find_rulebook(rule.partition("/")[0])
    item = rule_in_full(book, book.rules[rule.partition("/")[2]], lang, cases_of(book))
    source = item["source"]
    parts: list[Any] = [
        html.H3(item["title"]),
        html.P(item["sentence"], className="sentence"),
        html.P(f"{article(source, lang)} · {source['ref']} · {name('confidence', source['confidence'], lang)}"),
    ]
    if source["quote"]:
        parts.append(html.Blockquote(source["quote"]))
    readings = [f"{r['switch']}={r['id']}: {r['title'] or ''}{' ●' if r['default'] else ''}" for r in item["readings"]]
    cases = [f"{c['id']}: {name('verdict', c.get('verdict'), lang)}" for c in item.get("cases", [])]
    for key, lines in (("readings", readings), ("cases", cases)):
        if lines:
            parts += [html.H4(text(key, lang)), html.Ul([html.Li(line) for line in lines])]
    return parts


def _changes(start: str | None, end: str | None, lang: str) -> tuple[Any, Any]:
    from absalloc.desk.changed import rules_diff
    from absalloc.rulebook import find_rulebook, shipped_rulebooks

    days = [_day(value) for value in (start, end)]
    found = rules_diff(days[0], days[1], rulebooks=[find_rulebook(n) for n in shipped_rulebooks()]).to_json(lang)
    rows = [{key: item[key] for key in ("day", "rule", "text")} for item in found["changes"]]
    notes: Sequence[str] = found["assumptions"]
    return rows, notice(" ".join([text("changes_found", lang, n=len(rows)), *notes]))


def _day(value: str | None) -> date:
    try:
        return date.fromisoformat((value or "")[:10])
    except ValueError:
        raise BadInput("base.date_form", value=value, expected="YYYY-MM-DD") from None
