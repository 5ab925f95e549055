"""``absalloc rules lint`` on the command line: documents, languages, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

Run = Callable[..., Any]
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "absalloc.rules-lint-1.json"
CROSSED = """\
rulebook: crossed
modelled: {from: 2024-01-01, verified_until: 2026-12-31}
sources: {g: {title: Guideline 7}}
rules:
  - {id: most, kind: share, title: {en: most, zh: 上限}, source: {document: g, article: "1", ref: g, confidence: secondary}, where: {product: abn}, of: nav, max: 20%}
  - {id: least, kind: share, title: {en: least, zh: 下限}, source: {document: g, article: "2", ref: g, confidence: text_seen}, where: {product: abn}, of: nav, min: 30%}
"""  # noqa: E501


def test_a_conflict_names_both_rules_with_article_and_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "crossed.yaml"
    path.write_text(CROSSED, encoding="utf-8")
    found = run("rules", "lint", path, "--json")
    document = found.document
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert found.code == 1
    [item] = document["examined"][0]["findings"]
    assert (item["code"], item["wrong"], item["proof"]) == ("conflict", True, "exact")
    assert [(rule["rule"], rule["source"]["article"], rule["line"]) for rule in item["by"]] == [
        ("crossed/most", "1", 5), ("crossed/least", "2", 6),
    ]  # fmt: skip
    assert document["examined"][0]["as_of"] == "2026-12-31"
    english, chinese = (run("rules", "lint", path, "--lang", lang).out for lang in ("en", "zh"))
    assert "conflict" in english
    assert "art. 1 (second-hand)" in english
    assert "相互冲突" in chinese


def test_what_never_binds_is_worth_knowing_and_no_mistake(run: Run, market: Path) -> None:
    found = run("rules", "lint", "public-fund-open", "--json")
    assert found.code == 0
    assert found.document["ok"]
    mandate = run("rules", "lint", "--mandate", market / "city-bank.yaml", "--json")
    assert (mandate.code, mandate.document["examined"][0]["mandate"]) == (0, "SYN城市银行")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["funds"], "There is no rulebook 'funds'"), (["house", "--mandate", "x.yaml"], "give one of them")],
)
def test_bad_input(run: Run, words: list[str], said: str) -> None:
    found = run("rules", "lint", *words)
    assert found.code == 2
    assert said in found.err
