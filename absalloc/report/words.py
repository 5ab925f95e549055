"""Numbers and names as people read them, in two languages; shared by terminal and report.

The exact number always stands beside these in the JSON; here digits are added until what differs looks different.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from absalloc.messages import catalogue, render
from absalloc.terms import RATING_GRADES

_MOST_DIGITS = 10
_UNITS = {"en": ((1e9, "bn"), (1e6, "mn"), (1e3, "k")), "zh": ((1e8, "亿元"), (1e4, "万元"))}
_LETTERS = {float(step): grade for grade, step in RATING_GRADES.items()}
DASH = "–"
LISTED = {"en": ", ", "zh": "、"}
BETWEEN = {"en": " ", "zh": ""}
SEMICOLON = {"en": "; ", "zh": "；"}
"""What stands between things listed, between two sentences, and between parts of one."""


def say(key: str, lang: str, **fields: Any) -> str:
    """Return message ``report.<key>``."""
    return render(f"report.{key}", lang, **fields)


def name(kind: str, value: str | None, lang: str) -> str:
    """Return the name of a closed word (``verdict`` ``pass``, ``sector`` ``credit``), itself where it has none."""
    if value is None or value == "":
        return DASH
    texts = catalogue("report", lang)
    return texts.get(f"{kind}_{value}", catalogue("sentence", lang).get(f"value_{value}", value.replace("_", " ")))


def shown(value: float | None, unit: str, lang: str, beside: float | None = None) -> str:
    """Return a value in its unit (``ratio yuan years days count grade``), a dash where unknown.

    ``beside`` is a number shown next to it: digits are added until two that differ do not look the same.
    """
    if value is None:
        return DASH
    least, most = _digits(unit)
    for digits in range(least, most + 1):
        text = _at(value, unit, lang, digits)
        if beside is None or beside == value or text != _at(beside, unit, lang, digits):
            break
    return text


def said(value: float | None, unit: str, lang: str, beside: float | None = None) -> str:
    """Return ``shown`` with its unit in words, for places where no heading names it."""
    text = shown(value, unit, lang, beside)
    if value is None or f"said_{unit}" not in catalogue("report", lang) or (unit, lang) == ("yuan", "zh"):
        return text
    if unit == "grade" and value in _LETTERS:
        return say("said_letters", lang, letters=_LETTERS[value], value=f"{value:g}")
    return say(f"said_{unit}", lang, value=text)


def quotient(finding: Mapping[str, Any]) -> bool:
    """Return whether a finding's value is a numerator over a denominator: an amount or a count is over one."""
    return finding["unit"] not in ("yuan", "count")


def part(value: float | None, finding: Mapping[str, Any], lang: str, *, full: bool = False) -> str:
    """Return a finding's numerator, or a part of it, in its unit: yuan, yuan times the unit of an average, a count.

    ``full``: with every digit that counts, for people who check the sum; yuan then without their name.
    """
    unit = finding["unit"]
    if value is None or unit == "count":
        return shown(value, "count", lang)
    text = yuan_in_full(value) if full else shown(value, "yuan", lang)
    if unit in ("ratio", "yuan"):
        return text if full else said(value, "yuan", lang)
    return say(f"part_{unit}", lang, value=text.removesuffix("元"))


def _digits(unit: str) -> tuple[int, int]:
    least = {"days": 0, "count": 0, "ratio": 2, "yuan": 2}.get(unit, 2)
    return least, least if unit in ("days", "count") else _MOST_DIGITS


def _at(value: float, unit: str, lang: str, digits: int) -> str:
    if unit == "ratio":
        return f"{value * 100:.{digits}f}%"
    if unit == "yuan":
        return _yuan(value, lang, digits)
    if unit == "days" or unit == "count":
        return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"
    return f"{value:,.{digits}f}"


def _yuan(value: float, lang: str, digits: int) -> str:
    if value == 0:
        return "0" if lang == "en" else "0元"
    for size, word in _UNITS[lang]:
        if abs(value) >= size:
            number = f"{value / size:,.{digits}f}"
            return f"{number} {word}" if lang == "en" else f"{number}{word}"
    return f"{value:,.2f}" if lang == "en" else f"{value:,.2f}元"


def yuan_scale(most: float, lang: str) -> tuple[float, str]:
    """Return the yuan of one step of an axis that reaches to ``most``, and what the step is called."""
    size, word = next(((size, word) for size, word in _UNITS[lang] if abs(most) >= size), (1.0, ""))
    return size, word if lang == "zh" and word else say("said_yuan", lang, value=word).strip()


def yuan_in_full(value: float | None) -> str:
    """Return yuan with every digit that counts: to the fen, without fen where there are none."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def used(use: float | None) -> str:
    """Return a share of a limit in per cent, never rounded onto the limit from either side: 99.9 % is not 100 %."""
    if use is None:
        return DASH
    if math.isinf(use):
        return "∞"
    steps = 1000 if 0.99 <= use < 1.01 else 100
    cut = math.ceil(use * steps - 1e-9) if use > 1 else math.floor(use * steps + 1e-9)
    if (cut == steps) != (use == 1):
        cut += 1 if use > 1 else -1
    return f"{cut * 100 / steps:g}%"


def headroom_unit(unit: str) -> str:
    """Return the unit of a finding's headroom: yuan for shares and amounts, else the unit of the rule."""
    return "yuan" if unit in ("ratio", "yuan") else unit


def bound_sign(finding: dict[str, Any]) -> str:
    """Return how value and limit compare when the rule is kept: ``≤ < ≥ >``."""
    strict = bool(finding["strict"])
    return ("<" if strict else "≤") if finding["sense"] == "max" else (">" if strict else "≥")


def article(source: dict[str, Any], lang: str) -> str:
    """Return the document and article a finding rests on."""
    text = source["title"] or source["document"]
    if source["article"] in ("", "-", DASH):
        return str(text)
    return say("article", lang, document=text, article=source["article"])


def article_sure(source: dict[str, Any], lang: str) -> str:
    """Return ``article``, with how sure the text is wherever its words were not seen."""
    said = article(source, lang)
    if source["confidence"] == "text_seen":
        return said
    return say("article_unsure", lang, article=said, sure=name("confidence", source["confidence"], lang))
