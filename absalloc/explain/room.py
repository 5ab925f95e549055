"""The ratio test behind headroom: how far each line's purchase can go before a row of the program stops it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_matrix

from absalloc.explain.model import Model
from absalloc.explain.relaxation import Relaxation
from absalloc.plan.builder import Builder

TINY = 1e-15
SPECIAL = ("| least", "| held", "| above", "| counted", "| past", "| sum", "| count")
TICKETS = ("ticket ", "buys ")
OPEN = ("within ", "holds some ", "buys rather than sells ")
"""Switches that stand at 1 where something more is bought: the limit itself then holds."""


@dataclass
class Rooms:
    """Per position (n,): ``units`` of its buy column still free, the ``rule`` and ``group`` that stop it.

    ``least``: units below which a purchase is not allowed, and ``least_rule`` why; ``gain``: yuan a year per yuan.
    """

    units: np.ndarray
    rule: np.ndarray
    group: np.ndarray
    least: np.ndarray
    least_rule: np.ndarray
    gain: np.ndarray

    def cap(self, at: np.ndarray, most: np.ndarray, rule: str | np.ndarray, group: object = None) -> None:
        """Let ``most`` stop the positions ``at`` where it is less than what stopped them so far."""
        most = np.maximum(most, 0.0)
        tighter = most < self.units[at]
        self.units[at[tighter]] = most[tighter]
        self.rule[at[tighter]] = rule[tighter] if isinstance(rule, np.ndarray) else rule
        self.group[at[tighter]] = group[tighter] if isinstance(group, np.ndarray) else group

    def need(self, at: np.ndarray, least: np.ndarray, rule: str) -> None:
        """Let a purchase at ``at`` be at least ``least``."""
        more = least > self.least[at]
        self.least[at[more]], self.least_rule[at[more]] = least[more], rule


@dataclass(frozen=True)
class _Setting:
    """The program at a point: ``at`` (k,) positions with a buy column, ``cols`` these, ``pay`` cash units per unit."""

    matrix: csc_matrix
    x: np.ndarray
    at: np.ndarray
    cols: np.ndarray
    cash: int
    pay: np.ndarray


def rooms(model: Model, relaxation: Relaxation, x: np.ndarray) -> Rooms:
    """Return how much of each line may be bought at the columns ``x`` with nothing else moving, cash paying."""
    n = model.lines.n
    made = Rooms(
        np.full(n, np.inf), np.full(n, "", dtype=object), np.full(n, None, dtype=object), np.zeros(n),
        np.full(n, "", dtype=object), np.zeros(n),
    )  # fmt: skip
    problem = relaxation.problem(whole=True)
    setting = _setting(model, relaxation, x, csc_matrix(problem.A.to_scipy()))
    columns, at = relaxation.program.builder.columns, setting.at
    free = problem.col_upper[setting.cols] - x[setting.cols]
    made.cap(at, free, "supply")
    _plain_rows(relaxation, made, setting, (problem.row_lower, problem.row_upper))
    _special_rows(relaxation, made, setting, problem.row_upper)
    sizes = np.array([columns[c].size for c in setting.cols])
    made.need(at, np.where(x[setting.cols] > 0, 0.0, model.lines.ticket[at] / sizes), "ticket")
    _cash(model, relaxation, made, setting)
    gain = np.nan_to_num(model.objective.gain)
    purse = 0.0 if setting.cash < 0 else gain[columns[setting.cash].position]
    cost = model.lines.cost[at] * model.lines.worth[at]
    made.gain[at] = gain[at] - cost - purse * setting.pay * _size(relaxation, setting.cash) / sizes
    return made


def _size(relaxation: Relaxation, column: int) -> float:
    return 0.0 if column < 0 else relaxation.program.builder.columns[column].size


def _setting(model: Model, relaxation: Relaxation, x: np.ndarray, matrix: csc_matrix) -> _Setting:
    """Return the program at ``x``: purchase-tested rows are held to their limits, cash pays through the NAV row."""
    builder, legs = relaxation.program.builder, relaxation.program.legs
    x = _switched(relaxation, matrix, x)
    at = np.flatnonzero(legs.buy >= 0)
    cols = legs.buy[at]
    nav = next((i for i, row in enumerate(builder.rows) if row.name == "nav"), -1)
    purse = np.flatnonzero(model.lines.cash & model.lines.allocated & (legs.buy >= 0))
    if nav < 0 or not len(purse) or not np.isfinite(builder.row_low[nav]):
        return _Setting(matrix, x, at, cols, -1, np.zeros(len(at)))
    cash = int(legs.buy[purse[0]])
    row = matrix.getrow(nav).toarray().ravel()
    return _Setting(matrix, x, at, cols, cash, row[cols] / row[cash])


def _switched(relaxation: Relaxation, matrix: csc_matrix, x: np.ndarray) -> np.ndarray:
    """Return ``x`` with the switches of linear rules set: limits hold, alternatives only where a rule itself fails."""
    builder, x = relaxation.program.builder, x.copy()
    for c, meaning in enumerate(builder.columns):
        if meaning.leg == "on" and (meaning.name.startswith(OPEN) or meaning.name.endswith(" itself")):
            x[c] = 1.0
    upper = relaxation.program.problem.row_upper
    missed = (matrix @ x) - upper > 1e-9 * np.maximum(1.0, np.where(np.isfinite(upper), np.abs(upper), 1.0))
    for c, meaning in enumerate(builder.columns):
        if meaning.leg == "on" and meaning.name.endswith(" itself"):
            x[c] = float(not np.any(missed & (relaxation.row_of == meaning.name.removesuffix(" itself"))))
    return x


def _plain_rows(relaxation: Relaxation, made: Rooms, setting: _Setting, bounds: tuple[np.ndarray, np.ndarray]) -> None:
    """Stop each purchase at the first linear row it meets, in one pass over the matrix."""
    rows = relaxation.program.builder.rows
    plain = np.array(
        [not row.name.endswith(SPECIAL) and not (row.rule is None and row.name.startswith(TICKETS)) for row in rows]
    )
    plain &= np.array([row.name != "nav" or setting.cash < 0 for row in rows])
    activity = setting.matrix @ setting.x
    up, down = bounds[1] - activity, activity - bounds[0]
    moved = setting.matrix[:, setting.cols].tocoo()
    row, place, value = moved.row, moved.col, moved.data.copy()
    if setting.cash >= 0:
        purse = setting.matrix[:, setting.cash].toarray().ravel()
        value -= purse[row] * setting.pay[place]
        # Rows that see cash see every purchase; those already seen are not counted twice.
        far = np.flatnonzero((purse != 0) & plain)
        unseen = np.ones((len(far), len(setting.cols)), dtype=bool)
        inside = np.isin(row, far)
        unseen[np.searchsorted(far, row[inside]), place[inside]] = False
        which, other = np.nonzero(unseen)
        row, place = np.concatenate([row, far[which]]), np.concatenate([place, other])
        value = np.concatenate([value, -purse[far[which]] * setting.pay[other]])
    live = plain[row] & (np.abs(value) > TINY)
    row, place, value = row[live], place[live], value[live]
    slack = np.where(value > 0, up[row], down[row])
    room = np.maximum(slack, 0.0) / np.abs(value)
    order = np.argsort(-room, kind="stable")
    best, stop = np.full(len(setting.cols), np.inf), np.full(len(setting.cols), -1)
    best[place[order]], stop[place[order]] = room[order], row[order]
    names = np.array([relaxation.row_of[r] or rows[r].name if r >= 0 else "" for r in stop], dtype=object)
    groups = np.array([rows[r].group if r >= 0 else None for r in stop], dtype=object)
    made.cap(setting.at, best, names, groups)


def _special_rows(relaxation: Relaxation, made: Rooms, setting: _Setting, upper: np.ndarray) -> None:
    """Stop purchases at counts of names, sums over a threshold, and minimum positions."""
    builder = relaxation.program.builder
    kinds = {i: row.name.rpartition("| ")[2] for i, row in enumerate(builder.rows) if row.name.endswith(SPECIAL)}
    if not kinds:
        return
    spot = {int(c): k for k, c in enumerate(setting.cols)}
    matrix = setting.matrix.tocsr()
    free: dict[str, float] = {}
    used: dict[str, float] = {}
    parts: list[tuple[int, str, np.ndarray, np.ndarray, float]] = []
    past: dict[tuple[str, str | None], float] = {}
    for i, kind in kinds.items():
        rule = str(builder.rows[i].rule)
        cols, data = (
            matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]],
            matrix.data[matrix.indptr[i] : matrix.indptr[i + 1]],
        )
        legs = np.array([builder.columns[c].leg != "on" for c in cols], dtype=bool)
        if kind in ("count", "sum"):
            free[rule] = float(upper[i])
            continue
        amount = float(data[legs] @ setting.x[cols[legs]])
        over = amount > upper[i] + 1e-12 if kind in ("held", "above") else False
        mine = [(spot[int(c)], v) for c, v in zip(cols, data, strict=True) if int(c) in spot and v > 0]
        k, v = np.array([m[0] for m in mine], dtype=np.int64), np.array([m[1] for m in mine])
        if kind == "past":
            # Beyond its band a group counts for nothing.
            past[rule, builder.rows[i].group] = _switch(builder, cols, data)
        elif kind == "least":
            _least(made, setting, rule, (k, v), builder.row_low[i] - amount, _switch(builder, cols, data))
        elif kind == "held":
            used[rule] = used.get(rule, 0.0) + float(over)
            if not over:
                parts.append((i, "held", k, v, float(upper[i]) - amount))
        elif kind == "counted":
            at_over = _switch(builder, cols, data, "above ")
            total = amount + (at_over - float(upper[i]))
            if total >= past.get((rule, builder.rows[i].group), np.inf) - 1e-12:
                continue
            above = total > at_over + 1e-12
            used[rule] = used.get(rule, 0.0) + (total if above else 0.0)
            parts.append((i, "in" if above else "under", k, v, total if above else at_over - total))
    _stop_special(relaxation, made, setting, parts, (free, used))


def _switch(builder: Builder, cols: np.ndarray, data: np.ndarray, name: str = "") -> float:
    """Return the size of the coefficient on a row's switch (of that name)."""
    found = [
        abs(v) for c, v in zip(cols, data, strict=True)
        if builder.whole[c] and builder.columns[c].leg == "on" and builder.columns[c].name.startswith(name)
    ]  # fmt: skip
    return float(sum(found))


