"""Numbers as people read them never hide a difference, and use of a limit never looks kept when it is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc.report.charts import Bar, bars
from absalloc.report.rules import by_rule, use_of
from absalloc.report.words import article, said, shown, used, yuan_in_full

RATIO = st.floats(0, 3, allow_nan=False)


@given(value=RATIO, limit=RATIO)
def test_two_numbers_that_differ_look_different(value: float, limit: float) -> None:
    if abs(value - limit) > 1e-11:
        assert shown(value, "ratio", "en", limit) != shown(limit, "ratio", "en", value)


@pytest.mark.parametrize(
    ("value", "unit", "beside", "en", "zh"),
    [
        (0.1, "ratio", None, "10.00%", "10.00%"),
        (0.10000001, "ratio", 0.1, "10.000001%", "10.000001%"),
        (None, "ratio", 0.1, "–", "–"),
        (0.0, "yuan", None, "0", "0元"),
        (1234.5, "yuan", None, "1.23 k", "1,234.50元"),
        (250_000_000.0, "yuan", None, "250.00 mn", "2.50亿元"),
        (-56_300_000.0, "yuan", None, "-56.30 mn", "-5,630.00万元"),
        (1.85, "years", None, "1.85", "1.85"),
        (90.0, "days", None, "90", "90"),
        (28.0, "count", 60.0, "28", "28"),
    ],
)  # fmt: skip
def test_values_in_their_unit(value: float | None, unit: str, beside: float | None, en: str, zh: str) -> None:
    assert (shown(value, unit, "en", beside), shown(value, unit, "zh", beside)) == (en, zh)


@pytest.mark.parametrize(
    ("value", "en", "zh"), [(9.0, "BBB (grade 9)", "BBB（第 9 级）"), (2.5, "grade 2.50", "2.50级"), (None, "–", "–")]
)
def test_a_grade_has_its_letters(value: float | None, en: str, zh: str) -> None:
    assert (said(value, "grade", "en"), said(value, "grade", "zh")) == (en, zh)


def test_yuan_in_full() -> None:
    assert [yuan_in_full(v) for v in (None, 1e6, 1234.5, -0.25)] == ["–", "1,000,000", "1,234.50", "-0.25"]


@given(st.floats(0, 5, allow_nan=False))
def test_use_is_never_rounded_onto_the_limit(use: float) -> None:
    shown_use = float(used(use).rstrip("%"))
    assert (shown_use == 100) == (use == 1)
    assert (shown_use > 100) == (use > 1)


def finding(value: float | None, limit: float | None, sense: str = "max", **more: object) -> dict[str, object]:
    said = {"verdict": "pass", "value": value, "limit": limit, "sense": sense, "scenario": None}
    return {"book": "b", "rule": "r", **said, **more}


@pytest.mark.parametrize(
    ("value", "limit", "sense", "use"),
    [
        (0.05, 0.1, "max", 0.5), (0.1, 0.1, "max", 1.0), (0.0, 0.0, "max", 0.0), (1.0, 0.0, "max", math.inf),
        (0.1, 0.05, "min", 0.5), (0.0, 0.05, "min", math.inf), (0.0, 0.0, "min", 0.0), (-0.1, 0.1, "max", 0.0),
        (None, 0.1, "max", None), (0.1, None, "max", None),
    ],
)  # fmt: skip
def test_use_of_a_limit(value: float | None, limit: float | None, sense: str, use: float | None) -> None:
    assert use_of(finding(value, limit, sense)) == use


def test_the_worst_group_speaks_for_a_rule() -> None:
    items = [
        finding(0.09, 0.1, group="a"),
        finding(None, 0.1, group="b", verdict="unknown"),
        finding(0.2, 0.1, group="c", verdict="fail"),
        finding(0.3, 0.1, group="d", verdict="fail"),
        finding(0.5, 0.1, rule="other"),
    ]
    first, second = by_rule(items)
    assert (first.rule, first.worst["group"], first.groups, first.n_fail, first.n_unknown) == ("r", "d", 4, 2, 1)
    assert second.rule == "other"


def test_articles() -> None:
    source = {"document": "d", "title": "T", "article": "7"}
    assert article(source, "zh") == "T 第7条"
    assert article({**source, "article": "–"}, "en") == "T"


def test_charts_are_the_same_bytes_and_hold_their_texts() -> None:
    data = [Bar("信贷ABS", 0.5, "50.00%"), Bar("repo", -0.2, "-20.00%", "owed")]
    one, two = bars("a", "t", data), bars("a", "t", data)
    assert one == two
    assert "信贷ABS" in one
    assert "#d55e00" in one.lower()
    assert bars("b", "t", []).startswith("<svg")
