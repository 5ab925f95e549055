"""The answer in one line, of a plan or a check (plain data)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.report import words
from absalloc.report.words import BETWEEN, DASH, LISTED, SEMICOLON, say, shown, yuan_in_full

MOST_WANTED = 3
"""Facts named in the answer; the list above it has them all."""


def check_answer(document: dict[str, Any], lang: str, *, titled: bool = False) -> str:
    """Return whether the book complies, and what stands in the way; ``titled``: rules by their title, not their id."""
    titles = _titles(document) if titled else {}
    hard = [item for item in document["findings"] if item["level"] == "hard"]
    failed = list(dict.fromkeys(_label(item) for item in hard if item["verdict"] == "fail"))
    open_ = list(dict.fromkeys(_label(item) for item in hard if item["verdict"] == "unknown"))
    fields = {
        "book": LISTED[lang].join(document["mandates"]),
        "day": document["as_of"],
        "proven": document["n_proven"],
        "unknown": document["n_unknown"],
        "rules": _names(failed or open_, lang, titles=titles),
        "n": len(failed or open_),
    }
    key = {True: "check_yes", False: "check_no", None: "check_open"}[document["compliant"]]
    text = say(key, lang, **fields)
    wanted = [item["text"] for item in document["to_prove"][:MOST_WANTED]]
    if wanted and document["compliant"] is not False:
        text += BETWEEN[lang] + say("check_to_prove", lang, what=SEMICOLON[lang].join(wanted))
    return text


def plan_answer(document: dict[str, Any], lang: str, *, titled: bool = False) -> str:
    """Return what the plan earns and what binds it; or why there is none; ``titled`` as for a check."""
    titles = _titles(document) if titled else {}
    if document["objective"] is None:
        conflict = [rule for item in document["conflict"] for rule in item["rules"]]
        key = "plan_infeasible" if document["status"] == "infeasible" else "plan_stopped"
        return say(
            key,
            lang,
            mandate=document["mandate"],
            reason=document["reason"] or DASH,
            rules=_names(conflict, lang, titles=titles),
        )
    carry = document["objective"]
    fields = {
        "mandate": document["mandate"],
        "yuan": yuan_in_full(carry["carry_yuan"]),
        "on_nav": shown(carry["on_nav"], "ratio", lang),
        "lines": len(document["holdings"]),
        "trades": len(document["trades"]),
        "binding": _names(document["binding"], lang, titles=titles),
    }
    text = say("plan_found", lang, **fields)
    # A new book is compliant or there is no plan; a passive breach that may stay is said aloud.
    left = list(
        dict.fromkeys(_label(i) for i in document["findings"] if i["level"] == "hard" and i["verdict"] != "pass")
    )
    if left:
        text += BETWEEN[lang] + say("plan_left", lang, rules=_names(left, lang, titles=titles))
    if document["scenarios"] is not None:
        text += BETWEEN[lang] + _scenarios(document["scenarios"], lang)
    if document["status"] != "optimal":
        text += BETWEEN[lang] + say("plan_unproven", lang, reason=document["reason"] or DASH)
    return text


def compare_answer(item: Mapping[str, Any], lang: str) -> str:
    """Return the free mix, the sector worth most to it, and the one that earns most at equal stressed loss."""
    mix = item["mix"]
    shares = [f"{words.name('sector', s, lang)} {shown(w, 'ratio', lang)}" for s, w in mix["weights"].items()]
    said = [
        say(
            "compare_answer", lang, book=item["mandate"], sleeve=yuan_in_full(item["sleeve_yuan"]),
            status=words.name("status", mix["status"], lang), yuan=yuan_in_full(mix["carry_yuan"]),
            shares=LISTED[lang].join(shares) or DASH,
        )
    ]  # fmt: skip
    for key in ("leave_one_out_bp", "equal_loss_carry_bp"):
        known = [row for row in item["sectors"] if row[key] is not None]
        if known:
            best = max(known, key=lambda row: row[key])
            said.append(
                say(f"compare_{key}", lang, sector=words.name("sector", best["sector"], lang), bp=f"{best[key]:,.2f}")
            )
    return BETWEEN[lang].join(said)


def stress_answer(document: Mapping[str, Any], lang: str) -> str:
    """Return which book breaks first in each scenario, or that none does."""
    said, names = [], dict.fromkeys(item["scenario"]["name"] for item in document["scenarios"])
    for name in names:
        items = [item for item in document["scenarios"] if item["scenario"]["name"] == name]
        title = items[0]["scenario"]["title"]
        broken = [item for item in items if item["breaks"] is not None]
        if not broken:
            key = "stress_holds" if all(item["compliant"] for item in items) else "stress_no_new"
            said.append(say(key, lang, scenario=title))
            continue
        first = min(broken, key=lambda item: item["breaks"]["month"])
        found = first["breaks"]
        month, day, rule = found["month"], found["date"], found["title"]
        said.append(say("stress_breaks", lang, scenario=title, book=first["book"], month=month, day=day, rule=rule))
    return BETWEEN[lang].join(said)


def _scenarios(found: dict[str, Any], lang: str) -> str:
    """Return what the plan was made to stand, and what that costs."""
    tail = [] if found["tail"] is None else [found["tail"]["set"]]
    names = LISTED[lang].join([*(item["name"] for item in found["results"]), *tail])
    lost = found["given_up"]
    if lost is None:
        return say("plan_scenarios", lang, names=names)
    share = None if lost["on_nav"] is None else lost["on_nav"] * 10_000
    bp = DASH if share is None else f"{share:.2f}"
    return say("plan_given_up", lang, names=names, yuan=yuan_in_full(lost["carry_yuan"]), bp=bp)


def _label(item: Mapping[str, Any]) -> str:
    """Return a finding's rule, with its scenario where it is of one."""
    return str(item["rule"]) if item["scenario"] is None else f"{item['rule']} [{item['scenario']}]"


def _titles(document: Mapping[str, Any]) -> dict[str, str]:
    return {item["rule"]: item["title"] for item in (*document["findings"], *document["not_applied"])}


def titled_rule(rule: str, titles: Mapping[str, str]) -> str:
    """Return the title of ``rule`` or ``rule [scenario]``, its short id where it has none."""
    name, space, scenario = rule.partition(" [")
    return titles.get(name, name.partition("/")[2] or name) + space + scenario


def _names(rules: list[str], lang: str, most: int = 4, titles: Mapping[str, str] | None = None) -> str:
    """Return rules in a row, by their title or else their short id, cut after ``most``."""
    short = list(dict.fromkeys(titled_rule(rule, titles or {}) for rule in rules))
    said = LISTED[lang].join(short[:most])
    return (said or DASH) if len(short) <= most else say("listed_more", lang, said=said, n=len(short) - most)
