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


def in_field(value: Fraction, unit: str) -> float:
    """Return a limit as the number of its field."""
    return float(f"{float(value) * UNIT_SCALE[unit]:.10g}")


def of_field(value: float | str, unit: str) -> Fraction:
    """Return the number of a field as a limit in the unit of its rule, exactly as it is written."""
    scale = {"ratio": Fraction(100), "yuan": Fraction(1, 1_000_000)}.get(unit, Fraction(1))
    return Fraction(str(value)) / scale
