"""Stress scenarios as typed data: strict YAML, every ratio with % or bp, every scenario with its source.

``scenarios/README.md`` explains the format for those who write one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from absalloc.errors import BadInput
from absalloc.fields import ISODate, Share, Strict, Where_
from absalloc.terms import RATING_GRADES
from absalloc.units import quantity

TENORS: dict[str, float] = {
    "1m": 1 / 12, "3m": 0.25, "6m": 0.5, "9m": 0.75, "1y": 1.0, "2y": 2.0, "3y": 3.0, "4y": 4.0, "5y": 5.0,
    "6y": 6.0, "7y": 7.0, "8y": 8.0, "9y": 9.0, "10y": 10.0, "15y": 15.0, "20y": 20.0, "30y": 30.0, "50y": 50.0,
}  # fmt: skip
"""Tenors a scenario may name, in years."""
MOST_MOVE = 0.20
"""No yield or spread moves further: 2000 bp is a slip of the unit."""
MOST_MULTIPLE = 50.0
MOST_MONTHS = 600


def _months(value: Any) -> int:
    if isinstance(value, int):
        return value
    found = quantity(str(value))
    number = found.value * (12 if found.unit == "years" else 1)
    if found.unit not in ("months", "years") or number.denominator != 1 or not 0 < number <= MOST_MONTHS:
        raise BadInput("stress.months_form", value=value, expected=f"6 months (1 - {MOST_MONTHS})")
    return int(number)


def ratio_within(low: float, high: float) -> Any:
    """Return the validator of a ratio between two decimals."""

    def check(value: Any) -> Any:
        if not low <= float(value) <= high:
            raise BadInput("stress.ratio_range", value=value.text, expected=f"{low:.0%} - {high:.0%}")
        return value

    return AfterValidator(check)


def _tenors(value: Any) -> Any:
    if isinstance(value, dict):
        for name in value:
            if name not in TENORS:
                raise BadInput("stress.tenor_unknown", value=name, expected=", ".join(TENORS), choices=TENORS)
        if not value:
            raise BadInput("stress.nothing", value="points")
    return value


def _grade(value: Any) -> str:
    if value not in RATING_GRADES:
        raise BadInput("stress.grade_unknown", value=value, expected="AAA … D", choices=RATING_GRADES)
    return str(value)


def _count(value: Any) -> int:
    if not str(value).isdigit() or not 1 <= int(value) <= len(RATING_GRADES):
        raise BadInput("stress.notches", value=value, expected=f"1 - {len(RATING_GRADES)}")
    return int(value)


Move = Annotated[Share, ratio_within(-MOST_MOVE, MOST_MOVE)]
Rate = Annotated[Share, ratio_within(0.0, 1.0)]
Multiple = Annotated[Share, ratio_within(0.0, MOST_MULTIPLE)]
Coverage = Annotated[Share, ratio_within(1.0, 10.0)]
Floor = Annotated[Share, ratio_within(-0.05, 0.10)]
Points = Annotated[dict[str, Move], BeforeValidator(_tenors)]
Months = Annotated[
    int,
    BeforeValidator(_months),
    PlainSerializer(lambda n: f"{n} months"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ (month|year)s?$", "description": "6 months, 2 years"}),
]
Grade = Annotated[str, BeforeValidator(_grade), WithJsonSchema({"enum": list(RATING_GRADES)})]
Notches = Annotated[int, BeforeValidator(_count), WithJsonSchema({"type": ["integer", "string"], "minimum": 1})]


def _exactly_one(part: Any, names: tuple[str, ...]) -> Any:
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        raise BadInput("stress.one_of", value=", ".join(given) or "-", expected=", ".join(names))
    return part


class Title(Strict):
    """The scenario's name in both languages."""

    en: str
    zh: str


class Source(Strict):
    """Where the numbers come from, and how sure that is.

    ``computed``: from a published series, as ``figures`` says; ``assumption``: nobody's figure but ours.
    """

    document: str
    figures: str | None = None
    confidence: Literal["text_seen", "secondary", "unverified", "computed", "assumption"]


class Days(Strict):
    """The move of a curve between two days of a curve file; less that of ``over`` where given.

    ``file`` is relative to the scenario's folder. Columns: date, curve, tenor_years and a yield with its unit.
    """

    file: str
    curve: str
    over: str | None = None
    from_: ISODate = Field(alias="from")
    to: ISODate

    @model_validator(mode="after")
    def _in_order(self) -> Days:
        if not self.from_ < self.to:
            raise BadInput("stress.days_order", value=self.to.isoformat(), expected=f"> {self.from_.isoformat()}")
        return self


class YieldMove(Strict):
    """A move of all yields: the same at every tenor, by tenor (linear between, flat beyond), or of two days."""

    parallel: Move | None = None
    points: Points | None = None
    days: Days | None = None

    @model_validator(mode="after")
    def _one(self) -> YieldMove:
        return _exactly_one(self, ("parallel", "points", "days"))  # type: ignore[no-any-return]


class SpreadMove(Strict):
    """A move of the spread of some lines, by tenor where it differs. Without ``where``: every ABS."""

    add: Move | None = None
    points: Points | None = None
    days: Days | None = None
    where: Where_ | None = None

    @model_validator(mode="after")
    def _one(self) -> SpreadMove:
        return _exactly_one(self, ("add", "points", "days"))  # type: ignore[no-any-return]


