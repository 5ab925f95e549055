"""Published examples of the 5/10/40 rule, through a rulebook of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from oracle_cases import compare_case, find

import absalloc as aa

RULES = {"issuer-max": "issuerMaxConcentration", "medium-total": "issuerMediumConcentration"}
COVERED = frozenset({"CO-01", "CO-02", "CO-04", "CO-06", "CO-08"})
BOOK = Path(__file__).parent.parent / "rulebooks" / "ucits-5-10-40.yaml"
MANDATE = f"""
name: fund
institution: public_fund_open
rulebooks: ['{BOOK.as_posix()}']
amounts: {{nav: 1}}
as_of: 2025-06-30
"""


def check(inputs: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Weights, the lines of each broken rule with its percentage, and whether none is broken, by ``aa.check``."""
    (folder / "fund.yaml").write_text(MANDATE, encoding="utf-8")
    lines = inputs["lines"] or [{"asset": "none", "issuer": "none", "value": 0}]
    rows = [f"{each['asset']},credit_bond,{each['issuer']},100,100" for each in lines]
    header = "tranche_id,product,issuer,clean_price,factor (%)"
    (folder / "market.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    held = pd.DataFrame({"tranche_id": [e["asset"] for e in lines], "face": [float(e["value"]) for e in lines]})
    universe, mandate = aa.load_universe(folder / "market.csv"), aa.load_mandate(folder / "fund.yaml")
    found = aa.check(universe, mandate, held)
    total = float(held["face"].sum())
    issues: dict[str, Any] = {}
    for item in found.findings:
        for line in item.lines if item.verdict == "fail" and item.value is not None else ():
            issues[line.tranche_id] = {"rule": RULES[item.rule.partition("/")[2]], "pct": float(item.value * 100)}
    return {
        "weights": {code: face / total for code, face in zip(held["tranche_id"], held["face"], strict=True) if face},
        "issues": issues,
        "portfolio_valid": found.compliant,
    }


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("case_id", sorted(COVERED))
def test_published_compliance(shared: Path, tmp_path: Path, case_id: str) -> None:
    case = find(shared, case_id)
    compare_case(case, check(case["inputs"], tmp_path))
