"""The rule format as typed data: the one definition from which the JSON Schema is generated.

Every scalar of the YAML arrives as text; the types here give it a meaning and refuse what has none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from absalloc.errors import BadInput
from absalloc.fields import Flag, ISODate, Number, Strict, Where_
from absalloc.terms import READING_SWITCHES


class _Written(Strict):
    """What a rulebook writes: a key without a value is an error, never the same as no key."""

    @model_validator(mode="before")
    @classmethod
    def _no_blank(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key, value in data.items():
                if value is None:
                    raise BadInput("rulebook.blank_key", value=key)
        return data


class Title(_Written):
    """A name in English and Chinese."""

    en: str
    zh: str


class Document_(_Written):
    """One legal text a rulebook cites."""

    title: str
    number: str | None = None
    issued: ISODate | None = None
    note: str | None = None


class Source(_Written):
    """Where a rule is written, and how sure that is: text_seen, secondary or unverified."""

    document: str
    article: str
    ref: str
    quote: str | None = None
    confidence: Literal["text_seen", "secondary", "unverified"]
    article_confirmed: Flag = False


class Dated(_Written):
    """One value of a limit, from a day on; ``when`` makes it hold only for mandates that satisfy it."""

    value: Number
    from_: ISODate | None = Field(None, alias="from")
    to: ISODate | None = None
    when: Where_ | None = None
    strict: Flag = False
    note: str | None = None


class FromList(_Written):
    """A limit taken per line or group from a list of the mandate; ``absent`` is what a name not on it may hold."""

    list: str
    column: str = "limit"
    key: str | None = None
    expires: str | None = None
    absent: Number


def _limit(value: Any) -> Any:
    """Write the short forms ``10%`` and ``{list: …}`` as what they stand for."""
    if isinstance(value, str):
        return [{"value": value}]
    return value


class _Also:
    """Adds a short form that is read too to the JSON Schema of a type."""

    def __init__(self, **schema: Any) -> None:
        self.schema = schema

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        long: dict[str, Any] = handler(core)
        return {"anyOf": [self.schema, *long.get("anyOf", [long])]}


_QUANTITY = _Also(type="string", description="a number with its unit: 10%, 400000000 yuan, 120 days, 4 names, AA+")
Limit = Annotated[FromList | tuple[Dated, ...], BeforeValidator(_limit), _QUANTITY]


class AmountOf(_Written):
    """An amount of the mandate, with the day it must be of."""

    amount: str
    as_of: Literal["previous_year_end", "previous_quarter_end"] | None = None


class UniverseSum(_Written):
    """The sum of a size over the universe's lines of the group: a lower bound where the file is not complete."""

    universe: Literal["issue_size", "outstanding", "deal_size"]


class ReferenceTotal(_Written):
    """A total from a reference file of the mandate, by group."""

    reference: str


class HoldingsSum(_Written):
    """A measure over the holdings that satisfy ``where`` (all assets without it)."""

    measure: str | tuple[str, str]
    where: Where_ | None = None


Part = AmountOf | UniverseSum | ReferenceTotal | HoldingsSum


class Signed(_Written):
    """A part of a denominator with its sign."""

    sign: Literal[1, -1] = 1
    part: str | Part

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, data: Any) -> Any:
        if isinstance(data, dict) and "part" not in data:
            rest = {key: value for key, value in data.items() if key != "sign"}
            sign = int(data.get("sign", 1))
            return {"sign": sign, "part": rest["of"] if set(rest) == {"of"} else rest}
        return data


class Link(_Written):
    """A many-to-many table of the mandate: tranche, group, share of the tranche that counts for the group."""

    link: str
    group: str
    weight: str | None = None


class PassiveBreach(_Written):
    """What a breach that nobody traded into allows: the cure period, its clock, and the conduct meanwhile."""

    cure: Number | None = None
    clock: Literal["breach", "rating_date", "saleable_from"] = "breach"
    meanwhile: Literal["no_new", "no_worse"] = "no_worse"


class Exception_(_Written):
    """Lines that leave the numerator; ``when`` restricts it to mandates that satisfy it."""

    id: str
    where: Where_
    when: Where_ | None = None
    title: Title | None = None


Measure = str | tuple[str, str]
_PART = _Also(
    type="object", minProperties=1, description="a part of a denominator, with sign: -1 where it is taken off"
)
Denominator = str | Part | tuple[Annotated[Signed, _PART], ...]
Plus = Annotated[
    tuple[AmountOf | ReferenceTotal, ...], _Also(type="object", minProperties=1, description="one amount or reference")
]
By = str | Link | tuple[str, ...]


