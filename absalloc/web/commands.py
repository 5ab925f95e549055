"""What may be asked: one model a command, its fields the options of the command line, and the words they make.

A field is the option of its name (`max_turnover` is `--max-turnover`), or one of the command's bare words.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

Name = Annotated[str, Field(min_length=1, max_length=120, description="a file sent in `files`, or one of the market")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
DAY = r"^\d{4}-\d{2}-\d{2}$"
Day = Annotated[str, Field(pattern=DAY)]
Seconds = Annotated[
    float,
    Field(ge=0.001, le=900, allow_inf_nan=False, description="stop the search then; what is found is unproven"),
]
Books = Annotated[list[Text], Field(max_length=20, description="further books: `MANDATE=HOLDINGS`")]
Scenarios = Annotated[list[Text], Field(max_length=20, description="shipped ones, or files sent in `files`")]
SolverName = Literal["highs", "cvxpy", "pyomo"]


class Asked(BaseModel):
    """What every request may say."""

    model_config = ConfigDict(extra="forbid")
    FIRST: ClassVar[tuple[str, ...]] = ()
    """Fields that are words before the options."""
    BARE: ClassVar[tuple[str, ...]] = ()
    """Fields that are words after the options."""

    files: Annotated[
        dict[str, str],
        Field(
            default_factory=dict, max_length=40, description="name -> content as text, or `base64:…` for XLSX, Parquet"
        ),
    ]
    lang: Literal["en", "zh"] = "en"

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        plain = {"files", *self.FIRST, *self.BARE}
        found = [word for name in self.FIRST for word in _bare(getattr(self, name))]
        for name, field in type(self).model_fields.items():
            if name not in plain:
                found += _option(f"--{(field.alias or name).replace('_', '-')}", getattr(self, name))
        after = [word for name in self.BARE for word in _bare(getattr(self, name))]
        return [*found, "--json", *(["--", *after] if after else [])]


class OnUniverse(Asked):
    """A request about a universe; the shipped market by default."""

    universe: Annotated[list[Name], Field(min_length=1, max_length=10)] = ["market.csv"]
    mapping: Name | None = None
    as_of: Day | None = None
    strict: bool = False


class OnMandate(OnUniverse):
    """A request about a mandate: a file sent, or one of the shipped market (`bond-fund-open.yaml`)."""

    BARE: ClassVar[tuple[str, ...]] = ("mandate", "holdings")

    mandate: Name
    set: Annotated[
        dict[Text, Text], Field(default_factory=dict, max_length=100, description="`RULE.limit` -> another, `12%`")
    ]


class OnBook(OnMandate):
    """A request about what is held, with the book as it was."""

    holdings: Name
    before: Name | None = None
    before_universe: Name | None = None
    before_mandate: Name | None = None
    only_verified: bool = False
    scenario: Scenarios = []


class Check(OnBook):
    """Does this book comply, rule by rule."""

    with_: Annotated[Books, Field(alias="with")] = []
    trades: Name | None = None
    readings: Literal["all"] | None = None
    moves: Literal["all"] | None = None


class Search(BaseModel):
    """How a plan is searched for, and what it has to bear."""

    solver: SolverName = "highs"
    time_limit: Seconds | None = None
    worst_loss: Text | None = None
    cvar: Text | None = None


class Optimise(OnMandate, Search):
    """The best compliant portfolio."""

    BARE: ClassVar[tuple[str, ...]] = ("mandate",)

    holdings: Name | None = None
    only_verified: bool = False
    scenario: Scenarios = []


class Rebalance(OnBook, Search):
    """The trades from a book to the best one."""

    max_turnover: Text | None = None
    cure: bool = False


class Stress(OnMandate):
    """A book under one or more scenarios."""

    holdings: Name
    scenario: Annotated[Scenarios, Field(min_length=1)]
    forward: Annotated[int | None, Field(ge=0, le=600, description="months of run-off; the horizon without it")] = None
    with_: Annotated[Books, Field(alias="with")] = []
    break_even: bool = False


class Compare(OnMandate):
    """The three sectors like for like."""

    BARE: ClassVar[tuple[str, ...]] = ("mandate",)

    mandate: Name | Annotated[list[Name], Field(min_length=1, max_length=10)]  # type: ignore[assignment]
    scenario: Annotated[list[Text], Field(max_length=20, description="`[SECTOR=]NAME`")] = []
    severity: Annotated[float, Field(ge=0.1, le=5, allow_inf_nan=False)] = 1.0
    break_even: bool = False
    curve: bool = False
    solver: SolverName = "highs"
    time_limit: Seconds | None = None


class Explain(OnMandate):
    """Why this plan: `prices`, `conflict`, `headroom`, `menu`, `frontier` or `why`."""

    FIRST: ClassVar[tuple[str, ...]] = ("question",)
    BARE: ClassVar[tuple[str, ...]] = ("mandate", "tranche")

    question: Literal["prices", "conflict", "headroom", "menu", "frontier", "why"]
    holdings: Name | None = None
    solver: SolverName = "highs"
    time_limit: Seconds | None = None
    rule: Text | Annotated[list[Text], Field(max_length=200)] | None = Field(
        None, description="the one of `frontier`; the only ones of `prices`"
    )
    breakpoints: bool = Field(False, description="of `prices`: where each limit starts and stops to bind")
    attribution: bool = Field(False, description="of `prices`: what the rules cost together, shared out by rulebook")
    group: dict[Text, Annotated[list[Text], Field(min_length=1, max_length=200)]] = Field(
        default_factory=dict, max_length=20, description="of `prices`: shared out over these groups, name -> rules"
    )
    exact: bool = Field(False, description="of `prices`: break points, pairs and shares with integers; ask as a job")
    lp: bool = Field(False, description="of `prices` and `frontier`: the LP relaxation")
    at: Annotated[list[Text], Field(max_length=40, description="limits of `frontier`")] = []
    low: Text | None = Field(None, alias="from", description="least limit of `frontier`; found without it")
    high: Text | None = Field(None, alias="to", description="greatest limit of `frontier`; found without it")
    points: Annotated[int | None, Field(ge=2, le=200, description="how many limits of `frontier`")] = None
    sense: Literal["max", "min"] | None = Field(None, description="of a rule of `frontier` with both")
    line: Annotated[list[Text], Field(max_length=1000, description="of `headroom`: only these lines")] = []
    rebalanced: bool = Field(False, description="of `headroom`: everything else may be traded for it")
    within: Text | None = Field(None, description="of `menu`: how much carry may be given up, `2bp` without it")
    count: Annotated[int | None, Field(ge=1, le=20, description="of `menu`: how many, the best one included")] = None
    tranche: Text | None = Field(None, description="of `why`")

    @field_validator("rule")
    @classmethod
    def _one_rule(cls, rule: str | list[str] | None, info: ValidationInfo) -> str | list[str] | None:
        """Refuse several rules of a frontier: the command line would take the last and say nothing."""
        if info.data.get("question") == "frontier" and isinstance(rule, list) and len(rule) > 1:
            raise PydanticCustomError("too_long", "one rule of a frontier", {"max_length": 1})
        return rule


class Market(OnUniverse):
    """Market statistics of a universe."""

    BARE: ClassVar[tuple[str, ...]] = ("universe",)

    curves: Name | None = None
    trades: Name | None = None
    opening: Name | None = None
    opening_as_of: Day | None = None


class RulesList(Asked):
    """The rules of the shipped books."""

    FIRST: ClassVar[tuple[str, ...]] = ("question",)

    question: Literal["list"] = "list"
    rulebook: list[Text] = []
    only_verified: bool = False
    as_of: Day | None = None


class RulesShow(Asked):
    """One rule."""

    FIRST: ClassVar[tuple[str, ...]] = ("question",)
    BARE: ClassVar[tuple[str, ...]] = ("rule",)

    question: Literal["show"] = "show"
    rule: Text


class RulesDiff(Asked):
    """What changed between two days."""

    FIRST: ClassVar[tuple[str, ...]] = ("question",)

    question: Literal["diff"] = "diff"
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")


COMMANDS: dict[str, type[Asked]] = {
    "check": Check, "optimise": Optimise, "rebalance": Rebalance, "stress": Stress, "compare": Compare,
    "explain": Explain, "market": Market,
}  # fmt: skip


def _bare(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _option(name: str, value: Any) -> list[str]:
    """Return an option as words: a flag alone, lists and names with values as often as there are any."""
    if value is None or value is False:
        return []
    if value is True:
        return [name]
    if isinstance(value, dict):
        return [f"{name}={key}={','.join(_bare(item))}" for key, item in value.items()]
    return [f"{name}={item}" for item in (value if isinstance(value, list) else [value])]
