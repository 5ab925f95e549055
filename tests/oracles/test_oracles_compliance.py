"""Published examples of the 5/10/40 rule, through a rulebook of one's own."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracle_cases import compare_case, find

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.exact import evaluate_exact
from absalloc.rulebook.load import Rulebook, load_rulebook

RULES = {"issuer-max": "issuerMaxConcentration", "medium-total": "issuerMediumConcentration"}
COVERED = frozenset({"CO-01", "CO-02", "CO-04", "CO-06", "CO-08"})


@cache
def rules() -> Rulebook:
    return load_rulebook(Path(__file__).parent.parent / "rulebooks" / "ucits-5-10-40.yaml")


def check(inputs: dict[str, Any]) -> dict[str, Any]:
    """Weights, the lines of each broken rule with its percentage, and whether none is broken."""
    lines = [
        {"tranche_id": each["asset"], "product": "credit_bond", "issuer": each["issuer"], "face": str(each["value"]),
         "factor": "1", "dirty_price": "100"}
        for each in inputs["lines"]
    ]  # fmt: skip
    mandate = mandate_of(
        {"name": "fund", "institution": "public_fund_open", "rulebooks": ["x"], "amounts": {"nav": "1"}}
    )
    state = book_of(lines, mandate, date(2025, 6, 30), books=(rules(),))
    found = evaluate_exact([state])
    total = sum(state.held.values())
    issues: dict[str, Any] = {}
    for item in found:
        for line in item.lines if item.verdict == "fail" and item.value is not None else ():
            issues[line.tranche_id] = {"rule": RULES[item.rule.partition("/")[2]], "pct": float(item.value * 100)}
    return {
        "weights": {code: float(face / total) for code, face in state.held.items()},
        "issues": issues,
        "portfolio_valid": all(item.verdict == "pass" for item in found),
    }


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("case_id", sorted(COVERED))
def test_published_compliance(shared: Path, case_id: str) -> None:
    case = find(shared, case_id)
    compare_case(case, check(case["inputs"]))
