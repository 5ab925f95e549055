"""What the page keeps on the server: markets read once, and one warm desk a tab. All of it can be made anew.

Everything a person typed stays in the browser and comes with each question, so a server that was restarted answers
the next one as if nothing had happened.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING

from absalloc._resources import data_root
from absalloc.errors import BadInput

if TYPE_CHECKING:
    from absalloc.desk import WhatIf
    from absalloc.mandate import LoadedMandate
    from absalloc.universe import Universe

SHIPPED = ("bond-fund-open", "bond-fund-interval", "city-bank", "wealth-closed-18m")
MOST_DESKS = 24
"""Desks kept; the one that was not used for the longest time goes first, and is made again when asked."""


@dataclass(frozen=True)
class Served:
    """What the page is about: files of a universe, their mapping, and mandate files by the name of their book."""

    universe: tuple[Path, ...]
    mapping: Path | None
    mandates: Mapping[str, Path]


@dataclass(frozen=True)
class Chosen:
    """What a tab looks at: a book of the market that is served, the day whose rules hold, and its rulebooks.

    No day and no rulebooks: those of the mandate.
    """

    tab: str
    book: str
    day: str | None = None
    rulebooks: tuple[str, ...] = ()

    @property
    def mandate(self) -> LoadedMandate:
        """The mandate, as if its file named these rulebooks. Raises BadInput for a book that is not served."""
        from absalloc.mandate import with_keys

        found = mandate_of(self.book)
        return with_keys(found, {"rulebooks": list(self.rulebooks)}) if self.rulebooks else found

    @property
    def as_of(self) -> date | None:
        """The day as a date. Raises BadInput for a text that is none."""
        try:
            return None if not self.day else date.fromisoformat(self.day)
        except ValueError:
            raise BadInput("base.date_form", value=self.day, expected="YYYY-MM-DD") from None


_own: Served | None = None


def serve_own(universe_files: Sequence[str], mapping: str | None, mandates: Sequence[str]) -> None:
    """Let this process's page be about these files, in place of the shipped market; each is read once, now.

    Books are named by their mandate's file. Raises BadInput for files that cannot be used and for two of one name.
    """
    global _own
    named: dict[str, Path] = {}
    for text in mandates:
        path = Path(text).resolve()
        if path.stem in named:
            raise BadInput("mandate.duplicate_name", value=path.stem, first=str(named[path.stem]), second=str(path))
        named[path.stem] = path
    paths = tuple(Path(text).resolve() for text in universe_files)
    _own = Served(paths, None if mapping is None else Path(mapping).resolve(), named)
    universe.cache_clear()
    universe()
    for book in named:
        mandate_of(book)


@cache
def _shipped() -> Served:
    """Return the shipped market on disk; a zipped package is unpacked once."""
    import atexit
    from contextlib import ExitStack

    stack = ExitStack()
    atexit.register(stack.close)
    market = stack.enter_context(as_file(data_root("market")))
    return Served((market / "market.csv",), None, {name: market / f"{name}.yaml" for name in SHIPPED})


def own() -> bool:
    """Return whether the page is about files of one's own, not the shipped, synthetic market."""
    return _own is not None


def served() -> Served:
    """Return what the page is about: the shipped market unless a server was given another."""
    return _own or _shipped()


def books() -> tuple[str, ...]:
    """Return the names of the books there are."""
    return tuple(served().mandates)


def mandate_of(book: str) -> LoadedMandate:
    """Return a book's mandate, named by its file alone: folders of the server are in no report and no message.

    Raises BadInput for a book that is not served.
    """
    from absalloc.mandate import load_mandate

    there = served().mandates
    if book not in there:
        raise BadInput("page.unknown_book", value=book, choices=there)
    made, name = load_mandate(there[book]), there[book].name
    return replace(made, file=name, document=replace(made.document, name=name))


def holdings_of(book: str, ending: str) -> Path | None:
    """Return the file ``<mandate><ending>`` beside a book's mandate; None where there is none."""
    mandate = served().mandates[book]
    path = mandate.with_name(f"{mandate.stem}{ending}")
    return path if path.is_file() else None


@cache
def universe() -> Universe:
    """Return the market that is served."""
    from absalloc.universe import load_universe

    there = served()
    return load_universe(list(there.universe), there.mapping)


def warm() -> None:
    """Read what the first page needs, so that nobody waits for it; errors are for the page to tell."""
    from contextlib import suppress

    from absalloc.errors import AbsallocError
    from absalloc.web.page import choices

    choices.warm()
    with suppress(AbsallocError):
        Desks().of(Chosen("", books()[0])).ask(every=True)


class Desks:
    """Warm desks, one a tab and book; safe for many threads. Two tabs never share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[Chosen, WhatIf] = OrderedDict()

    def of(self, chosen: Chosen) -> WhatIf:
        """Return the desk of a tab, made where there is none. Raises BadInput as ``WhatIf`` does."""
        from absalloc.desk import WhatIf

        with self._lock:
            found = self._found.get(chosen)
            if found is not None:
                self._found.move_to_end(chosen)
                return found
        made = WhatIf(universe(), chosen.mandate, as_of=chosen.as_of)
        with self._lock:
            found = self._found.setdefault(chosen, made)
            while len(self._found) > MOST_DESKS:
                self._found.popitem(last=False)
        return found
