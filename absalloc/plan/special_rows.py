"""Counts of names, sums over a threshold and minimum positions as rows with switches."""

from __future__ import annotations

import numpy as np

from absalloc.errors import BadInput
from absalloc.plan.builder import MILLION, Builder, ColumnOf, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.rule_rows import Terms
from absalloc.plan.trades import Legs, face_terms
from absalloc.rows.system import Block, RowSystem


def add_special(builder: Builder, block: Block, lines: PlanLines, legs: Legs, system: RowSystem, terms: Terms) -> None:
    """Add the rows of a count, threshold or minimum-position block."""
    if block.form == "threshold":
        _threshold(builder, block, lines, legs, system, terms)
        return
    switches, always = [], 0
    for r in range(block.rows):
        cols, data, held, most = _amount(builder, block, r, lines, legs, system)
        if not len(cols):
            always += int(held > 0)
            continue
        on = builder.switch(f"holds {block.groups[r]} {block.rule.id}")
        name = f"{block.rule.id} | {block.groups[r]}"
        if block.form == "if_held":
            least = block.limit[r] + terms.margins.get((block.rule.id, block.groups[r] or "", block.sense), 0.0)
            meaning = RowOf(block.rule.id, block.groups[r], f"{name} | least")
            builder.row(meaning, np.append(cols, on), np.append(data, -least / MILLION), -held / MILLION, np.inf)
        over = 0.0 if block.over is None else block.over * _denominator(block, r) / MILLION
        builder.row(
            RowOf(block.rule.id, block.groups[r], f"{name} | held"),
            np.append(cols, on), np.append(data, -(most / MILLION)), -np.inf, over - held / MILLION,
        )  # fmt: skip
        switches.append(on)
    if block.form == "count" and switches:
        bound = float(block.limit[0]) - always
        ends = (-np.inf, bound) if block.sense == "max" else (bound, np.inf)
        builder.row(RowOf(block.rule.id, None, f"{block.rule.id} | count"), switches, np.ones(len(switches)), *ends)


def _amount(
    builder: Builder, block: Block, r: int, lines: PlanLines, legs: Legs, system: RowSystem
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return (columns, data) of a group's amount in million yuan, what is held of it and the most there can be."""
    at = (block.row == r) & (block.col < system.positions)
    position = block.col[at] - system.offsets[block.books[0]]
    value = block.n[at]
    cols, data = face_terms(builder, legs, position, value)
    most = float(np.abs(value) @ np.maximum(lines.most[position], lines.held[position]))
    return cols, data, float(value @ lines.held[position]), most


def _denominator(block: Block, r: int) -> float:
    low, high = block.d0[0][r], block.d0[1][r]
    if (len(block.d) and np.any(block.d != 0)) or low != high:
        raise BadInput("plan.threshold_denominator", value=block.rule.id)
    return float(low)


def _threshold(builder: Builder, block: Block, lines: PlanLines, legs: Legs, system: RowSystem, terms: Terms) -> None:
    """Add Σ of the ratios above ``over`` ≤ limit: a switch opens a group to more than ``over`` and counts it whole."""
    counted = []
    base = 1.0
    for r in range(block.rows):
        cols, data, held, most = _amount(builder, block, r, lines, legs, system)
        base = _denominator(block, r)
        over = (block.over or 0.0) * base
        if most <= over or not len(cols):
            continue
        name = f"{block.rule.id} | {block.groups[r]}"
        on = builder.switch(f"above {name}")
        part = builder.column(ColumnOf("on", -1, 0.0, f"counted {name}"), 0.0, most / MILLION)
        meaning = RowOf(block.rule.id, block.groups[r], f"{name} | above")
        builder.row(
            meaning, np.append(cols, on), np.append(data, -(most - over) / MILLION), -np.inf, (over - held) / MILLION
        )
        # Counted is the whole amount where the switch is on, and nothing where it is off.
        meaning = RowOf(block.rule.id, block.groups[r], f"{name} | counted")
        builder.row(
            meaning, np.concatenate([cols, [part, on]]), np.concatenate([data, [-1.0, over / MILLION]]),
            -np.inf, (over - held) / MILLION,
        )  # fmt: skip
        counted.append(part)
    if counted:
        room = float(block.limit[0]) * base - terms.margins.get((block.rule.id, "", block.sense), 0.0)
        meaning = RowOf(block.rule.id, None, f"{block.rule.id} | sum")
        builder.row(meaning, counted, np.ones(len(counted)), -np.inf, room / MILLION)