def _least(
    made: Rooms, setting: _Setting, rule: str, mine: tuple[np.ndarray, np.ndarray], floor: float, least: float
) -> None:
    """Ask that a position reaches ``least`` once it is held; ``floor`` is minus what is held of it so far."""
    k, v = mine
    if len(k):
        held = -floor
        made.need(setting.at[k], np.maximum(least - held, 0.0) / v if held < least else np.zeros(len(k)), rule)


def _stop_special(
    relaxation: Relaxation, made: Rooms, setting: _Setting,
    parts: list[tuple[int, str, np.ndarray, np.ndarray, float]], sums: tuple[dict[str, float], dict[str, float]],
) -> None:  # fmt: skip
    """Apply the rows of counts and threshold sums once it is known how much of each is used up."""
    free, used = sums
    rows = relaxation.program.builder.rows
    for i, state, k, v, amount in parts:
        rule, group = str(rows[i].rule), rows[i].group
        if not len(k) or rule not in free:
            continue
        left = free[rule] - used.get(rule, 0.0)
        if state == "held":
            if left < 1 - 1e-9:
                made.cap(setting.at[k], amount / v, rule, group)
        elif state == "in":
            made.cap(setting.at[k], left / v, rule, group)
        else:
            # Below the threshold by ``amount``; once above it, all of the group counts.
            total = _threshold_total(relaxation.program.builder, i, amount)
            beyond = left - total
            made.cap(setting.at[k], np.where(beyond > amount, beyond, amount) / v, rule, group)


def _threshold_total(builder: Builder, row: int, below: float) -> float:
    """Return what a group below the threshold holds: threshold less ``below``."""
    return _switch(builder, builder._cols[row], builder._data[row], "above ") - below


def _cash(model: Model, relaxation: Relaxation, made: Rooms, setting: _Setting) -> None:
    """Stop purchases where the cash of the book ends."""
    if setting.cash < 0:
        return
    builder, legs = relaxation.program.builder, relaxation.program.legs
    p = builder.columns[setting.cash].position
    sold = setting.x[legs.sell[p]] * builder.columns[legs.sell[p]].size if legs.sell[p] >= 0 else 0.0
    held = model.lines.held[p] + setting.x[setting.cash] * builder.columns[setting.cash].size - sold
    mine = builder.columns[setting.cash].size * setting.pay
    with np.errstate(divide="ignore"):
        most = np.where(mine > 0, held / mine, np.inf)
    most[setting.cols == setting.cash] = 0.0
    made.cap(setting.at, most, "cash")
