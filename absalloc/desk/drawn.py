"""A book in the draws of a Monte-Carlo set: the question ``absalloc stress`` asks where it is given a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.desk.book import Book, prepare
from absalloc.desk.scenarios import curves_of, split_sets
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.plan.note import Note
from absalloc.rulebook.active import Override
from absalloc.universe import Universe
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.stress import MonteCarlo
    from absalloc.study.tails import BookDraws

DRAWS = "absalloc.draws/1"


@dataclass(frozen=True)
class DrawnBook:
    """One book in every draw of a set; ``notes`` are what a reader must know."""

    book: BookDraws
    notes: tuple[Note, ...] = field(repr=False)
    inputs: dict[str, str] = field(repr=False)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.draws/1`` document."""
        return {
            "schema": DRAWS,
            "mandate": self.book.state.name,
            "as_of": self.book.state.as_of.isoformat(),
            "assumptions": [note.text(lang) for note in self.notes],
            "book": self.book.to_json(lang),
            "inputs": dict(self.inputs),
        }


def stress_draws(
    universe: Universe,
    mandate: LoadedMandate,
    holdings: Any,
    *,
    scenario: str | Path | MonteCarlo | list[Any] | tuple[Any, ...],
    as_of: date | None = None,
    overrides: Mapping[str, Override] | None = None,
) -> DrawnBook:
    """Return the distribution of a book's loss to the horizon over the draws of one Monte-Carlo set.

    ``scenario``: a shipped set, the path of a file, or a ``MonteCarlo``. The curves are the mandate's. No rule is
    tested in the draws. Raises BadInput for anything but one set, and as ``check`` does.
    """
    from absalloc.study.tails import draw_book

    rest, sets = split_sets(scenario)
    if len(sets) != 1 or rest:
        said = ", ".join([*map(str, rest), *(item.name for item in sets[1:])])
        raise BadInput("desk.draws_alone", where=Where("--scenario"), value=said or "-")
    ready = prepare(Book(universe, mandate, holdings), as_of=as_of, overrides=overrides)
    state = ready.state
    found = draw_book(state, sets[0], curves=curves_of(state))
    inputs = {"universe_sha256": universe.sha256, "rulebook_sha256": state.rules.sha256}
    return DrawnBook(found, ready.notes, inputs)
