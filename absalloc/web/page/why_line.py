"""Why one line is in the plan or not, in words a person reads aloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.web.page.desks import Desks
from absalloc.web.page.parts import notice
from absalloc.web.page.why_answers import Question, moves_table, no_answer, titles
from absalloc.web.page.words import text


def line(desks: Desks, question: Question, code: str) -> Any:
    """Return the answer on one line. Raises BadInput for a line that is not there."""
    from dash import html

    from absalloc.explain import why

    asked, lang = question.asked(desks), question.lang
    question.step(0, 1, code)
    document = why(asked.state, asked.settings, code, supply=asked.supply).to_json(lang)
    if document["status"] != "optimal":
        return no_answer(document, lang)
    names = titles(asked.state, lang)
    way = [names.get(rule, rule) for rule in document["in_the_way"]]
    barred = [text("why_barred_here", lang)] if asked.supply.get(code) == 0 else []
    parts: list[Any] = [notice(_head(document, lang), "green" if document["held"] else "blue")]
    for key, found in (("why_reasons", [*barred, *document["reasons"]]), ("why_in_the_way", way)):
        if found:
            parts += [html.H3(text(key, lang)), html.Ul([html.Li(item) for item in found])]
    parts += _room(document, names, lang)
    for key in ("without", "forced"):
        if document[key] is not None:
            parts += _swap(document[key], key, lang)
    return html.Div(parts)


def _head(document: Mapping[str, Any], lang: str) -> str:
    """Return whether the line is held, what it yields, and at which yield that would turn."""
    from absalloc.report.words import BETWEEN, shown, yuan_in_full

    held, rate = document["held"], document["yield"]
    said = [
        text(
            "why_held" if held else "why_not_held", lang, line=document["tranche_id"],
            face=yuan_in_full(document["face"]), rate=shown(rate, "ratio", lang),
        )
    ]  # fmt: skip
    turn = document["leaves_at" if held else "enters_at"]
    if turn is not None and rate is not None:
        words = {"at": shown(turn, "ratio", lang, rate), "bp": f"{abs(turn - rate) * 1e4:,.2f}"}
        leaves = turn < rate
        said.append(text("why_leaves" if leaves else "why_enters", lang, **words))
        if held != leaves:
            said.append(text("why_lots_decide", lang))
        if document["confirmed"] is False:
            said.append(text("why_not_confirmed", lang))
    elif not document["reasons"]:
        said.append(text("why_never_leaves" if held else "why_never_enters", lang))
    return BETWEEN[lang].join(said)


def _room(document: Mapping[str, Any], names: Mapping[str, str], lang: str) -> list[Any]:
    from dash import html

    from absalloc.report.words import DASH, yuan_in_full

    room = document["headroom"]
    if room is None or document["reasons"]:
        return []
    rule = None if room["rule"] is None else names.get(room["rule"], room["rule"])
    stop = " · ".join(part for part in (rule, room["group"]) if part) or DASH
    return [html.P(text("why_room", lang, face=yuan_in_full(room["face"]), rule=stop))]


def _swap(swap: Mapping[str, Any], key: str, lang: str) -> list[Any]:
    from dash import html

    from absalloc.report.words import yuan_in_full

    if swap["cost_yuan"] is None:
        return [html.P(text(f"why_{key}_none", lang))]
    cost = {"yuan": yuan_in_full(swap["cost_yuan"]), "bp": f"{swap['cost_bp'] or 0:,.2f}"}
    return [html.H3(text(f"why_{key}", lang)), html.P(text("why_costs", lang, **cost)),
            moves_table(swap["comes"], swap["goes"], lang)]  # fmt: skip
