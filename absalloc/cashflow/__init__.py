"""Cash flows: speeds, pools, waterfalls, price and yield, curves, and the valuation of a universe."""

from __future__ import annotations

from absalloc.cashflow.amortise import amortisation_factors, scheduled_factors
from absalloc.cashflow.coupons import floating_rates
from absalloc.cashflow.coverage import cure_amount, ic_ratio, oc_ratio, passes
from absalloc.cashflow.curves import Curve, CurveSet, load_curves, read_points
from absalloc.cashflow.daycount import add_months, icma_fraction, year_fraction
from absalloc.cashflow.deal import Deal, load_deal
from absalloc.cashflow.deal_pool import PoolPeriods
from absalloc.cashflow.distribution import Waterfall, waterfall
from absalloc.cashflow.facts import assumption_text
from absalloc.cashflow.features import Assets, CleanUpCall, Put, Reserve, Revolving, Support, Trigger
from absalloc.cashflow.figures import TrancheFigures, schedule_table, tranche_figures
from absalloc.cashflow.horizon import horizon_rate
from absalloc.cashflow.model import Cell, SpreadModel, fit_spreads
from absalloc.cashflow.performance import Calibration, Performance, PoolReport, calibrate, performance
from absalloc.cashflow.pool import PoolFlows, project_pool, project_table, sequential
from absalloc.cashflow.pricing import (
    Durations,
    accrued_interest,
    clean_from_dirty,
    discount_margin,
    durations,
    effective_duration,
    price,
    remaining_price,
    wal,
    yield_to_maturity,
    z_spread,
)
from absalloc.cashflow.relative import RelativeSpreads, relative_spreads
from absalloc.cashflow.schedules import Flows, build_flows
from absalloc.cashflow.settings import CprDefault, Table, ValuationSettings
from absalloc.cashflow.settlement import settlement_date
from absalloc.cashflow.speeds import (
    cdr_from_sda,
    cpr_from_psa,
    cpr_from_smm,
    mdr_from_sda,
    smm_from_abs,
    smm_from_cpr,
    smm_from_opening,
)
from absalloc.cashflow.structure import CoverageTest, Fee, Pay, Structure, Tranche
from absalloc.cashflow.valuation import Valued, value_universe
from absalloc.errors import BadInput

__all__ = [
    "Assets",
    "BadInput",
    "Calibration",
    "Cell",
    "CleanUpCall",
    "CoverageTest",
    "CprDefault",
    "Curve",
    "CurveSet",
    "Deal",
    "Durations",
    "Fee",
    "Flows",
    "Pay",
    "Performance",
    "PoolFlows",
    "PoolPeriods",
    "PoolReport",
    "Put",
    "RelativeSpreads",
    "Reserve",
    "Revolving",
    "SpreadModel",
    "Structure",
    "Support",
    "Table",
    "Tranche",
    "TrancheFigures",
    "Trigger",
    "ValuationSettings",
    "Valued",
    "Waterfall",
    "accrued_interest",
    "add_months",
    "amortisation_factors",
    "assumption_text",
    "build_flows",
    "calibrate",
    "cdr_from_sda",
    "clean_from_dirty",
    "cpr_from_psa",
    "cpr_from_smm",
    "cure_amount",
    "discount_margin",
    "durations",
    "effective_duration",
    "fit_spreads",
    "floating_rates",
    "horizon_rate",
    "ic_ratio",
    "icma_fraction",
    "load_curves",
    "load_deal",
    "mdr_from_sda",
    "oc_ratio",
    "passes",
    "performance",
    "price",
    "project_pool",
    "project_table",
    "read_points",
    "relative_spreads",
    "remaining_price",
    "schedule_table",
    "scheduled_factors",
    "sequential",
    "settlement_date",
    "smm_from_abs",
    "smm_from_cpr",
    "smm_from_opening",
    "tranche_figures",
    "value_universe",
    "wal",
    "waterfall",
    "year_fraction",
    "yield_to_maturity",
    "z_spread",
]
