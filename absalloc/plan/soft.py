"""Soft rules: what may give way for a price, or only as far as it must, the more important ones last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from absalloc.compliance.finding import Finding
from absalloc.plan.builder import Builder, ColumnOf, RowOf, speaks
from absalloc.rows.system import RowSystem
from absalloc.rulebook.active import ActiveRule
from absalloc.solve import Outcome, Problem

GIVES = "gives "
"""What the names of slacks begin with."""
EASE = 1e-4
"""Share by which a least excess is eased before it becomes a cap: so well the default gap knows it."""
LEAST = 1e-5
"""Million yuan of excess (or names) below which a rule counts as met."""


@dataclass(frozen=True)
class Give:
    """How a soft rule may give way: at ``price`` (a year, per yuan of excess), by ``most`` in all (million yuan)."""

    price: float = 0.0
    most: float | None = None


def add_gives(builder: Builder, gives: Mapping[str, Give]) -> None:
    """Let the rows of some rules be exceeded: a slack each, which costs its price and adds up to no more than allowed.

    Excess is what the rule's numerator exceeds limit × denominator by (falls short of it): yuan for shares, yuan times
    years for means, names for counts.
    """
    for rule, give in gives.items():
        columns = [_slack(builder, row, give.price) for row in giving_rows(builder, rule)]
        if give.most is not None and columns:
            builder.row(RowOf(None, None, f"{GIVES}{rule}"), columns, np.ones(len(columns)), -np.inf, give.most)


def giving_rows(builder: Builder, rule: str) -> list[int]:
    """Return the rows in which a rule gives way: not those that tie a switch to an amount."""
    return [i for i, row in enumerate(builder.rows) if row.rule == rule and speaks(row.name)]


def _slack(builder: Builder, row: int, price: float) -> int:
    cols, data = builder._cols[row], builder._data[row]
    low, high = builder.row_low[row], builder.row_high[row]
    ends = np.array([[builder.low[c], builder.high[c]] for c in cols]).reshape(-1, 2) * data[:, None]
    least, most = float(ends.min(axis=1, initial=np.inf).sum()), float(ends.max(axis=1, initial=-np.inf).sum())
    wide = max(most - high if np.isfinite(high) else 0.0, low - least if np.isfinite(low) else 0.0, 0.0)
    name = f"{GIVES}{builder.rows[row].name}"
    column = builder.column(ColumnOf("on", -1, 0.0, name), 0.0, wide, price)
    builder._cols[row] = np.append(cols, column)
    builder._data[row] = np.append(data, -1.0 if np.isfinite(high) else 1.0)
    return column


def paid(problem: Problem, builder: Builder, x: np.ndarray) -> float:
    """Return what a point pays for rules that give way, million yuan a year: for what each row is exceeded by.

    Not for its slack, which is more than that where the price is no part of what was asked for.
    """
    slack = np.flatnonzero([column.name.startswith(GIVES) for column in builder.columns])
    if not len(slack):
        return 0.0
    without = np.array(x)
    without[slack] = 0.0
    rows = slice(0, len(builder.rows))
    matrix = problem.A.to_scipy().tocsc()[rows]
    at = matrix @ without
    over = np.maximum(np.maximum(at - problem.row_upper[rows], problem.row_lower[rows] - at), 0.0)
    return float(np.array(builder.cost)[slack] @ ((matrix[:, slack] != 0).T @ over))


def only_excess(problem: Problem, builder: Builder, rule: str) -> Problem:
    """Return the program that minimises the slacks of one rule alone."""
    mine = {f"{GIVES}{builder.rows[row].name}" for row in giving_rows(builder, rule)}
    cost = np.array([float(c.name in mine) for c in builder.columns])
    return replace(problem, c=cost, offset=0.0)


def soft_rules(system: RowSystem) -> list[ActiveRule]:
    """Return the soft rules of a system, the most important first: as the mandate orders them, then as written."""
    found = {block.rule.id: block.rule for block in system.blocks if block.rule.level == "soft"}
    return sorted(found.values(), key=lambda rule: (rule.soft is None, 0 if rule.soft is None else rule.soft.rank))


def priced(rules: Sequence[ActiveRule]) -> dict[str, Give]:
    """Return the rules that give way for a price."""
    return {r.id: Give(float(r.soft.price)) for r in rules if r.soft is not None and r.soft.price is not None}


Least = Callable[[Mapping[str, Give], frozenset[str], str], Outcome]
"""(gives, rules left out, a rule) -> the least excess of that rule."""


def in_order(rules: Sequence[ActiveRule], least: Least) -> tuple[dict[str, Give], frozenset[str]] | None:
    """Return (how far each rule must give way, rules that are left out), one after the other in their order.

    A rule that can be met is kept as it is; one without rows to give way in (a bar on lines) that cannot is left out.
    None where a solve ends without an answer.
    """
    gives: dict[str, Give] = {}
    skip = frozenset(rule.id for rule in rules)
    for rule in rules:
        skip = skip - {rule.id}
        found = least({**gives, rule.id: Give()}, skip, rule.id)
        if found.status == "infeasible":
            skip = skip | {rule.id}
        elif found.objective is None or found.status != "optimal":
            return None
        elif found.objective > LEAST:
            gives[rule.id] = Give(0.0, float(found.objective) * (1 + EASE) + LEAST / 10)
    return gives, skip


def gave(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the soft rules that a plan does not meet."""
    return tuple(sorted({f.rule for f in findings if f.level == "soft" and f.verdict == "fail"}))
