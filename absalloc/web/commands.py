"""What may be asked: one model a command, its fields the options of the command line, and the words they make."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=120, description="a file sent in `files`, or one of the market")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Count = Annotated[int, Field(ge=1, le=600)]


class Asked(BaseModel):
    """What every request may say."""

    model_config = ConfigDict(extra="forbid")

    files: Annotated[
        dict[str, str],
        Field(
            default_factory=dict, max_length=40, description="name -> content as text, or `base64:…` for XLSX, Parquet"
        ),
    ]
    lang: Literal["en", "zh"] = "en"

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        return ["--lang", self.lang, "--json"]


class OnUniverse(Asked):
    """A request about a universe; the shipped market by default."""

    universe: Annotated[list[Name], Field(min_length=1, max_length=10)] = ["market.csv"]
    mapping: Name | None = None
    as_of: Day | None = None
    strict: bool = False

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*super().words(), *_each("--universe", self.universe)]
        found += _option("--mapping", self.mapping) + _option("--as-of", self.as_of)
        return found + (["--strict"] if self.strict else [])


class OnMandate(OnUniverse):
    """A request about a mandate: a file sent, or one of the shipped market (`bond-fund-open.yaml`)."""

    mandate: Name
    set: Annotated[
        dict[Text, Text], Field(default_factory=dict, max_length=100, description="`RULE.limit` -> another, `12%`")
    ]

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        return [*super().words(), *_each("--set", [f"{rule}={value}" for rule, value in self.set.items()])]


class Check(OnMandate):
    """Does this book comply, rule by rule."""

    holdings: Name
    with_: Annotated[list[Text], Field(alias="with", max_length=20)] = []
    before: Name | None = None
    before_universe: Name | None = None
    before_mandate: Name | None = None
    trades: Name | None = None
    readings: Literal["all"] | None = None
    only_verified: bool = False

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*super().words(), *_each("--with", self.with_), *_option("--readings", self.readings)]
        found += _option("--before", self.before) + _option("--before-universe", self.before_universe)
        found += _option("--before-mandate", self.before_mandate) + _option("--trades", self.trades)
        found += _verified(self.only_verified)
        return [*found, "--", self.mandate, self.holdings]


class Optimise(OnMandate):
    """The best compliant portfolio."""

    holdings: Name | None = None
    solver: Literal["highs", "cvxpy", "pyomo"] = "highs"
    only_verified: bool = False

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*super().words(), "--solver", self.solver, *_option("--holdings", self.holdings)]
        return [*found, *_verified(self.only_verified), "--", self.mandate]


class Rebalance(OnMandate):
    """The trades from a book to the best one."""

    holdings: Name
    before: Name | None = None
    before_universe: Name | None = None
    before_mandate: Name | None = None
    max_turnover: Text | None = None
    cure: bool = False
    only_verified: bool = False

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*super().words(), *_option("--before", self.before), *_option("--max-turnover", self.max_turnover)]
        found += _option("--before-universe", self.before_universe) + _option("--before-mandate", self.before_mandate)
        found += [*(["--cure"] if self.cure else []), *_verified(self.only_verified)]
        return [*found, "--", self.mandate, self.holdings]


class Stress(OnMandate):
    """A book under one or more scenarios."""

    holdings: Name
    scenario: Annotated[list[Text], Field(min_length=1, max_length=20)]

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        return [*super().words(), *_each("--scenario", self.scenario), "--", self.mandate, self.holdings]


class Compare(OnMandate):
    """The three sectors like for like."""

    scenario: Annotated[list[Text], Field(max_length=20)] = []
    break_even: bool = False

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*super().words(), *_each("--scenario", self.scenario)]
        return [*found, *(["--break-even"] if self.break_even else []), "--", self.mandate]


class Explain(OnMandate):
    """Why this plan: `prices`, `conflict`, `headroom`, `menu`, `frontier` or `why`."""

    question: Literal["prices", "conflict", "headroom", "menu", "frontier", "why"]
    holdings: Name | None = None
    rule: Text | None = Field(None, description="of `frontier`")
    at: Annotated[list[Text], Field(max_length=40, description="limits of `frontier`")] = []
    low: Text | None = Field(None, alias="from", description="least limit of `frontier`; found without it")
    high: Text | None = Field(None, alias="to", description="greatest limit of `frontier`; found without it")
    points: Annotated[int | None, Field(ge=2, le=200, description="how many limits of `frontier`")] = None
    sense: Literal["max", "min"] | None = Field(None, description="of a rule of `frontier` with both")
    lp: bool = Field(False, description="of `prices` and `frontier`: the LP relaxation")
    tranche: Text | None = Field(None, description="of `why`")

    def words(self) -> list[str]:
        """Return the words of the command line, without its name; the question is its first."""
        found = [self.question, *super().words(), *_option("--holdings", self.holdings)]
        found += _option("--rule", self.rule) + _each("--at", self.at)
        found += _option("--from", self.low) + _option("--to", self.high) + _option("--sense", self.sense)
        found += [] if self.points is None else [f"--points={self.points}"]
        found += ["--lp"] if self.lp else []
        return [*found, "--", self.mandate, *([self.tranche] if self.tranche else [])]


class Market(OnUniverse):
    """Market statistics of a universe."""

    def words(self) -> list[str]:
        """Return the words of the command line, without its name."""
        found = [*Asked.words(self), *_option("--mapping", self.mapping), *_option("--as-of", self.as_of)]
        return [*found, "--", *self.universe]


COMMANDS: dict[str, type[Asked]] = {
    "check": Check, "optimise": Optimise, "rebalance": Rebalance, "stress": Stress, "compare": Compare,
    "explain": Explain, "market": Market,
}  # fmt: skip


def _option(name: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{name}={value}"]


def _verified(only: bool) -> list[str]:
    return ["--only-verified"] if only else []


def _each(name: str, values: list[str]) -> list[str]:
    return [f"{name}={value}" for value in values]
