"""Cure dates over the long holidays, against the closures the exchange published, and where no calendar reaches.

Closed weekdays, from the Shanghai exchange's yearly notices: 2025-10-01 to 10-08 (National Day and Mid-Autumn),
2025-01-28 to 02-04 (Spring Festival), 2024-02-09 to 02-16.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from exact_books import book, line

from absalloc.compliance.check import with_cure_dates
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows import BookState

RULE = "id: r, kind: share, by: originator, of: nav, max: 10%, passive_breach: "
TEN = RULE + "{cure: 10 trading days, clock: breach, meanwhile: no_worse}"


def breach(rule: str, day: date, since: str | None = None, **mandate: str) -> Finding:
    own = {} if since is None else {"breach_since": since}
    state: BookState = book(rule, [line("A", 150, before=150, originator="A", **own)], day=day, **mandate)
    [found] = with_cure_dates(evaluate_exact([state]), [state])
    assert (found.verdict, found.cause) == ("fail", "passive")
    return found


@pytest.mark.parametrize(
    ("since", "cure"),
    [
        ("2025-09-26", "2025-10-20"),  # Sep 29, 30; closed 1 to 8 October; Oct 9, 10, 13 to 17, 20
        ("2025-09-30", "2025-10-22"),
        ("2025-10-04", "2025-10-22"),  # a breach on a closed Saturday: the count starts on the 9th
        ("2025-01-24", "2025-02-17"),  # Jan 27; closed 28 January to 4 February; Feb 5 to 7, 10 to 14, 17
        ("2025-01-27", "2025-02-18"),
        ("2024-02-08", "2024-03-01"),  # closed 9 to 16 February; Feb 19 to 23, 26 to Mar 1
        ("2024-12-31", "2025-01-15"),  # New Year's Day
    ],
)
def test_ten_trading_days_over_the_holidays(since: str, cure: str) -> None:
    found = breach(TEN, date.fromisoformat(since), since)
    assert found.cure_by == date.fromisoformat(cure)


def test_twenty_trading_days_and_months() -> None:
    twenty = breach(TEN.replace("10 trading", "20 trading"), date(2025, 9, 26), "2025-09-26")
    assert twenty.cure_by == date(2025, 11, 3)
    months = breach(TEN.replace("10 trading days", "3 months"), date(2025, 11, 30), "2025-11-30")
    assert months.cure_by == date(2026, 2, 28)


def test_a_holiday_file_of_the_mandate_is_the_calendar(tmp_path: Path) -> None:
    file = tmp_path / "休市.csv"
    file.write_text("closed\n2027-10-01\n2027-10-04\n2027-10-05\n2027-10-06\n2027-10-07\n", encoding="utf-8")
    found = breach(TEN, date(2027, 9, 29), "2027-09-29", holidays=str(file))
    # Sep 30; closed to the 7th; Oct 8, 11 to 15, 18 to 20.
    assert found.cure_by == date(2027, 10, 20)
    weekdays = breach(TEN, date(2027, 9, 29), "2027-09-29", holidays=str(_none(tmp_path)))
    assert weekdays.cure_by == date(2027, 10, 13)


def _none(folder: Path) -> Path:
    file = folder / "one.csv"
    file.write_text("closed\n2027-01-01\n", encoding="utf-8")
    return file


def test_beyond_the_calendar_the_day_is_null_and_the_days_left_are_said(tmp_path: Path) -> None:
    """The file ends with 2027: of ten days from Dec 28 three are covered, Dec 29 to 31."""
    found = breach(TEN, date(2027, 12, 28), "2027-12-28", holidays=str(_none(tmp_path)))
    assert found.cure_by is None
    [reason] = [r for r in found.reasons if r.code == "calendar_ends"]
    assert dict(reason.fields) == {"days": "10", "start": "2027-12-28", "last": "2027-12-31", "left": "7"}
    before = breach(TEN, date(2027, 1, 4), "2026-12-31", holidays=str(_none(tmp_path)))
    [reason] = [r for r in before.reasons if r.code == "calendar_ends"]
    assert (before.cure_by, dict(reason.fields)["left"]) == (None, "10")


def test_an_active_breach_has_no_cure_period() -> None:
    state = book(TEN, [line("A", 150, before=90, originator="A")])
    [found] = with_cure_dates(evaluate_exact([state]), [state])
    assert (found.cause, found.cure_by) == ("active", None)
    assert with_cure_dates([replace(found, verdict="pass")], [state])[0].cure_by is None
