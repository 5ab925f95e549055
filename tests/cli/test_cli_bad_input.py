"""Everything on the list of bad input: exit 2, one message with file, line, value and the nearest valid thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def desk(market: Path, tmp_path: Path) -> Path:
    """A folder with the bank's mandate, to be spoiled."""
    for name in (
        "city-bank.yaml",
        "city-bank-holdings.csv",
        "city-bank-own-bank.csv",
        "originator_totals.csv",
        "curves.csv",
    ):
        (tmp_path / name).write_bytes((market / name).read_bytes())
    return tmp_path


def spoiled(desk: Path, old: str, new: str) -> Path:
    path = desk / "city-bank.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def refused(run: Run, *words: object) -> dict[str, Any]:
    """Return the error document of a command that must exit 2 in both forms and languages."""
    for lang in ("en", "zh"):
        plain = run(*words, "--lang", lang)
        assert (plain.code, plain.out) == (2, ""), plain
        assert plain.err.strip()
        assert (re.search("[\u4e00-\u9fff]", plain.err) is not None) or lang == "en"
    found = run(*words, "--json")
    assert (found.code, found.err) == (2, "")
    document: dict[str, Any] = found.document
    assert document["schema"] == "absalloc.error/1"
    return document


def check(run: Run, market: Path, mandate: object, *more: object) -> dict[str, Any]:
    return refused(run, "check", mandate, market / "city-bank-holdings.csv", "-u", market / "market.csv", *more)


MANDATES = [
    ("institution: bank_own_book", "institutoin: bank_own_book", "base.unknown_key", "institution"),
    ("rulebooks: [bank-own-book]", "rulebooks: [bank-own-bok]", "rulebook.unknown_book", "bank-own-book"),
    ("funding: {rate: 1.60%}", "funding: {rate: 0.016}", "base.percent_needed", None),
    ("funding: {rate: 1.60%}", "funding: {rate: 160}", "base.percent_needed", None),
    ("tier1_capital: {value: 20000000000", "tier1_capital: {value: -1", "mandate.amount_sign", None),
    ("tier1_capital: {value: 20000000000", "tier1_capital: {value: NaN", "mandate.money_form", None),
    ("mode: offered", "mode: offered\nmode: strategic", "base.yaml_duplicate", None),
    ("mode: offered", "mode: [", "base.yaml_open", None),
    ("institution: bank_own_book\n", "", "base.missing_key", None),
]


@pytest.mark.parametrize(("old", "new", "code", "near"), MANDATES)
def test_a_mandate_that_says_something_else(
    run: Run, market: Path, desk: Path, old: str, new: str, code: str, near: str | None
) -> None:
    found = check(run, market, spoiled(desk, old, new))
    assert (found["code"], found["nearest"]) == (code, near)
    assert found["file"].endswith(".yaml")
    assert found["line"] is not None or code == "rulebook.unknown_book"


def test_files_that_are_not_there_empty_or_no_text(run: Run, market: Path, tmp_path: Path) -> None:
    empty, noise, folder = tmp_path / "empty.yaml", tmp_path / "noise.yaml", tmp_path / "folder.yaml"
    empty.write_bytes(b"")
    noise.write_bytes(b"\x00\xff\xfe\x81" * 1000)
    folder.mkdir()
    for path, code in (
        (tmp_path / "no.yaml", "file_missing"),
        (empty, "file_empty"),
        (noise, "not_text"),
        (folder, "file_folder"),
    ):
        assert check(run, market, path)["code"] == f"base.{code}"


