"""The price list for people: what each rule costs, where limits bind, pairs, what groups cost; one line answers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from absalloc.cli.shell import Shell
from absalloc.cli.tables import said_once, simple_table
from absalloc.report.words import DASH, LISTED, name, yuan_in_full

MOST_PAIRS = 10
"""Pairs in their table; JSON has them all."""
MOVES = ("looser", "tighter", "removed")
OPEN = ("within_gap", "infeasible", "stopped")


def show_prices(shell: Shell, document: dict[str, Any]) -> str:
    """Print what each rule costs, dearest first, and whatever else was asked."""
    if document["status"] != "optimal":
        status = name("status", document["status"], shell.lang)
        return shell.text("no_proof", book=document["mandate"], status=status)
    shell.show(_plan_said(shell, document), "")
    _show_limits(shell, document)
    shell.show("", *_legend(shell, document))
    _show_pairs(shell, document)
    if document["attribution"] is not None:
        _show_shares(shell, document["attribution"])
    dear = {item["rule"] for item in document["prices"] if item["removed"]["worth"] == "gain"}
    rules = {item["rule"] for item in document["prices"]}
    return shell.text(
        "prices_answer", book=document["mandate"], n=len(document["prices"]), rules=len(rules), dear=len(dear)
    )


def _plan_said(shell: Shell, document: dict[str, Any]) -> str:
    """Return what the prices start from: the objective of the plan, and its gap."""
    found, base = document["objective"], document["base_of_bp"]
    if found["kind"] == "carry_per_capital":
        return shell.text("prices_plan_rate", value=_bp((found["value"] or 0.0) * 10_000))
    return shell.text(
        "prices_plan", yuan=yuan_in_full(round(found["value"], 2)), base=yuan_in_full(base),
        bp=DASH if not base else _bp(found["value"] / base * 10_000), gap=f"{(found['gap'] or 0.0) * 100:.2g}%",
    )  # fmt: skip


def _show_limits(shell: Shell, document: dict[str, Any]) -> None:
    spans = document["solved_as"]["breakpoints"] is not None
    rows, last = [], None
    for item in document["prices"]:
        moves = [_moved(shell, item[key]) for key in MOVES]
        yuan = yuan_in_full(item["removed"]["gain_yuan"])
        if item["rule"] == last:
            # A rule is removed with all its limits: its second limit says no other number.
            moves[2], yuan = shell.text("as_above"), ""
        last = item["rule"]
        ends = _ends(shell, item, document["solved_as"]["breakpoints"] == "integers") if spans else []
        rows.append((item["rule"], item["limit_text"], *moves, yuan, *ends))
    keys = ["rule", "limit", "looser_bp", "tighter_bp", "removed_bp", "removed_yuan"]
    keys += ["binds_from", "feasible_to"] if spans else []
    heads = [shell.text(f"head_{key}") for key in keys]
    shell.show(simple_table(heads, rows, range(1, len(keys))))


def _moved(shell: Shell, move: dict[str, Any] | None) -> str:
    """Return what a move is worth in bp; within the gaps of the solves, how far they leave it open."""
    if move is None:
        return DASH
    if move["worth"] == "within_gap":
        return _range(move["low_bp"], move["high_bp"])
    return shell.text(f"worth_{move['worth']}") if move["worth"] in OPEN else _bp(move["gain_bp"])


def _ends(shell: Shell, item: dict[str, Any], whole: bool) -> list[str]:
    """Return where a limit starts and stops to bind; of plans with lots from … to, for gaps leave a stretch open."""
    from absalloc.explain.words import limit_text

    def text(*keys: str) -> str:
        told = [item[key] for key in keys if item[key] is not None]
        words = [limit_text(Fraction(value), item["unit"], shell.lang) for value in told]
        return " … ".join(words) or DASH

    if not whole:
        return [text("binds_from"), text("feasible_to")]
    return [text("binds_from", "free_from"), text("feasible_to", "infeasible_from")]


def _legend(shell: Shell, document: dict[str, Any]) -> list[str]:
    """Return what the columns mean, and how the numbers were solved."""
    solved = document["solved_as"]
    lines = ["prices_legend"]
    if any(item[key] and item[key]["worth"] == "within_gap" for item in document["prices"] for key in MOVES):
        lines.append("prices_open")
    found = [shell.text(key) for key in lines]
    for how in dict.fromkeys(how for how in solved.values() if how is not None):
        what = LISTED[shell.lang].join(shell.text(f"solved_{key}") for key, other in solved.items() if other == how)
        found.append(shell.text("solved", what=what, how=shell.text(f"solved_as_{how}")))
    return found


def _show_pairs(shell: Shell, document: dict[str, Any]) -> None:
    pairs = [pair for pair in document["pairs"] if pair["worth"] == "gain"]
    rows = [
        (*pair["rules"], *(_bp(gain) for gain in pair["alone_bp"]), _bp(pair["together_bp"]), _bp(pair["more_bp"]),
         yuan_in_full(pair["more_yuan"]))
        for pair in pairs[:MOST_PAIRS]
    ]  # fmt: skip
    said_once(shell, shell.text("pairs"), [shell.text("pairs_mean")] if rows else ())
    if rows:
        keys = ("rule", "and_rule", "first_bp", "second_bp", "both_bp", "more_bp", "more_yuan")
        shell.show(simple_table([shell.text(f"head_{key}") for key in keys], rows, range(2, 7)))
    if len(pairs) > MOST_PAIRS:
        shell.show(shell.text("more_in_json", n=len(pairs) - MOST_PAIRS))
    if open_ := len(document["pairs"]) - len(pairs):
        shell.show(shell.text("pairs_open", n=open_))


def _show_shares(shell: Shell, found: dict[str, Any]) -> None:
    how = shell.text(f"solved_as_{'lp_relaxation' if found['lp_relaxation'] else 'integers'}")
    shares = found["shares"]
    said_once(shell, shell.text("shares", how=how), [found["reason"] or shell.text("shares_mean")])
    if not shares:
        return
    columns = ("ordered_yuan", "ordered_bp", "shapley_yuan", "shapley_bp")
    rows: list[tuple[object, ...]] = [
        (x["group"], len(x["rules"]), yuan_in_full(x["ordered_yuan"]), _share(x, "ordered"),
         yuan_in_full(x["shapley_yuan"]), _share(x, "shapley"))
        for x in shares
    ]  # fmt: skip
    sums = [math.fsum(x[key] or 0.0 for x in shares) for key in columns]
    cells = [yuan_in_full(round(value, 2)) if key.endswith("yuan") else _bp(value)
             for key, value in zip(columns, sums, strict=True)]  # fmt: skip
    rows.append((shell.text("shares_sum"), sum(len(x["rules"]) for x in shares), *cells))
    heads = [shell.text(f"head_{key}") for key in ("cost_group", "rules", *columns)]
    shell.show(simple_table(heads, rows, range(1, 6)))
    told = {key: yuan_in_full(found[key]) for key in ("free", "constrained", "integer_gap", "plan")}
    shell.show(shell.text("shares_said" if found["integer_gap"] is None else "shares_said_plan", **told))


def _share(item: dict[str, Any], key: str) -> str:
    """Return a share in bp; within the gaps of the solves, between which ends it lies."""
    if item[f"{key}_worth"] != "within_gap":
        return _bp(item[f"{key}_bp"])
    return _range(item[f"{key}_low_bp"], item[f"{key}_high_bp"])


def _range(low: float, high: float) -> str:
    """Return the ends of a number in bp, rounded outwards; one end where the other is nil."""
    low, high = math.floor(low * 100) / 100, math.ceil(high * 100) / 100
    return f"≤ {high:.2f}" if low == 0 else f"≥ {low:.2f}" if high == 0 else f"{low:.2f} … {high:.2f}"


def _bp(value: float | None) -> str:
    return DASH if value is None else f"{value:,.2f}"
