"""Texts of the page, and how it writes numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from absalloc.messages import LANGUAGES, render

UNIT_SCALE = {"ratio": 100.0, "yuan": 1e-6, "years": 1.0, "months": 1.0, "days": 1.0, "count": 1.0, "grade": 1.0}
"""What a number in the unit of a rule is multiplied by to stand in a field: per cent, million yuan."""


def text(key: str, lang: str, **fields: Any) -> str:
    """Return message ``page.<key>``."""
    return render(f"page.{key}", lang, **fields)


def language(search: str | None) -> str:
    """Return the language that the address asks for (``?lang=zh``), English without one."""
    from urllib.parse import parse_qs

    found = parse_qs((search or "").lstrip("?")).get("lang", ["en"])[0]
    return found if found in LANGUAGES else "en"


def with_unit(value: float | None, unit: str, lang: str, beside: float | None = None) -> str:
    """Return a value of a rule for a table: as ``report.words.shown`` does, with its unit, a grade by its letters."""
    from absalloc.report.words import shown
    from absalloc.terms import RATING_GRADES

    if unit == "grade" and value is not None:
        low = max(1, int(value))
        name = {step: grade for grade, step in RATING_GRADES.items()}
        return (
            name.get(low, "–")
            if value == low
            else f"{name.get(low, '–')} {text('grade_below', lang, steps=f'{value - low:.2f}')}"
        )
    after = f" {text(f'unit_{unit}', lang)}" if unit in ("years", "months", "days") and value is not None else ""
    return f"{shown(value, unit, lang, beside)}{after}"


def in_field(value: Fraction, unit: str) -> float:
    """Return a limit as the number of its field."""
    return float(f"{float(value) * UNIT_SCALE[unit]:.10g}")


def of_field(value: float | str, unit: str) -> Fraction:
    """Return the number of a field as a limit in the unit of its rule, exactly as it is written."""
    scale = {"ratio": Fraction(100), "yuan": Fraction(1, 1_000_000)}.get(unit, Fraction(1))
    return Fraction(str(value)) / scale
