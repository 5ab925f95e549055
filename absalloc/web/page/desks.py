"""What the page keeps on the server: markets read once, and one warm desk a tab. All of it can be made anew.

Everything a person typed stays in the browser and comes with each question, so a server that was restarted answers
the next one as if nothing had happened.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
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

BOOKS = ("bond-fund-open", "bond-fund-interval", "city-bank", "wealth-closed-18m")
MOST_DESKS = 24
"""Desks kept; the one that was not used for the longest time goes first, and is made again when asked."""


@dataclass(frozen=True)
class Chosen:
    """What a tab looks at: a book of the shipped market, and the day whose rules hold (None: the mandate's)."""

    tab: str
    book: str
    day: str | None = None

    @property
    def as_of(self) -> date | None:
        """The day as a date. Raises BadInput for a text that is none."""
        try:
            return None if not self.day else date.fromisoformat(self.day)
        except ValueError:
            raise BadInput("base.date_form", value=self.day, expected="YYYY-MM-DD") from None


def shipped(name: str) -> Path:
    """Return a file of the shipped market on disk; a zipped package is unpacked once."""
    return _market() / name


@cache
def _market() -> Path:
    import atexit
    from contextlib import ExitStack

    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(as_file(data_root("market")))


def mandate_of(book: str) -> LoadedMandate:
    """Return a shipped mandate. Raises BadInput for a book that does not ship."""
    from absalloc.mandate import load_mandate

    if book not in BOOKS:
        raise BadInput("page.unknown_book", value=book, choices=BOOKS)
    return load_mandate(shipped(f"{book}.yaml"))


@cache
def universe() -> Universe:
    """Return the shipped market."""
    from absalloc.universe import load_universe

    return load_universe(shipped("market.csv"))


def warm() -> None:
    """Read what the first page needs, so that nobody waits for it; errors are for the page to tell."""
    from contextlib import suppress

    from absalloc.errors import AbsallocError

    with suppress(AbsallocError):
        Desks().of(Chosen("", BOOKS[0])).ask(every=True)


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
        made = WhatIf(universe(), mandate_of(chosen.book), as_of=chosen.as_of)
        with self._lock:
            found = self._found.setdefault(chosen, made)
            while len(self._found) > MOST_DESKS:
                self._found.popitem(last=False)
        return found
