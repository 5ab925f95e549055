"""Verdicts that hang on how a word is read: one reading alone, and two that change one only together."""

from __future__ import annotations

from typing import Any

from exact_books import book, line, rulebook

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.result import Findings
from absalloc.desk.readings import OtherReading, other_readings

ABN = (
    "{switch: abn, id: excluded, default: true, where: {product: enterprise_abs}}, "
    "{switch: abn, id: counts, where: {product: [enterprise_abs, abn]}}"
)
WHO = (
    "{switch: originator, id: nominal, default: true, by: originator}, "
    "{switch: originator, id: economic, by: core_debtor}"
)
RULE = "id: r, kind: share, where: {product: enterprise_abs}, by: originator, of: nav, max: 10%, readings: "
BOTH = RULE + f"[{ABN}, {WHO}]"


def read(rules: str, lines: list[dict[str, str]], **more: Any) -> dict[tuple[str, ...], OtherReading]:
    state = book(rulebook(rules), lines, **more)
    found = Findings(evaluate_exact([state]), (), "2025-06-30", ("a",), {}, (), (state,))
    return {tuple(name for _, name in item.readings): item for item in other_readings(found)}


def flips(item: OtherReading) -> list[tuple[str | None, str | None, str | None]]:
    return [(each.key[2], each.here and each.here.verdict, each.there and each.there.verdict) for each in item.differs]


def test_a_verdict_that_flips_with_one_reading() -> None:
    found = read(BOTH, [line("E", 60, originator="X"), line("N", 60, product="abn", originator="X")])
    assert flips(found["counts",]) == [("X", "pass", "fail")]
    [changed] = found["counts",].differs
    assert changed.there is not None
    assert changed.there.reading == "abn=counts, originator=nominal"
    assert found["counts",].compliant is False
    # No line names a core debtor, but all of them together are within the limit.
    assert (found["economic",].compliant, flips(found["economic",])) == (True, [])


def test_two_readings_that_change_a_verdict_only_together_are_shown_together() -> None:
    """60 of X's ABS and 60 of Y's ABN, both owed by D: only all ABS by who owes them pass 10 %."""
    lines = [
        line("E", 60, originator="X", core_debtor="D"), line("N", 60, product="abn", originator="Y", core_debtor="D")
    ]  # fmt: skip
    found = read(BOTH, lines)
    assert flips(found["counts",]) == flips(found["economic",]) == []
    assert flips(found["counts", "economic"]) == [("D", None, "fail")]
    assert found["counts", "economic"].compliant is False


def test_two_readings_that_do_not_interact_are_not_tried_together() -> None:
    lines = [
        line("E", 120, originator="X", core_debtor="D"),
        line("N", 5, product="abn", originator="Y", core_debtor="D"),
    ]
    assert set(read(BOTH, lines)) == {("counts",), ("economic",)}
    apart = rulebook(RULE + f"[{ABN}]", RULE.replace("id: r", "id: s") + f"[{WHO}]")
    state = book(apart, [line("E", 60, originator="X", core_debtor="D"), line("N", 60, product="abn", originator="X")])
    found = other_readings(Findings(evaluate_exact([state]), (), "2025-06-30", ("a",), {}, (), (state,)))
    assert [len(item.readings) for item in found] == [1, 1]


def test_the_reading_that_the_mandate_chose_is_not_another_one() -> None:
    found = read(BOTH, [line("E", 60, originator="X")], readings={"abn": "counts"})
    assert set(found) == {("excluded",), ("economic",)}