def test_a_huge_file_is_refused_before_it_is_read(run: Run, market: Path, tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as stream:
        stream.truncate(200_000_000)
    assert refused(run, "universe", huge)["code"] == "base.file_too_large"


def test_universe_files(run: Run, market: Path, tmp_path: Path) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("name,product\nx,abn\n", encoding="utf-8")
    assert refused(run, "universe", codes)["code"].startswith("universe.")
    same = market / "market.csv"
    assert refused(run, "universe", same, same)["code"] == "universe.code_in_two_files"
    doubled = tmp_path / "doubled.csv"
    doubled.write_text("tranche_id,product,coupon [%]\nA,abn,1\nA,abn,2\n", encoding="utf-8")
    assert refused(run, "universe", doubled, "--strict")["code"].startswith("universe.")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("columns: {tranche_id: [nowhere]}\n", encoding="utf-8")
    assert refused(run, "universe", same, "--mapping", mapping)["code"] == "universe.header_unknown"


def test_a_mapping_that_joins_nothing(run: Run, market: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("tranche_id,region\nNOBODY,Mars\n", encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("joins: [{column: region, file: other.csv, key: tranche_id, derived: true}]\n", encoding="utf-8")
    found = refused(run, "universe", market / "market.csv", "--mapping", mapping)
    assert "join" in found["code"]


SETS = [
    ("single-client.limit=12", "base.quantity_unit"),
    ("single-client=12%", "rulebook.override_form"),
    ("single-client.limt=12%", "rulebook.override_form"),
    ("singel-client.limit=12%", "rulebook.unknown_rule"),
    ("single-client.limit=12 days", "rulebook.limit_unit"),
    ("single-client.limit=-1%", "rulebook.limit_negative"),
    ("single-client.limit=", "rulebook.override_form"),
]


@pytest.mark.parametrize(("text", "code"), SETS)
def test_limits_set_wrongly(run: Run, market: Path, text: str, code: str) -> None:
    found = check(run, market, market / "city-bank.yaml", "--set", text)
    assert found["code"] == code
    if code == "rulebook.unknown_rule":
        assert found["nearest"] == "single-client"


def test_one_limit_set_twice(run: Run, market: Path) -> None:
    both = ["--set", "single-client.limit=12%", "--set", "single-client.limit=13%"]
    assert check(run, market, market / "city-bank.yaml", *both)["code"] == "cli.set_twice"


@pytest.mark.parametrize("text", ["2025-13-01", "20250630", "2025-W27-1", "yesterday", ""])
def test_a_day_that_is_none(run: Run, market: Path, text: str) -> None:
    found = check(run, market, market / "city-bank.yaml", "--as-of", text)
    assert (found["code"], found["file"], found["value"]) == ("base.date_form", "--as-of", text)


def test_a_day_before_the_rulebook_is_modelled(run: Run, market: Path, desk: Path) -> None:
    # Without its curves, which are of one day and would be refused first.
    found = check(run, market, spoiled(desk, "curves: curves.csv\n", ""), "--as-of", "1999-01-01")
    assert found["code"] == "rulebook.before_modelled"


def test_two_mandates_of_one_name(run: Run, market: Path) -> None:
    book = f"{market}/city-bank.yaml={market}/city-bank-holdings.csv"
    assert check(run, market, market / "city-bank.yaml", "--with", book)["code"] == "mandate.duplicate_name"
    twice = [market / "city-bank.yaml", market / "city-bank.yaml"]
    assert refused(run, "optimise", *twice, "-u", market / "market.csv")["code"] == "mandate.duplicate_name"


def test_options_that_need_or_exclude_each_other(run: Run, market: Path) -> None:
    bank, held = market / "city-bank.yaml", market / "city-bank-holdings.csv"
    assert check(run, market, bank, "--before-mandate", bank)["code"] == "cli.needs_option"
    assert check(run, market, bank, "--with", "lonely.yaml")["code"] == "cli.with_form"
    assert check(run, market, bank, "--readings", "al")["nearest"] == "all"
    assert check(run, market, bank, "--moves", "all")["code"] == "cli.needs_option"
    assert check(run, market, bank, "--before", held, "--moves", "some")["code"] == "cli.readings_form"
    assert refused(run, "check", bank, held)["code"] == "cli.universe_missing"
    turnover = ["rebalance", bank, held, "-u", market / "market.csv", "--max-turnover"]
    assert refused(run, *turnover, "10")["code"] == "base.percent_needed"


def test_words_the_program_does_not_know(run: Run) -> None:
    assert refused(run, "optimize", "--univers", "x")["code"] == "cli.no_such_option"
    found = refused(run, "chekc")
    assert (found["code"], found["nearest"]) == ("cli.no_such_command", "check")
    assert refused(run, "check")["code"] == "cli.not_given"
    found = refused(run, "optimise", "a.yaml", "--solver", "hihgs")
    assert (found["code"], found["value"], found["nearest"]) == ("cli.not_a_choice", "hihgs", "highs")
    found = run("optimise", "a.yaml", "--json", "--set")
    assert (found.code, found.document["code"], found.document["value"]) == (2, "cli.needs_value", "--set")
    assert refused(run, "optimise", "a.yaml", "--quiet=3")["code"] == "cli.no_value"
    for words, code in (
        (("--count", 0), "cli.value_least"), (("--count", 21), "cli.value_most"),
        (("--count", "a"), "cli.value_integer"),
        (("--time-limit", 0), "cli.value_least"), (("--time-limit", "-1"), "cli.value_least"),
        (("--time-limit", "nan"), "cli.value_least"), (("--time-limit", "soon"), "cli.value_number"),
    ):  # fmt: skip
        found = refused(run, "explain", "menu", "a.yaml", *words)
        assert (found["code"], found["file"]) == (code, words[0])
    bare = run("rules")
    assert (bare.code, bare.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [["ledger", "list"]],
)  # fmt: skip
def test_reserved_forms_say_so(run: Run, words: list[str]) -> None:
    assert refused(run, *words)["code"] == "base.not_built"


def test_what_is_for_one_mandate_is_refused_for_several_by_name(run: Run, market: Path) -> None:
    funds = [market / f"bond-fund-{kind}.yaml" for kind in ("open", "interval")]
    joint = ["optimise", *funds, "-u", market / "market.csv"]
    options = [
        ["--scenario", "bear-2022"], ["--worst-loss", "3%"], ["--cvar", "95%:2%"], ["--full"],
        ["--holdings", market / "bond-fund-interval-holdings.csv"],
    ]  # fmt: skip
    for option in options:
        found = refused(run, *joint, *option)
        assert (found["code"], found["value"]) == ("cli.joint_option", option[0])
    assert refused(run, "optimise", funds[0], "-u", market / "market.csv", "--alone")["code"] == "cli.needs_option"


def test_books_that_buy_from_different_markets_are_not_planned_together(run: Run, market: Path, tmp_path: Path) -> None:
    for path in market.glob("*"):
        if path.suffix in (".csv", ".yaml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    other = tmp_path / "bond-fund-interval.yaml"
    whole = other.read_text(encoding="utf-8")
    joint = ["optimise", market / "bond-fund-open.yaml", other, "-u", market / "market.csv"]
    for old, new, key in (
        ("mode: offered", "mode: strategic", "mode"),
        ("as_of: 2025-06-30\n", "as_of: 2025-06-27\n", "as_of"),
        ("kind: carry}", "kind: carry_after_capital}\ncapital: {ratio: 8%, hurdle: 12%}", "objective.kind"),
    ):
        other.write_text(whole.replace(old, new, 1), encoding="utf-8")
        found = refused(run, *joint)
        assert (found["code"], found["file"]) == ("plan.joint_differs", str(other))
        assert f"{key} is" in found["message"]
    off = "mode: offered\noff: {public-fund-interval/originator-share-manager: house counts it}"
    other.write_text(whole.replace("mode: offered", off, 1), encoding="utf-8")
    found = refused(run, *joint)
    assert (found["code"], found["value"]) == ("plan.joint_off", "public-fund-interval/originator-share-manager")


def test_an_unknown_scenario_names_the_nearest(run: Run, market: Path) -> None:
    found = check(run, market, market / "city-bank.yaml", "--scenario", "bear2020")
    assert (found["code"], found["nearest"]) == ("stress.unknown_scenario", "bear-2020")


def test_a_folder_that_cannot_be_written_stops_before_any_work(run: Run, market: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    found = check(run, market, market / "city-bank.yaml", "--out", tmp_path / "file" / "out")
    assert found["code"] == "report.out_unwritable"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_bad_input_touches_nothing(run: Run, market: Path, desk: Path) -> None:
    out = desk / "out"
    found = check(run, market, spoiled(desk, "mode: offered", "mode: offerd"), "--out", out)
    assert (found["code"], found["nearest"]) == ("base.not_a_choice", "offered")
    assert not out.exists()


def test_holdings_that_cannot_be_read(run: Run, market: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.csv"
    for text, code in (
        ("tranche_id,face\nA,-1\n", "universe."),
        ("tranche_id,face\nA,1\nA,2\n", "universe."),
        ("tranche_id,weight\nA,1\n", "universe.holdings_weight"),
        ("tranche_id,face\nA,lots\n", "universe."),
    ):
        held.write_text(text, encoding="utf-8")
        found = refused(run, "check", market / "city-bank.yaml", held, "-u", market / "market.csv")
        assert found["code"].startswith(code)
        assert found["file"] == str(held)


def test_a_holding_outside_the_universe_is_unknown_never_dropped(run: Run, market: Path, tmp_path: Path) -> None:
    held = tmp_path / "held.csv"
    held.write_text("tranche_id,face\nNOBODY.IB,100000000\n", encoding="utf-8")
    found = run("check", market / "city-bank.yaml", held, "-u", market / "market.csv", "--json")
    assert found.code == 1
    assert found.document["compliant"] is None
    assert any("NOBODY.IB" in text for text in found.document["assumptions"])


def test_certificates_that_are_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    for text in ("{", "[]", '{"schema": "other/1"}', '{"schema": "absalloc.certificate/1"}'):
        path.write_text(text, encoding="utf-8")
        found = refused(run, "verify", path)
        assert found["file"] == str(path)
