"""The charts of the part "Why": what each rule costs, and carry against one limit; plain data, as plotly draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from absalloc.explain.words import limit_text
from absalloc.report.charts import COLOURS, INK
from absalloc.report.words import DASH, LISTED, shown, yuan_in_full
from absalloc.units import exact
from absalloc.web.page.figures import GREEN, GREY, ORANGE, empty, plain
from absalloc.web.page.words import in_field, text

MOST_BARS = 10
LONGEST = 52
"""Letters of a rule's title beside a bar."""


def price_bars(rows: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any]:
    """Return bars of what the dearest rules cost, bp: to the right what is gained, to the left what is lost."""
    fields = (("gone_bp", COLOURS["sleeve"]), ("looser_bp", GREEN), ("tighter_bp", ORANGE))
    dear = [row for row in rows if any(abs(row[field] or 0) >= 0.005 for field, _ in fields)]
    dear = sorted(dear, key=lambda row: -max(abs(row[field] or 0) for field, _ in fields))[:MOST_BARS]
    if not dear:
        return empty()
    names, places = [_short(_name(row)) for row in dear], list(range(len(dear)))
    bars = [
        {
            "type": "bar", "orientation": "h", "name": text(f"why_{field}", lang), "y": places,
            "x": [row[field] for row in dear], "marker": {"color": colour},
            "text": [_name(row) for row in dear], "textposition": "none",
            "hovertemplate": "%{text}<br>%{fullData.name}: %{x:,.2f}<extra></extra>",
        }
        for field, colour in fields
    ]  # fmt: skip
    down = {
        "autorange": "reversed", "showgrid": False, "ticklabelstandoff": 6, "tickvals": places, "ticktext": names,
    }  # fmt: skip
    across = {"title": {"text": text("why_bp_axis", lang)}, "zerolinecolor": INK}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return plain(bars, 100 + 34 * len(dear), barmode="group", bargap=0.25, legend=legend, xaxis=across, yaxis=down)


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['title']} {row['limit']}".removesuffix(f" {DASH}")


def _short(title: str) -> str:
    return title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"


def curve(document: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return carry against a limit, from a frontier document: the curve, its turns, the limit as it is now."""
    known = [p for p in document["points"] if p["carry_bp"] is not None]
    if not known:
        return empty()
    unit = document["unit"]
    at = {p["limit"]: p["carry_bp"] for p in known}
    line = {
        "type": "scatter", "mode": "lines+markers", "name": text("carry_bp", lang),
        "x": [in_field(p["limit"], unit) for p in known], "y": [p["carry_bp"] for p in known],
        "marker": {"color": COLOURS["sleeve"], "size": 6}, "line": {"color": COLOURS["sleeve"], "width": 2},
        "text": [_point(p, lang) for p in known], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    seen = [turn for turn in document["turns"] if turn["high"] in at]
    marks = {
        "type": "scatter", "mode": "markers", "name": text("why_turn", lang),
        "x": [in_field(t["high"], unit) for t in seen], "y": [at[t["high"]] for t in seen],
        "marker": {"color": ORANGE, "size": 12, "symbol": "diamond", "line": {"color": INK, "width": 1}},
        "text": [turn_words(t, unit, lang) for t in seen], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    return plain(
        [line, marks, _none(document, min(at.values()), lang)], 340,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, hovermode="closest",
        xaxis={"title": {"text": f"{document['title']}, {unit_words(unit, lang)}"}, "zeroline": False},
        yaxis={"title": {"text": text("carry_bp", lang)}, "zeroline": False}, **_now(document, lang),
    )  # fmt: skip


def _now(document: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return a dashed line at the limit as it is now, with its words."""
    if document["limit"] is None:
        return {}
    x = in_field(document["limit"], document["unit"])
    words = text("why_now", lang, limit=document["limit_text"])
    dashes = {"color": INK, "width": 1, "dash": "dash"}
    return {
        "shapes": [{"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": dashes}],
        "annotations": [
            {"x": x, "y": 0, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "text": words, "showarrow": False}
        ],
    }


def _none(document: Mapping[str, Any], floor: float, lang: str) -> dict[str, Any]:
    """Return crosses at the foot of the chart where there is no portfolio."""
    gone = [p for p in document["points"] if p["carry_bp"] is None]
    words = [": ".join((p["limit_text"], text("status_" + p["status"], lang))) for p in gone]
    return {
        "type": "scatter", "mode": "markers", "name": text("why_no_portfolio", lang), "showlegend": bool(gone),
        "x": [in_field(p["limit"], document["unit"]) for p in gone], "y": [floor] * len(gone),
        "marker": {"color": GREY, "size": 9, "symbol": "x"}, "text": words, "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _point(point: Mapping[str, Any], lang: str) -> str:
    said = [point["limit_text"], f"{point['carry_bp']:,.2f} bp"]
    if point["carry_yuan"] is not None:
        said.append(shown(point["carry_yuan"], "yuan", lang))
    said.append(text("why_binds", lang))
    return "<br>".join([*said, *(f"· {name}" for name in point["binding"])])


def turn_words(turn: Mapping[str, Any], unit: str, lang: str) -> str:
    """Return where the binding rules change, and how, in words."""
    names = {key: LISTED[lang].join(turn[key]) or DASH for key in ("starts", "stops")}
    return text("why_turn_at", lang, **names, **{key: limit_words(turn[key], unit, lang) for key in ("low", "high")})


def in_words(document: Mapping[str, Any], titles: Mapping[str, str], lang: str) -> dict[str, Any]:
    """Return a frontier document with its limits in the words of the page, and its rules by their titles."""
    words = {**titles, "infeasible": text("why_no_portfolio", lang), "stopped": text("status_stopped", lang)}

    def named(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        return {**item, **{key: [words.get(name, name) for name in item[key]] for key in keys}}

    def limited(item: Mapping[str, Any]) -> dict[str, Any]:
        limit = item["limit"]
        return {**item, "limit_text": DASH if limit is None else limit_words(limit, document["unit"], lang)}

    points = [named(limited(point), "binding") for point in document["points"]]
    turns = [named(turn, "starts", "stops") for turn in document["turns"]]
    return {**limited(document), "points": points, "turns": turns}


def limit_words(value: float, unit: str, lang: str) -> str:
    """Return a limit as a person of that language writes it: ``12.5%``, ``3.5 years``, ``AA+``, ``60``."""
    return yuan_in_full(value) if unit == "yuan" else limit_text(exact(value), unit, lang)


def notch_words(value: float, unit: str, lang: str) -> str:
    """Return one notch of a limit; a step of grades is a number of them."""
    return f"{value:g}" if unit == "grade" else limit_words(value, unit, lang)


def unit_words(unit: str, lang: str) -> str:
    """Return the unit of a field: per cent, million yuan, years."""
    return text(f"why_unit_{unit}", lang)
