"""From a header to a column and its unit: one table of aliases, units in brackets, endings or on the second line."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from absalloc.terms import AGENCIES, COLUMNS
from absalloc.terms import column as term
from absalloc.units import INPUT_UNITS
from absalloc.universe.aliases import HEADERS, UNIT_SUFFIXES, UNIT_WORDS

_BRACKET = re.compile(r"^(?P<name>.+?)\s*[(\[【](?P<unit>[^()\[\]【】]+)[)\]】]$")
_WIND_UNIT = re.compile(r"[\[【]单位[\]】]\s*(?P<unit>\S+)")
_WORDED_UNIT = re.compile(r"^(?P<name>.+?)[,:;,]\s*(?:单位[::]?|unit:?|in)\s*(?P<unit>\S+)$")
_RATING_WORD = r"(?:最新|当前|发行时)?(?:债项|债券|信用)?评级"


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says: our column, its unit as declared (None: not declared), and its preference (0 first)."""

    column: str
    unit: str | None
    rank: int
    canonical: bool


def normalise(text: str) -> str:
    """Return a header in one width and case, without blanks at its ends."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def known_unit(text: str) -> str | None:
    """Return the key of ``units.INPUT_UNITS`` that a word of a header means, or None."""
    plain = normalise(text)
    plain = UNIT_WORDS.get(plain, plain)
    return plain if plain in INPUT_UNITS else None


def split_unit(header: str) -> tuple[str, str | None]:
    """Return (name, unit) of a header: ``发行规模(亿元)``, ``coupon_pct``, Wind's second line ``[单位] 亿元``."""
    plain = normalise(header)
    first, _, rest = plain.partition("\n")
    if rest:
        found = _WIND_UNIT.search(rest)
        return first.strip(), known_unit(found["unit"]) if found else None
    for pattern in (_BRACKET, _WORDED_UNIT):
        match = pattern.match(plain)
        if match and (unit := known_unit(match["unit"])):
            return match["name"].strip(), unit
    stem, _, ending = plain.rpartition("_")
    if stem and ending in UNIT_SUFFIXES:
        return stem, UNIT_SUFFIXES[ending]
    return plain, None


def resolve(header: str) -> Header | None:
    """Return what a header of a universe file means, or None where no alias knows it."""
    return _resolve(header, "universe")


def resolve_in(header: str, kind: str) -> Header | None:
    """Return what a header of a ``holdings`` or ``trades`` file means, or None."""
    return _resolve(header, kind)


def accepted(column: str) -> str:
    """Return the headers that a column is known by, for an error message."""
    return ", ".join((column, *HEADERS["universe"].get(column, [])[:6]))


def all_headers() -> list[str]:
    """Return every header known, for the nearest one in an error message."""
    return sorted(_table("universe"))


@cache
def _table(kind: str) -> dict[str, tuple[str, int]]:
    """Return normalised header -> (column, rank)."""
    own = [name for name, spec in COLUMNS.items() if not spec.derived] if kind == "universe" else list(HEADERS[kind])
    table: dict[str, tuple[str, int]] = {}
    for column, names in HEADERS[kind].items():
        for rank, name in enumerate(names, start=1):
            table.setdefault(normalise(name), (column, rank))
    for column in own:
        table[column] = (column, 0)
    return table


@cache
def _resolve(header: str, kind: str) -> Header | None:
    table = _table(kind)
    plain = normalise(header)
    name, unit = split_unit(header)
    for candidate, declared in ((plain, None), (name, unit)):
        if candidate in table:
            column, rank = table[candidate]
            return Header(column, declared, rank, canonical=rank == 0)
    if kind != "universe":
        return None
    if term(plain) is not None and not COLUMNS.get(plain):
        return Header(plain, None, 0, canonical=True)
    found = _agency_column(name)
    return Header(found, None, 1, canonical=False) if found else None


def _agency_column(plain: str) -> str | None:
    """Return ``rating.<agency>`` for ``债项评级(联合资信)``, ``中诚信国际债项评级``, ``rating_ccxi``."""
    for prefix in ("issuer_rating", "rating"):
        stem, _, agency = plain.rpartition("_")
        if stem == prefix and agency in AGENCIES:
            return f"{prefix}.{agency}"
    for key, names in AGENCIES.items():
        for name in names:
            if key == "any" or name.isascii():
                continue
            forms = rf"{_RATING_WORD}[(\-_:]?{name}\)?|{name}[(\-_:]?{_RATING_WORD}\)?"
            if re.fullmatch(forms, plain):
                return f"rating.{key}"
            issuer = _RATING_WORD.replace("债项|债券|信用", "主体|发行人").replace(")?评级", ")评级")
            if re.fullmatch(rf"{issuer}[(\-_:]?{name}\)?|{name}[(\-_:]?{issuer}\)?", plain):
                return f"issuer_rating.{key}"
    return None
