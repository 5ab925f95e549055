"""Whose money: the mandate file as typed data. Unknown keys are errors; ratios need %, money is yuan."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from absalloc.capital.pools import CapitalChoices
from absalloc.errors import BadInput
from absalloc.fields import Flag, ISODate, Number, Share, Strict, Where_
from absalloc.units import quantity


def _money(value: Any) -> Fraction:
    """Read yuan: a plain number, or one with yuan, wan, mn or yi."""
    if isinstance(value, Fraction):
        return value
    text = str(value).strip()
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        found = quantity(text)
        if found.unit != "yuan":
            raise BadInput("mandate.money_form", value=text, expected="5000000000") from None
        return found.value
    if not number.is_finite():
        raise BadInput("mandate.money_form", value=text, expected="5000000000")
    return Fraction(number)


def _years(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    text = str(value).strip()
    try:
        return Fraction(Decimal(text))
    except InvalidOperation:
        found = quantity(text)
        if found.unit != "years":
            raise BadInput("mandate.years_form", value=text, expected="2.5 years") from None
        return found.value


def _count(value: Any) -> int:
    text = str(value).strip().removesuffix(" names")
    if not text.isdigit():
        raise BadInput("mandate.count_form", value=value, expected="60")
    return int(text)


_as_text = PlainSerializer(lambda value: str(value))
Money = Annotated[
    Any,
    BeforeValidator(_money),
    _as_text,
    WithJsonSchema({"type": ["string", "number"], "description": "yuan"}),
]
Years = Annotated[
    Any,
    BeforeValidator(_years),
    _as_text,
    WithJsonSchema({"type": ["string", "number"], "description": "years"}),
]
Count = Annotated[int, BeforeValidator(_count), WithJsonSchema({"type": ["string", "integer"], "minimum": 0})]


class Amount(Strict):
    """An amount of money and the day it is of."""

    value: Money
    as_of: ISODate | None = None


def _amount(value: Any) -> Any:
    return value if isinstance(value, dict | Amount) else {"value": value}


AmountField = Annotated[Amount, BeforeValidator(_amount)]


class Elsewhere(Strict):
    """What the manager, the bank or the house holds outside the books given: ``none`` or a file."""

    manager_funds: str | None = None
    manager_plans: str | None = None
    products_public: str | None = None
    products_all: str | None = None
    bank: str | None = None
    insurer: str | None = None


class Product(Strict):
    """What kind of product the book is, where the institution alone does not say."""

    issuer: Literal["bank", "wealth_company"] | None = None
    offering: Literal["public", "private"] | None = None
    operation: Literal["daily_open", "periodic_open", "closed"] | None = None
    operation_period: Literal["open", "closed"] | None = None
    end_date: ISODate | None = None
    next_open_day: ISODate | None = None
    single_investor: Flag | None = None
    graded: Flag | None = None


class Invest(Strict):
    """How much of the book the allocation may use."""

    amount: Money
    how: Literal["exactly", "at_most"] = "exactly"


class Portfolio(Strict):
    """Which lines are decided, what becomes of the others, and how much is invested."""

    allocate: Where_ | None = None
    fixed: Literal["holdings", "none"] = "holdings"
    invest: Invest | None = None


class Repo(Strict):
    """Borrowing on repo: its rate and the most of it, as a share of NAV or in yuan."""

    rate: Share
    max: Number | None = None


class Funding(Strict):
    """The cost of the money invested: one rate, or a curve by WAL (years -> rate)."""

    rate: Share | None = None
    curve: dict[str, Share] | None = None


class Objective(Strict):
    """What is maximised; ``parts`` names the lines to be shown beside it."""

    kind: Literal["carry", "horizon_income", "carry_after_capital", "carry_per_capital"] = "carry"
    parts: tuple[Literal["roll_down", "expected_loss", "tax", "exit_cost", "capital_charge"], ...] = ()
    reinvest_rate: Share | None = None
    horizon_months: Count = 12


class YearsTarget(Strict):
    """Bounds in years on the market-value weighted mean of the sleeve (ABS) or of the whole portfolio."""

    of: Literal["sleeve", "portfolio"] = "portfolio"
    min: Years | None = None
    max: Years | None = None


class GradeTarget(Strict):
    """The worst grade a line may have."""

    min: str


class AverageGrade(Strict):
    """The worst mean grade of the sleeve, AAA = 1 and one step a grade."""

    min: str


class Band(Strict):
    """Bounds on a share of NAV (of the invested amount where there is no NAV)."""

    min: Share | None = None
    max: Share | None = None


class Targets(Strict):
    """What the portfolio manager asks for beside the rules."""

    duration: YearsTarget | None = None
    wal: YearsTarget | None = None
    rating: GradeTarget | None = None
    average_rating: AverageGrade | None = None
    sectors: dict[Literal["credit", "urban_investment", "enterprise"], Band] = {}
    cash: Band | None = None


class Trading(Strict):
    """How the market lets one trade."""

    lot: Money | None = None
    min_ticket: Money | None = None
    max_names: Count | None = None
    max_turnover: Share | None = None
    cost_bp: (
        Annotated[Any, BeforeValidator(_years), _as_text, WithJsonSchema({"type": ["string", "number"]})] | None
    ) = None
    min_term: Number | None = None
    position_of_outstanding: Share | None = None


class Assume(Strict):
    """Facts the file lacks and the desk is willing to assume, by seniority; printed on every output."""

    rating: dict[Literal["senior", "mezzanine", "subordinated"], str] = {}
    buy: Flag = False


class Capital(Strict):
    """How risk weights are read and what capital costs; what China's text does not confirm is off by default."""

    regime: Literal["by_date", "cbrc-2012", "nfra-2023"] = "by_date"
    pool_defaults: Flag = False
    lookthrough_cap: Flag = False
    npl: Literal["unknown", "cre45"] = "unknown"
    ratio: Share | None = None
    hurdle: Share | None = None

    @property
    def choices(self) -> CapitalChoices:
        """What the mandate decides beside the regime."""
        return CapitalChoices(self.pool_defaults, self.lookthrough_cap, self.npl)


