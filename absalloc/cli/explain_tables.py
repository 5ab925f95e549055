"""The answers of ``absalloc explain`` for people; each returns its answer in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from absalloc.cli.shell import Shell, plain
from absalloc.cli.tables import said_once, simple_table
from absalloc.report.words import BETWEEN, DASH, LISTED, name, shown, yuan_in_full

MOST_ROWS = 30
"""Rows on a terminal; JSON has them all."""


def _bp(value: float | None) -> str:
    return DASH if value is None else f"{value:,.2f}"


def _heads(shell: Shell, *keys: str) -> list[str]:
    return [shell.text(f"head_{key}") for key in keys]


def _listed(shell: Shell, items: Sequence[str]) -> str:
    return LISTED[shell.lang].join(items) or DASH


def _more(shell: Shell, n: int) -> None:
    if n > MOST_ROWS:
        shell.show(shell.text("more_in_json", n=n - MOST_ROWS))


def _answer(shell: Shell, key: str, document: dict[str, Any], **fields: Any) -> str:
    status = document.get("status")
    if status is not None and status != "optimal":
        return shell.text("no_proof", book=document["mandate"], status=name("status", status, shell.lang))
    return shell.text(key, book=document["mandate"], **fields)


def _stop(room: dict[str, Any], lang: str) -> str:
    """Return what stops a purchase: a rule by its id, or a word for what is no rule (cash, supply)."""
    rule = room["rule"]
    return rule if rule and "/" in rule else name("stop", rule, lang)


def _after(shell: Shell, repair: dict[str, Any]) -> str:
    """Return what there is after a repair: a plan, one that is not proven best, none."""
    status = repair["status"]
    if status == "stopped":
        return shell.text("repair_unproven" if repair["carry_yuan"] is not None else "repair_unknown")
    return shell.text("repair_alone") if status == "infeasible" else name("status", status, shell.lang)


def _earned(repair: dict[str, Any]) -> str:
    """Return the carry after a repair in bp; of a plan not proven best, and what none can beat."""
    value, most = repair["carry_bp"], repair["carry_most_bp"]
    if repair["status"] != "stopped" or most is None:
        return _bp(value)
    return f"≤ {_bp(most)}" if value is None else f"{_bp(value)} … {_bp(most)}"


def show_set(shell: Shell, item: dict[str, Any]) -> None:
    """Print one set of rules that cannot hold together, and the ways out."""
    named = _listed(shell, item["rules"])
    if item.get("text"):
        said_once(shell, named, [item["text"]])
    else:
        shell.show(plain(f"  {named}"))
    rows = [(r["text"], yuan_in_full(r["excess_yuan"]), _after(shell, r), _earned(r)) for r in item["repairs"]]
    if rows:
        shell.show(simple_table(_heads(shell, "repair", "excess", "status", "carry_bp"), rows, (1, 3)))


def show_conflict(shell: Shell, document: dict[str, Any]) -> str:
    """Print each set of rules that cannot hold together, and the ways out."""
    for item in document["conflict"]:
        show_set(shell, item)
    if document["status"] == "infeasible":
        key = "conflict_all" if document["complete"] else "conflict_some"
        return shell.text(key, book=document["mandate"], n=len(document["conflict"]))
    return _answer(shell, "conflict_none", document)


def show_headroom(shell: Shell, document: dict[str, Any]) -> str:
    """Print what may still be bought, most first."""
    lines = sorted(document["lines"], key=lambda x: (-(x["market_value"] or 0), x["tranche_id"]))
    rows = [
        (x["tranche_id"], yuan_in_full(x["face"]), yuan_in_full(x["market_value"]), _stop(x, shell.lang),
         x["group"] or DASH, _bp(x["gain_bp"]), x["reason"] or "")
        for x in lines[:MOST_ROWS]
    ]  # fmt: skip
    heads = _heads(shell, "code", "face", "market_value", "stopped_by", "group", "carry_bp", "reason")
    shell.show(simple_table(heads, rows, (1, 2, 5)))
    _more(shell, len(lines))
    some = sum(1 for x in lines if x["face"])
    at = shell.text(f"at_{document['at']}")
    return _answer(shell, "headroom_answer", document, some=some, n=len(lines), at=at)


def show_menu(shell: Shell, document: dict[str, Any]) -> str:
    """Print the portfolios, and what the others give and take against the best."""
    rows = [
        (n, yuan_in_full(c["carry_yuan"]), _bp(c["gives_up_bp"]), shown(c["overlap"], "ratio", shell.lang),
         shown(c["features"]["names"], "count", shell.lang),
         shown(c["features"]["modified_duration"], "years", shell.lang),
         shown(c["features"]["wal"], "years", shell.lang))
        for n, c in enumerate(document["choices"], 1)
    ]  # fmt: skip
    heads = _heads(shell, "choice", "carry_yuan", "gives_up_bp", "overlap", "lines", "duration", "wal")
    shell.show(simple_table(heads, rows, (1, 2, 3, 4, 5, 6)))
    for n, choice in enumerate(document["choices"][1:], 2):
        comes, goes = (
            _listed(shell, [f"{m['tranche_id']} {shown(m['market_value'], 'yuan', shell.lang)}" for m in choice[key]])
            for key in ("comes", "goes")
        )
        said_once(shell, shell.text("choice", n=n), [shell.text("comes", what=comes), shell.text("goes", what=goes)])
    return _answer(shell, "menu_answer", document, n=len(document["choices"]), bp=f"{document['within_bp']:g}")


def show_frontier(shell: Shell, document: dict[str, Any]) -> str:
    """Print carry at each limit as a number and a bar, and where the binding rules change."""
    lang, unit, points = shell.lang, document["unit"], document["points"]
    bars = _bars([p["carry_bp"] if p["carry_yuan"] is None else p["carry_yuan"] for p in points])
    binds = _changing([p["binding"] if p["status"] == "optimal" else None for p in points], lang)
    rows = [
        (("→ " if p["limit"] == document["limit"] else "") + p["limit_text"], name("status", p["status"], lang),
         yuan_in_full(p["carry_yuan"]), _bp(p["carry_bp"]), bar, bound)
        for p, bar, bound in zip(points, bars, binds, strict=True)
    ]  # fmt: skip
    heads = [*_heads(shell, "limit", "status", "carry_yuan", "carry_bp"), "", *_heads(shell, "binding")]
    shell.show(simple_table(heads, rows, (0, 2, 3)))

    def said(names: Sequence[str]) -> str:
        return _listed(shell, [shell.text("where_no_plan") if n == "infeasible" else n for n in names])

    turns = [
        shell.text(
            "turn", low=shown(t["low"], unit, lang), high=shown(t["high"], unit, lang), starts=said(t["starts"]),
            stops=said(t["stops"]),
        )
        for t in document["turns"]
    ]  # fmt: skip
    said_once(shell, shell.text("turns"), turns)
    made = sum(1 for p in points if p["status"] == "optimal")
    key = "frontier_answer_lp" if document["lp_relaxation"] else "frontier_answer"
    return _answer(shell, key, document, rule=document["rule"], made=made, n=len(points))


def _changing(binding: Sequence[Sequence[str] | None], lang: str) -> list[str]:
    """Return the rules that bind at each point: all of them once, then those that come (+) and go (-)."""
    found, last = [], None
    for names in binding:
        if names is None or last is None:
            found.append(DASH if names is None else LISTED[lang].join(names))
        else:
            moved = [f"+{n}" for n in names if n not in last] + [f"-{n}" for n in last if n not in names]
            found.append(LISTED[lang].join(moved) or "=")
        last = names
    return found


def _bars(values: Sequence[float | None], width: int = 16) -> list[str]:
    """Return a bar for each value, from the least (one block) to the greatest; none where there is no value."""
    known = [value for value in values if value is not None]
    if not known or max(known) == min(known):
        return ["" if value is None else "█" for value in values]
    low, high = min(known), max(known)
    return ["" if v is None else "█" * (1 + round((width - 1) * (v - low) / (high - low))) for v in values]


def show_why(shell: Shell, document: dict[str, Any]) -> str:
    """Print why a line is in the plan or not."""
    lang = shell.lang
    said_once(shell, shell.text("reasons"), document["reasons"])
    said_once(shell, shell.text("in_the_way"), document["in_the_way"])
    room = document["headroom"]
    if room is not None and not document["reasons"]:
        stop = _stop(room, shell.lang)
        shell.show("", plain(shell.text("why_room", face=yuan_in_full(room["face"]), rule=stop)))
    for key in ("without", "forced"):
        swap = document[key]
        if swap is not None:
            status = name("status", swap["status"], lang)
            shell.show(shell.text(f"why_{key}", bp=_bp(swap["cost_bp"]), yuan=yuan_in_full(swap["cost_yuan"]),
                                  status=status))  # fmt: skip
    held = document["held"]
    turns = document["leaves_at" if held else "enters_at"]
    fields = {
        "line": document["tranche_id"],
        "face": yuan_in_full(document["face"]),
        "rate": shown(document["yield"], "ratio", lang, turns),
        "at": shown(turns, "ratio", lang, document["yield"]),
    }
    key = ("why_held" if held else "why_not_held") + ("" if turns is not None else "_only")
    text = _answer(shell, key, document, **fields)
    return text + BETWEEN[lang] + shell.text("not_confirmed") if document["confirmed"] is False else text
