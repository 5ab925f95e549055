"""``absalloc optimise`` of several mandates: the two funds of one manager on the shipped market."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from absalloc.cli import main
from absalloc.files import sha256
from absalloc.report.documents_more import json_schema
from absalloc.report.joint import book_folders
from absalloc.universe import load_universe

Run = Callable[..., Any]
OPEN, INTERVAL = "SYN安和纯债债券", "SYN安和定开债券"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, market: Path) -> Path:
    """The files of both funds planned together and, to compare, each by itself."""
    out = tmp_path_factory.mktemp("joint") / "out"
    funds = [str(market / f"bond-fund-{kind}.yaml") for kind in ("open", "interval")]
    words = ["optimise", *funds, "-u", str(market / "market.csv"), "--alone", "-o", str(out), "--quiet"]
    assert main(words) == 0
    return out


@pytest.fixture(scope="module")
def plans(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "plans.json").read_text(encoding="utf-8"))
    return document


def faces(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["tranche_id"]: float(row["face"]) for row in csv.DictReader(stream)}


def test_the_document_fits_its_schema_and_adds_up(plans: dict[str, Any]) -> None:
    Draft202012Validator(json_schema("plans")).validate(plans)
    for book in plans["books"]:
        Draft202012Validator(json_schema("plan")).validate(book)
    assert (plans["status"], plans["compliant"], plans["proven"]) == ("optimal", True, True)
    assert plans["mandates"] == [OPEN, INTERVAL]
    parts = [book["objective"]["carry_yuan"] for book in plans["books"]]
    assert plans["objective"]["carry_yuan"] == pytest.approx(sum(parts), abs=0.01)
    assert plans["objective"]["on_nav"] == pytest.approx(sum(parts) / 10e9, rel=1e-9)
    assert [book["bound"] for book in plans["books"]] == [None, None]


def test_together_the_books_buy_no_more_than_is_offered(folder: Path, plans: dict[str, Any], market: Path) -> None:
    table = load_universe(market / "market.csv").table.set_index("tranche_id")
    quoted = table["available_face"].dropna().to_dict()
    held = [faces(folder / name / "holdings.csv") for name in (OPEN, INTERVAL)]
    both = set(held[0]) & set(held[1])
    assert len(both) > 5
    assert both & set(quoted)
    tight = 0
    for name in (set(held[0]) | set(held[1])) & set(quoted):
        total = sum(book.get(name, 0.0) for book in held)
        assert total <= quoted[name], name
        tight += name in both and total > quoted[name] - 100_000
    assert tight >= 5
    assert {item["tranche_id"] for item in plans["shared"]} <= set(held[0]) | set(held[1])


def test_alone_is_more_than_can_be_had(plans: dict[str, Any]) -> None:
    alone = plans["alone"]
    assert not alone["possible"]
    assert len(alone["oversold"]) > 10
    assert alone["carry_yuan"] > plans["objective"]["carry_yuan"]
    assert [item["mandate"] for item in alone["books"]] == [OPEN, INTERVAL]


def test_the_plans_pass_a_check_of_both_books_together(run: Run, folder: Path, market: Path) -> None:
    first, second = (market / f"bond-fund-{kind}.yaml" for kind in ("open", "interval"))
    other = f"{second}={folder / INTERVAL / 'holdings.csv'}"
    found = run(
        "check", first, folder / OPEN / "holdings.csv", "--with", other, "-u", market / "market.csv", "--json"
    )  # fmt: skip
    assert found.code == 0
    assert found.document["compliant"] is True
    assert any(item["book"] == f"{OPEN} + {INTERVAL}" for item in found.document["findings"])


def test_one_certificate_of_both_verifies_and_names_them(
    run: Run, folder: Path, plans: dict[str, Any], tmp_path: Path
) -> None:
    path = folder / "certificate.json"
    assert not list(folder.glob("*/certificate.json"))
    assert plans["certificate"] == sha256(path.read_bytes())
    assert [book["certificate"] for book in plans["books"]] == [plans["certificate"]] * 2
    assert path.stat().st_size < 10_000_000
    found = run("verify", path, "--json")
    assert (found.code, found.document["ok"]) == (0, True)
    assert found.document["mandate"] == f"{OPEN} + {INTERVAL}"
    assert any(f"[1] {OPEN}; [2] {INTERVAL}" in text for text in found.document["text"]["claimed"])
    bent = json.loads(path.read_text(encoding="utf-8"))
    bent["meta"]["books"][0]["mandate"] = INTERVAL
    changed = tmp_path / "bent.json"
    changed.write_text(json.dumps(bent), encoding="utf-8")
    assert run("verify", changed).code == 1


def test_it_is_said_in_both_languages(run: Run, market: Path) -> None:
    funds = [market / f"bond-fund-{kind}.yaml" for kind in ("open", "interval")]
    for lang, words in (("en", "together"), ("zh", "合计")):
        found = run("optimise", *funds, "-u", market / "market.csv", "--lang", lang)
        assert found.code == 0
        assert found.err == ""
        assert words in found.out
        assert OPEN in found.out
        assert f"{OPEN}, {INTERVAL}" in found.out or f"{OPEN}、{INTERVAL}" in found.out


def test_rules_that_conflict_are_named_with_their_books(run: Run, market: Path, tmp_path: Path) -> None:
    for path in market.glob("*"):
        if path.suffix in (".csv", ".yaml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    books = [tmp_path / f"bond-fund-{kind}.yaml" for kind in ("open", "interval")]
    text = books[1].read_text(encoding="utf-8")
    short = text.replace("duration: {of: portfolio, min: 1.0, max: 5.0}", "duration: {of: portfolio, max: -1}")
    assert short != text
    books[1].write_text(short, encoding="utf-8")
    found = run("optimise", *books, "-u", tmp_path / "market.csv", "--json", "-o", tmp_path / "out")
    assert found.code == 1
    document = found.document
    Draft202012Validator(json_schema("plans")).validate(document)
    assert document["status"] == "infeasible"
    assert document["conflict"] == [{"books": [INTERVAL], "rule": "target/duration"}]
    assert [len(book["conflict"]) for book in document["books"]] == [0, 1]
    assert not (tmp_path / "out" / "certificate.json").exists()
    assert (tmp_path / "out" / INTERVAL / "report.html").exists()
    (tmp_path / "out" / OPEN / "holdings.csv").write_text("of yesterday", encoding="utf-8")
    said = run("optimise", *books, "-u", tmp_path / "market.csv", "--quiet", "-o", tmp_path / "out")
    assert said.code == 1, "a folder of an earlier answer is written anew"
    assert not (tmp_path / "out" / OPEN / "holdings.csv").exists()
    assert f"target/duration ({INTERVAL})" in said.out


def test_where_one_folder_is_another_persons_none_is_written(run: Run, market: Path, tmp_path: Path) -> None:
    (tmp_path / INTERVAL).mkdir()
    (tmp_path / INTERVAL / "holdings.csv").write_text("mine", encoding="utf-8")
    funds = [market / f"bond-fund-{kind}.yaml" for kind in ("open", "interval")]
    found = run("optimise", *funds, "-u", market / "market.csv", "--json", "-o", tmp_path)
    assert (found.code, found.document["code"]) == (2, "report.out_foreign")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        f"{INTERVAL}/holdings.csv"
    ]


def test_the_same_name_twice_is_refused(run: Run, market: Path) -> None:
    fund = market / "bond-fund-open.yaml"
    found = run("optimise", fund, fund, "-u", market / "market.csv", "--json")
    assert (found.code, found.document["code"]) == (2, "mandate.duplicate_name")


def test_folders_of_books_are_fit_for_every_file_system() -> None:
    assert book_folders(["甲/乙", "甲:乙", "con", "plans.json", " . ", "A", "a"]) == [
        "甲_乙", "甲_乙-2", "_con", "_plans.json", "5", "A", "a-7",
    ]  # fmt: skip


def test_soft_rules_give_way_at_their_price_and_are_stopped_without_one(run: Run, market: Path, tmp_path: Path) -> None:
    for path in market.glob("*"):
        if path.suffix in (".csv", ".yaml"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    fund, other = (tmp_path / f"bond-fund-{kind}.yaml" for kind in ("open", "interval"))
    text = fund.read_text(encoding="utf-8").replace("min: 0.8, max: 3.5", "min: 60, max: 70")
    found = []
    for rule in ("{rule: target/duration, price: 0.01%}", "{rule: target/duration}"):
        fund.write_text(f"{text}soft:\n  - {rule}\n", encoding="utf-8")
        found.append(run("optimise", fund, other, "-u", tmp_path / "market.csv", "--json").document)
    assert [document["status"] for document in found] == ["optimal", "stopped"]
    assert [book["gave_way"] for book in found[0]["books"]] == [["target/duration"], []]
    assert "[1] target/duration" in found[1]["reason"]
    assert found[1]["objective"] is None
