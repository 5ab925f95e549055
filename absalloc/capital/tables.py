"""The risk-weight tables, read once from ``tables.toml`` and turned from percent into decimals."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from absalloc.errors import BadInput
from absalloc.terms import RATING_GRADES, SHORT_GRADES, canonical_rating
from absalloc.units import INPUT_UNITS, fifteen

UNRATED = "unrated"
REGIMES = ("cbrc-2012", "nfra-2023")


@dataclass(frozen=True)
class ErbaTable:
    """SEC-ERBA cells in decimals: ``cells[stc, row, (senior 1y, senior 5y, non-senior 1y, non-senior 5y)]``.

    ``row`` maps a grade or a printed row label to its row; ``short`` (rows,) is True where maturity and
    thickness play no part.
    """

    cells: NDArray[np.float64]
    row: dict[str, int]
    short: NDArray[np.bool_]
    floor: float
    floor_stc_senior: float
    floor_resecuritisation: float


@dataclass(frozen=True)
class Table2012:
    """The table of 2012 in decimals: ``cells[row, (securitisation, re-securitisation)]``; ``row`` as there."""

    cells: NDArray[np.float64]
    row: dict[str, int]


@cache
def raw() -> dict[str, Any]:
    """Return ``tables.toml`` as it stands: cells in percent, with document, source and confidence."""
    return tomllib.loads(files("absalloc.capital").joinpath("tables.toml").read_text(encoding="utf-8"))


def decimal(percent: int) -> float:
    """Return a printed percent cell as a decimal: 1250 is 12.5."""
    return fifteen(Decimal(percent) * INPUT_UNITS["%"][1])


@cache
def erba_table() -> ErbaTable:
    """Return the SEC-ERBA tables of 2023 (Basel CRE42, CRR articles 263 and 264)."""
    source = raw()["nfra-2023"]
    rows: list[tuple[list[int], list[int]]] = []
    short: list[bool] = []
    row: dict[str, int] = {}
    for kind in ("long", "short"):
        for grade, entry in source[kind].items():
            width = 4 if kind == "short" else 1
            row[grade] = len(rows)
            row.setdefault(entry.get("label", grade), len(rows))
            rows.append((_wide(entry["standard"], width), _wide(entry["stc"], width)))
            short.append(kind == "short")
    cells = [[[decimal(cell) for cell in entry[stc]] for entry in rows] for stc in (0, 1)]
    return ErbaTable(
        cells=np.array(cells, dtype=np.float64),
        row=row,
        short=np.array(short, dtype=bool),
        floor=decimal(source["floor"]),
        floor_stc_senior=decimal(source["floor_stc_senior"]),
        floor_resecuritisation=decimal(source["floor_resecuritisation"]),
    )


def _wide(cells: int | list[int], width: int) -> list[int]:
    return [cells] * width if isinstance(cells, int) else cells


@cache
def table_2012() -> Table2012:
    """Return the securitisation and re-securitisation weights of 2012."""
    rows = raw()["cbrc-2012"]["rows"]
    row = {grade: index for index, entry in enumerate(rows) for grade in entry["grades"]}
    row |= {entry["label"]: index for index, entry in enumerate(rows)}
    cells = [[decimal(entry["securitisation"]), decimal(entry["resecuritisation"])] for entry in rows]
    return Table2012(cells=np.array(cells, dtype=np.float64), row=row)


@cache
def product_weights() -> dict[str, float]:
    """Return the weights (decimals) of products that are no securitisation, as far as they are known."""
    return {name: decimal(cell) for name, cell in raw()["products"].items() if isinstance(cell, int)}


@dataclass(frozen=True)
class PoolType:
    """A kind of pool, known by a word of its asset type; ``weight`` a decimal, None where Basel has no one figure."""

    name: str
    words: tuple[str, ...]
    weight: float | None


@cache
def pool_types() -> tuple[PoolType, ...]:
    """Return the kinds of pool in the order in which they are tried."""
    found = raw()["pools"]["types"]
    return tuple(
        PoolType(item["name"], tuple(item["words"]), decimal(item["weight"]) if "weight" in item else None)
        for item in found
    )


def default_pool_weight(asset_type: str | None) -> float | None:
    """Return the default weight (decimal) of a pool by its asset type, None where there is none."""
    text = (asset_type or "").casefold()
    for kind in pool_types():
        if any(word in text for word in kind.words):
            return kind.weight
    return None


def regime_at(as_of: date, regime: str) -> str:
    """Return the regime in force: itself, or by the date where it is ``by_date``.

    Raises BadInput for an unknown regime, or a date before the first regime known here (2013-01-01).
    """
    if regime in REGIMES:
        return regime
    choices = ("by_date", *REGIMES)
    if regime != "by_date":
        raise BadInput("capital.regime_unknown", value=regime, expected=", ".join(choices), choices=choices)
    in_force = [name for name in REGIMES if raw()[name]["from"] <= as_of]
    if not in_force:
        first = raw()[REGIMES[0]]["from"]
        raise BadInput("capital.before_regimes", value=as_of.isoformat(), expected=first.isoformat())
    return in_force[-1]


def row_of(rating: object, row: dict[str, int]) -> int | None:
    """Return the row of a rating (``AAAsf``, ``A-1``, a printed row label), or None where it is not rated.

    Raises BadInput for text that is neither a grade nor a row.
    """
    text = UNRATED if rating is None else str(rating).strip()
    grade = text if text in row else canonical_rating(text)
    if text == UNRATED or grade == "":
        return row.get(UNRATED)
    if grade is None or grade not in row:
        expected = "AAA … D, A-1 … A-3"
        choices = (*RATING_GRADES, *SHORT_GRADES, *row)
        raise BadInput("capital.rating_unknown", value=rating, expected=expected, choices=choices)
    return row[grade]
