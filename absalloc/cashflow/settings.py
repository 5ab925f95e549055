"""The printed defaults of the base case: what is assumed where a tranche's documents are silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from absalloc.cashflow.daycount import CONVENTIONS
from absalloc.errors import BadInput
from absalloc.terms import COLUMNS

YIELD_ORDER = ("valuation", "trade", "quote", "primary", "model")
FREQUENCIES = (1, 2, 4, 6, 12)


@dataclass(frozen=True, slots=True)
class CprDefault:
    """A base prepayment speed: annual CPR for credit ABS whose asset type holds one of ``words``."""

    name: str
    words: tuple[str, ...]
    cpr: float


BASE_CPR = (
    CprDefault("rmbs", ("rmbs", "住房抵押", "个人住房", "住房贷款", "公积金", "residential"), 0.10),
    CprDefault("auto", ("auto", "汽车", "车贷", "vehicle"), 0.09),
)
"""RMBS about 10 %, auto about 9 % a year (levels of 2025 trustee reports); anything else 0."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A given principal schedule of one tranche: payment dates and principal per 100 of remaining face."""

    dates: np.ndarray
    principal: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ValuationSettings:
    """How lines are valued where they do not say so themselves.

    ``basis``: life used where a put exists and the line has no ``yield_basis``. ``compounding``: ``payment``
    compounds at the payment frequency (the interbank formula), ``annual`` once a year; a line with one
    remaining payment uses simple interest either way. ``frequency``: payments a year by form of repayment.
    ``cpr``: base speeds of pass-through credit ABS, first match wins. ``call_share``: clean-up call at this
    share of issued size, 0 for none. ``primary_days``: how long after issue the coupon may stand for a yield.
    ``missing_price``: ``yield`` prices a line from its yield where it has one, ``par`` never does.
    ``day_count`` by product, others ``ACT/365F``; ``NL/365`` skips 29 February, as some exchange lines may
    (believe). ``tables``: given schedules by tranche_id.
    ``max_yield``: a price that gives more is a default price, or of another balance: such a line has no yield and
    gets none from the model. ``benchmark``: curve of the model yield and of the column ``spread``.
    """

    basis: str = "put"
    compounding: str = "payment"
    frequency: Mapping[str, int] = field(default_factory=lambda: {"bullet": 1, "scheduled": 4, "pass_through": 12})
    cpr: tuple[CprDefault, ...] = BASE_CPR
    call_share: float = 0.10
    primary_days: int = 30
    missing_price: str = "yield"
    max_yield: float = 0.30
    day_count: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys(
            ("government", "local_government", "policy_bank", "central_bank_bill", "credit_bond"), "ACT/ACT"
        )
    )
    tables: Mapping[str, Table] = field(default_factory=dict)
    benchmark: str = "notes.AAA"

    def __post_init__(self) -> None:
        _choice("basis", self.basis, ("put", "maturity"))
        _choice("compounding", self.compounding, ("payment", "annual"))
        _choice("missing_price", self.missing_price, ("yield", "par"))
        for product, name in self.day_count.items():
            _choice(f"day_count.{product}", name, CONVENTIONS)
        for repayment in ("bullet", "scheduled", "pass_through"):
            _choice(f"frequency.{repayment}", self.frequency.get(repayment), FREQUENCIES)
        for speed in self.cpr:
            _share(f"cpr.{speed.name}", speed.cpr)
        _share("call_share", self.call_share)
        if not 0.0 < self.max_yield <= COLUMNS["yield"].high:
            raise BadInput("cashflow.setting", value=self.max_yield, expected="0 < x <= 2", setting="max_yield")


def _choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        shown = [str(choice) for choice in choices]
        raise BadInput("cashflow.setting", value=value, expected=", ".join(shown), choices=shown, setting=name)


def _share(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise BadInput("cashflow.setting", value=value, expected="0 <= x < 1 (0.12 is 12 %)", setting=name)
