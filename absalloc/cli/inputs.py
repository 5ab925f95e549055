"""From the words of a command line to what the desk takes; everything wrong raises BadInput before any work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from absalloc.errors import BadInput
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.desk import Book
    from absalloc.mandate import LoadedMandate
    from absalloc.universe import Universe


@dataclass(frozen=True)
class Files:
    """Where the universe is, and the day it is read for."""

    paths: tuple[str, ...]
    mapping: str | None = None
    as_of: str | None = None
    strict: bool = False

    @property
    def day(self) -> date | None:
        """The day asked for, or None. Raises BadInput for a text that is no date."""
        return parse_day(self.as_of)

    def load(self, mandate: LoadedMandate | None = None) -> Universe:
        """Return the universe; lines are judged as of the day asked for, else the mandate's.

        Raises BadInput where no file is named or one cannot be used.
        """
        from absalloc.universe import load_universe

        if not self.paths:
            raise BadInput("cli.universe_missing", expected="--universe FILE")
        day = self.day or (None if mandate is None else mandate.as_of)
        return load_universe(list(self.paths), self.mapping, as_of=day, strict=self.strict)


def files(paths: Sequence[str] | None, mapping: str | None, as_of: str | None, strict: bool) -> Files:
    """Return the files of a command; the day is checked at once."""
    found = Files(tuple(paths or ()), mapping, as_of, strict)
    parse_day(found.as_of)
    return found


def parse_day(text: str | None, option: str = "--as-of") -> date | None:
    """Return ``YYYY-MM-DD`` as a date. Raises BadInput, at the option, for anything else."""
    if text is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text) is None:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("base.date_form", where=Where(option), value=text, expected="YYYY-MM-DD") from None


def overrides(written: Sequence[str] | None) -> dict[str, str]:
    """Return ``RULE.limit`` -> quantity of ``RULE.limit=12%``.

    Raises BadInput for another form and for one rule set twice; rule and quantity are judged by the rulebook.
    """
    found: dict[str, str] = {}
    for text in written or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value or not name.endswith((".limit", ".max", ".min")):
            raise BadInput("rulebook.override_form", where=Where("--set"), value=text)
        if name in found:
            raise BadInput("cli.set_twice", where=Where("--set"), value=name)
        found[name] = value
    return found


def book_before(
    universe: Universe,
    mandate: LoadedMandate,
    before: str | None,
    earlier: tuple[str | None, str | None] = (None, None),
) -> Book | None:
    """Return the book as it was, None where none is named; ``earlier`` are its universe and its mandate file.

    Raises BadInput where these are named without the holdings.
    """
    from absalloc.desk import Book
    from absalloc.mandate import load_mandate
    from absalloc.universe import load_universe

    old_universe, old_mandate = earlier
    if before is None:
        for option, given in (("--before-universe", old_universe), ("--before-mandate", old_mandate)):
            if given is not None:
                raise BadInput("cli.needs_option", value=option, expected="--before")
        return None
    then = mandate if old_mandate is None else load_mandate(old_mandate)
    facts = universe if old_universe is None else load_universe(old_universe, as_of=then.as_of)
    return Book(facts, then, before)


def other_books(universe: Universe, mandate: LoadedMandate, written: Sequence[str] | None) -> list[Book]:
    """Return the further books of ``--with MANDATE=HOLDINGS``.

    Raises BadInput for another form, and for two mandates of one name.
    """
    from absalloc.desk import Book
    from absalloc.mandate import load_mandate

    names = {mandate.name: mandate.file}
    found = []
    for text in written or ():
        path, equals, holdings = text.partition("=")
        if not equals or not path or not holdings:
            raise BadInput("cli.with_form", where=Where("--with"), value=text, expected="MANDATE=HOLDINGS")
        other = load_mandate(path)
        if other.name in names:
            place = other.document.where("name")
            raise BadInput(
                "mandate.duplicate_name", where=place, value=other.name, first=names[other.name], second=other.file
            )
        names[other.name] = other.file
        found.append(Book(universe, other, holdings))
    return found
