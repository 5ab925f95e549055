"""What ``stress_test`` and ``compare`` hand back: results of the study stage with what had to be assumed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from absalloc.compliance.result import finding_json
from absalloc.messages import render
from absalloc.plan.note import Note

if TYPE_CHECKING:
    from absalloc.study.comparison import Comparison, SectorView
    from absalloc.study.drivers import BreakEven
    from absalloc.study.stress import BookStress

STRESS, COMPARE = "absalloc.stress/1", "absalloc.compare/1"


@dataclass(frozen=True)
class StressedBook:
    """One book under one or more scenarios, in the order asked for; ``notes`` are what a reader must know."""

    scenarios: tuple[BookStress, ...]
    notes: tuple[Note, ...] = field(repr=False)
    inputs: dict[str, str] = field(repr=False)
    break_evens: Mapping[str, tuple[BreakEven, ...]] = field(default_factory=dict, repr=False)
    """Book -> its break-evens, where asked for."""

    @property
    def compliant(self) -> bool | None:
        """True where every hard rule passes in every scenario, False where one fails, None where one is undecided."""
        found = [item.compliant for item in self.scenarios]
        return False if False in found else None if None in found else True

    @property
    def table(self) -> pd.DataFrame:
        """One row a scenario: yuan, the parts of the change, compliance after it, verdicts that change."""
        return pd.DataFrame([_stress_row(item) for item in self.scenarios])

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.stress/1`` document."""
        state = self.scenarios[0].state
        return {
            "schema": STRESS,
            "mandate": state.name,
            "as_of": state.as_of.isoformat(),
            "compliant": self.compliant,
            "assumptions": [note.text(lang) for note in self.notes],
            "scenarios": [item.to_json(lang) for item in self.scenarios],
            "break_evens": [
                {"book": book, **_break_even_json(item, lang)}
                for book, found in self.break_evens.items()
                for item in found
            ],
            "inputs": dict(self.inputs),
        }


def _break_even_json(item: BreakEven, lang: str) -> dict[str, Any]:
    return {
        "driver": item.driver,
        "earns": item.earns,
        "breaks": item.breaks,
        "finding": None if item.finding is None else finding_json(item.finding, lang),
    }


def _stress_row(item: BookStress) -> dict[str, Any]:
    data = item.to_json()
    return {
        "scenario": data["scenario"]["name"], "book": data["book"], "value_before": data["value"]["before"],
        "value_after": data["value"]["after"], "gain": data["gain"], **data["parts"],
        "total_return": data["total_return"], "compliant": data["compliant"], "changed": len(data["changed"]),
        "breaks_month": None if data["breaks"] is None else data["breaks"]["month"],
        "breaks_rule": None if data["breaks"] is None else data["breaks"]["rule"],
        "unknown_lines": len(data["unknown_lines"]),
    }  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """The sectors in each mandate, with the notes and inputs of each; ``break_even`` says whether it was sought."""

    parts: tuple[tuple[Comparison, tuple[Note, ...], dict[str, str]], ...] = field(repr=False)
    break_even: bool

    @property
    def mandates(self) -> tuple[Comparison, ...]:
        """The comparison of each mandate."""
        return tuple(found for found, _, _ in self.parts)

    @property
    def table(self) -> pd.DataFrame:
        """One row a mandate and sector: figures in yuan and bp of NAV (of the money invested where there is no NAV)."""
        if not self.parts:
            return pd.DataFrame()
        return pd.concat([f.table.assign(mandate=f.state.name) for f in self.mandates], ignore_index=True)

    @property
    def answered(self) -> bool:
        """Whether every mandate has a proven mix, and every sector with room a proven plan."""
        return all(
            item.mix.status == "optimal" and all(_sector_answered(view) for view in item.sectors)
            for item in self.mandates
        )

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.compare/1`` document."""
        return {
            "schema": COMPARE,
            "break_even": self.break_even,
            "mandates": [
                {
                    **found.to_json(lang),
                    "notes": [*_no_mix(found, lang), *(compare_note(code, lang) for code in found.notes)],
                    "assumptions": [note.text(lang) for note in notes],
                    "inputs": dict(inputs),
                }
                for found, notes, inputs in self.parts
            ],
        }


def _no_mix(found: Comparison, lang: str) -> list[str]:
    """Return why there is no free mix, where there is none."""
    reason = found.mix.answer.reason
    return [] if found.mix.answer.faces is not None or reason is None else [reason.text(lang)]


def _sector_answered(view: SectorView) -> bool:
    books = [*view.curve, *([] if view.equal is None else [view.equal])]
    whole = view.carry is None or view.equal is not None
    return whole and view.status in ("optimal", "no_capacity") and all(book.status == "optimal" for book in books)


def compare_note(code: str, lang: str = "en") -> str:
    """Return a code of ``Comparison.notes`` in words."""
    from absalloc.report.words import name

    topic, _, value = code.partition(":")
    kinds = {"no_capacity": "sector", "not_struck": "sector", "no_equal": "sector", "cost_missing": "cost"}
    said = name(kinds[topic], value, lang) if topic in kinds else value
    return render(f"study.compare_{topic}", lang, value=said)
