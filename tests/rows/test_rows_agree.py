"""Rows and the exact checker are two readings of every rule: they must give the same verdicts, on the limit too."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows_worlds import some_books, untimed, with_face

from absalloc._resources import data_root
from absalloc.compliance.case_books import case_book
from absalloc.compliance.case_files import SUFFIX, load_cases
from absalloc.compliance.check import check_books
from absalloc.compliance.exact import BOOKS, evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows import Block, BookState, RowSystem, compile_rows
from absalloc.rows.verdict import FAIL, PASS, TIE, UNKNOWN, group_ranges, verdicts
from absalloc.rulebook.load import shipped_rulebooks

WORDS = {PASS: "pass", FAIL: "fail", UNKNOWN: "unknown", TIE: "tie"}
NEAR = Fraction(1, 10**9)


def differences(states: list[BookState], system: RowSystem) -> tuple[list[str], int, int]:
    """Return where the two readings differ, and how many verdicts were compared and left to the exact checker."""
    x = system.faces(tuple(s.held for s in states), tuple(s.kept for s in states))
    known = {item.key: item for item in evaluate_exact(states)}
    found, compared, ties = [], 0, 0
    for block, codes in zip(system.blocks, verdicts(system, x), strict=True):
        book = BOOKS.join(states[i].name for i in block.books)
        labels = [None] if block.form in ("count", "threshold") else block.groups
        for label, code in zip(labels, codes, strict=True):
            key = (book, block.rule.id, label or "", block.sense)
            item = known.pop(key, None)
            compared, ties = compared + 1, ties + (code == TIE)
            if code == TIE:
                if item is not None and block.form == "linear" and not block.loose and far(item):
                    found.append(f"{key}: a tie {float(item.value or 0)} far from its limit")
            elif WORDS[int(code)] != ("pass" if item is None else item.verdict):
                found.append(f"{key}: exact {item and item.verdict}, rows {WORDS[int(code)]}")
    found += [f"{key}: exact {item.verdict}, no row" for key, item in known.items() if not silent(item)]
    return found, compared, ties


def far(item: Finding) -> bool:
    """Return whether a ratio that is known is not within rounding of its limit."""
    if item.numerator is None or item.denominator is None or item.limit is None or item.reasons:
        return False
    size = abs(item.numerator) + abs(item.limit * item.denominator)
    return abs(item.numerator - item.limit * item.denominator) > 4 * NEAR * size


def silent(item: Finding) -> bool:
    """Return whether a finding needs no row: nothing held, or a rule of which it is not known whether it binds."""
    return item.verdict == "pass" or {reason.code for reason in item.reasons} == {"needs_key"}


def assert_agree(states: list[BookState]) -> tuple[int, int]:
    plain = [untimed(state) for state in states]
    found, compared, ties = differences(plain, compile_rows(plain))
    assert not found, "\n".join(found)
    return compared, ties


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_random_worlds(seed: int, gaps: float) -> None:
    compared, ties = assert_agree(some_books(seed, gaps=gaps))
    # Most verdicts must be the rows' own, or the comparison would show nothing.
    assert ties < compared * (0.25 if not gaps else 0.6)


@pytest.mark.parametrize("seed", range(6))
def test_a_part_of_a_block_has_the_numbers_of_the_whole(seed: int) -> None:
    states = some_books(seed, gaps=0.15)
    system, rng = compile_rows(states), np.random.default_rng(seed)
    x = system.faces(tuple(s.held for s in states), tuple(s.kept for s in states))
    x = np.where(rng.random(len(x)) < 0.5, x, 0.0)
    for block in system.blocks:
        if block.form != "linear" or block.shocks:
            continue
        rows = np.flatnonzero(rng.random(block.rows) < 0.6)
        part = block.part(rows, block.amounts(x) != 0)
        assert part.groups == tuple(block.groups[r] for r in rows)
        for ends in (Block.excess, group_ranges):
            for mine, whole in zip(ends(part, x)[:2], ends(block, x)[:2], strict=True):
                assert mine == pytest.approx(whole[rows], rel=1e-12, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_several_books_of_one_manager(seed: int) -> None:
    assert_agree(some_books(1000 + seed, rules=30, gaps=0.1, books=3))


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), gaps=st.sampled_from([0.0, 0.05, 0.3, 0.6]), lines=st.integers(0, 12))
def test_any_world(seed: int, gaps: float, lines: int) -> None:
    assert_agree(some_books(seed, rules=20, gaps=gaps, lines=lines))


@pytest.mark.parametrize("seed", range(8))
def test_on_the_limit_and_a_yuan_beside(seed: int) -> None:
    """Each share is brought to its limit to the yuan by one of its lines; a yuan more and less must be told apart."""
    state = untimed(some_books(seed, rules=30, gaps=0.0)[0])
    met = 0
    for item in evaluate_exact([state]):
        face = face_at_limit(state, item)
        if face is None:
            continue
        for step in (-1, 0, 1):
            moved = with_face(state, item.lines[0].tranche_id, face + step)
            found = differences([moved], compile_rows([moved]))[0]
            assert not found, "\n".join(found)
        at = with_face(state, item.lines[0].tranche_id, face)
        on = [f for f in evaluate_exact([at]) if f.key == item.key]
        met += bool(on and on[0].headroom == 0 and on[0].verdict == ("fail" if item.strict else "pass"))
    assert met


def face_at_limit(state: BookState, item: Finding) -> Fraction | None:
    """Return the face of the first line at which the ratio is the limit, as if nothing else moved; else None."""
    if item.headroom is None or not item.lines or item.unit not in ("ratio", "yuan") or item.rule.count("/") != 1:
        return None
    line = item.lines[0]
    held = state.held[line.tranche_id]
    unit = line.contribution / held
    if not unit:
        return None
    room = item.headroom if item.sense == "max" else -item.headroom
    face = held + room / unit
    return face if face > 1 else None


WITH_CASES = [name for name in shipped_rulebooks() if data_root("constraints").joinpath(name + SUFFIX).is_file()]


@pytest.mark.parametrize("book", WITH_CASES)
def test_cases_of_the_shipped_rulebooks(book: str) -> None:
    cases = load_cases(book)
    for index, case in enumerate(cases.file.cases):
        state = case_book(cases, case, index)
        active = tuple(rule for rule in state.rules.active if rule.short == case.rule)
        plain = untimed(replace(state, rules=replace(state.rules, active=active, inactive=())))
        known = differences([plain], compile_rows([plain]))[0] if active else []
        assert not known, f"{case.id}: {known}"


@pytest.mark.parametrize("seed", range(6))
def test_check_confirms_with_test_times_and_alternatives(seed: int) -> None:
    states = some_books(seed, rules=30, gaps=0.1, books=2)
    assert check_books(states)


def test_rulebooks_may_combine_different_columns_under_one_name() -> None:
    """Two rulebooks call different things an obligor; each row must read its own rulebook's."""
    from rows_worlds import DAY, rulebook

    from absalloc.compliance.case_books import book_of, mandate_of

    rule = {
        "id": "r", "kind": "share", "by": "obligor", "of": "nav", "max": "10%", "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
    }  # fmt: skip
    books = tuple(
        rulebook([rule], name, columns={"obligor": {"first_of": names}})
        for name, names in (("one", ["core_debtor", "originator"]), ("two", ["originator"]))
    )
    line = {"product": "abn", "originator": "甲", "dirty_price": "100", "factor": "1", "face": "60000000"}
    lines = [{**line, "tranche_id": "A", "core_debtor": "丙"}, {**line, "tranche_id": "B"}]
    mandate = mandate_of(
        {"name": "w", "institution": "insurer", "rulebooks": ["one", "two"], "amounts": {"nav": "1000000000"}}
    )
    state = book_of(lines, mandate, DAY, books=books)
    assert_agree([state])
    verdict = {(item.rule, item.group): item.verdict for item in evaluate_exact([state])}
    assert verdict == {("one/r", "丙"): "pass", ("one/r", "甲"): "pass", ("two/r", "甲"): "fail"}


