"""What a reader must know of an answer: a message code of the plan stage and its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from absalloc.messages import render
from absalloc.rulebook.phrases import field

WORDED = ("plan.word_", "solve.")
"""How fields begin that are messages of their own."""


@dataclass(frozen=True, init=False)
class Note:
    """An assumption or a reason; ``text(lang)`` words it.

    A field ``plan.word_…`` or ``solve.…`` is a message of its own, said in the language asked for.
    """

    code: str
    fields: tuple[tuple[str, str], ...]

    def __init__(self, code: str, **fields: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", tuple(sorted((key, str(value)) for key, value in fields.items())))

    def text(self, lang: str = "en") -> str:
        """Return the note in ``en`` or ``zh``."""
        said = {
            key: render(text, lang) if text.startswith(WORDED) else field(key, text, lang) for key, text in self.fields
        }
        return render(f"plan.{self.code}", lang, **said).rstrip()


def no_answer(status: str, reason: str | None = None) -> Note:
    """Return why there is no plan: the status of a solve that is not optimal, and the reason it gave."""
    if status == "infeasible":
        return Note("infeasible")
    return Note("solver_stopped", why=reason or ("solve.unbounded" if status == "unbounded" else ""))