class CprStep(Strict):
    """A CPR for some months; the last step lasts."""

    cpr: Rate
    months: Months | None = None


class Speed(Strict):
    """Prepayment of pass-through lines: a CPR, a vector of steps, or a multiple of the base speed."""

    cpr: Rate | None = None
    steps: tuple[CprStep, ...] | None = None
    multiple: Multiple | None = None
    where: Where_ | None = None

    @model_validator(mode="after")
    def _one(self) -> Speed:
        _check_steps(self.steps)
        return _exactly_one(self, ("cpr", "steps", "multiple"))  # type: ignore[no-any-return]


class CdrStep(Strict):
    """A CDR for some months; the last step lasts."""

    cdr: Rate
    months: Months | None = None


class PoolDefault(Strict):
    """Defaults of the pool behind a line: it loses what they leave beyond its attachment point.

    ``cdr`` times ``multiple`` (100 %), or ``steps``; ``severity`` of the defaulted balance is lost, ``lag``
    months later.
    """

    cdr: Rate | None = None
    steps: tuple[CdrStep, ...] | None = None
    multiple: Multiple | None = None
    severity: Rate
    lag: Months | None = None
    where: Where_ | None = None

    @model_validator(mode="after")
    def _one(self) -> PoolDefault:
        _check_steps(self.steps)
        return _exactly_one(self, ("cdr", "steps"))  # type: ignore[no-any-return]


def _check_steps(steps: tuple[Any, ...] | None) -> None:
    if steps is None:
        return
    if not steps or any(step.months is None for step in steps[:-1]):
        raise BadInput("stress.steps", value=len(steps))


class DirectLoss(Strict):
    """Principal that some lines lose outright, from the last payments on: a core debtor or the like fails."""

    share: Rate
    where: Where_


class Support(Strict):
    """A supporter fails: the share of principal lost by what it stood behind, by form of support.

    A guarantee is the strongest, a liquidity line the weakest: the stronger the support, the more of the tranche
    rests on it. A line whose form is unknown takes the guarantee's.
    """

    guarantee: Rate
    shortfall_commitment: Rate
    liquidity_support: Rate
    where: Where_

    @model_validator(mode="after")
    def _ordered(self) -> Support:
        parts = (self.guarantee, self.shortfall_commitment, self.liquidity_support)
        if not parts[0].value >= parts[1].value >= parts[2].value:
            raise BadInput("stress.support_order", value=", ".join(part.text for part in parts))
        return self


class Revenue(Strict):
    """Fees or tolls fall for some days from the as-of date.

    ``coverage``: revenue over debt service in ordinary times. What is missing is paid by the supporter where one
    stands and has not failed; else it is in arrears, paid from later surplus, and lost where that does not suffice.
    """

    fall: Rate
    days: int = Field(ge=1, le=7300)
    coverage: Coverage
    where: Where_


class Life(Strict):
    """A change of life: a put not exercised (``to: maturity``) or exercised, a delay, an early redemption."""

    to: Literal["maturity", "put"] | None = None
    delay: Months | None = None
    call: Months | None = None
    where: Where_ | None = None

    @model_validator(mode="after")
    def _one(self) -> Life:
        return _exactly_one(self, ("to", "delay", "call"))  # type: ignore[no-any-return]


class Downgrade(Strict):
    """Ratings of some lines fall by notches, or to a grade where they stand above it (agencies and implied)."""

    notches: Notches | None = None
    to: Grade | None = None
    where: Where_ | None = None

    @model_validator(mode="after")
    def _one(self) -> Downgrade:
        return _exactly_one(self, ("notches", "to"))  # type: ignore[no-any-return]


class Liquidity(Strict):
    """Lines that can no longer be sold freely: their ``market_restricted`` becomes true."""

    where: Where_ | None = None


class ScenarioFile(Strict):
    """One scenario as its file says it. ``includes`` come first; moves add up, the last speed of a line counts."""

    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Title
    source: Source
    includes: tuple[str, ...] = ()
    horizon: Months | None = None
    reinvest: Move | None = None
    yields: tuple[YieldMove, ...] = ()
    yield_floor: Floor | None = None
    spreads: tuple[SpreadMove, ...] = ()
    speeds: tuple[Speed, ...] = ()
    defaults: tuple[PoolDefault, ...] = ()
    losses: tuple[DirectLoss, ...] = ()
    support: tuple[Support, ...] = ()
    revenue: tuple[Revenue, ...] = ()
    life: tuple[Life, ...] = ()
    ratings: tuple[Downgrade, ...] = ()
    liquidity: tuple[Liquidity, ...] = ()
    redemption: Rate | None = None


PARTS = (
    "yields", "spreads", "speeds", "defaults", "losses", "support", "revenue", "life", "ratings", "liquidity",
)  # fmt: skip
"""The keys of a scenario that hold shocks of lines."""


def tenor_years(points: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Return (years, moves) of ``{tenor: move}``, by increasing tenor, as decimals."""
    pairs = sorted((TENORS[name], float(move)) for name, move in points.items())
    return [years for years, _ in pairs], [move for _, move in pairs]
