"""What ships to choose from, by its title: scenarios and rulebooks. Each file is read once."""

from __future__ import annotations

from functools import cache
from typing import Any


def scenarios(lang: str) -> list[dict[str, str]]:
    """Return the scenarios that ship as options of a field, sorted by title."""
    found = [{"value": name, "label": str(getattr(title, lang))} for name, title in _scenario_titles().items()]
    return sorted(found, key=lambda option: option["label"])


def rulebooks(lang: str) -> list[dict[str, str]]:
    """Return the rulebooks that ship as options of a field; the desk's own is not among them, for it always holds."""
    return [{"value": name, "label": str(getattr(title, lang))} for name, title in _rulebook_titles().items()]


@cache
def _scenario_titles() -> dict[str, Any]:
    from absalloc.stress import find_scenario, shipped_scenarios

    return {name: find_scenario(name).title for name in shipped_scenarios()}


@cache
def _rulebook_titles() -> dict[str, Any]:
    from absalloc.desk import SCREEN
    from absalloc.rulebook import find_rulebook, shipped_rulebooks

    return {name: find_rulebook(name).book.title for name in shipped_rulebooks() if name != SCREEN}


def warm() -> None:
    """Read all of it, so that nobody waits for it."""
    _scenario_titles()
    _rulebook_titles()