class Tax(Strict):
    """What the tax part of the objective cannot know: surcharges as a share of the VAT."""

    surcharges: Share | None = None


class Soft(Strict):
    """A rule that may give way: for a price (a year, per yuan of excess), or only as far as it must."""

    rule: str
    price: Share | None = None


class Mandate(Strict):
    """One book of money: institution, rules, amounts, what is allocated, targets, trading limits, assumptions."""

    name: str
    institution: Literal[
        "public_fund_open", "public_fund_interval", "public_fund_closed", "money_market_fund",
        "bank_own_book", "wealth_product", "cash_management", "private_plan", "insurer",
        "insurance_product", "annuity", "trust",
    ]  # fmt: skip
    rulebooks: tuple[str, ...] = Field(min_length=1)
    off: dict[str, str] = {}
    soft: tuple[Soft, ...] = ()
    as_of: ISODate | None = None
    amounts: dict[str, AmountField] = {}
    facts: dict[str, str] = {}
    manager: str | None = None
    elsewhere: Elsewhere = Elsewhere()
    product: Product = Product()
    portfolio: Portfolio = Portfolio()
    repo: Repo | None = None
    funding: Funding | None = None
    objective: Objective = Objective()
    targets: Targets = Targets()
    trading: Trading = Trading()
    mode: Literal["strategic", "offered"] = "offered"
    assume: Assume = Assume()
    unknown: Literal["exclude", "worst"] = "exclude"
    readings: dict[str, str] = {}
    capital: Capital = Capital()
    tax: Tax = Tax()
    reference: dict[str, str] = {}
    curves: str | None = None
    holidays: str | None = None
    drafts: Flag = False
