"""What lint proves, against closed forms: of two caps one follows from the other exactly where arithmetic says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from absalloc.errors import BadInput
from absalloc.mandate import load_mandate
from absalloc.rulebook import find_rulebook, load_rulebook
from absalloc.rulebook.active import resolve
from absalloc.study.lint import Linted, LintFinding, lint, of_book, of_mandate

DAY = date(2025, 6, 30)
MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
HEAD = """\
rulebook: mine
modelled: {from: 2020-01-01, verified_until: 2030-12-31}
sources: {law: {title: A law}}
columns: {lowest: {from: rating.*, take: lowest}}
sets: {bad: {any: [{originator: {in_list: bad}}, {issuer: {in_list: bad}}]}}
rules:
"""


def linted(tmp_path: Path, *rules: str) -> Linted:
    said = 'title: {en: R, zh: 规}, source: {document: law, article: "1", ref: X, confidence: text_seen}'
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "".join(f"  - {{id: r{i}, {said}, {rule}}}\n" for i, rule in enumerate(rules)), "utf-8")
    return lint(of_book(load_rulebook(path), DAY))


def brief(found: Linted) -> set[tuple[str, str, str]]:
    return {
        (item.code, item.rule.id.partition("/")[2], " ".join(sorted(r.id.partition("/")[2] for r, _ in item.by)))
        for item in found.findings
    }


KINDS = {"a": "[abn]", "ab": "[abn, credit_abs]", "b": "[credit_abs]"}
BYS = ("", "by: originator, ", "by: tranche_id, ")


def pairs() -> Iterator[tuple[tuple[str, int, str], tuple[str, int, str]]]:
    caps = list(product(KINDS, (10, 20), BYS))
    yield from ((one, two) for i, one in enumerate(caps) for two in caps[i + 1 :])


def follows(one: tuple[str, int, str], two: tuple[str, int, str]) -> bool:
    """Whether the first cap keeps the second: of all it counts, at most as much, in groups at least as wide."""
    (lines, most, by), (others, more, group) = one, two
    return set(others) <= set(lines) and most <= more and BYS.index(by) <= BYS.index(group)


def test_caps_follow_exactly_where_arithmetic_says_so(tmp_path: Path) -> None:
    wrong = []
    for one, two in pairs():
        rules = [
            f"kind: share, {by}where: {{product: {KINDS[k]}}}, of: nav, max: {most}%" for k, most, by in (one, two)
        ]
        expected = {("implied", "r1", "r0")} if follows(one, two) else set()
        expected |= {("implied", "r0", "r1")} if follows(two, one) else set()
        if brief(linted(tmp_path, *rules)) != expected:
            wrong.append((one, two))
    assert wrong == []


@pytest.mark.parametrize("least", range(5, 40, 5))
@pytest.mark.parametrize("most", range(5, 40, 5))
def test_a_floor_and_a_cap_conflict_exactly_where_they_cross(tmp_path: Path, least: int, most: int) -> None:
    cap = f"kind: share, where: {{product: [abn, credit_abs]}}, of: nav, max: {most}%"
    floor = f"kind: share, where: {{product: abn}}, of: nav, min: {least}%"
    found = brief(linted(tmp_path, cap, floor))
    assert (("conflict", "r1", "r0 r1") in found) == (least > most)
    assert all(code == "conflict" for code, _, _ in found)


def test_several_rules_keep_one_that_none_keeps_alone(tmp_path: Path) -> None:
    caps = [f"kind: share, where: {{product: {k}}}, of: nav, max: 10%" for k in ("abn", "credit_abs")]
    both = "kind: share, where: {product: [abn, credit_abs]}, of: nav, max: {}%"
    assert brief(linted(tmp_path, *caps, both.replace("{}", "20"))) == {("implied", "r2", "r0 r1")}
    assert brief(linted(tmp_path, *caps, both.replace("{}", "19"))) == set()


def test_proofs_are_confirmed_in_fractions_and_say_their_multipliers(tmp_path: Path) -> None:
    cap = "kind: share, where: {product: abn}, of: nav, max: 10%"
    weighted = "kind: capital, where: {product: abn}, measure: [market_value, risk_weight], of: nav, max: 125%"
    [found] = linted(tmp_path, cap, weighted).findings  # a risk weight is at most 1250 %
    assert (found.code, found.exact, [share for _, share in found.by]) == ("implied", True, [12.5])
    assert "12.5" in found.text() or "25/2" in found.text()
    assert brief(linted(tmp_path, cap, weighted.replace("125%", "124%"))) == set()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["kind: eligibility, where: {product: abn, not: {product: [abn]}}, require: {npl: false}"], "selects_nothing"),
        (["kind: eligibility, where: {product: abn}, require: {rating.any: {min: AA, below: AA}}"], "bars_all"),
        (["kind: eligibility, where: {product: abn}, require: {lowest: {min: limit}}, min: AA"], None),
        (["kind: share, where: {product: abn, npl: true}, of: {measure: market_value}, max: 100%"], "always_holds"),
        (["kind: share, of: nav, max: 0%"], "only_cash"),
        (["kind: share, where: {not: {product: cash}}, of: nav, max: 0%"], "only_cash"),
        ([f"kind: share, where: {w}, of: nav, max: 5%" for w in ("{in_set: bad}", "{not: {in_set: bad}}")], None),
        (["kind: count, by: originator, max: 4 names"], None),
    ],
)  # fmt: skip
def test_rules_that_say_nothing_or_too_much(tmp_path: Path, rules: list[str], expected: str | None) -> None:
    found = linted(tmp_path, *rules)
    assert {item.code for item in found.findings} == ({expected} if expected else set())


def test_the_same_rule_twice_is_said_once(tmp_path: Path) -> None:
    assert brief(linted(tmp_path, *["kind: share, where: {product: abn}, of: nav, max: 10%"] * 2)) == {
        ("same", "r0", "r1")
    }


def test_a_rating_floor_keeps_a_lower_one_and_a_cap_on_what_it_bars(tmp_path: Path) -> None:
    floor = "kind: eligibility, where: {product: abn}, require: {lowest: {min: limit}}, min: {}"
    cap = "kind: share, where: {product: abn, not: {lowest: {min: AAA}}}, of: nav, max: 10%"
    found = brief(linted(tmp_path, floor.replace("{}", "AAA"), floor.replace("{}", "AA"), cap))
    assert found == {("implied", "r1", "r0"), ("implied", "r2", "r0")}


def test_a_rule_of_some_mandates_is_no_premise_for_all(tmp_path: Path) -> None:
    cap = "kind: share, where: {product: abn}, of: nav, max: {}%"
    open_ = ", applies: {product: {operation: daily_open}}"
    assert brief(linted(tmp_path, cap.replace("{}", "10") + open_, cap.replace("{}", "20"))) == set()
    assert brief(linted(tmp_path, cap.replace("{}", "10"), cap.replace("{}", "20") + open_)) == {
        ("implied", "r1", "r0")
    }
    both = [cap.replace("{}", most) + open_ for most in ("10", "20")]
    assert brief(linted(tmp_path, *both)) == {("implied", "r1", "r0")}


def by_rule(findings: tuple[LintFinding, ...]) -> dict[str, tuple[str, list[str], bool]]:
    return {f.rule.id: (f.code, [rule.id for rule, _ in f.by], f.at_purchase) for f in findings}


def test_the_liquidity_cap_of_open_funds_keeps_the_cap_on_abs_for_what_is_bought() -> None:
    found = lint(of_book(find_rulebook("public-fund-open"), DAY))
    liquidity = "public-fund-open/liquidity-restricted-share"
    assert by_rule(found.findings) == {"public-fund-open/abs-share": ("implied", [liquidity], True)}
    # Before 2017-10-01 there was no such cap, and nothing keeps the 20 %.
    assert lint(of_book(find_rulebook("public-fund-open"), date(2017, 9, 30))).findings == ()


def test_ten_per_cent_below_aaa_and_two_per_cent_each_say_different_things() -> None:
    found = lint(of_book(find_rulebook("cash-management"), DAY))
    pair = {"cash-management/below-aaa-share", "cash-management/below-aaa-institution-share"}
    assert pair <= set(found.examined)
    assert pair & {item.rule.id for item in found.findings} == set()


def test_the_rules_of_a_mandate_together() -> None:
    mandate = load_mandate(MARKET / "bond-fund-open.yaml")
    found = lint(of_mandate(resolve(mandate, DAY)))
    assert {item.code for item in found.findings} == {"implied"}
    assert all(item.exact for item in found.findings)
    assert "house/approved-names" in found.skipped


def test_too_many_kinds_of_line_are_refused(tmp_path: Path) -> None:
    columns = ["stc", "npl", "pledgeable", "market_restricted", "nonstandard", "lgfv"]
    texts = ["originator", "issuer", "region", "manager", "ultimate_group", "core_debtor", "deal_id", "asset_type"]
    every = [f"{{{c}: true}}" for c in columns] + [f"{{{c}: [x, y, z]}}" for c in texts]
    with pytest.raises(BadInput, match="fewer rulebooks"):
        linted(tmp_path, f"kind: share, where: {{all: [{', '.join(every)}]}}, of: nav, max: 10%")
