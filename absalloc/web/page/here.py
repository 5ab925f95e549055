"""What is chosen in a tab of the page: its book, day and rulebooks, as every question about it is asked."""

from __future__ import annotations

from typing import NamedTuple

from dash import State

from absalloc.web.page.desks import Chosen, mandate_of

HERE = (
    *(State(name, "value") for name in ("wi-book", "wi-day", "wi-books")),
    State("tab", "data"), State("lang", "data"),
)  # fmt: skip


class Here(NamedTuple):
    """What is chosen in a tab, as ``HERE`` brings it."""

    book: str
    day: str | None
    rulebooks: list[str] | None
    tab: str | None
    lang: str | None

    @property
    def chosen(self) -> Chosen | None:
        """What to look at; None before the page knows its tab and its language."""
        if self.tab is None or self.lang is None:
            return None
        named = tuple(self.rulebooks or ())
        return Chosen(self.tab, self.book, self.day, () if named == mandate_of(self.book).rulebooks else named)
