"""Shared pieces of the answers: a sentence with fields, a rule's name, numbers as JSON wants them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from absalloc.compliance.finding import shown
from absalloc.messages import render
from absalloc.rulebook.active import ActiveRule
from absalloc.terms import RATING_GRADES


@dataclass(frozen=True, init=False)
class Words:
    """A sentence of the explain stage: a message code and its fields; ``text(lang)`` words it."""

    code: str
    fields: tuple[tuple[str, str], ...]

    def __init__(self, code: str, **fields: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", tuple(sorted((key, str(value)) for key, value in fields.items())))

    def text(self, lang: str = "en") -> str:
        """Return the sentence in ``en`` or ``zh``."""
        return render(f"explain.{self.code}", lang, **dict(self.fields))


def title(rule: ActiveRule, lang: str) -> str:
    """Return the title of a rule in ``en`` or ``zh``."""
    return rule.title.zh if lang == "zh" else rule.title.en


def yuan(value: Fraction | None) -> float | None:
    """Return an amount to the fen."""
    return shown(value, "yuan")


def ratio(value: Fraction | None) -> float | None:
    """Return a ratio, years, a count, basis points: twelve decimals."""
    return shown(value, "ratio")


def limit_text(value: Fraction | None, unit: str) -> str:
    """Return a limit as rules write it: ``12.5%``, ``3.5 years``, ``60``, ``100000000``, ``AA+``."""
    if value is None:
        return "–"
    if unit == "grade" and value in RATING_GRADES.values():
        return next(grade for grade, step in RATING_GRADES.items() if step == value)
    if unit == "ratio":
        return f"{float(value * 100):.6g}%"
    number = f"{float(value):.12g}"
    return number if unit in ("count", "yuan", "grade") else f"{number} {unit}"
