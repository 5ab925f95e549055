"""The shape of what stress answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from absalloc.report.documents import SHA256, Finding, Inputs, Level, Shape, Verdict


class Pair(Shape):
    """A number before and after the shock."""

    before: float | None
    after: float | None


class ScenarioSource(Shape):
    """Where a scenario's numbers come from, and how sure that is."""

    document: str
    figures: str | None
    confidence: Literal["text_seen", "secondary", "unverified", "computed", "assumption"]


class ScenarioName(Shape):
    """The scenario."""

    name: str
    title: str
    sources: list[ScenarioSource]
    sha256: str = Field(pattern=SHA256)
    horizon_months: int | None


class Parts(Shape):
    """Change in value by cause, and carry to the horizon; yuan."""

    rate: float
    spread: float
    life: float
    loss: float
    carry: float


class Redemption(Shape):
    """What is redeemed: a share of net assets, paid from what was sold; ``asked`` null where there are none."""

    share: float
    asked: float | None
    sold: dict[str, float]
    unpaid: float


class Sleeve(Shape):
    """Means of the ABS by market value: years, years, decimal."""

    wal: Pair
    modified_duration: Pair
    yield_: Pair = Field(alias="yield")


class ChangedFinding(Finding):
    """A verdict that the scenario changes, and what it was."""

    before: Verdict | None


class BreachFinding(Finding):
    """A rule that first fails ``month`` months on; 0 is the shock itself."""

    month: int
    date: str


class Breach(Shape):
    """A breach as the book runs off, in brief."""

    month: int
    date: str
    rule: str
    title: str
    group: str | None
    level: Level
    value: float | None
    limit: float | None
    sense: Literal["max", "min"]
    unit: str


class Payments(Shape):
    """Cash of the ABS held in a month, null for all later; yuan."""

    month: str | None
    interest: float
    principal: float
    interest_after: float
    principal_after: float


class LineNote(Shape):
    """What was assumed, and on how many lines held."""

    code: str
    lines: int
    text: str


class StressLine(Parts):
    """One line held: yuan, and years of life and duration."""

    tranche_id: str
    face: float
    value_before: float
    value_after: float
    total: float
    wal_before: float | None
    wal_after: float | None
    duration_before: float | None
    duration_after: float | None


class StressedBook(Shape):
    """One book under one scenario. ``breaks``: the first hard rule to break that holds today."""

    book: str
    as_of: str
    scenario: ScenarioName
    value: Pair
    nav: Pair
    gain: float
    parts: Parts
    total_return: float
    redemption: Redemption
    sleeve: Sleeve
    compliant: bool | None
    changed: list[ChangedFinding]
    findings: list[Finding]
    breaks: BreachFinding | None
    first_breach: BreachFinding | None
    breaches: list[Breach]
    payments: list[Payments]
    break_even_spread: float | None
    unknown_lines: list[str]
    idle_shocks: list[str]
    notes: list[LineNote]
    lines: list[StressLine]


class BreakEven(Shape):
    """How far one driver may go: until the sleeve earns its benchmark, until a rule breaks; null for no end found."""

    book: str
    driver: Literal["spread", "cpr", "cdr"]
    earns: float | None
    breaks: float | None
    finding: Finding | None


class Stress(Shape):
    """What stress answers: each scenario, of each the books in the order named."""

    schema_: Literal["absalloc.stress/1"] = Field(alias="schema")
    mandate: str
    as_of: str
    compliant: bool | None
    assumptions: list[str]
    scenarios: list[StressedBook]
    break_evens: list[BreakEven]
    inputs: Inputs


class ListedScenario(ScenarioName):
    """A shipped scenario."""


class Scenarios(Shape):
    """What stress --list answers."""

    schema_: Literal["absalloc.scenarios/1"] = Field(alias="schema")
    scenarios: list[ListedScenario]
