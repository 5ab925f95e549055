"""What the stress stage hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from absalloc.cashflow.facts import Facts
from absalloc.cashflow.schedules import Flows
from absalloc.messages import render
from absalloc.stress.load import Scenario
from absalloc.universe.model import Universe

PRICE_PARTS = ("rate", "spread", "life", "loss")
PARTS = (*PRICE_PARTS, "carry")


@dataclass(frozen=True)
class Stressed:
    """A universe under one scenario on ``as_of``; arrays have one entry a line, per 100 of remaining face.

    ``universe``: the same lines with stressed prices, yields, lives, durations, ratings and ``market_restricted``.
    ``base`` and ``dirty``: dirty prices before and after. ``parts``: the change in the order rate, spread, life
    (prepayment, puts, delays), loss (defaults, supporters, revenue), each the difference of two full revaluations
    rounded to 1e-8, so that they add up to ``dirty - base`` as decimals; then ``carry`` from the stressed price to the
    horizon (0 without one). ``flows`` the stressed cash flows; ``facts`` what they follow from; ``rate`` the
    continuous rate they are discounted at, NaN for a line that is not revalued. ``notes``: codes by line.
    ``idle``: shocks that strike no line at all, as ``spreads[1]``.
    """

    scenario: Scenario
    as_of: date
    universe: Universe
    base: np.ndarray
    dirty: np.ndarray
    parts: dict[str, np.ndarray]
    flows: Flows
    facts: Facts = field(repr=False)
    rate: np.ndarray = field(repr=False)
    notes: tuple[tuple[str, ...], ...] = field(repr=False)
    idle: tuple[str, ...] = ()

    @property
    def change(self) -> np.ndarray:
        """The instant price change per 100 of remaining face."""
        return np.asarray(self.dirty - self.base)

    @property
    def total(self) -> np.ndarray:
        """Price change plus carry to the horizon, per 100 of remaining face."""
        return np.asarray(self.change + self.parts["carry"])

    @property
    def horizon(self) -> int | None:
        """The horizon in months, None for an instant shock."""
        return self.scenario.horizon

    def note_counts(self) -> dict[str, int]:
        """Return how many lines carry each code, by code."""
        counts: dict[str, int] = {}
        for codes in self.notes:
            for code in codes:
                counts[code] = counts.get(code, 0) + 1
        return dict(sorted(counts.items()))


def note_text(code: str, lang: str = "en") -> str:
    """Return a code of ``Stressed.notes`` in words. Raises KeyError for a topic that no catalogue holds."""
    topic, _, value = code.partition(":")
    return render(f"stress.line_{topic}", lang, value=value or "-")
