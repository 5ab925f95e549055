"""Published risk weights: Basel CRE41/42 tables, worked examples of rulebooks, runs of another engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oracle_cases import compare_case, find

from absalloc import capital


def _percent(weight: float) -> float:
    return round(weight * 100, 9)  # 0.55 * 100 is 55.00000000000001; the tables are compared exactly


def _erba_cells(stc: bool) -> dict[str, list[float]]:
    labels = ["AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+", "B", "B-"]
    return {
        label: [
            # Thickness 0 shows the bare cell of the table.
            _percent(capital.sec_erba(label, senior=senior, maturity=years, thickness=0.0, stc=stc))
            for senior in (True, False)
            for years in (1, 5)
        ]
        for label in (*labels, "CCC+ to CCC-", "below CCC-")
    }


def _short(inputs: dict[str, Any]) -> dict[str, list[float]]:
    def row(stc: bool) -> list[float]:
        labels = ["other short-term" if label == "other" else label for label in inputs["order"]]
        return [_percent(capital.sec_erba(r, senior=True, maturity=1, stc=stc)) for r in labels]

    return {"standard": row(False), "STC": row(True)}


def _worked_erba(inputs: dict[str, Any]) -> dict[str, float]:
    def weight(thickness: float) -> float:
        return 100 * capital.sec_erba(
            inputs["rating"], senior=inputs["senior"], maturity=inputs["MT"], thickness=thickness
        )

    bare, actual = weight(0.0), weight(inputs["D"] - inputs["A"])
    return {
        "interpolated_pct": _percent(bare / 100),
        "thickness_factor": round(actual / bare, 10),
        "risk_weight_pct": actual,
    }


def _erba_cases(inputs: dict[str, Any]) -> list[float]:
    return [
        100
        * capital.sec_erba(c["rating"], senior=c["senior"], maturity=c["MT"], thickness=c["D"] - c["A"], stc=c["stc"])
        for c in inputs["cases"]
    ]


def _worked_sa(inputs: dict[str, Any]) -> dict[str, float]:
    ka = capital.ka(inputs["KSA"], inputs["W"], inputs["unknown_share"])
    weight = capital.sec_sa(ka=ka, attach=inputs["A"], detach=inputs["D"], p=inputs["p"])
    adjusted = capital.ka(inputs["KSA"], inputs["W"])
    return {"adjusted_capital": adjusted, "KA": ka, "risk_weight_pct": 100 * weight}


def _sa_cases(inputs: dict[str, Any]) -> list[float]:
    return [
        100 * capital.sec_sa(ka=c["KA"], attach=c["A"], detach=c["D"], p=c["p"], floor=c["floor_pct"] / 100)
        for c in inputs["cases"]
    ]


def _unknown_status(inputs: dict[str, Any]) -> dict[str, float]:
    weights = {
        _percent(capital.sec_sa(ka=capital.ka(0.08, 0.0, inputs["unknown_share"]), attach=a, detach=d))
        for a, d in ((0.0, 0.05), (0.05, 0.25), (0.5, 1.0))
    }
    [only] = weights
    return {"risk_weight_pct": only}


def _table_2012(inputs: dict[str, Any]) -> dict[str, list[float]]:
    members = {
        "AAA to AA-": ("AAA", "AA+", "AA", "AA-sf"),
        "A+ to A-": ("A+", "A", "A-"),
        "BBB+ to BBB-": ("BBB+", "BBB", "BBB-"),
        "BB+ to BB-": ("BB+", "BB", "BB-"),
        "B+ and below or unrated": ("B+", "B", "B-", "CCC", "D", "NR", None),
        "A-1/P-1": ("A-1", "A-1+", "A-1sf"),
        "A-2/P-2": ("A-2",),
        "A-3/P-3": ("A-3",),
        "other short-term": (),
    }
    found = {}
    for bucket in inputs["buckets"]:
        pairs = {
            tuple(_percent(capital.risk_weight_2012(rating, again)) for again in (False, True))
            for rating in (bucket, *members[bucket])
        }
        [pair] = pairs
        found[bucket] = list(pair)
    return found


HANDLERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "RW-01": lambda inputs: _erba_cells(stc=False),
    "RW-02": lambda inputs: _erba_cells(stc=True),
    "RW-03": _short,
    "RW-04": _worked_erba,
    "RW-05a": _erba_cases,
    "RW-06": _worked_sa,
    "RW-07a": _sa_cases,
    "RW-08": _unknown_status,
    "RW-10": _table_2012,
    "RW-12": lambda inputs: [capital.tranche_maturity(years) for years in inputs["ML"]],
}
COVERED = frozenset(HANDLERS)


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("case_id", sorted(HANDLERS))
def test_published_risk_weight(shared: Path, case_id: str) -> None:
    case = find(shared, case_id)
    compare_case(case, HANDLERS[case_id](case["inputs"]))
