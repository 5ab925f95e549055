"""The errors of absalloc; each carries a code and named fields, and is worded only at the edge.

::

    AbsallocError                 exit 3
     ├─ BadInput                  exit 2   a file, key, value or option that cannot be used as it is
     │   └─ NotBuilt              exit 2   a reserved form that is not built yet
     └─ InternalError             exit 3   a promise of ours that did not hold

A user who wants to keep going writes::

    try:
        universe = absalloc.load_universe(path)
    except absalloc.BadInput as error:
        print(error)              # worded in English; error.text("zh") in Chinese
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from absalloc.messages import render
from absalloc.where import Where


def nearest(value: object, choices: Iterable[str]) -> str | None:
    """Return the choice that looks most like ``value``, or None where nothing does."""
    text = str(value)
    pool = [str(choice) for choice in choices]
    folded = {choice.casefold(): choice for choice in pool}
    if text.casefold() in folded:
        return folded[text.casefold()]
    found = difflib.get_close_matches(text, pool, n=1, cutoff=0.55)
    return found[0] if found else None


class AbsallocError(Exception):
    """The root: ``code`` names a message ``<stage>.<key>``; ``fields`` fill it."""

    exit_code = 3

    def __init__(
        self,
        code: str,
        *,
        where: Where | None = None,
        value: object = None,
        expected: object = None,
        choices: Iterable[str] | None = None,
        **fields: Any,
    ) -> None:
        self.code = code
        self.where = where or Where()
        self.value = value
        self.expected = expected
        self.nearest = nearest(value, choices) if choices is not None else None
        self.fields = fields
        super().__init__(code)

    def text(self, lang: str = "en") -> str:
        """Return the message in ``en`` or ``zh``, led by the place and followed by the nearest valid thing."""
        body = render(self.code, lang, value=self.value, expected=self.expected, **self.fields)
        if self.nearest is not None:
            body += " " + render("base.nearest", lang, nearest=self.nearest)
        return f"{self.where}: {body}" if self.where.file else body

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.error/1`` document."""
        return {
            "schema": "absalloc.error/1",
            "code": self.code,
            "message": self.text(lang),
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "value": None if self.value is None else str(self.value),
            "expected": None if self.expected is None else str(self.expected),
            "nearest": self.nearest,
            "hint": self.fields.get("hint"),
        }

    def __str__(self) -> str:
        return self.text("en")


class BadInput(AbsallocError, ValueError):
    """The input cannot be used; nothing was changed or written.

    A ValueError too, so that one raised inside a pydantic validator is caught and given its place.
    """

    exit_code = 2


class NotBuilt(BadInput):
    """A reserved form of the contract that this version does not answer."""


class InternalError(AbsallocError):
    """A promise of ours that did not hold: a solver status never seen, a row that disagrees with its rule."""

    exit_code = 3


def unforeseen(error: BaseException) -> InternalError:
    """Return an exception that nobody foresaw as an error of ours; its words on one line of at most 300 characters."""
    problem = " ".join(str(error).split())[:300] or "-"
    return InternalError("base.internal", kind=type(error).__name__, problem=problem)
