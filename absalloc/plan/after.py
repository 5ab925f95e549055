"""What scenarios add to a program: net assets that follow the holdings, redemptions paid in order, losses capped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from absalloc.plan.builder import MILLION, Builder, ColumnOf, RowOf
from absalloc.plan.lines import PlanLines
from absalloc.plan.rule_rows import WORST_LOSS, in_scenario
from absalloc.plan.trades import After, Legs, face_terms
from absalloc.rows.shock import Shock


@dataclass(frozen=True)
class LossCap:
    """The most that may be lost in a scenario, yuan; ``returns`` (n,) per yuan of face to the horizon."""

    scenario: str
    returns: np.ndarray
    most: float

    @property
    def label(self) -> str:
        """What names its row."""
        return in_scenario(WORST_LOSS, self.scenario)


def add_after(
    builder: Builder, lines: PlanLines, legs: Legs, named: tuple[str, Shock], *, ordered: bool = True
) -> Legs:
    """Add the columns of one scenario, by name, and return the legs its rows see.

    A column holds the net assets after the gains, tied to the holdings by a row; a redemption adds what each line
    that pays it brings, and where ``ordered`` the switches that keep the order of sale. Without them lines pay in
    whatever order is best: a bound, and the answer where the exact check finds the rules kept. What cannot be paid
    stays open, as in a check.
    """
    scenario, shock = named
    top = np.maximum(lines.most, lines.held)
    high = shock.base + float(np.maximum(shock.gain, 0.0) @ top)
    if shock.base <= 0 or high <= 0:
        return legs
    assets = builder.column(ColumnOf("after", -1, MILLION, f"net assets in {scenario}"), 0.0, high / MILLION)
    cols, data = face_terms(builder, legs, np.arange(lines.n), shock.gain)
    fixed = -(shock.base + float(shock.gain @ lines.held)) / MILLION
    meaning = RowOf(None, scenario, f"net assets in {scenario}")
    builder.row(meaning, np.append(cols, assets), np.append(data, -1.0), fixed, fixed)
    after = After(assets, 1.0 - shock.share, shock.base, high, np.full(lines.n, -1), shock.worth, lines.held > 0)
    found = replace(legs, after=after)
    if shock.share:
        _Redemption(builder, lines, found, after, scenario, shock, ordered).add(_affordable(lines, top))
    return found


def _affordable(lines: PlanLines, top: np.ndarray) -> np.ndarray:
    """Return the most face (n,) that net assets and borrowing can pay for: tighter bounds for the switches."""
    nav = lines.positions.state.mandate.amount("nav")
    if nav is None:
        return top
    owed = np.where(lines.liability, np.maximum(np.where(lines.allocated, lines.most, 0.0), lines.held), 0.0)
    money = float(nav) + float(lines.worth @ owed)
    paid = np.divide(money, lines.worth, out=np.full(lines.n, np.inf), where=lines.worth > 0)
    return np.asarray(np.maximum(np.minimum(top, paid), lines.held))


@dataclass(frozen=True)
class _Redemption:
    """The columns and rows by which a redemption is paid; ``after.paid`` is filled in."""

    builder: Builder
    lines: PlanLines
    legs: Legs
    after: After
    scenario: str
    shock: Shock
    ordered: bool

    def add(self, top: np.ndarray) -> None:
        """Add the payment: everything sold and what stays unpaid add up to the redemption."""
        builder, due = self.builder, self.shock.share * self.after.high / MILLION
        paying = [p for p in self.shock.order.tolist() if self.legs.buy[p] >= 0 or self.lines.held[p] > 0]
        switch, columns = -1, []
        for p in paying:
            most = min(self.shock.worth[p] * top[p] / MILLION, due)
            columns.append(self._sale(p, most))
            if self.ordered:
                self._behind(columns[-1], most, switch)
                switch = self._emptied(p, columns[-1], self.shock.worth[p] * top[p] / MILLION, switch)
        unpaid = builder.column(ColumnOf("after", -1, MILLION, f"{self.scenario} leaves unpaid"), 0.0, due)
        self._behind(unpaid, due, switch)
        row = [1.0] * (len(columns) + 1) + [-self.shock.share]
        builder.row(self._meaning("paid"), [*columns, unpaid, self.after.assets], row, 0.0, 0.0)

    def _sale(self, p: int, most: float) -> int:
        """Add what a line brings, no more than there is of it."""
        name = self.lines.positions.ids[p]
        column = self.builder.column(ColumnOf("after", p, MILLION, f"{self.scenario} sells {name}"), 0.0, most)
        self.after.paid[p] = column
        cols, data = self._worth(p)
        held = self.shock.worth[p] * self.lines.held[p] / MILLION
        self.builder.row(
            self._meaning(f"has {name}"), np.append(cols, column), np.append(-data, 1.0), -np.inf, held
        )  # fmt: skip
        return column

    def _worth(self, p: int) -> tuple[np.ndarray, np.ndarray]:
        bare = replace(self.legs, after=None)
        return face_terms(self.builder, bare, np.array([p]), np.array([self.shock.worth[p]]))

    def _behind(self, column: int, most: float, switch: int) -> None:
        """Sell nothing of a line before the one ahead of it is gone."""
        if switch >= 0:
            self.builder.row(self._meaning("order"), [column, switch], [1.0, -most], -np.inf, 0.0)

    def _emptied(self, p: int, column: int, most: float, ahead: int) -> int:
        """Add the switch that is on only where a line, and all before it, are sold to the end."""
        name = self.lines.positions.ids[p]
        on = self.builder.column(ColumnOf("after", p, 0.0, f"{self.scenario} empties {name}"), 0.0, 1.0, whole=True)
        cols, data = self._worth(p)
        held = self.shock.worth[p] * self.lines.held[p] / MILLION
        row = np.concatenate([data, [-1.0, most]])
        self.builder.row(self._meaning(f"empties {name}"), np.append(cols, [column, on]), row, -np.inf, most - held)
        if ahead >= 0:
            self.builder.row(self._meaning("order"), [on, ahead], [1.0, -1.0], -np.inf, 0.0)
        return on

    def _meaning(self, what: str) -> RowOf:
        return RowOf(None, self.scenario, f"redemption in {self.scenario}: {what}")


def add_loss_caps(builder: Builder, lines: PlanLines, legs: Legs, caps: Sequence[LossCap]) -> None:
    """Add a row for each cap: what the plan brings to the horizon is no less than minus the cap."""
    for cap in caps:
        returns = np.nan_to_num(cap.returns)
        cols, data = face_terms(builder, legs, np.arange(lines.n), returns)
        least = (-cap.most - float(returns @ lines.held)) / MILLION
        builder.row(RowOf(cap.label, None, cap.label), cols, data, least, np.inf)
