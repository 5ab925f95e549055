"""What the part "Why" of the page answers: prices, a frontier, one line, near-best portfolios, of the what-if as is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from absalloc.web.page import why_figures
from absalloc.web.page.desks import Chosen, Desks, universe
from absalloc.web.page.knobs import changes_of
from absalloc.web.page.parts import notice
from absalloc.web.page.why_figures import limit_words, notch_words
from absalloc.web.page.words import of_field, text

if TYPE_CHECKING:
    from absalloc.desk.run_notes import Asked
    from absalloc.rows import BookState
    from absalloc.rulebook.active import ActiveRule, Limit

Step = Callable[[int, int, str], None]
POINTS = 12
STOPS = ("cash", "budget", "turnover", "supply")


@dataclass(frozen=True)
class Question:
    """What is asked about: a tab's book, what was said of it in What if, and who is told of each step."""

    chosen: Chosen
    said: Mapping[str, Any]
    lang: str
    step: Step

    def asked(self, desks: Desks) -> Asked:
        """Return the book under the changes of What if. Raises BadInput as ``WhatIf.ask`` does."""
        desk = desks.of(self.chosen)
        return desk.asked(changes_of(desk, self.said))


@dataclass(frozen=True)
class Curve:
    """The limit that is drawn, ``rule.max`` or ``rule.min``; its ends as numbers of a field, empty for its own."""

    limit: str
    low: Any = None
    high: Any = None
    points: Any = POINTS


def about(desks: Desks, chosen: Chosen, said: Mapping[str, Any], lang: str) -> Any:
    """Return what is explained: the book, its day, and what What if changed of it; in red where there is no answer."""
    from dash import html

    desk = desks.of(chosen)
    changes = changes_of(desk, said)
    asked = desk.asked(changes)
    live = desk.ask(changes, version=desk.latest)
    head = text("why_about", lang, book=str(asked.state.name), day=asked.state.as_of.isoformat())
    changed = [note.text(lang) for note in asked.changed] or [text("why_as_given", lang)]
    parts: list[Any] = [html.P([html.Strong(head), " ", " ".join(changed)])]
    if live.status in ("infeasible", "stopped"):
        parts.append(notice(f"{text(f'status_{live.status}', lang)} {text('why_see_what_if', lang)}", "red"))
    return html.Div(parts)


def state_of(desks: Desks, chosen: Chosen, said: Mapping[str, Any]) -> BookState:
    """Return the book whose limits there are to choose from: with the targets that were set in What if."""
    desk = desks.of(chosen)
    return desk.case_of(changes_of(desk, said)).state


def limits(state: BookState, lang: str) -> list[dict[str, str]]:
    """Return every limit that is a number, the mandate's own targets first, for a field to choose from."""
    found = [
        (not rule.id.startswith("target/"), {"value": f"{rule.id}.{limit.sense}", "label": _label(rule, limit, lang)})
        for rule, limit in _numbers(state)
    ]
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def lines(lang: str) -> list[dict[str, str]]:
    """Return every line of the market for a field to choose from."""
    market = universe()
    pairs = zip(market.column("tranche_id"), market.column("name"), strict=True)
    return [{"value": str(code), "label": f"{code} {name or ''}".strip()} for code, name in pairs]


def _numbers(state: BookState) -> list[tuple[ActiveRule, Limit]]:
    return [(rule, limit) for rule in state.rules.active for limit in rule.limits if limit.value is not None]


def _label(rule: ActiveRule, limit: Limit, lang: str) -> str:
    return f"{getattr(rule.title, lang)} {'≤' if limit.sense == 'max' else '≥'} · {rule.id}"


def titles(state: BookState, lang: str) -> dict[str, str]:
    """Return the title of each rule in force, and words for what stops a purchase and is no rule."""
    from absalloc.report.words import name

    found = {rule.id: str(getattr(rule.title, lang)) for rule in state.rules.active}
    return found | {word: name("stop", word, lang) for word in STOPS}


