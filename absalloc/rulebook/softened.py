"""How a soft rule gives way."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Softened:
    """For ``price`` (a year, per yuan of excess), or by its ``rank``: the least one last."""

    rank: int
    price: Fraction | None = None