@pytest.mark.parametrize("sense", ["max", "min"])
@pytest.mark.parametrize("by", [None, "originator"])
@pytest.mark.parametrize(
    ("of", "limit"),
    [
        ({"measure": "market_value"}, {"list": "nowhere", "absent": "0%"}),
        ("nav", [{"value": "10%", "strict": "true"}]),
        ("issue_size", [{"value": "10%", "strict": "true"}]),
    ],
)
def test_nothing_held_beside_what_nobody_knows(of: object, limit: object, by: str | None, sense: str) -> None:
    """0/0 passes whatever the limit is; a strict cap on nothing passes whatever the denominator is."""
    from rows_worlds import DAY, rulebook

    from absalloc.compliance.case_books import book_of, mandate_of

    rule = {
        "id": "r", "kind": "share", "of": of, sense: limit, "title": {"en": "x", "zh": "x"},
        "source": {"document": "d", "article": "1", "ref": "X", "confidence": "secondary"},
        **({} if by is None else {"by": by}),
    }  # fmt: skip
    line = {"tranche_id": "A", "product": "abn", "originator": "甲", "dirty_price": "100", "factor": "1"}
    mandate = mandate_of({"name": "w", "institution": "insurer", "rulebooks": ["one"]})
    state = book_of([line], mandate, DAY, books=(rulebook([rule], "one"),))
    found = check_books([state])
    assert {item.verdict for item in found} == ({"pass"} if sense == "max" or isinstance(limit, dict) else {"unknown"})
