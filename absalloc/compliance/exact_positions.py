"""The positions of a book as the exact checker reads them: held now, held before, traded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from absalloc.rows.state import BookState

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Position:
    """A line and its yuan of original face; ``value`` where only its market value is known (held elsewhere)."""

    code: str
    row: int | None
    face: Fraction | None
    before: bool = False
    away: bool = False
    value: Fraction | None = None
    amounts: dict[str, Fraction | None] = field(default_factory=dict, repr=False, compare=False)
    """What was measured of it, by measure: None where a fact is missing."""


@dataclass(frozen=True)
class Held:
    """The positions of one book, made once for all its rules."""

    state: BookState

    @cached_property
    def now(self) -> list[Position]:
        """The lines held with more than no face."""
        return self._positions(self.state.held, before=False)

    @cached_property
    def before(self) -> list[Position]:
        """The lines the book held before."""
        state = self.state
        return self._positions((state.before if state.untraded is None else state.untraded) or {}, before=True)

    @cached_property
    def traded(self) -> list[Position]:
        """The lines bought or sold, with the face that moved; none where the book before is not known."""
        held, before = self.state.held, self.state.held if self.state.before is None else self.state.before
        moved = {code: abs(held.get(code, ZERO) - before.get(code, ZERO)) for code in {**before, **held}}
        return self._positions(moved, before=False)

    def _positions(self, faces: Mapping[str, Fraction], *, before: bool) -> list[Position]:
        return [Position(code, self.state.index.get(code), face, before) for code, face in faces.items() if face]
