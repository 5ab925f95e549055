"""The shapes of what ``explain`` answers, and of a what-if answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from absalloc.report.documents import Conflict, Inputs, Shape

Status = Literal["optimal", "infeasible", "stopped"]


class Answered(Shape):
    """What every answer of ``explain`` begins with."""

    mandate: str
    as_of: str
    assumptions: list[str]
    inputs: Inputs


Worth = Literal["gain", "loss", "nothing", "within_gap"]
SolvedAs = Literal["integers", "lp_relaxation", "lp"]


class PriceMove(Shape):
    """What one change of a rule does; gains in yuan a year and basis points, ``low`` and ``high`` enclose the truth.

    A gain is null where the gaps of the solves do not tell it from nothing (``within_gap``) or there is no proven plan.
    """

    limit: float | None
    status: str
    worth: str
    gain_yuan: float | None
    gain_bp: float | None
    low_bp: float | None
    high_bp: float | None
    gap: float | None
    takes_over: list[str]


class PriceRow(Shape):
    """The price of one limit of one rule."""

    rule: str
    title: str
    article: str | None
    level: Literal["hard", "soft", "warn"]
    sense: Literal["max", "min"]
    unit: str
    limit: float | None
    limit_text: str
    notch: float | None
    value: float | None
    group: str | None
    binding: bool
    looser: PriceMove | None
    tighter: PriceMove | None
    removed: PriceMove
    binds_from: float | None
    free_from: float | None
    feasible_to: float | None
    infeasible_from: float | None
    behind: list[str]


class PricePair(Shape):
    """Two rules that take over from each other: without both more is gained than without each, added up."""

    rules: list[str]
    alone_bp: list[float | None]
    together_bp: float | None
    worth: Worth
    more_yuan: float | None
    more_bp: float | None
    low_bp: float | None
    high_bp: float | None


class PriceSolved(Shape):
    """How numbers were solved: plans with lots, tickets and names, their LP relaxation, or the LP of a plan without."""

    prices: SolvedAs | None
    breakpoints: SolvedAs | None
    pairs: SolvedAs | None


class CostShare(Shape):
    """What a group of rules costs: added after those before it, and on average over all orders (Shapley)."""

    group: str
    rules: list[str]
    ordered_yuan: float | None
    ordered_bp: float | None
    ordered_low_bp: float | None
    ordered_high_bp: float | None
    ordered_worth: Worth | None
    shapley_yuan: float | None
    shapley_bp: float | None
    shapley_low_bp: float | None
    shapley_high_bp: float | None
    shapley_worth: Worth | None


class CostShares(Shape):
    """The gap between the best portfolio without and with the rules, shared out, yuan a year; it adds up to the fen."""

    status: Status
    reason: str | None
    lp_relaxation: bool
    free: float | None
    constrained: float | None
    integer_gap: float | None
    plan: float | None
    shares: list[CostShare]


class PriceObjective(Shape):
    """What is maximised, and its value."""

    kind: str
    value: float | None
    gap: float | None


class Prices(Answered):
    """What explain prices answers."""

    schema_: Literal["absalloc.prices/1"] = Field(alias="schema")
    status: Status
    reason: str | None
    objective: PriceObjective
    base_of_bp: float | None
    lp_relaxation: bool
    solved_as: PriceSolved
    prices: list[PriceRow]
    pairs: list[PricePair]
    attribution: CostShares | None


class Conflicts(Answered):
    """What explain conflict answers."""

    schema_: Literal["absalloc.conflict/1"] = Field(alias="schema")
    status: Status
    reason: str | None
    complete: bool
    conflict: list[Conflict]


class HeadroomLine(Shape):
    """The most that may be bought of one line, and what stops it."""

    tranche_id: str
    face: float
    market_value: float
    rule: str | None
    group: str | None
    gain_yuan: float | None
    gain_bp: float | None
    reason: str | None


class Headroom(Answered):
    """What explain headroom answers."""

    schema_: Literal["absalloc.headroom/1"] = Field(alias="schema")
    status: Status
    reason: str | None
    at: Literal["held", "plan"]
    rebalanced: bool
    lines: list[HeadroomLine]


class MovedLine(Shape):
    """A line and its market value, yuan."""

    tranche_id: str
    market_value: float | None


class HeldLine(Shape):
    """A line and its face, yuan."""

    tranche_id: str
    face: float | None


class MenuChoice(Shape):
    """One near-best portfolio."""

    carry_yuan: float | None
    gives_up_bp: float | None
    overlap: float
    features: dict[str, float | None]
    difference: dict[str, float | None]
    comes: list[MovedLine]
    goes: list[MovedLine]
    holdings: list[HeldLine]


class Menu(Answered):
    """What explain menu answers."""

    schema_: Literal["absalloc.menu/1"] = Field(alias="schema")
    status: Status
    reason: str | None
    within_bp: float
    choices: list[MenuChoice]


class FrontierPoint(Shape):
    """The best plan at one limit."""

    limit: float
    limit_text: str
    status: Status
    carry_yuan: float | None
    carry_bp: float | None
    gap: float | None
    binding: list[str]


class FrontierTurn(Shape):
    """Between two limits the rules that bind change."""

    low: float
    high: float
    starts: list[str]
    stops: list[str]


class Frontier(Answered):
    """What explain frontier answers."""

    schema_: Literal["absalloc.frontier/1"] = Field(alias="schema")
    rule: str
    title: str
    sense: Literal["max", "min"]
    unit: str
    limit: float | None
    limit_text: str
    reason: str | None
    lp_relaxation: bool
    points: list[FrontierPoint]
    turns: list[FrontierTurn]


class WhyRoom(Shape):
    """Headroom of the line with nothing else moving."""

    face: float
    rule: str | None
    group: str | None


class WhySwap(Shape):
    """The plan once the line is barred or forced in."""

    status: str
    cost_yuan: float | None
    cost_bp: float | None
    comes: list[MovedLine]
    goes: list[MovedLine]


class Why(Answered):
    """What explain why answers; ``leaves_at`` for a line held, ``enters_at`` for one that is not."""

    schema_: Literal["absalloc.why/1"] = Field(alias="schema")
    tranche_id: str
    status: Status
    reason: str | None
    held: bool
    face: float
    yield_: float | None = Field(alias="yield")
    reasons: list[str]
    leaves_at: float | None = None
    enters_at: float | None = None
    confirmed: bool | None
    in_the_way: list[str]
    headroom: WhyRoom | None
    without: WhySwap | None
    forced: WhySwap | None


class WhatIfShift(Shape):
    """A line whose face differs from the pinned answer, yuan."""

    tranche_id: str
    face: float
    was: float
    market_value: float


class WhatIfRule(Shape):
    """How a rule stands at the answer."""

    rule: str
    sense: Literal["max", "min"]
    unit: str
    limit: float | None
    limit_text: str
    value: float | None
    group: str | None
    room_yuan: float | None
    binding: bool


class WhatIf(Shape):
    """What ``WhatIf.ask`` answers: the proven LP relaxation, yuan a year, gains against the pinned answer."""

    schema_: Literal["absalloc.what-if/1"] = Field(alias="schema")
    version: int
    status: Literal["optimal", "infeasible", "stopped", "superseded"]
    reason: str | None
    lp_relaxation: Literal[True]
    value: float | None
    gain: float | None
    gain_bp: float | None
    gap: float | None
    holdings: list[HeldLine]
    changed: list[WhatIfShift]
    changed_lines: int
    binding: list[str]
    rules: list[WhatIfRule]
    gave_way: list[str]
    run: dict[str, Any]
