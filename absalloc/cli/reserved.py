"""Forms of the contract that are not built yet: each exits 2 and says so, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from absalloc.errors import NotBuilt

RESERVED = {
    "ledger": "the record of every run",
}
_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True}
Rest = Annotated[list[str] | None, typer.Argument(hidden=True)]


def reserve(app: typer.Typer) -> None:
    """Register the reserved commands."""
    for name, hint in RESERVED.items():
        text = f"Reserved, not built yet: {hint}.\n\nExample: absalloc {name}"
        app.command(name, help=text, context_settings=_ANYTHING, rich_help_panel="Reserved")(_refuse(name, hint))


def _refuse(name: str, hint: str) -> Callable[[Rest], int]:
    def refuse(rest: Rest = None) -> int:
        raise NotBuilt("base.not_built", value=name, hint=hint)

    return refuse
