"""The shape of what compare answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from absalloc.report.documents import Inputs, Shape
from absalloc.report.documents_stress import ScenarioSource

Sector = Literal["credit", "urban_investment", "enterprise"]
Cost = Literal["entry", "exit", "tax", "capital", "expected_loss"]
Match = Literal["key_rates", "duration", "none"]
Status = Literal["optimal", "infeasible", "stopped", "no_capacity"]


class ComparePoint(Shape):
    """A book: yuan, bp of ``base_yuan``; ``cap`` on its stressed loss as a share of that of the book of most carry."""

    cap: float
    stressed_loss_yuan: float
    carry_yuan: float
    stressed_loss_bp: float
    carry_bp: float
    net_carry_yuan: float | None
    sleeve_yuan: float
    match: Match
    status: Status


class CompareCosts(Shape):
    """Costs in yuan, a year; null where neither a table nor a key of the mandate gives them."""

    entry: float | None
    exit: float | None
    tax: float | None
    capital: float | None
    expected_loss: float | None


class CompareSector(Shape):
    """One sector; yuan, bp of ``base_yuan``, years. A stressed loss is negative."""

    sector: Sector
    status: Status
    capacity_yuan: float | None
    carry_yuan: float | None
    carry_bp: float | None
    net_carry_yuan: float | None
    net_carry_bp: float | None
    duration: float | None
    duration_matched: bool
    match: Match
    driver: str
    stressed_loss_yuan: float | None
    stressed_loss_bp: float | None
    equal_loss_carry_yuan: float | None
    equal_loss_carry_bp: float | None
    leave_one_out_yuan: float | None
    leave_one_out_bp: float | None
    break_even_bp: float | None
    key_rate_durations: dict[str, float] | None
    costs: CompareCosts | None
    driver_title: str
    driver_sources: list[ScenarioSource]
    equal_loss: ComparePoint | None


class CompareMix(Shape):
    """The free mix: carry in yuan a year, and the share of each sector in its ABS."""

    status: Status
    carry_yuan: float | None
    weights: dict[Sector, float]


class CompareCurve(Shape):
    """Carry against stressed loss, of one sector or of the mix."""

    book: Literal["credit", "urban_investment", "enterprise", "mix"]
    points: list[ComparePoint]


class CompareMandate(Shape):
    """One mandate."""

    mandate: str
    as_of: str
    mode: str
    base_yuan: float
    severity: float
    costs_counted: list[Cost]
    sleeve_yuan: float
    duration_matched: float | None
    key_rate_durations: dict[str, float] | None
    equal_loss_yuan: float | None
    mix: CompareMix
    mix_in_sleeve: ComparePoint | None
    sectors: list[CompareSector]
    curves: list[CompareCurve]
    notes: list[str]
    assumptions: list[str]
    inputs: Inputs


class Compare(Shape):
    """What compare answers; ``break_even``: whether break-evens were sought."""

    schema_: Literal["absalloc.compare/1"] = Field(alias="schema")
    break_even: bool
    mandates: list[CompareMandate]
