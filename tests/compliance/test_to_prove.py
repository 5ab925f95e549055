"""What would prove the rest: giving the facts it names leaves nothing unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from absalloc.compliance.to_prove import to_prove
from absalloc.desk import check
from absalloc.mandate import load_mandate
from absalloc.universe import load_universe

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    return pd.read_csv(MARKET / "market.csv"), tmp_path_factory.mktemp("poor")


def test_a_column_taken_away_is_the_one_asked_for(book: tuple[pd.DataFrame, Path]) -> None:
    table, folder = book
    mandate = load_mandate(MARKET / "wealth-closed-18m.yaml")
    holdings = MARKET / "wealth-closed-18m-holdings.csv"
    whole = check(load_universe(MARKET / "market.csv", as_of=mandate.as_of), mandate, holdings)
    path = folder / "market.csv"
    table.drop(columns="expected_maturity").to_csv(path, index=False)
    poor = check(load_universe(path, as_of=mandate.as_of), mandate, holdings)
    before = {(item.kind, item.what) for item in to_prove(whole.findings)}
    wanted = [item for item in poor.to_prove if (item.kind, item.what) not in before]
    assert ("column", "expected_maturity") in {(item.kind, item.what) for item in wanted}
    newly = {f.rule for f in poor.findings if f.verdict == "unknown"}
    newly -= {f.rule for f in whole.findings if f.verdict == "unknown"}
    assert newly
    assert newly <= {rule for item in wanted for rule in item.rules}
    assert all(item.lines > 0 for item in wanted if item.kind == "column")


def test_every_unknown_rule_wants_something_and_only_those(book: tuple[pd.DataFrame, Path]) -> None:
    table, folder = book
    mandate = load_mandate(MARKET / "bond-fund-open.yaml")
    path = folder / "poorer.csv"
    gone = [name for name in ("originator", "issue_size", "region") if name in table]
    table.drop(columns=gone).to_csv(path, index=False)
    found = check(load_universe(path, as_of=mandate.as_of), mandate, MARKET / "bond-fund-open-holdings.csv")
    unknown = {item.rule for item in found.findings if item.verdict == "unknown"}
    assert {rule for item in found.to_prove for rule in item.rules} == unknown
    assert found.n_unknown == len(unknown) > 1
    counts = [len(item.rules) for item in found.to_prove]
    assert counts == sorted(counts, reverse=True)
    document = found.to_json("zh")
    assert [item["n_rules"] for item in document["to_prove"]] == counts
    assert all(item["text"] for item in document["to_prove"])


def test_the_book_before_is_asked_for_and_giving_it_decides() -> None:
    mandate = load_mandate(MARKET / "bond-fund-open.yaml")
    universe = load_universe(MARKET / "market.csv", as_of=mandate.as_of)
    holdings = MARKET / "bond-fund-open-holdings.csv"
    alone = check(universe, mandate, holdings)
    assert [(item.kind, item.rules) for item in alone.to_prove] == [
        ("before", ("public-fund-open/liquidity-restricted-share",))
    ]
    told = check(universe, mandate, holdings, before=MARKET / "bond-fund-open-holdings-before.csv")
    assert told.to_prove == ()
    # Nothing is asked for what is decided.
    assert to_prove([replace(item, verdict="fail") for item in alone.findings]) == ()
