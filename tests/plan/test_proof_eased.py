"""What whole yuan may miss of a row: a billionth of its size, and what the row was held back by for them; no more."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from absalloc.plan.proof import eased, held_back
from absalloc.solve import Problem

KEY = ("house/issuer-share", "", "max")
NAME = "house/issuer-share | max"


def row(high: float) -> Problem:
    return Problem([-1.0], [[1.0]], [-np.inf], [high], 0, 10, row_names=(NAME,), col_names=("x",))


@pytest.mark.parametrize(
    ("off", "margin", "widened"),
    [(1e-10, 0.0, True), (1e-5, 0.0, False), (1e-5, 15.0, True), (2e-5, 15.0, False), (-1e-5, 15.0, False)],
)
def test_a_row_is_widened_by_what_it_was_held_back_and_no_more(off: float, margin: float, widened: bool) -> None:
    # Million yuan: 1e-5 are ten yuan.
    found = eased(row(5.0), [Fraction(5) + Fraction(str(off))], held_back({KEY: margin} if margin else {}))
    assert bool(found.row_upper[0] > 5.0) == widened


def test_least_positions_and_sums_are_named_by_what_they_ask() -> None:
    found = held_back({("house/least-position", "A", "min"): 12.0, ("house/large-exposures", "", "max"): 30.0})
    assert found["house/least-position | A | least"] == Fraction(12, 10**6)
    assert found["house/large-exposures | sum"] == Fraction(30, 10**6)


def test_a_cap_on_losses_is_named_by_its_label_alone() -> None:
    assert held_back({("cvar [set]", "", "max"): 20.0})["cvar [set]"] == Fraction(20, 10**6)
