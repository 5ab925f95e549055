"""Shared pieces of the answers: a sentence with fields, a rule's name, numbers as JSON wants them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from absalloc.compliance.finding import shown
from absalloc.messages import render
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.phrases import UNITS_ZH, field
from absalloc.terms import RATING_GRADES

_GRADES = {Fraction(step): grade for grade, step in RATING_GRADES.items()}


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
        said = {key: field(key, text, lang) for key, text in self.fields}
        return render(f"explain.{self.code}", lang, **said)


def spoken(sentences: Iterable[Words], lang: str) -> str:
    """Return sentences one after the other; none for none."""
    return ("" if lang == "zh" else " ").join(words.text(lang) for words in sentences)


def title(rule: ActiveRule, lang: str) -> str:
    """Return the title of a rule in ``en`` or ``zh``."""
    return rule.title.zh if lang == "zh" else rule.title.en


def yuan(value: Fraction | None) -> float | None:
    """Return an amount to the fen."""
    return shown(value, "yuan")


def apportioned(parts: Sequence[Fraction], total: Fraction) -> list[Fraction]:
    """Return amounts rounded to the fen so that they add up to ``total``, which is their sum to within a few fen.

    By largest remainders: each is rounded down, and the fen that lack go to those that lost most.
    """
    down = [Fraction(math.floor(part * 100), 100) for part in parts]
    lack = int((total - sum(down, Fraction(0))) * 100)
    order = sorted(range(len(parts)), key=lambda i: (down[i] - parts[i], i))
    for place in range(abs(lack)):
        down[order[place % len(parts)]] += Fraction(1 if lack > 0 else -1, 100)
    return down


def ratio(value: Fraction | None) -> float | None:
    """Return a ratio, years, a count, basis points: twelve decimals."""
    return shown(value, "ratio")


def limit_text(value: Fraction | None, unit: str, lang: str = "en") -> str:
    """Return a limit as rules write it: ``12.5%``, ``3.5 years`` (``3.5年``), ``60``, ``100000000``, ``AA+``."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{float(value * 100):.6g}%"
    if unit == "grade" and value in _GRADES:
        return _GRADES[value]
    number = f"{float(value):.12g}"
    if unit in ("count", "yuan", "grade"):
        return number
    return f"{number}{UNITS_ZH[unit]}" if lang == "zh" else f"{number} {unit}"
