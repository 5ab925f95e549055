"""Facts that cannot be true together: what is wrong with a row, and whether the row can still be used."""

from __future__ import annotations

from datetime import date

import numpy as np

from absalloc.universe.build import missing
from absalloc.universe.frame import Frame
from absalloc.universe.model import column_spec

_ORDERED_DATES = (
    ("issue_date", "expected_maturity"),
    ("issue_date", "legal_maturity"),
    ("issue_date", "next_put"),
    ("expected_maturity", "legal_maturity"),
)
FACTOR_TOLERANCE = 1e-4
"""Vendors round factors to four digits; issued and outstanding amounts to 10,000 yuan."""


def check_rows(frame: Frame, reference: date | None) -> np.ndarray:
    """Report rows whose facts contradict each other; return which rows to keep.

    ``reference`` (the valuation or data date) decides what has matured; None leaves that open. Dropped:
    rows without code or product, rows of a code given twice, matured and repaid tranches. A value that
    another one contradicts becomes unknown and its row stays.
    """
    keep = np.ones(frame.rows, dtype=bool)
    _required(frame, keep)
    _duplicates(frame, keep)
    _dates(frame)
    _amounts(frame)
    _matured(frame, keep, reference)
    _scales(frame)
    for failure in frame.failures:
        if not failure.kept and failure.code == "universe.code_number":
            keep &= ~((frame.lines == failure.where.line) & _of_file(frame, failure.where.file))
    return keep


def _of_file(frame: Frame, name: str | None) -> np.ndarray:
    return np.isin(frame.file_of, [i for i, part in enumerate(frame.parts) if part.raw.file == name])


def _required(frame: Frame, keep: np.ndarray) -> None:
    said = {(failure.where.file, failure.where.line) for failure in frame.failures if not failure.kept}
    for column, key in (("tranche_id", "no_code"), ("product", "no_product")):
        for row in np.flatnonzero(missing(frame.column(column)) & keep):
            where = frame.place(int(row))
            # A product that could not be read was reported then.
            if (where.file, where.line) not in said:
                frame.fail(key, int(row), column, frame.column("tranche_id")[row], kept=False)
            keep[row] = False


def _duplicates(frame: Frame, keep: np.ndarray) -> None:
    """Of equal rows the first stays; of rows that contradict each other none does."""
    rows_of: dict[str, list[int]] = {}
    for row, code in enumerate(frame.column("tranche_id")):
        if code is not None:
            rows_of.setdefault(code, []).append(row)
    for code, rows in rows_of.items():
        if len(rows) < 2:
            continue
        differing = [name for name, values in frame.columns.items() if not _same(values[rows])]
        first = int(frame.lines[rows[0]])
        for row in rows[1:] if not differing else rows:
            other = first if row != rows[0] else int(frame.lines[rows[1]])
            key = "code_contradicts" if differing else "code_twice"
            frame.fail(key, row, "tranche_id", code, kept=False, first=other, differing=", ".join(differing))
            keep[row] = False


def _same(values: np.ndarray) -> bool:
    gone = missing(values)
    if gone.any():
        return bool(gone.all())
    return all(value == values[0] for value in values)


def _dates(frame: Frame) -> None:
    for earlier, later in _ORDERED_DATES:
        first, second = frame.column(earlier), frame.column(later)
        wrong = np.flatnonzero(first > second)  # NaT compares False
        for row in wrong:
            frame.fail(
                "dates_contradict", int(row), later, str(second[row])[:10],
                other=frame.place(int(row), earlier).column or earlier, other_value=str(first[row])[:10],
            )  # fmt: skip
        _forget(frame, later, wrong)


def _amounts(frame: Frame) -> None:
    issued, left, factor = frame.column("issue_size"), frame.column("outstanding"), frame.column("factor")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = left / issued
        over = np.flatnonzero(ratio > 1 + FACTOR_TOLERANCE)
        off = np.flatnonzero((np.abs(ratio - factor) > FACTOR_TOLERANCE) & ~(ratio > 1 + FACTOR_TOLERANCE))
    for row in over:
        frame.fail(
            "outstanding_above_issue", int(row), "outstanding", f"{left[row]:.15g}", issued=f"{issued[row]:.15g}"
        )
    _forget(frame, "outstanding", over)
    for row in off:
        frame.fail("factor_contradicts", int(row), "factor", f"{factor[row]:.15g}", ratio=f"{ratio[row]:.6g}")
    _forget(frame, "factor", off)
    attach, detach = frame.column("attachment"), frame.column("detachment")
    wrong = np.flatnonzero(attach >= detach)
    for row in wrong:
        frame.fail("attachment_contradicts", int(row), "attachment", f"{attach[row]:g}", detachment=f"{detach[row]:g}")
    _forget(frame, "attachment", wrong)
    _forget(frame, "detachment", wrong)


def _matured(frame: Frame, keep: np.ndarray, reference: date | None) -> None:
    left = frame.column("outstanding")
    for row in np.flatnonzero(left == 0):
        frame.fail("repaid", int(row), "outstanding", "0", kept=False)
        keep[row] = False
    if reference is None:
        return
    today = np.datetime64(reference, "s")
    expected, legal = frame.column("expected_maturity"), frame.column("legal_maturity")
    alive = (legal >= today) & (left > 0)
    for row in np.flatnonzero(((expected < today) | (legal < today)) & ~(left == 0)):
        passed = "expected_maturity" if expected[row] < today else "legal_maturity"
        key, lives = ("overdue", True) if alive[row] else ("matured", False)
        day = str(frame.column(passed)[row])[:10]
        frame.fail(key, int(row), passed, day, kept=lives, as_is=True, as_of=reference)
        keep[row] &= alive[row]


def _scales(frame: Frame) -> None:
    """Report a column of rates whose middle is under 0.1 % or over 30 %: its declared unit is probably wrong."""
    for name in ("coupon", "yield"):
        values = np.abs(frame.column(name))
        given = values[values > 0]
        if len(given) < 5:
            continue
        middle = float(np.median(given))
        if not 0.001 <= middle <= 0.3:
            row = int(np.flatnonzero(values > 0)[0])
            frame.fail("scale_doubtful", row, name, f"{middle:.6%}", as_is=True)


def _forget(frame: Frame, name: str, rows: np.ndarray) -> None:
    if len(rows):
        values = frame.column(name).copy()
        values[rows] = {"f": np.nan, "M": np.datetime64("NaT")}.get(values.dtype.kind)
        frame.columns[name] = values
        assert column_spec(name).kind
