"""Valued universes and scenarios for the tests of the stress stage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import yaml

from absalloc.cashflow import Curve, CurveSet, value_universe
from absalloc.stress.load import Scenario, _build
from absalloc.terms import COLUMNS
from absalloc.universe.model import Universe, column_spec, empty_column
from absalloc.yamlpos import parse_yaml

DAY = date(2025, 6, 30)


def flat_curves(rate: float = 0.02) -> CurveSet:
    tenors = np.array([0.5, 1.0, 3.0, 5.0, 10.0])
    return CurveSet(DAY, {n: Curve(n, DAY, tenors, np.full(5, rate)) for n in ("government", "notes.AAA")})


def steep_curves() -> CurveSet:
    tenors, rates = np.array([1.0, 3.0, 5.0, 10.0]), np.array([0.010, 0.016, 0.020, 0.026])
    return CurveSet(DAY, {n: Curve(n, DAY, tenors, rates) for n in ("government", "notes.AAA")})


def _column(kind: str, values: Sequence[Any]) -> np.ndarray:
    if kind == "date":
        return np.array(values, "datetime64[s]")
    if empty_column(kind, 1).dtype == float:
        return np.array(values, float)
    out = np.empty(len(values), object)
    out[:] = list(values)
    return out


def raw(**columns: Sequence[Any]) -> Universe:
    named = {name.replace("rating_any", "rating.any"): part for name, part in columns.items()}
    count = len(next(iter(named.values())))
    named.setdefault("tranche_id", [f"T{number}" for number in range(count)])
    table = {name: empty_column(spec.kind, count) for name, spec in COLUMNS.items() if not spec.derived}
    table |= {name: _column(column_spec(name).kind, values) for name, values in named.items()}
    frame = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in table.items()})
    return Universe(frame, (), (), dict.fromkeys(named, "file"), None, np.arange(count))


def valued(curves: CurveSet | None = None, **columns: Sequence[Any]) -> Universe:
    return value_universe(raw(**columns), DAY, curves=curves).universe


def scenario(**keys: Any) -> Scenario:
    data = {
        "scenario": "made", "title": {"en": "made", "zh": "自拟"},
        "source": {"document": "a test", "confidence": "assumption"}, **keys,
    }  # fmt: skip
    return _build(parse_yaml(yaml.safe_dump(data, allow_unicode=True), "made.yaml"), "made", None, ())
