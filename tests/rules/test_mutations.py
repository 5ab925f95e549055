"""The mutation script finds what weak cases miss, and what is explained as equivalent stands in its data file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from absalloc.compliance.case_files import load_cases

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RULES = """\
rulebook: mine
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {house: {title: Guideline}}
rules:
  - id: abs
    kind: share
    title: {en: ABS, zh: 证券}
    source: {document: house, article: "1", ref: house, confidence: text_seen}
    where: {product: [credit_abs, abn]}
    of: nav
    max: 10%
"""
CASES = """\
rulebook: mine
defaults:
  as_of: 2025-07-01
  mandate: {name: case, institution: public_fund_open, amounts: {nav: 1000000000}}
  line: {market: exchange, factor: 1, clean_price: 100, dirty_price: 100}
cases:
  - id: at-the-limit
    rule: abs
    shows: boundary
    lines: [{tranche_id: T1, product: abn, face: 100000000}]
    expect: {verdict: pass, value: 10%, limit: 10%}
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import mutate_rules

    return mutate_rules


def surviving(script: Any, folder: Path, cases: str) -> set[str]:
    (folder / "mine.yaml").write_text(RULES, encoding="utf-8")
    (folder / "mine.cases.yaml").write_text(cases, encoding="utf-8")
    found = list(script.verdicts(load_cases(folder / "mine.yaml"), "abs", {}, None))
    return {item.what for item in found if item.survives}


def test_what_one_case_on_the_limit_leaves(script: Any, tmp_path: Path) -> None:
    """One ABN at par, exactly on the limit: limit and sides are held, the other kind, measure and groups are not."""
    left = surviving(script, tmp_path, CASES)
    assert {"where.product without credit_abs", "where.product with cash", "measure face for market_value"} <= left
    assert "by tranche_id for none" in left
    assert not {what for what in left if what.startswith(("max 10", "of dropped", "of total_assets", "where negated"))}


def test_a_case_for_what_was_left_kills_it(script: Any, tmp_path: Path) -> None:
    more = """\
  - id: credit-abs-below-par
    rule: abs
    shows: fail
    lines:
      - {tranche_id: T1, product: credit_abs, dirty_price: 120, face: 90000000}
      - {tranche_id: T2, product: cash, face: 1}
    expect: {verdict: fail, value: 10.8%, group: null}
"""
    gone = surviving(script, tmp_path, CASES) - surviving(script, tmp_path, CASES + more)
    assert {"where.product without credit_abs", "where.product with cash", "measure face for market_value"} <= gone
    assert "by tranche_id for none" in gone


def test_a_case_that_fails_as_it_stands_stops_it(script: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="at-the-limit fails as it stands"):
        surviving(script, tmp_path, CASES.replace("value: 10%", "value: 11%"))


def test_one_rule_that_ships_has_no_survivor() -> None:
    call = [sys.executable, str(BENCHMARKS / "mutate_rules.py"), "public-fund-open/abs-share", "--json"]
    done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", check=False)
    said = json.loads(done.stdout)
    assert (said["schema"], said["survivors"]) == ("absalloc.mutation/1", [])
    assert said["kinds"]["filter"]["mutants"] > 20
    assert done.returncode == 0