class Reading(_Written):
    """Another reading of a disputed word; what it names replaces the rule's own.

    ``without`` takes lines out of ``where`` instead, whatever other readings make of it: two disputes over the same
    filter then do not need a filter for each pair of answers.
    """

    switch: str
    id: str
    default: Flag = False
    where: Where_ | None = None
    without: Where_ | None = None
    by: By | None = None
    measure: Measure | None = None
    of: Denominator | None = None
    title: Title | None = None

    @model_validator(mode="after")
    def _known(self) -> Reading:
        if self.switch not in READING_SWITCHES:
            raise BadInput(
                "rulebook.unknown_switch",
                value=self.switch,
                expected=", ".join(READING_SWITCHES),
                choices=READING_SWITCHES,
            )
        return self


class Alternative(_Written):
    """The other branch of ``unless``: a ratio of its own."""

    where: Where_ | None = None
    by: By | None = None
    measure: Measure = "market_value"
    of: Denominator | None = None
    max: Limit | None = None
    min: Limit | None = None


class Rule(_Written):
    """One rule as written; ``absalloc rules show`` prints it, ``rows`` compiles it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    kind: Literal["share", "average", "eligibility", "count", "threshold_sum", "capital"]
    title: Title
    source: Source
    status: Literal["in_force", "draft"] = "in_force"
    group: str | None = None
    from_: ISODate | None = Field(None, alias="from")
    to: ISODate | None = None
    applies: Where_ | None = None
    where: Where_ | None = None
    require: Where_ | None = None
    by: By | None = None
    measure: Measure = "market_value"
    of: Denominator | None = None
    plus: Plus = ()
    max: Limit | None = None
    min: Limit | None = None
    over: Number | None = None
    up_to: Number | None = None
    if_held: Number | None = None
    of_trade: Flag = False
    level: Literal["hard", "soft", "warn"] = "hard"
    tested: Literal["always", "purchase", "open_days"] = "always"
    passive_breach: PassiveBreach | None = None
    unless: Alternative | None = None
    scope: Literal[
        "portfolio", "manager_funds", "manager_plans", "products_public", "products_all", "bank", "insurer"
    ] = "portfolio"
    readings: tuple[Reading, ...] = ()
    exceptions: tuple[Exception_, ...] = ()
    note: Title | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_plus(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("plus"), dict):
            return {**data, "plus": [data["plus"]]}
        return data

    @model_validator(mode="after")
    def _complete(self) -> Rule:
        needs = {
            "share": self.max or self.min,
            "average": (self.max or self.min) and not isinstance(self.measure, str),
            "eligibility": self.require,
            "count": self.max or self.min or self.if_held,
            "threshold_sum": self.max and self.over and self.of,
            "capital": self.max and not isinstance(self.measure, str),
        }
        if not needs[self.kind]:
            raise BadInput("rulebook.kind_incomplete", value=self.id, kind=self.kind)
        return self


class Combined(_Written):
    """A fact a rulebook combines from several columns, by taking the worst, the best or the first there is."""

    from_: Annotated[tuple[str, ...], _Also(type="string")] | None = Field(None, alias="from")
    take: Literal["lowest", "highest"] | None = None
    first_of: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _all(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("from"), str):
            return {**data, "from": [data["from"]]}
        return data

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns it is combined from."""
        return self.first_of or self.from_ or ()

    @model_validator(mode="after")
    def _one(self) -> Combined:
        ranked = bool(self.from_) and self.take is not None and self.first_of is None
        ordered = bool(self.first_of) and self.from_ is None and self.take is None
        if not ranked and not ordered:
            raise BadInput("rulebook.combined_form", value=None)
        return self


class Modelled(_Written):
    """The days a rulebook speaks of: earlier is refused, later is a printed warning."""

    from_: ISODate = Field(alias="from")
    verified_until: ISODate


class Book(_Written):
    """A rulebook file."""

    rulebook: str
    title: Title | None = None
    modelled: Modelled
    sources: dict[str, Document_]
    columns: dict[str, Combined] = {}
    sets: dict[str, Where_] = {}
    names: dict[str, Title] = {}
    """What sets and columns of this book are called in print."""
    rules: tuple[Rule, ...] = Field(min_length=1)
