"""The answers of a book kept warm: what a question gets at once, and what the explanations read of the relaxation."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.explain.readings import HELD, Reading
from absalloc.explain.words import ratio
from absalloc.plan.note import Note
from absalloc.solve import Outcome

SCHEMA = "absalloc.what-if/1"
FACES = ("face", "was", "market_value")
MOST_SHOWN = 200
"""Changed holdings in the JSON of an answer; ``answer.changed`` has them all."""


@dataclass(frozen=True)
class Shift:
    """A line whose face differs from the pinned answer; yuan of face and of market value."""

    tranche_id: str
    face: float
    was: float
    market_value: float


@dataclass(frozen=True)
class Live:
    """The answer of the LP relaxation: what no plan can beat, and what the plan is nearly. Proven, or no numbers.

    ``status``: ``optimal`` (gap and feasibility within 1e-7 over all rows and columns), ``infeasible`` (proven),
    ``stopped``, or ``superseded`` where a newer question came before this one was solved. ``value``: yuan a year net of
    the cost of trades (a rate for carry per capital), ``gain`` against the pinned answer, ``faces`` (n,) in yuan
    by ``ids``. ``gave_way``: soft rules without a price that no portfolio meets together; the answer is
    without all of them. ``warm``: solved without building or solving
    anything whole.
    """

    version: int
    status: str
    reason: Note | None = None
    value: float | None = None
    gain: float | None = None
    bp: float | None = None
    gap: float | None = None
    ids: tuple[str, ...] = field(default=(), repr=False)
    faces: np.ndarray | None = field(default=None, repr=False)
    changed: tuple[Shift, ...] = ()
    binding: tuple[str, ...] = ()
    rules: tuple[Reading, ...] = ()
    gave_way: tuple[str, ...] = ()
    warm: bool = False
    seconds: float = 0.0

    @property
    def holdings(self) -> dict[str, float]:
        """The lines held, yuan of face."""
        if self.faces is None:
            return {}
        return {self.ids[p]: float(self.faces[p]) for p in np.flatnonzero(self.faces > HELD)}

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.what-if/1`` document: yuan, yuan a year, basis points of NAV."""

        def yuan(value: float | None) -> float | None:
            return None if value is None else round(value, 2)

        shown = sorted(self.changed, key=lambda s: (-abs(s.market_value), s.tranche_id))[:MOST_SHOWN]
        return {
            "schema": SCHEMA,
            "version": self.version,
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "lp_relaxation": True,
            "value": None if self.value is None else ratio(Fraction(self.value)),
            "gain": None if self.gain is None else ratio(Fraction(self.gain)),
            "gain_bp": None if self.bp is None else ratio(Fraction(self.bp)),
            "gap": None if self.gap is None else float(f"{self.gap:.3g}"),
            "holdings": [{"tranche_id": name, "face": yuan(face)} for name, face in self.holdings.items()],
            "changed": [{"tranche_id": s.tranche_id, **{k: yuan(getattr(s, k)) for k in FACES}} for s in shown],
            "changed_lines": len(self.changed),
            "binding": list(self.binding),
            "rules": [item.to_json(lang) for item in self.rules],
            "gave_way": list(self.gave_way),
            "run": {"warm": self.warm, "seconds": round(self.seconds, 6)},
        }  # fmt: skip


@dataclass(frozen=True)
class Probe:
    """An answer of the relaxation, the rules that bind in it, those without which more may be had, and its faces.

    Of the rules that are not ``needed`` it is proven that leaving out any one of them gains nothing.
    """

    outcome: Outcome
    binding: tuple[str, ...]
    needed: frozenset[str]
    faces: np.ndarray | None = field(repr=False)
