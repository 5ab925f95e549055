"""What each command answers, in both languages, for people and as a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from absalloc.messages import catalogue
from absalloc.report.documents_more import DOCUMENTS, json_schema
from absalloc.report.files import json_text

Run = Callable[..., Any]
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "docs" / "schemas"


def valid(document: Any) -> Any:
    """Return a document that its committed schema accepts."""
    name = document["schema"].removeprefix("absalloc.").removesuffix("/1")
    schema = json.loads((SCHEMAS / f"absalloc.{name}-1.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_schemas_are_those_of_the_models(name: str) -> None:
    assert (SCHEMAS / f"absalloc.{name}-1.json").read_text(encoding="utf-8") == json_text(json_schema(name))


def test_no_schema_is_left_over() -> None:
    assert sorted(path.name for path in SCHEMAS.iterdir()) == sorted(f"absalloc.{name}-1.json" for name in DOCUMENTS)


def test_a_wrong_document_is_refused(plan_folder: Path) -> None:
    document = json.loads((plan_folder / "plan.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(json_schema("plan"))
    assert not list(validator.iter_errors(document))
    for change in ({"status": "perfect"}, {"surprise": 1}, {"certificate": "short"}):
        assert list(validator.iter_errors({**document, **change}))


def test_check_in_both_languages(run: Run, market: Path) -> None:
    words = ["check", market / "city-bank.yaml", market / "city-bank-holdings.csv", "-u", market / "market.csv"]
    english, chinese = run(*words), run(*words, "--lang", "zh")
    assert "complies" in english.out.splitlines()[-1]
    assert "合规" in chinese.out.splitlines()[-1]
    assert "bank-own-book/rwa-budget" in english.out
    assert "bank-own-book/rwa-budget" in chinese.out
    quiet = run(*words, "--quiet")
    assert len(quiet.out.splitlines()) == 1
    one, two = (valid(run(*words, "--json", "--lang", lang).document) for lang in ("en", "zh"))
    numbers = [[(f["rule"], f["group"], f["value"], f["verdict"]) for f in d["findings"]] for d in (one, two)]
    assert numbers[0] == numbers[1]
    assert english.code == chinese.code == quiet.code == 0


def test_a_limit_set_for_one_run(run: Run, market: Path) -> None:
    words = [
        "check",
        market / "city-bank.yaml",
        market / "city-bank-holdings.csv",
        "-u",
        market / "market.csv",
        "--json",
    ]
    found = run(*words, "--set", "single-client.limit=0.01%")
    assert found.code == 1
    failed = {
        f["rule"]: f["limit"] for f in found.document["findings"] if f["verdict"] == "fail" and f["level"] == "hard"
    }
    assert failed == {"bank-own-book/single-client": 0.0001}
    said = "Set for this run, not what is written: bank-own-book/single-client is held to 0.01% in place of 15%."
    assert said in found.document["assumptions"]
    assert not [text for text in run(*words).document["assumptions"] if "Set for this run" in text]


def test_a_law_loosened_for_one_run_is_said_with_what_it_says(run: Run, market: Path) -> None:
    words = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    changes = ["liquidity-restricted-share.limit=20%", "abs-rating-floor.limit=A+"]
    found = run(*words, "--lang", "zh", *[word for text in changes for word in ("--set", text)])
    assert found.code == 0  # the book is at 17.10 %: only the limit that was set lets it pass
    said = " ".join(found.out.split())
    assert "public-fund-open/liquidity-restricted-share 的限额为 20%，原为 15%" in said
    assert "public-fund-open/abs-rating-floor 的限额为 A+，原为 BBB" in said


def test_every_reading_of_disputed_words(run: Run, market: Path, tmp_path: Path) -> None:
    book = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    document = valid(run(*book, "--readings", "all", "--json").document)
    assert {(item["switch"], item["id"]) for item in document["readings"]}
    base = {(f["rule"], f["group"]): f["verdict"] for f in document["findings"]}
    for item in document["readings"]:
        for change in item["differs"]:
            # A group that is not there passes.
            assert (change["verdict"] or "pass") != (change["verdict_here"] or "pass")
            assert base.get((change["rule"], change["group"])) == change["verdict"]
    # Without ABN a reading of its own is another check of the whole book: the same verdicts, found another way.
    text = (market / "bond-fund-open.yaml").read_text(encoding="utf-8") + "readings: {abn: excluded}\n"
    for name in market.glob("*.csv"):
        if name.name != "market.csv":
            (tmp_path / name.name).write_bytes(name.read_bytes())
    (tmp_path / "fund.yaml").write_text(text, encoding="utf-8")
    [there] = [item for item in document["readings"] if (item["switch"], item["id"]) == ("abn", "excluded")]
    book[1] = tmp_path / "fund.yaml"
    other = {(f["rule"], f["group"]): f["verdict"] for f in run(*book, "--json").document["findings"]}
    changed = {(d["rule"], d["group"]): d["verdict_here"] for d in there["differs"]}
    for key in {**base, **other}:
        assert changed.get(key, base.get(key, "pass")) == other.get(key, "pass")


def test_several_books_at_once(run: Run, market: Path) -> None:
    other = f"{market}/bond-fund-interval.yaml={market}/bond-fund-interval-holdings.csv"
    book = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    found = run(*book, "--with", other, "--json")
    document = valid(found.document)
    both = " + ".join(document["mandates"])
    # The 10 % of an originator binds the open and the interval fund of one manager together.
    joint = [f for f in document["findings"] if f["rule"].endswith("/originator-share-manager")]
    assert {f["book"] for f in joint} == {both} == {"SYN安和纯债债券 + SYN安和定开债券"}
    alone = [f for f in run(*book, "--json").document["findings"] if f["rule"].endswith("/originator-share-manager")]
    mine = {f["group"]: f["numerator"] for f in alone}
    assert all(f["numerator"] >= mine.get(f["group"], 0) for f in joint)
    assert any(f["numerator"] > mine[f["group"]] for f in joint if f["group"] in mine)
    assert len(document["assumptions"]) == len(set(document["assumptions"]))
    # A limit set for the run holds for both; a reading of disputed words too.
    tight = run(*book, "--with", other, "--json", "--set", "originator-share-manager.limit=1%").document
    limits = {f["limit"] for f in tight["findings"] if f["rule"].endswith("/originator-share-manager")}
    assert limits == {0.01}
    assert run(*book, "--with", other, "--json", "--readings", "all").code in (0, 1)


def test_a_redemption_is_split_from_the_trades_that_paid_it(run: Run, market: Path, tmp_path: Path) -> None:
    """2.15 billion went out and the trades were in bonds: the share of ABS rose by the net assets alone."""
    book = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    book += ["--before", market / "bond-fund-open-holdings-before.csv"]
    book += ["--before-mandate", market / "bond-fund-open-before.yaml", "--trades", market / "trades.csv"]
    document = valid(run(*book, "--json").document)
    moved = {f["rule"]: f["moves"] for f in document["findings"] if f["moves"]}
    assert list(moved) == ["public-fund-open/liquidity-restricted-share"]
    [found] = moved.values()
    [part] = found["parts"]
    assert part["driver"] == "flows"
    assert part["value"] == pytest.approx(found["value"] * (7.15 / 5 - 1), abs=1e-12)
    assert not any("unexplained" in said for said in document["assumptions"])
    every = valid(run(*book, "--json", "--moves", "all").document)
    assert all(f["moves"] is not None for f in every["findings"])
    cash = next(f for f in every["findings"] if f["rule"].endswith("cash-floor"))
    assert {p["driver"]: p["excess"] < 0 for p in cash["moves"]["parts"]} == {"flows": False, "trades": True}
    text = run(*book, "--lang", "zh", "-o", tmp_path / "out").out
    assert "资金进出 +5.14%" in text
    assert "资金进出 +5.14%" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_trades_that_do_not_reconcile_are_said(run: Run, market: Path, tmp_path: Path) -> None:
    lines = (market / "trades.csv").read_text(encoding="utf-8").splitlines()
    fewer = tmp_path / "成交.csv"
    fewer.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    book = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    book += ["--before", market / "bond-fund-open-holdings-before.csv"]
    book += ["--before-mandate", market / "bond-fund-open-before.yaml"]
    found = run(*book, "--trades", fewer, "--json").document
    name, _, face = lines[-1].split(",")[1:4]
    [said] = [text for text in found["assumptions"] if "unexplained" in text]
    assert f"{name} -{float(face):,.2f}" in said
    assert not any("at what price" in text for text in found["assumptions"])
    stranger = tmp_path / "stranger.csv"
    day = lines[-1].split(",")[0]
    both = [f"{day},NOBODY,{side},1000000," for side in ("buy", "sell")]
    stranger.write_text("\n".join([*lines, *both]) + "\n", encoding="utf-8")
    found = run(*book, "--trades", stranger, "--json").document
    [said] = [text for text in found["assumptions"] if "at what price" in text]
    assert "1 lines were traded (NOBODY)" in said
    late = tmp_path / "late.csv"
    late.write_text("\n".join([*lines, lines[-1].replace("2025-06-30", "2025-07-01")]) + "\n", encoding="utf-8")
    error = run(*book, "--trades", late, "--json")
    assert (error.code, error.document["code"], error.document["line"]) == (2, "desk.trade_day", len(lines) + 1)


def test_a_book_of_another_manager_is_said_to_stand_apart(run: Run, market: Path, tmp_path: Path) -> None:
    text = (market / "bond-fund-interval.yaml").read_text(encoding="utf-8").replace("SYN安和基金", "SYN其他基金")
    for name in ("originator_totals.csv", "curves.csv"):
        (tmp_path / name).write_bytes((market / name).read_bytes())
    (tmp_path / "区间.yaml").write_text(text, encoding="utf-8")
    other = f"{tmp_path / '区间.yaml'}={market}/bond-fund-interval-holdings.csv"
    book = [
        "check",
        market / "bond-fund-open.yaml",
        market / "bond-fund-open-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    found = run(*book, "--with", other, "--json").document
    assert any("another manager" in said and "SYN定开" not in said for said in found["assumptions"])
    assert {f["book"] for f in found["findings"] if f["rule"].endswith("/originator-share-manager")} == set(
        found["mandates"]
    )


def test_only_rules_whose_text_was_seen(run: Run, market: Path) -> None:
    words = [
        "check",
        market / "city-bank.yaml",
        market / "city-bank-holdings.csv",
        "-u",
        market / "market.csv",
        "--json",
    ]
    every, sure = run(*words).document, run(*words, "--only-verified").document
    assert {f["source"]["confidence"] for f in sure["findings"]} == {"text_seen"}
    assert len(sure["findings"]) < len(every["findings"])
    gone = {f["rule"] for f in every["findings"]} - {f["rule"] for f in sure["findings"]}
    said = {rule["rule"]: rule for rule in sure["not_applied"] if rule["status"] == "unverified"}
    assert gone == set(said)
    assert gone >= {"bank-own-book/interbank-client", "bank-own-book/credit-abs-of-issue"}
    assert all("--only-verified" in rule["reason"] for rule in said.values())
    [note] = [text for text in sure["assumptions"] if "text was seen" in text]
    assert all(rule in note for rule in gone)


@pytest.mark.parametrize("command", ["optimise", "rebalance"])
def test_a_plan_under_rules_whose_text_was_seen(run: Run, market: Path, command: str) -> None:
    held = [market / "city-bank-holdings.csv"] if command == "rebalance" else []
    words = [command, market / "city-bank.yaml", *held, "-u", market / "market.csv", "--json"]
    document = valid(run(*words, "--only-verified").document)
    assert document["status"] == "optimal"
    assert {f["source"]["confidence"] for f in document["findings"]} == {"text_seen"}
    assert "bank-own-book/interbank-client" in {
        r["rule"] for r in document["not_applied"] if r["status"] == "unverified"
    }


def test_a_limit_of_a_rule_left_out_cannot_be_set(run: Run, market: Path) -> None:
    words = ["check", market / "city-bank.yaml", market / "city-bank-holdings.csv", "-u", market / "market.csv"]
    found = run(*words, "--only-verified", "--set", "interbank-client.limit=20%", "--json")
    assert found.code == 2
    assert "interbank-client" in str(found.document)


def test_rules_list_only_verified_names_what_it_leaves_out(run: Run) -> None:
    every, sure = (
        run("rules", "list", "--rulebook", "insurer", *more, "--json").document for more in ([], ["--only-verified"])
    )
    assert every["left_out"] == []
    assert sure["rules"] == []  # no text of the insurers' notices was seen
    assert sorted(sure["left_out"]) == sorted(rule["rule"] for rule in every["rules"])
    plain = run("rules", "list", "--rulebook", "bank-own-book", "--only-verified", "--lang", "zh").out
    assert "未见原文而未列入" in plain


def test_optimise_for_people(run: Run, market: Path) -> None:
    found = run("optimise", market / "city-bank.yaml", "-u", market / "market.csv")
    assert found.code == 0
    assert "Holdings (" in found.out
    assert "Trades (" in found.out
    assert "Binding: rwa-budget" in found.out.splitlines()[-1]


def test_infeasible_names_the_rules_and_exits_one(run: Run, market: Path) -> None:
    impossible = ["--set", "rwa-budget.limit=0%"]
    held = ["rebalance", market / "city-bank.yaml", market / "city-bank-holdings.csv", "-u", market / "market.csv"]
    found = run(*held, "--max-turnover", "0%", *impossible, "--json")
    document = valid(found.document)
    assert (found.code, document["status"], document["objective"]) == (1, "infeasible", None)
    assert [rule for item in document["conflict"] for rule in item["rules"]]
    plain = run(*held, "--max-turnover", "0%", *impossible, "--lang", "zh")
    assert "相互冲突" in plain.out.splitlines()[-1]


def test_rebalance_cures_with_the_least_trades(run: Run, market: Path) -> None:
    book = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", market / "market.csv"]
    before = [
        "--before",
        market / "bond-fund-open-holdings-before.csv",
        "--before-mandate",
        market / "bond-fund-open-before.yaml",
    ]
    found = run("rebalance", *book, *before, "--cure", "--json")
    document = valid(found.document)
    assert (found.code, document["status"]) == (0, "optimal")
    assert document["compliant"] is True
    assert document["trades"]


def test_a_pass_beyond_the_limit_says_why(run: Run, market: Path) -> None:
    book = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", market / "market.csv"]
    before = ["--before", market / "bond-fund-open-holdings-before.csv"]
    before += ["--before-mandate", market / "bond-fund-open-before.yaml"]
    found = run("check", *book, *before)
    assert found.code == 0
    said = " ".join(found.out.split())
    why = "above the limit, but nothing that counts was bought"
    assert f"✓ public-fund-open/liquidity-restricted-share {why} Lines that count" in said
    assert said.count("✓ public-fund-open/") == 1


def test_a_mean_to_the_next_reset_reads_the_file(run: Run, tmp_path: Path) -> None:
    # 100 million to 2026-06-30 (365 days), its rate reset in 31 days, beside 100 million due in 100 days.
    universe, book, mandate = (tmp_path / name for name in ("u.csv", "h.csv", "m.yaml"))
    universe.write_text(
        "tranche_id,product,issuer,expected_maturity,next_reset,clean_price,dirty_price,factor (%),issue_size (yuan)\n"
        "F,policy_bank,P,2026-06-30,2025-07-31,100,100,100,90000000000\n"
        "G,policy_bank,P,2025-10-08,,100,100,100,90000000000\n",
        encoding="utf-8",
    )
    book.write_text("tranche_id,face\nF,100000000\nG,100000000\n", encoding="utf-8")
    mandate.write_text(
        "name: m\ninstitution: money_market_fund\nrulebooks: [money-market-fund]\nas_of: 2025-06-30\n"
        "amounts: {nav: 200000000}\nfacts: {top10_holders: at_most_20}\nelsewhere: {manager_funds: none}\n",
        encoding="utf-8",
    )
    document = run("check", mandate, book, "-u", universe, "--json").document
    means = {f["rule"]: (f["value"], f["verdict"]) for f in document["findings"] if "average" in f["rule"]}
    assert means == {
        "money-market-fund/average-term": (65.5, "pass"),
        "money-market-fund/average-life": (232.5, "pass"),
    }
    asked = run("universe", universe, "--rulebook", "money-market-fund", "--json").document["undecided"]
    assert not [item for item in asked if "average" in item["rule"]]


def test_universe_says_what_is_missing(run: Run, market: Path, tmp_path: Path) -> None:
    books = ["--rulebook", "house", "--rulebook", "public-fund-open", "--rulebook", "bank-own-book"]
    document = valid(run("universe", market / "market.csv", *books, "--json").document)
    assert document["rows"] == 1105
    assert {item["rule"] for item in document["undecided"]} == {"house/internal-rating-floor"}
    small = tmp_path / "small.csv"
    small.write_text("tranche_id,product,coupon [%]\nA,enterprise_abs,2\nB,abn,x\n", encoding="utf-8")
    found = valid(run("universe", small, "--rulebook", "public-fund-open", "--json").document)
    lacking = {item["rule"]: item["missing"] for item in found["undecided"]}
    assert lacking["public-fund-open/originator-share"]
    assert list(found["missing_for"]) == ["public-fund-open"]
    assert found["n_failures"] == 1
    text = run("universe", small, "--lang", "zh")
    assert text.code == 0
    assert "无法判定" in text.out


def test_what_universe_calls_missing_makes_a_rule_unknown(run: Run, market: Path, tmp_path: Path) -> None:
    """Take a column away from the market: the rules named are those that a check can no longer decide."""
    import pandas as pd

    table = pd.read_csv(market / "market.csv", dtype=str, keep_default_na=False)
    for column in ("originator", "core_debtor"):
        table = table.drop(columns=[header for header in table.columns if header.split(" ")[0] == column])
    poor = tmp_path / "poor.csv"
    table.to_csv(poor, index=False)
    named = {i["rule"] for i in run("universe", poor, "--rulebook", "public-fund-open", "--json").document["undecided"]}
    assert "public-fund-open/originator-share" in named
    book = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", poor, "--json"]
    findings = run("check", *book).document["findings"]
    assert named <= {f["rule"] for f in findings if f["verdict"] == "unknown"}


def test_rules_list_show_and_test(run: Run, market: Path, tmp_path: Path) -> None:
    listed = valid(run("rules", "list", "--json", "--as-of", "2025-06-30").document)
    assert {book["rulebook"] for book in listed["rulebooks"]} >= {"house", "public-fund-open", "bank-own-book"}
    assert all(rule["in_force"] is not None for rule in listed["rules"])
    shown = valid(run("rules", "show", "tranche-of-nav-1pct", "--json", "--lang", "zh").document)
    assert shown["rule"] == "house/tranche-of-nav-1pct"
    assert "1%" in shown["sentence"]
    assert shown["sentence"].endswith("。")
    wrong = run("rules", "show", "tranche-of-nav-2pct", "--json")
    assert (wrong.code, wrong.document["nearest"]) == (2, "tranche-of-nav-1pct")
    tested = run("rules", "test", "house", "--json")
    assert tested.code == 0
    assert valid(tested.document)["rulebooks"][0]["n_cases"] > 50


def test_a_failed_case_exits_one(run: Run, tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parent.parent.parent / "constraints"
    text = (folder / "desk.cases.yaml").read_text(encoding="utf-8")
    (tmp_path / "desk.yaml").write_bytes((folder / "desk.yaml").read_bytes())
    (tmp_path / "desk.cases.yaml").write_text(text.replace("verdict: pass", "verdict: fail", 1), encoding="utf-8")
    found = run("rules", "test", tmp_path / "desk.yaml")
    assert found.code in (1, 2)  # a case that contradicts what it shows is bad input, one that fails is a no
    assert found.out or found.err


def test_verify_good_and_tampered(run: Run, plan_folder: Path, tmp_path: Path) -> None:
    path = plan_folder / "certificate.json"
    good = run("verify", path, "--json")
    assert good.code == 0
    document = valid(good.document)
    assert document["file_sha256"] == json.loads((plan_folder / "plan.json").read_text(encoding="utf-8"))["certificate"]
    certificate = json.loads(path.read_text(encoding="utf-8"))
    certificate["solution"]["objective"] = "-99"
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(certificate), encoding="utf-8")
    found = run("verify", bad, "--lang", "zh")
    assert found.code == 1
    assert "验证未通过" in found.out
    failed = {c["name"] for c in run("verify", bad, "--json").document["checks"] if not c["ok"]}
    assert failed == {"hash", "objective"}


def test_market_statistics(run: Run, market: Path) -> None:
    found = run("market", market / "market.csv", "--json")
    assert found.code == 0
    assert valid(found.document)["used"] + found.document["left_out"] == 1105
    assert (found.document["turnover"], found.document["plain"]) == (None, None)


def test_market_tables_with_curves_and_trades_are_printed_and_written(run: Run, market: Path, tmp_path: Path) -> None:
    trades = tmp_path / "trades.csv"
    trades.write_text("date,tranche_id,side,face,price\n2025-03-03,SYN100001.IB,buy,1000000,100\n", encoding="utf-8")
    file, curves, folder = market / "market.csv", market / "curves.csv", tmp_path / "out"
    words = ["market", file, "--as-of", "2025-06-30", "--curves", curves, "--trades", trades, "--opening", file]
    found = run(*words, "--opening-as-of", "2024-12-31", "-o", folder, "--json")
    document = valid(found.document)
    assert json.loads((folder / "market.json").read_text(encoding="utf-8")) == document
    [row] = [item for item in document["turnover"] if item["product"] == "credit_abs"]
    assert row["traded_yuan"] == 963500
    assert row["annualised"] > row["turnover"] > 0
    assert {path.name for path in folder.iterdir()} >= {"market.xlsx", "coupons.csv", "turnover.csv", "plain.csv"}
    chinese = run("market", file, "--lang", "zh").out
    assert "各资产类型与发行期限票面利率" in chinese
    assert "无换手率" in chinese
    for options, value in (
        (["--trades", trades], "--opening"), (["--opening", file], "--trades"), (["--curves", curves], "--as-of"),
    ):  # fmt: skip
        refused = run("market", file, *options, "--json")
        assert refused.code == 2
        assert value in refused.document["message"]


def test_every_error_document_fits_its_schema(run: Run, tmp_path: Path) -> None:
    valid(run("universe", tmp_path / "none.csv", "--json").document)
    valid(run("nonsense", "--json").document)


def test_help_has_an_example_for_every_command(run: Run) -> None:
    from absalloc.cli.app import COMMANDS

    assert {"demo", "universe", "optimise", "optimize", "check", "rebalance", "verify", "market"} <= set(COMMANDS)
    for command in COMMANDS:
        found = run(command, "--help")
        assert found.code == 0
        assert "Example" in found.out or command == "optimize"


def test_control_characters_of_a_file_never_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "evil.csv"
    path.write_text("tranche_id,product,market\nA\x1b[31m,abn,exchange\nB,abn,mo\x1b]0;on\n", encoding="utf-8")
    found = run("universe", path)
    assert "\x1b" not in found.out + found.err


def test_the_words_of_both_languages_have_no_stray_key() -> None:
    for stage in ("cli", "report"):
        assert list(catalogue(stage, "en")) == list(catalogue(stage, "zh"))


def test_show_says_formula_readings_and_cases(run: Run) -> None:
    document = valid(run("rules", "show", "public-fund-open/originator-share", "--json").document)
    assert document["formula"]["denominator"] == "net asset value"
    assert document["formula"]["each"] == "for each originator"
    assert document["formula"]["bounds"] == [
        {"sign": "≤", "value": "10%", "from": "2006-05-14", "to": None, "when": None}
    ]
    assert {r["switch"] for r in document["readings"]} == {"abn", "originator"}
    assert {case["verdict"] for case in document["cases"]} >= {"pass", "fail"}
    people = run("rules", "show", "public-fund-open/originator-share").out
    assert "÷ net asset value ≤ 10%" in people
    assert all(case["id"] in people for case in document["cases"])
    assert all(f"{r['switch']}={r['id']}" in people for r in document["readings"])


def test_how_sure_a_text_is_shows_wherever_its_rule_does(run: Run, market: Path) -> None:
    book = [
        "check",
        market / "wealth-closed-18m.yaml",
        market / "wealth-closed-18m-holdings.csv",
        "-u",
        market / "market.csv",
    ]
    document = run(*book, "--json").document
    unsure = {f["rule"] for f in document["findings"] if f["source"]["confidence"] != "text_seen"}
    assert unsure
    said = run(*book).out
    assert said.count("second-hand") + said.count("unverified") >= len(unsure)
    assert "unverified" in run("rules", "show", "wealth-open/no-npl").out
    assert "未核实" in run("rules", "show", "wealth-open/no-npl", "--lang", "zh").out


@pytest.mark.parametrize(
    ("lang", "head", "fact"), [("en", "What would prove the rest", "--before"), ("zh", "其余规则还需", "交易前")]
)
def test_what_would_prove_the_rest_is_said_in_text_json_and_report(
    run: Run, market: Path, tmp_path: Path, lang: str, head: str, fact: str
) -> None:
    book = [market / "bond-fund-open.yaml", market / "bond-fund-open-holdings.csv", "-u", market / "market.csv"]
    found = run("check", *book, "--lang", lang, "-o", tmp_path / "out")
    assert head in found.out
    assert fact in found.out.splitlines()[-1]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert report.count(head) == 1
    document = valid(run("check", *book, "--lang", lang, "--json").document)
    assert [item["kind"] for item in document["to_prove"]] == ["before"]
    assert document["to_prove"][0]["text"] in report
