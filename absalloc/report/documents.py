"""The shapes of the JSON documents, from which their JSON Schemas are generated.

``python -m absalloc.report docs/schemas`` writes the schemas that are committed; a test holds them to this file and
validates real outputs against them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["pass", "fail", "unknown"]
Level = Literal["hard", "soft", "warn"]
SHA256 = r"^[0-9a-f]{64}$"


class Shape(BaseModel):
    """A document, or a part of one: no keys but those named."""

    model_config = ConfigDict(extra="forbid")


class Error(Shape):
    """What exits 2 and 3 print."""

    schema_: Literal["absalloc.error/1"] = Field(alias="schema")
    code: str
    message: str
    file: str | None
    line: int | None
    column: int | str | None
    value: str | None
    expected: str | None
    nearest: str | None
    hint: str | None


class FindingSource(Shape):
    """The article a finding rests on."""

    document: str
    title: str
    article: str
    ref: str
    confidence: Literal["text_seen", "secondary", "unverified"]
    article_confirmed: bool


class FindingLine(Shape):
    """A holding that counts, and by how much."""

    tranche_id: str
    contribution: float | None


class FindingException(Shape):
    """An exception of the rule that fired, and the lines it took out."""

    id: str
    title: str | None
    lines: list[str]


class MovePart(Shape):
    """What one driver did to a ratio, and to its excess over the limit in yuan; null where not known."""

    driver: Literal[
        "rules", "flows", "facts", "ratings", "prices", "amortisation", "amortisation_others", "trades", "unexplained"
    ]
    value: float | None
    excess: float | None


class MovesShape(Shape):
    """How a ratio came from the book before to now: as it was on the day ``since``, and what moved it."""

    since: str
    verdict: Verdict
    value: float | None
    limit: float | None
    excess: float | None
    new_rule: bool
    parts: list[MovePart]


class Finding(Shape):
    """The verdict of one rule on one group."""

    book: str
    rule: str
    title: str
    group: str | None
    reading: str | None
    scenario: str | None
    date: str | None
    verdict: Verdict
    value: float | None
    limit: float | None
    numerator: float | None
    denominator: float | None
    sense: Literal["max", "min"]
    strict: bool
    unit: Literal["ratio", "yuan", "years", "days", "count", "grade"]
    headroom: float | None
    level: Level
    cause: Literal["active", "passive"] | None
    cure_by: str | None
    source: FindingSource
    place: str
    moves: MovesShape | None
    reason: str | None
    exceptions: list[FindingException]
    lines: list[FindingLine]


class NotApplied(Shape):
    """A rule that did not apply, and why."""

    rule: str
    title: str
    status: str
    level: Level
    reason: str


class RiskWeight(Shape):
    """The risk weight of a line held (null: unknown), its approach (``derived:…``, ``file``, ``missing:…``), why."""

    book: str
    tranche_id: str
    risk_weight: float | None
    basis: str
    why: str


class Inputs(Shape):
    """What went in."""

    universe_sha256: str = Field(pattern=SHA256)
    rulebook_sha256: str = Field(pattern=SHA256)


class Objective(Shape):
    """What the plan earns; yuan a year and decimals."""

    kind: Literal["carry", "horizon_income", "carry_after_capital", "carry_per_capital"]
    carry_rate: float | None
    carry_yuan: float | None
    on_nav: float | None
    parts: dict[str, float | None]


class Holding(Shape):
    """One line held; yuan, decimals, years."""

    tranche_id: str
    name: str | None
    product: str | None
    face: float
    principal: float | None
    market_value: float | None
    weight: float | None
    sector: Literal["credit", "urban_investment", "enterprise"] | None
    carry_rate: float | None
    yield_source: str | None
    wal: float | None
    modified_duration: float | None
    rating: str | None


class Trade(Shape):
    """One trade; yuan."""

    tranche_id: str
    side: Literal["buy", "sell"]
    face: float
    market_value: float
    cost: float


class Repair(Shape):
    """One way out of a conflict: a limit moved just far enough, the least yuan over the rule as written, the carry.

    ``stopped``: the carry is that of a good plan, null where none was soon found; no plan earns more than the most.
    """

    rule: str
    sense: Literal["max", "min"]
    unit: str
    was: float | None
    limit: float | None
    points: float | None
    excess_yuan: float | None
    remove: bool
    status: Literal["optimal", "infeasible", "stopped"]
    carry_yuan: float | None
    carry_bp: float | None
    carry_most_yuan: float | None = None
    carry_most_bp: float | None = None
    text: str


class Conflict(Shape):
    """Rules that cannot all be met together, what each would have to give; ``verified`` by programs built afresh."""

    rules: list[str]
    verified: bool | None = None
    on_relaxation: bool | None = None
    text: str | None = None
    repairs: list[Repair]


class GivenUp(Shape):
    """Carry of the plan without the scenarios less that of the plan, a year."""

    carry_yuan: float | None
    on_nav: float | None


class ScenarioResult(Shape):
    """What one scenario does to the plan; yuan, ``return_on_nav`` to its horizon."""

    name: str
    sha256: str
    compliant: bool | None
    nav_after: float | None
    gain: float
    total_return: float | None
    return_on_nav: float | None
    redeemed: float
    unpaid: float
    unknown_lines: list[str]


class Tail(Shape):
    """The worst draws of a Monte-Carlo set for the plan: yuan lost to the horizon, ``limit`` a share of NAV."""

    set: str
    sha256: str
    draws: int
    horizon_months: int
    level: float
    limit: float
    cvar: float | None
    cvar_on_nav: float | None
    var: float | None
    worst: float | None
    mean: float | None
    unknown_lines: list[str]


class Scenarios(Shape):
    """The scenarios the plan was made for; ``worst_loss`` is a share of NAV."""

    worst_loss: float | None
    given_up: GivenUp | None
    results: list[ScenarioResult]
    tail: Tail | None


class Run(Shape):
    """What differs from run to run."""

    seconds: float
    versions: dict[str, str]
    solver: str | None


class Plan(Shape):
    """What optimise and rebalance answer."""

    schema_: Literal["absalloc.plan/1"] = Field(alias="schema")
    status: Literal["optimal", "infeasible", "stopped"]
    reason: str | None
    as_of: str
    mandate: str
    mode: Literal["strategic", "offered"]
    assumptions: list[str]
    objective: Objective | None
    holdings: list[Holding]
    trades: list[Trade]
    compliant: bool | None
    findings: list[Finding]
    not_applied: list[NotApplied]
    risk_weights: list[RiskWeight]
    binding: list[str]
    gave_way: list[str]
    scenarios: Scenarios | None
    conflict: list[Conflict]
    bound: float | None
    gap: float | None
    proven: bool
    inputs: Inputs
    certificate: str | None = Field(pattern=SHA256)
    run: Run


class ReadingDiffers(Shape):
    """A verdict that another reading changes."""

    book: str
    rule: str
    group: str | None
    reading: str | None
    verdict: Verdict | None
    verdict_here: Verdict | None
    value: float | None
    value_here: float | None


class ReadingChoice(Shape):
    """One reading of one disputed word."""

    switch: str
    id: str


class OtherReading(Shape):
    """The check under another reading of a disputed word; ``also``: and of others, where only together they matter."""

    switch: str
    id: str
    also: list[ReadingChoice]
    compliant: bool | None
    differs: list[ReadingDiffers]


class ToProve(Shape):
    """A fact for want of which rules are unknown; ``n_lines`` is at least how many lines lack it, 0 where of none."""

    kind: Literal["column", "amount", "total", "size", "list", "key", "elsewhere", "line", "before", "other"]
    what: str
    n_rules: int
    n_findings: int
    n_lines: int
    rules: list[str]
    text: str


class Check(Shape):
    """What check answers; ``readings`` only with --readings all."""

    schema_: Literal["absalloc.check/1"] = Field(alias="schema")
    as_of: str
    mandates: list[str]
    compliant: bool | None
    n_proven: int
    n_unknown: int
    to_prove: list[ToProve]
    assumptions: list[str]
    findings: list[Finding]
    not_applied: list[NotApplied]
    risk_weights: list[RiskWeight]
    inputs: Inputs
    readings: list[OtherReading] | None = None
