"""Scenario files: what is refused and where, what is composed, the library, the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import stress_lines as made
import yaml

from absalloc.errors import BadInput
from absalloc.stress import compose, find_scenario, json_schema, load_scenario, shipped_scenarios, shipped_sets

ROOT = Path(__file__).resolve().parents[2]
ALL = sorted((ROOT / "scenarios").glob("*.yaml"))
SETS = [path for path in ALL if path.stem in shipped_sets()]
FILES = [path for path in ALL if path not in SETS]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"yields": [{"parallel": "50"}]}, "50%"),
        ({"yields": [{"parallel": "50%"}]}, "outside -20% - 20%"),
        ({"yields": [{"points": {"3yr": "5 bp"}}]}, "3y"),
        ({"yields": [{"parallel": "5 bp", "points": {"1y": "5 bp"}}]}, "exactly one"),
        ({"yields": [{"points": {}}]}, "says nothing"),
        ({"speeds": [{"cpr": "12"}]}, "12%"),
        ({"speeds": [{"cpr": "120%"}]}, "outside 0% - 100%"),
        ({"speeds": [{"steps": [{"cpr": "9%"}, {"cpr": "8%"}]}]}, "need months"),
        ({"speeds": [{"cpr": "9%", "where": {"assettype": "rmbs"}}]}, "asset_type"),
        ({"spreads": [{"add": "9 bp", "where": {"sector": "lgfv"}}]}, "is no value of this column"),
        ({"spreads": [{"add": "9 bp", "where": {"rating": {"max": "AAAA"}}}]}, "AAA"),
        ({"spreads": [{"add": "9 bp", "where": {"wal": {"max": "3%"}}}]}, "cannot bound"),
        ({"spreads": [{"add": "9 bp", "where": {"in_set": "x"}}]}, "cannot use"),
        ({"ratings": [{"to": "A++"}]}, "A"),
        ({"ratings": [{"notches": "0"}]}, "number of notches"),
        ({"horizon": "1.5 months", "redemption": "1%"}, "whole months"),
        ({"redemption": "110%"}, "outside 0% - 100%"),
        ({"support": [{"guarantee": "10%", "shortfall_commitment": "20%", "liquidity_support": "1%",
                       "where": {"support_party": "x"}}]}, "must not rise"),
        ({"revenue": [{"fall": "50%", "days": "79", "coverage": "80%", "where": {"asset_type": "x"}}]}, "outside 100%"),
        ({"colour": "red"}, "colour"),
        ({}, "says nothing"),
        ({"includes": ["paralel-up-50"]}, "parallel-up-50"),
    ],
)  # fmt: skip
def test_bad_scenarios_are_refused_with_line_and_nearest(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=r"made\.yaml:\d+:\d+") as refused:
        made.scenario(**keys)
    assert words in str(refused.value)
    assert refused.value.text("zh")


def test_the_place_of_a_refusal_is_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "scenario: mine\ntitle: {en: a, zh: b}\nsource: {document: d, confidence: assumption}\n"
        "yields:\n  - points:\n      1y: 10 bp\n      3x: 10 bp\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput, match=r"mine\.yaml:7:"):
        load_scenario(path)


def test_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="yongmei-2020") as refused:
        find_scenario("yongmei2020")
    assert refused.value.nearest == "yongmei-2020"
    with pytest.raises(BadInput, match="nearest valid one is 'monte-carlo-2025'"):
        find_scenario("monte-carlo-2024")


def test_a_circle_of_includes_is_refused(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        text = f"scenario: {name}\ntitle: {{en: x, zh: x}}\nsource: {{document: d, confidence: assumption}}\n"
        (tmp_path / f"{name}.yaml").write_text(text + f"includes: [{other}.yaml]\n", encoding="utf-8")
    with pytest.raises(BadInput, match="includes itself"):
        find_scenario("a.yaml", tmp_path)


def test_composition_adds_moves_and_compounds_redemptions() -> None:
    one = made.scenario(yields=[{"parallel": "50 bp"}], redemption="10%")
    two = made.scenario(yields=[{"points": {"1y": "10 bp", "3y": "20 bp"}}], redemption="20%")
    both = compose([one, two])
    assert sum(move.at(np.array([2.0]))[0] for move in both.yields) == pytest.approx(0.0065)
    assert float(both.redemption) == pytest.approx(1 - 0.9 * 0.8)
    assert both.title.zh == "自拟 + 自拟"


def test_scenarios_that_disagree_on_the_horizon_are_refused() -> None:
    one, two = (made.scenario(redemption="1%", horizon=months) for months in ("3 months", "1 year"))
    with pytest.raises(BadInput, match="disagree on horizon"):
        compose([one, two])


def test_a_move_of_two_days_is_read_from_a_curve_file(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(
        "date,curve,tenor_years,yield_pct\n2020-11-09,CGB,1,2.7944\n2020-11-09,CGB,3,2.9852\n2020-11-23,CGB,1,2.951\n"
        "2020-11-23,CGB,3,3.0751\n2020-11-09,MTN_AAA,1,3.2871\n2020-11-23,MTN_AAA,1,3.5973\n",
        encoding="utf-8",
    )
    text = (
        "scenario: days\ntitle: {en: a, zh: b}\nsource: {document: d, confidence: computed}\nyields:\n"
        "  - days: {file: c.csv, curve: government, from: 2020-11-09, to: 2020-11-23}\nspreads:\n"
        "  - days: {file: c.csv, curve: notes.AAA, over: government, from: 2020-11-09, to: 2020-11-23}\n"
    )
    (tmp_path / "days.yaml").write_text(text, encoding="utf-8")
    found = load_scenario(tmp_path / "days.yaml")
    assert found.yields[0].tenors == (1.0, 3.0)
    assert found.yields[0].moves == (0.001566, 0.000899)
    assert found.spreads[0].moves == (0.001536,)
    (tmp_path / "days.yaml").write_text(text.replace("2020-11-23", "2020-11-22"), encoding="utf-8")
    with pytest.raises(BadInput, match="no entry on 2020-11-22"):
        load_scenario(tmp_path / "days.yaml")


def test_the_committed_schema_is_current() -> None:
    written = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "write it again: python -m absalloc.stress > scenarios/schema.json"
    jsonschema.Draft202012Validator.check_schema(written)


def test_the_library_is_at_least_fifteen() -> None:
    assert len(shipped_scenarios()) >= 15
    assert shipped_scenarios() == tuple(path.stem for path in FILES)
    assert len(SETS) == 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_cites_and_fits_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=./schema.json"
    data = json.loads(json.dumps(yaml.safe_load(text), default=str))
    assert [e.message for e in jsonschema.Draft202012Validator(json_schema()).iter_errors(data)] == []
    found = find_scenario(path.stem)
    assert len(found.sources[0].document) > 20
    assert found.title.en != found.title.zh
