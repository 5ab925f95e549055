"""What a reader must know of an answer: a message code of the plan stage and its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from absalloc.messages import render

WORD = "plan.word_"


@dataclass(frozen=True, init=False)
class Note:
    """An assumption or a reason; ``text(lang)`` words it.

    A field ``plan.word_…`` is a word of its own, said in the language asked for.
    """

    code: str
    fields: tuple[tuple[str, str], ...]

    def __init__(self, code: str, **fields: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", tuple(sorted((key, str(value)) for key, value in fields.items())))

    def text(self, lang: str = "en") -> str:
        """Return the note in ``en`` or ``zh``."""
        said = {key: render(text, lang) if text.startswith(WORD) else text for key, text in self.fields}
        return render(f"plan.{self.code}", lang, **said)
