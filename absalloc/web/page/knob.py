"""One knob of the what-if page: a number or a grade, its field and how far its slider reaches."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from absalloc.terms import RATING_GRADES
from absalloc.web.page.words import text

STEP = {"ratio": 0.1, "years": 0.05, "months": 1.0, "days": 1.0, "count": 1.0, "grade": 1.0}
DECIMALS = {"ratio": 4, "yuan": 6, "years": 3, "months": 0, "days": 0, "count": 0, "grade": 0}
LEAST_TOP = {"ratio": 10.0, "grade": 10.0}
GRADE = ":grade"
"""How the name of a knob ends whose field chooses a grade: such a field holds its step as a text."""
KEY = "mandate/"
"""How the name of a knob begins that stands for a key of the mandate, and not for the limit of a rule."""
WORDS = {step: grade for grade, step in RATING_GRADES.items()}
Value = float | None


@dataclass(frozen=True)
class Knob:
    """One field and its slider: ``value`` (None: not given) and ``top`` are numbers of the field.

    ``rule`` is the id of a rule, or a key of the mandate after ``mandate/``; ``sense`` ``max``, ``min`` or empty.
    """

    rule: str
    title: str
    sense: str
    unit: str
    value: Value
    top: float
    step: float
    group: str

    @property
    def name(self) -> str:
        """What the fields of the page are known by."""
        end = f".{self.sense}" if self.sense and not self.rule.startswith(KEY) else ""
        return f"{self.rule}{end}{GRADE if self.unit == 'grade' else ''}"

    @property
    def held(self) -> float | str | None:
        """What its field holds as given: a grade by its step, as a text."""
        return str(int(self.value)) if self.unit == "grade" and self.value is not None else self.value

    @property
    def said(self) -> str:
        """The name a person reads: a limit says on which side of it one may be."""
        if self.unit == "grade":
            return f"{self.title}\u00a0≥"
        return self.title if not self.sense else f"{self.title}\u00a0{'≤' if self.sense == 'max' else '≥'}"


def made_knob(
    rule: str, title: str, bound: tuple[str, str], value: Value, *, group: str = "", top: float | None = None
) -> Knob:
    """Return a knob; ``bound`` is sense and unit. Its slider reaches to twice the value, or to ``top``."""
    sense, unit = bound
    step = STEP.get(unit) or 10.0 ** max(floor(log10(max(value or 1.0, 1.0))) - 2, 0)
    reach = top or max(2 * (value or 0.0), LEAST_TOP.get(unit, 1.0))
    return Knob(
        rule, title, sense, unit, value, reach, 0.01 if top == RATE_TOP else step, group or rule.partition("/")[0]
    )


RATE_TOP = 5.0
"""Per cent a year to which the sliders of funding and repo rates reach, in steps of a basis point."""


def in_words(value: float, unit: str, lang: str) -> str:
    """Return the number of a field with its unit."""
    return WORDS.get(int(value), "–") if unit == "grade" else f"{value:,.10g}{suffix(unit, lang)}"


def suffix(unit: str, lang: str) -> str:
    """Return what stands after a number in a field."""
    if unit in ("count", "grade"):
        return ""
    return " %" if unit == "ratio" else f" {text(f'unit_{unit}', lang)}"