def prices(desks: Desks, question: Question, *, whole: bool, ends: bool) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Return what is said, the chart and the rows of the price list."""
    from absalloc.explain import prices as price_list

    asked, lang = question.asked(desks), question.lang
    found = price_list(
        asked.state, asked.settings, lp=not whole, breakpoints=ends, supply=asked.supply, progress=question.step
    )
    document = found.to_json(lang)
    if document["status"] != "optimal":
        return no_answer(document, lang), why_figures.price_bars([], lang), []
    names = titles(asked.state, lang)
    rows = [_price(item, names, lang) for item in document["prices"]]
    dear = sum(1 for item in document["prices"] if item["removed"]["worth"] == "gain")
    key = "why_priced_lp" if document["lp_relaxation"] else "why_priced"
    return notice(text(key, lang, n=len(rows), dear=dear), "green"), why_figures.price_bars(rows, lang), rows


def no_answer(document: Mapping[str, Any], lang: str) -> Any:
    """Return that there is nothing to explain, and why where that says more."""
    status = document["status"]
    reason = "" if status == "infeasible" else document.get("reason") or ""
    return notice(f"{text('status_' + status, lang)} {reason}".strip(), "red")


def _price(item: Mapping[str, Any], names: Mapping[str, str], lang: str) -> dict[str, Any]:
    from absalloc.report.words import DASH, LISTED

    unit, sign = item["unit"], "≤ " if item["sense"] == "max" else "≥ "

    def written(key: str) -> str:
        return DASH if item[key] is None else limit_words(item[key], unit, lang)

    row: dict[str, Any] = {
        "key": f"{item['rule']}.{item['sense']}", "title": item["title"],
        "limit": DASH if item["limit"] is None else sign + written("limit"),
        "notch": DASH if item["notch"] is None else notch_words(item["notch"], unit, lang),
        "binds_from": written("binds_from"), "feasible_to": written("feasible_to"),
    }  # fmt: skip
    told = []
    for field, key in (("looser", "looser"), ("tighter", "tighter"), ("gone", "removed")):
        move = item[key]
        known = move is not None and move["worth"] in ("gain", "loss", "nothing")
        row[f"{field}_bp"] = move["gain_bp"] if known else None
        row[f"{field}_yuan"] = move["gain_yuan"] if known else None
        if move is not None and not known:
            told.append(text(f"why_{field}_{move['worth']}", lang))
    after = item["behind"] or item["removed"]["takes_over"]
    said = [*told, LISTED[lang].join(names.get(name, name) for name in after)]
    return {**row, "then": " ".join(part for part in said if part) or DASH}


def curve(desks: Desks, question: Question, wanted: Curve) -> tuple[Any, Any, Any, list[dict[str, Any]], str]:
    """Return what is said, the chart, the turns, the rows and the words on the range of carry against one limit."""
    from dash import html

    from absalloc.explain import Range, frontier

    asked, lang = question.asked(desks), question.lang
    name, _, sense = wanted.limit.rpartition(".")
    unit = _unit(asked.state, name, sense)
    hint = text("why_range", lang, unit=why_figures.unit_words(unit, lang))
    low, high = (None if end in (None, "") else of_field(end, unit) for end in (wanted.low, wanted.high))
    ends = Range(low, high, int(wanted.points or POINTS))
    found = frontier(
        asked.state, asked.settings, name, ends, sense=sense, lp=True, supply=asked.supply, progress=question.step
    )
    document = why_figures.in_words(found.to_json(lang), titles(asked.state, lang), lang)
    known = [point for point in document["points"] if point["carry_bp"] is not None]
    if not known:
        reason = document["reason"] or text("status_infeasible", lang)
        return notice(reason, "red"), why_figures.curve(document, lang), [], [], hint
    turned = [html.Li(why_figures.turn_words(turn, unit, lang)) for turn in document["turns"]]
    turns = [html.H3(text("why_turns", lang)), html.Ul(turned)] if turned else html.P(text("why_no_turns", lang))
    best = max(known, key=lambda point: point["carry_bp"])
    words = {"limit": best["limit_text"], "bp": f"{best['carry_bp']:,.2f}", "rule": document["title"]}
    said = text("why_curve_said", lang, n=len(known), **words)
    return notice(said, "green"), why_figures.curve(document, lang), turns, _points(document, lang), hint


def _unit(state: BookState, name: str, sense: str) -> str:
    return next(limit.unit for rule, limit in _numbers(state) if (rule.id, limit.sense) == (name, sense))


def _points(document: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """Return a row for each point; of the rules that bind all once, then those that come and go."""
    from absalloc.report.words import LISTED

    rows, last = [], None
    for point in document["points"]:
        names = point["binding"] if point["status"] == "optimal" else None
        if names is None:
            moved = text(f"status_{point['status']}", lang)
        elif last is None:
            moved = LISTED[lang].join(names)
        else:
            come = [f"+ {name}" for name in names if name not in last]
            moved = LISTED[lang].join([*come, *(f"− {name}" for name in last if name not in names)]) or "="
        last = names
        here = " ←" if point["limit"] == document["limit"] else ""
        limit = f"{point['limit_text']}{here}"
        rows.append({"limit": limit, "carry": point["carry_yuan"], "bp": point["carry_bp"], "binding": moved})
    return rows


def menu(desks: Desks, question: Question, within: Any, count: Any) -> tuple[Any, list[dict[str, Any]], Any]:
    """Return what is said, the rows and the moves of portfolios that are nearly as good and quite different."""
    from absalloc.explain import menu as near_best

    asked, lang = question.asked(desks), question.lang
    question.step(0, int(count or 0) or 1, "")
    width = Fraction(str(within or 0))
    found = near_best(
        asked.state, asked.settings, width, int(count or 0), supply=asked.supply, progress=question.step
    )  # fmt: skip
    document = found.to_json(lang)
    if not document["choices"]:
        return no_answer(document, lang), [], []
    rows = [_choice(item, number, lang) for number, item in enumerate(document["choices"], start=1)]
    said = text("why_menu_said", lang, n=len(rows), bp=f"{document['within_bp']:g}")
    moves = [_moves(item, number, lang) for number, item in enumerate(document["choices"][1:], start=2)]
    return notice(said, "green" if document["status"] == "optimal" else "red"), rows, moves


def _choice(item: Mapping[str, Any], number: int, lang: str) -> dict[str, Any]:
    features = item["features"]
    return {
        "name": text("why_best", lang) if number == 1 else str(number), "carry": item["carry_yuan"],
        "gives_up": item["gives_up_bp"], "overlap": item["overlap"], "names": features["names"],
        "cash": features["cash"], "repo": features["repo"], "duration": features["modified_duration"],
        "wal": features["wal"],
    }  # fmt: skip


def _moves(item: Mapping[str, Any], number: int, lang: str) -> Any:
    from dash import html

    return html.Div(
        [
            html.H3(text("why_against_best", lang, n=number, bp=f"{item['gives_up_bp'] or 0:,.2f}")),
            moves_table(item["comes"], item["goes"], lang),
        ]
    )


def moves_table(comes: Sequence[Mapping[str, Any]], goes: Sequence[Mapping[str, Any]], lang: str) -> Any:
    """Return what comes and what goes side by side, market value in yuan."""
    from dash import html

    def side(key: str, moves: Sequence[Mapping[str, Any]]) -> Any:
        rows = [html.Tr([html.Th(_named(m["tranche_id"]), scope="row"), html.Td(_yuan(m))]) for m in moves]
        body = rows or [html.Tr(html.Td(text("why_nothing", lang), colSpan=2))]
        return html.Table([html.Caption(text(key, lang)), html.Tbody(body)], className="moves")

    return html.Div([side("why_comes", comes), side("why_goes", goes)], className="pair")


def _named(code: str) -> str:
    market = universe()
    row = market.index().get(code)
    name = None if row is None else market.column("name")[row]
    return f"{code} {name or ''}".strip()


def _yuan(move: Mapping[str, Any]) -> str:
    from absalloc.report.words import yuan_in_full

    return yuan_in_full(move["market_value"])
