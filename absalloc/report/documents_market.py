"""The shape of what market answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from absalloc.report.documents import SHA256, Shape


class MarketLevel(Shape):
    """Spreads of one rating; decimals."""

    rating: str
    count: int
    mean: float | None
    median: float | None
    stdev: float | None
    cv: float | None
    level_difference: float | None


class MarketPair(Shape):
    """The rank test of two ratings."""

    better: str
    worse: str
    n_better: int
    n_worse: int
    u: float
    p: float


class MarketCoupon(Shape):
    """Coupons of one asset type and term at issue; decimals."""

    asset_type: str
    term: str
    count: int
    min: float
    max: float
    mean: float


class MarketSubordination(Shape):
    """What stands below the senior class of the deals of one asset type; decimals."""

    asset_type: str
    deals: int
    min: float
    max: float
    mean: float
    median: float


class MarketPart(Shape):
    """A part of the ABS: lines, outstanding in yuan, share of what is known, lines of unknown amount."""

    count: int
    yuan: float | None
    share: float | None
    unknown_yuan: int


class MarketRating(MarketPart):
    """One rating."""

    rating: str


class MarketSector(MarketPart):
    """One sector."""

    sector: str


class MarketRegion(MarketPart):
    """One region."""

    region: str


class MarketTurnover(Shape):
    """Trades over the mean stock of one product; yuan of principal, decimals."""

    product: str
    trades: int
    traded_yuan: float
    opening_yuan: float
    closing_yuan: float
    turnover: float | None
    annualised: float | None
    unknown_stock: int


class MarketPlain(Shape):
    """One line over its obligor's plain bonds; decimal."""

    tranche_id: str
    product: str
    bonds: int
    over_bonds: float


class MarketPlainSummary(Shape):
    """Spreads over plain bonds of one product; decimals."""

    product: str
    count: int
    mean: float
    median: float
    positive: float


class Market(Shape):
    """What market answers."""

    schema_: Literal["absalloc.market/1"] = Field(alias="schema")
    universe_sha256: str = Field(pattern=SHA256)
    used: int
    left_out: int
    levels: list[MarketLevel]
    pairs: list[MarketPair]
    coupons: list[MarketCoupon]
    subordination: list[MarketSubordination]
    ratings: list[MarketRating]
    sectors: list[MarketSector]
    regions: list[MarketRegion]
    turnover: list[MarketTurnover] | None
    plain: list[MarketPlain] | None
    plain_summary: list[MarketPlainSummary] | None
    missing: dict[str, int | None]
    notes: list[str]
