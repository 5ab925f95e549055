"""The commands that study and explain: stress, compare, explain."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import absalloc as aa
from absalloc.desk import Book, planning
from absalloc.explain import attribution, conflicts, prices
from absalloc.report.documents_more import json_schema
from absalloc.terms import SECTORS

Run = Callable[..., Any]
SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
ROWS = ("rate", "spread", "life", "loss")
QUESTIONS = ("prices", "conflict", "headroom", "menu", "frontier", "why")
MORE: dict[str, list[str]] = {
    "prices": ["--rule", "security-share"],
    "frontier": ["--rule", "security-share", "--at", "15%", "--at", "8%"],
    "menu": ["--count", "2"],
    "why": ["SYN100024.IB"],
    "headroom": ["--line", "SYN100024.IB", "--line", "SYN-CASH"],
}


@pytest.fixture
def wealth(market: Path) -> list[Any]:
    return [market / "wealth-closed-18m.yaml", "-u", market / "market.csv"]


@pytest.fixture
def bank(market: Path) -> list[Any]:
    return [market / "city-bank.yaml", market / "city-bank-holdings.csv", "-u", market / "market.csv"]


def test_stress_adds_up_and_says_what_it_stands_on(run: Run, bank: list[Any]) -> None:
    found = run("stress", *bank, "--scenario", "yongmei-2020", "--scenario", "parallel-up-100", "--json")
    document = found.document
    assert (found.code, document["schema"], document["compliant"]) == (0, "absalloc.stress/1", True)
    assert [item["scenario"]["name"] for item in document["scenarios"]] == ["yongmei-2020", "parallel-up-100"]
    for item in document["scenarios"]:
        assert item["gain"] == pytest.approx(sum(item["parts"][part] for part in ROWS), abs=0.03)
        assert item["gain"] == pytest.approx(item["value"]["after"] - item["value"]["before"], abs=0.02)
        assert item["gain"] < 0
    assert document["assumptions"]
    assert all(len(text) == 64 for text in document["inputs"].values())


def test_a_rule_that_breaks_under_stress_is_the_answer_no(run: Run, bank: list[Any]) -> None:
    found = run("stress", *bank, "--scenario", "yongmei-2020", "--set", "single-client.limit=0.01%", "--json")
    assert (found.code, found.document["compliant"]) == (1, False)
    failed = {f["rule"] for f in found.document["scenarios"][0]["findings"] if f["verdict"] == "fail"}
    assert "bank-own-book/single-client" in failed


def test_a_redemption_without_net_assets_is_not_passed_over(run: Run, bank: list[Any]) -> None:
    words = ["stress", *bank, "--scenario", "selloff-and-redemption"]
    redemption = run(*words, "--json").document["scenarios"][0]["redemption"]
    assert (redemption["share"], redemption["asked"]) == (0.2, None)
    assert "redemption of 20.00% was NOT applied" in run(*words, "--quiet").out
    assert "未执行" in run(*words, "--quiet", "--lang", "zh").out


def test_stress_in_both_languages(run: Run, bank: list[Any]) -> None:
    english, chinese = (run("stress", *bank, "--scenario", "yongmei-2020", "--lang", lang) for lang in ("en", "zh"))
    assert "Every hard rule holds after it." in english.out.splitlines()[-1]
    assert "全部硬性规则仍满足" in chinese.out.splitlines()[-1]
    assert len(run("stress", *bank, "--scenario", "yongmei-2020", "--quiet").out.splitlines()) == 1


def test_compare_has_every_sector(run: Run, market: Path, wealth: list[Any]) -> None:
    found = run("compare", market / "city-bank.yaml", *wealth, "--scenario", "credit=yongmei-2020", "--json")
    document = found.document
    assert (document["schema"], document["break_even"]) == ("absalloc.compare/1", False)
    assert len(document["mandates"]) == 2
    for item in document["mandates"]:
        rows = {row["sector"]: row for row in item["sectors"]}
        assert list(rows) == list(SECTORS)
        assert rows["credit"]["driver"] == "yongmei-2020"
        assert rows["enterprise"]["driver"] == "enterprise-driver"
        assert item["sleeve_yuan"] == min(row["capacity_yuan"] for row in rows.values())
        assert all(row["break_even_bp"] is None for row in rows.values())
    statuses = [row["status"] for item in document["mandates"] for row in item["sectors"]]
    mixes = [item["mix"]["status"] for item in document["mandates"]]
    assert found.code == (0 if set(statuses) | set(mixes) <= {"optimal", "no_capacity"} else 1)


def test_compare_for_people_says_that_break_evens_were_not_sought(run: Run, wealth: list[Any]) -> None:
    found = run("compare", *wealth)
    assert "--break-even" in found.out
    assert "common sleeve" in found.out
    assert "Most carry at equal stressed loss" in found.out
    assert found.code == 0


def test_compare_writes_what_it_prints_and_keeps_its_schema(run: Run, wealth: list[Any], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    found = run("compare", *wealth, "--severity", "0.5", "--curve", "-o", folder, "--json", "--lang", "zh")
    document = found.document
    schema = json.loads((SCHEMAS / "absalloc.compare-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert json.loads((folder / "compare.json").read_text(encoding="utf-8")) == document
    [item] = document["mandates"]
    assert item["severity"] == 0.5
    assert any("预期损失" in note for note in item["notes"])
    rows = pd.read_csv(folder / "sectors.csv")
    assert rows["leave_one_out_yuan"].tolist() == [row["leave_one_out_yuan"] for row in item["sectors"]]
    points = pd.read_csv(folder / "curves.csv")
    assert points["book"].unique().tolist() == ["mix", *SECTORS]
    assert CalamineWorkbook.from_path(folder / "report.xlsx").sheet_names == ["板块", "曲线"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert "三类ABS同口径比较" in page
    for row in item["sectors"]:
        assert f'data-value="{row["stressed_loss_yuan"]!r}"' in page


def test_a_comparison_refuses_what_it_does_not_know(run: Run, wealth: list[Any]) -> None:
    for words, code in (
        (["--scenario", "lgfv=yongmei-2020"], "study.sector_unknown"),
        (["--scenario", "credit=yongmai-2020"], "stress.unknown_scenario"),
        (["--severity", "12"], "study.severity"),
    ):
        found = run("compare", *wealth, *words, "--json")
        assert (found.code, found.document["code"]) == (2, code)


@pytest.mark.parametrize("question", QUESTIONS)
def test_explain_answers_as_a_document_and_for_people(run: Run, wealth: list[Any], question: str) -> None:
    mandate, *rest = wealth
    own = MORE.get(question, [])
    words = ["explain", question, mandate, *own, *rest]
    document = run(*words, "--json").document
    assert document["schema"] == f"absalloc.{question}/1"
    jsonschema.validate(document, json_schema(question))
    assert document["as_of"] == "2025-06-30"
    assert document.get("status", "optimal") == "optimal"
    english, chinese = run(*words), run(*words, "--lang", "zh", "--quiet")
    assert english.code == chinese.code == 0
    assert document["mandate"] in english.out.splitlines()[-1]
    assert len(chinese.out.splitlines()) == 1
    assert chinese.out != english.out


def test_the_price_list_says_of_every_number_how_it_was_solved(run: Run, wealth: list[Any]) -> None:
    mandate, *rest = wealth
    words = ["explain", "prices", mandate, "--breakpoints", "--rule", "security-share", "--group",
             "terms=end-date,minimum-term", "--group", "shares=security-share", *rest]  # fmt: skip
    loose, exact = (run(*words, *more, "--json").document for more in ([], ["--exact"]))
    for document, how in ((loose, "lp_relaxation"), (exact, "integers")):
        jsonschema.validate(document, json_schema("prices"))
        assert document["solved_as"] == {"prices": "integers", "breakpoints": how, "pairs": how}
        shares = document["attribution"]
        assert shares["lp_relaxation"] == (how != "integers")
        assert [share["group"] for share in shares["shares"]] == ["terms", "shares", "others"]
        for column in ("ordered_yuan", "shapley_yuan"):
            fen = sum(round(100 * share[column]) for share in shares["shares"])
            assert fen == round(100 * shares["free"]) - round(100 * shares["constrained"])
    said, chinese = run(*words), run(*words, "--exact", "--lang", "zh")
    assert said.code == chinese.code == 0
    for word in ("yuan a year", "bp of 3,000,000,000 yuan", "LP relaxation", "Shapley", "10%",
                 "What the rules cost together, by group (LP relaxation"):  # fmt: skip
        assert word in " ".join(said.out.split()), word
    for word in ("元/年", "3,000,000,000 元", "并经复核", "夏普利", "各组规则的合计成本（按整手"):
        assert word in " ".join(chinese.out.split()), word
    assert "LP" not in chinese.out.replace("LPR", "")


def test_a_frontier_and_a_plan_agree(run: Run, wealth: list[Any]) -> None:
    mandate, *rest = wealth
    words = ["--rule", "security-share", "--at", "15%", "--at", "8%"]
    points = run("explain", "frontier", mandate, *words, *rest, "--json").document["points"]
    assert [point["limit"] for point in points] == [0.08, 0.15]
    assert points[0]["carry_yuan"] < points[1]["carry_yuan"]


def test_a_frontier_finds_its_own_range_and_draws_it(run: Run, market: Path, wealth: list[Any], tmp_path: Path) -> None:
    mandate, *rest = wealth
    chart = tmp_path / "曲线.svg"
    words = ["explain", "frontier", mandate, "--rule", "security-share", *rest]
    found = run(*words, "--lp", "--points", "4", "-o", chart, "--json", "--lang", "zh")
    document = found.document
    assert (found.code, document["lp_relaxation"], document["limit_text"]) == (0, True, "10%")
    limits = [point["limit"] for point in document["points"]]
    assert limits == sorted(limits)
    assert {0.0, 0.1} <= set(limits), "from the tightest, through the limit as written"
    assert document["points"][-1]["carry_yuan"] == document["points"][-2]["carry_yuan"], "to where it costs nothing"
    drawn = ElementTree.parse(chart).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert "原定限额 10%" in "".join(drawn.itertext())
    points = run(*words, "--from", "8%", "--to", "15%", "--points", "2", "--json").document["points"]
    assert [point["limit"] for point in points] == [0.08, 0.1, 0.15]
    fund = [market / "bond-fund-open.yaml", "-u", market / "market.csv", "--rule", "duration", "--sense", "max"]
    said = run("explain", "frontier", *fund, "--from", "3 years", "--to", "4 years", "--points", "2").out
    assert "→ 3.5 years" in said
    assert "█" in said


def test_what_is_held_decides_the_headroom(run: Run, market: Path, wealth: list[Any]) -> None:
    mandate, *rest = wealth
    words = ["explain", "headroom", mandate, "--line", "SYN100024.IB", *rest, "--json"]
    assert run(*words).document["at"] == "plan"
    assert run(*words, "--holdings", market / "wealth-closed-18m-holdings.csv").document["at"] == "held"


def _planning(mandate: Any, market: Path, changes: dict[str, str], **asked: Any) -> tuple[Any, Any]:
    book = Book(aa.load_universe(market / "market.csv"), aa.load_mandate(mandate))
    case = planning(book, overrides=changes, **asked)
    return case.state, case.settings


def test_a_search_that_was_given_no_time_says_so_in_words(run: Run, market: Path) -> None:
    fund = [market / "bond-fund-open.yaml", "-u", market / "market.csv"]
    found = run("optimise", *fund, "--time-limit", "0.001", "--json", "--lang", "zh")
    if found.document["status"] == "optimal":  # a machine as quick as that
        assert found.code == 0
        return
    assert (found.code, found.document["status"], found.document["holdings"]) == (1, "stopped", [])
    assert "solve." not in found.document["reason"]
    for ask in (prices, conflicts):
        made = ask(*_planning(fund[0], market, {}, time_limit=0.0))
        assert made.status == "stopped"
        assert made.reason is not None
        assert "limit of time" in made.reason.text()


def test_a_conflict_has_the_numbers_of_each_rule_and_the_units_of_the_language(
    run: Run, market: Path, tmp_path: Path
) -> None:
    for path in market.glob("*.csv"):
        shutil.copy(path, tmp_path)
    text = (market / "city-bank.yaml").read_text(encoding="utf-8")
    assert "how: at_most" in text
    bank = tmp_path / "bank.yaml"
    bank.write_text(text.replace("how: at_most", "how: exactly"), encoding="utf-8")

    def sets(*words: str) -> list[dict[str, Any]]:
        found = run("explain", "conflict", bank, "-u", market / "market.csv", "--json", *words)
        assert (found.code, found.document["status"]) == (1, "infeasible")
        return list(found.document["conflict"])

    # 0.1 % of 20 billion of tier-1 capital for all anonymous clients; what the groups take is in the sentence.
    (made,) = sets("--set", "anonymous-client.limit=0.1%", "--set", "client-group.limit=0.2%")
    assert "anonymous-client allows at most 0.1%: 0.20 hundred million yuan" in made["text"]
    (groups,) = re.findall(r"together they take at most ([\d.]+) of", made["text"])
    short = 30 - 0.20 - float(groups)
    assert [repair["excess_yuan"] for repair in made["repairs"]] == [pytest.approx(short * 1e8, abs=2e6)] * 2
    # Sixty names of 50 million are 3 billion exactly: only whole lots stand in the way, and how much is not known.
    (made,) = sets("--set", "single-client.limit=0.2%")
    assert (made["on_relaxation"], {repair["excess_yuan"] for repair in made["repairs"]}) == (False, {None})
    (made,) = sets("--set", "target/wal.limit=0.2 years", "--lang", "zh")
    assert "由 0.2年 调至" in made["repairs"][0]["text"]


def test_either_end_of_a_target_is_set_for_one_run(run: Run, market: Path) -> None:
    fund = ["optimise", market / "bond-fund-open.yaml", "-u", market / "market.csv", "--json"]

    def durations(*words: str) -> dict[str, tuple[float, float]]:
        found = run(*fund, *words).document["findings"]
        return {f["sense"]: (f["limit"], f["value"]) for f in found if f["rule"] == "target/duration"}

    both = durations("--set", "target/duration.max=2 years", "--set", "target/duration.min=1.5 years")
    assert {end: limit for end, (limit, _) in both.items()} == {"max": 2.0, "min": 1.5}
    assert both["max"][1] == pytest.approx(2.0, abs=1e-3)
    for text in ("target/duration.limit=2 years", "target/max-names.mx=3 names"):
        assert run(*fund, "--set", text).code == 2
    found = run(*fund, "--set", "target/duration.limit=2 years").document
    assert (found["code"], found["expected"]) == (
        "rulebook.override_key", "target/duration.max, target/duration.min",
    )  # fmt: skip


def test_a_conflict_is_the_answer_no(run: Run, market: Path, wealth: list[Any]) -> None:
    mandate, *rest = wealth
    words = ["--set", "fixed-income-share.limit=120%", *rest]
    found = run("explain", "conflict", mandate, *words, "--json")
    assert (found.code, found.document["status"]) == (1, "infeasible")
    jsonschema.validate(found.document, json_schema("conflict"))
    assert any("wealth-closed/fixed-income-share" in item["rules"] for item in found.document["conflict"])
    said = run("explain", "conflict", mandate, *words)
    assert (said.code, "no portfolio" in said.out.splitlines()[-1]) == (1, True)
    for question in ("conflict", "prices", "headroom", "menu"):
        chinese = run("explain", question, mandate, *words, "--json", "--lang", "zh").document
        assert chinese["reason"] == "没有组合能同时满足全部规则与目标。", question
    shares = attribution(*_planning(mandate, market, {"fixed-income-share.limit": "120%"})).to_json("zh")
    assert (shares["status"], shares["reason"]) == ("infeasible", "没有组合能同时满足全部规则与目标。")
    listed = run("explain", "prices", mandate, *words)
    assert (listed.code, "no proven plan" in listed.out.splitlines()[-1]) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "nearest"),
    [
        (["stress", "{m}", "{h}", "--scenario", "yongmei-2002"], "stress.unknown_scenario", "yongmei-2020"),
        (["stress", "{m}", "{h}"], "desk.no_scenario", None),
        (["compare", "{m}", "--scenario", "yongmei-2002"], "stress.unknown_scenario", "yongmei-2020"),
        (["compare", "{m}", "--scenario", "credits=yongmei-2020"], "study.sector_unknown", "credit"),
        (["compare", "{m}", "--scenario", "yongmei-2020", "--scenario", "credit=yongmei-2020"],
         "desk.sector_twice", None),
        (["compare", "{m}", "{m}"], "mandate.duplicate_name", None),
        (["explain", "why", "{m}", "SYN100024.IC"], "explain.unknown_tranche", "SYN100024.IB"),
        (["explain", "prices", "{m}", "--rule", "security-shar"], "explain.unknown_rule", "security-share"),
        (["explain", "prices", "{m}", "--lp", "--exact"], "explain.lp_or_exact", None),
        (["explain", "prices", "{m}", "--group", "security-share"], "cli.group_form", None),
        (["explain", "frontier", "{m}", "--rule", "security-share", "--at", "2 years"], "rulebook.limit_unit", None),
        (["explain", "frontier", "{m}", "--rule", "security-share", "--at", "8%", "--sense", "mx"],
         "cli.sense_form", "max"),
        (["explain", "frontier", "{m}", "--rule", "security-share", "--from", "5y"], "base.unit_unknown", "years"),
        (["explain", "frontier", "{m}", "--rule", "security-share", "--at", "8%", "--to", "9%"],
         "cli.not_together", None),
        (["explain", "frontier", "{m}", "--rule", "security-share", "-o", "chart.png"], "cli.not_a_picture", None),
        (["explain", "frontier", "{m}", "--rule", "security-share", "--from", "9%", "--to", "8%"],
         "explain.range", None),
        (["explain", "menu", "{m}", "--within", "2"], "base.percent_needed", None),
        (["explain", "frontier", "{m}"], "cli.not_given", None),
    ],
)  # fmt: skip
def test_bad_words_are_refused(run: Run, market: Path, words: list[str], code: str, nearest: str | None) -> None:
    names = {"{m}": market / "wealth-closed-18m.yaml", "{h}": market / "wealth-closed-18m-holdings.csv"}
    found = run(*(names.get(word, word) for word in words), "-u", market / "market.csv", "--json")
    assert (found.code, found.document["schema"], found.document["code"]) == (2, "absalloc.error/1", code)
    if nearest is not None:
        assert found.document["nearest"] == nearest


def test_every_question_needs_its_universe(run: Run, market: Path) -> None:
    mandate = market / "wealth-closed-18m.yaml"
    held = market / "wealth-closed-18m-holdings.csv"
    for words in (["stress", mandate, held, "--scenario", "yongmei-2020"], ["compare", mandate],
                  ["explain", "conflict", mandate]):  # fmt: skip
        assert run(*words, "--json").document["code"] == "cli.universe_missing"


def test_the_python_names(market: Path) -> None:
    universe = aa.load_universe(market / "market.csv")
    mandate = aa.load_mandate(market / "city-bank.yaml")
    stressed = aa.stress_test(universe, mandate, market / "city-bank-holdings.csv", scenarios="yongmei-2020")
    assert list(stressed.table["scenario"]) == ["yongmei-2020"]
    assert stressed.compliant is True
    with pytest.raises(aa.BadInput, match="no scenario 'crash'"):
        aa.stress_test(universe, mandate, None, scenarios=["crash"])
    with pytest.raises(aa.BadInput, match="No scenario is named"):
        aa.stress_test(universe, mandate, None, scenarios=[])
    wealth = aa.load_mandate(market / "wealth-closed-18m.yaml")
    table = aa.compare(universe, [wealth], scenarios=["parallel-up-100"]).table
    assert set(table["driver"]) == {"parallel-up-100"}
    assert list(table["sector"]) == list(SECTORS)
    assert aa.compare(universe, []).table.empty


@pytest.mark.parametrize(("lang", "words"), [("en", "the worst 5 % lose"), ("zh", "最差 5% 平均损失")])
def test_a_monte_carlo_set_gives_the_tail_of_a_book(run: Run, bank: list[Any], lang: str, words: str) -> None:
    found = run("stress", *bank, "--scenario", "monte-carlo-2025", "--lang", lang)
    assert found.code == 0
    assert words in found.out


def test_a_plan_with_a_capped_tail_shows_it(run: Run, wealth: list[Any]) -> None:
    found = run("optimise", *wealth, "--scenario", "monte-carlo-2025", "--cvar", "95%:3%")
    assert "The worst draws" in found.out
    assert "monte-carlo-2025" in found.out


@pytest.fixture
def stressed(run: Run, market: Path, tmp_path: Path) -> tuple[Any, Path]:
    """Two funds side by side in two scenarios, with break-evens, and the folder written."""
    other = f"{market / 'wealth-closed-18m.yaml'}={market / 'wealth-closed-18m-holdings.csv'}"
    words = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", market / "market.csv"]
    asked = ["--scenario", "bear-2020", "--scenario", "selloff-and-redemption", "--with", other, "--break-even"]
    return run("stress", *words, *asked, "-o", tmp_path / "out", "--json"), tmp_path / "out"


def test_stress_writes_what_it_prints_and_keeps_its_schema(stressed: tuple[Any, Path]) -> None:
    found, folder = stressed
    document = found.document
    schema = json.loads((SCHEMAS / "absalloc.stress-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert json.loads((folder / "stress.json").read_text(encoding="utf-8")) == document
    rows = pd.read_csv(folder / "scenarios.csv")
    assert rows["scenario"].tolist() == ["bear-2020"] * 2 + ["selloff-and-redemption"] * 2
    assert rows["gain"].tolist() == [item["gain"] for item in document["scenarios"]]
    parts = rows[["rate", "spread", "life", "loss", "carry"]].sum(axis=1)
    assert np.allclose(parts, rows["total_return"], atol=0.03)
    assert CalamineWorkbook.from_path(folder / "report.xlsx").sheet_names == [
        "Scenarios", "Lines under stress", "Payments", "Findings",
    ]  # fmt: skip
    page = (folder / "report.html").read_text(encoding="utf-8")
    for item in document["scenarios"]:
        assert f'data-value="{item["total_return"]!r}"' in page
    assert page.count("<svg") == 2 * len(document["scenarios"])
    # The first hard rule to break that holds today, with its month and day.
    first, redeemed = found.document["scenarios"][0], found.document["scenarios"][2]
    assert (first["breaks"]["month"], first["breaks"]["date"]) == (7, "2026-01-30")
    assert first["breaks"]["verdict"] == "fail"
    assert (redeemed["breaks"]["month"], redeemed["breaks"]["date"]) == (0, "2025-06-30")
    assert found.document["scenarios"][1]["breaks"] is None
    assert [item["driver"] for item in found.document["break_evens"]] == ["spread", "cpr", "cdr"] * 2
    assert "breaks first: Bonds, share of fund assets in month 7 (2026-01-30)" in (folder / "report.html").read_text(
        encoding="utf-8"
    )
    cash = first["payments"]
    lives = [item["interest"] + item["principal"] for item in cash]
    assert all(value >= 0 for value in lives)
    assert cash[0]["month"] == "2025-06"
    assert cash[-1]["month"] is None


def test_the_shipped_scenarios_are_listed_with_their_sources(run: Run) -> None:
    document = run("stress", "--list", "--json").document
    schema = json.loads((SCHEMAS / "absalloc.scenarios-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert len(document["scenarios"]) >= 15
    assert all(item["sources"][0]["document"] for item in document["scenarios"])
    assert "永煤" in run("stress", "--list", "--lang", "zh").out
    assert run("stress", "--json").document["code"] == "cli.stress_needs"


def test_a_plan_says_in_one_line_what_it_stands_and_what_that_costs(run: Run, wealth: list[Any]) -> None:
    english, chinese = (
        run("optimise", *wealth, "--scenario", "yongmei-2020", "--quiet", "--lang", lang) for lang in ("en", "zh")
    )
    assert english.code == 0
    assert "Standing yongmei-2020 costs" in english.out
    assert "经受 yongmei-2020" in chinese.out


def test_a_check_says_in_which_scenario_a_rule_fails(run: Run, market: Path) -> None:
    words = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    found = run(*words, "--scenario", "redemption-30", "--quiet")
    assert found.code == 1
    assert "cash-floor [redemption-30]" in found.out
    assert "cash-floor" not in run(*words, "--quiet").out


@pytest.mark.parametrize(("lang", "words"), [("en", "60 percentage points"), ("zh", "60 个百分点")])
def test_an_infeasible_plan_names_the_ways_out_with_points_and_yuan(
    run: Run, wealth: list[Any], lang: str, words: str
) -> None:
    asked = (*wealth, "--set", "fixed-income-share.limit=160%", "--lang", lang)
    for found in (run("optimise", *asked), run("explain", "conflict", *asked)):
        assert found.code == 1
        assert words in found.out.replace("\n", " ")
        # A share of NAV is at most all of it: what is asked beyond is 60 % of 3 billion.
        (excess,) = {float(x.replace(",", "")) for x in re.findall(r"1,[78]\d\d,\d{3},\d{3}(?:\.\d+)?", found.out)}
        assert excess == pytest.approx(1.8e9, rel=1e-3)


def test_a_book_that_breaks_later_is_not_said_to_hold_alone(run: Run, market: Path) -> None:
    words = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", market / "market.csv"]
    found = run("stress", *words, "--scenario", "bear-2020", "--json")
    breaks = found.document["scenarios"][0]["breaks"]
    assert (found.document["scenarios"][0]["compliant"], breaks["month"]) == (True, 7)
    english, chinese = (
        run("stress", *words, "--scenario", "bear-2020", "--quiet", "--lang", lang).out for lang in ("en", "zh")
    )
    assert f"it breaks Bonds, share of fund assets ({breaks['rule']}) in month 7 ({breaks['date']})" in english
    assert f"第7个月（{breaks['date']}）突破“债券占基金资产”" in chinese
