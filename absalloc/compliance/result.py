"""Findings together: does the book comply, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.compliance.finding import Finding, Moves, Reason, number, shown
from absalloc.compliance.to_prove import Wanted, to_prove
from absalloc.compliance.weights import LineWeight, weights_held
from absalloc.messages import render
from absalloc.rulebook.active import InactiveRule
from absalloc.rulebook.models import Title

if TYPE_CHECKING:
    import pandas as pd

    from absalloc.rows import BookState

SCHEMA = "absalloc.check/1"


@dataclass(frozen=True)
class Findings:
    """The verdicts on one or several books, and the rules that did not speak."""

    findings: tuple[Finding, ...]
    inactive: tuple[InactiveRule, ...]
    as_of: str
    mandates: tuple[str, ...]
    inputs: Mapping[str, Any]
    notes: tuple[Any, ...] = ()
    states: tuple[BookState, ...] = field(default=(), repr=False, compare=False)
    """The books that were checked, as the rules saw them: what a report shows beside the verdicts."""

    @property
    def risk_weights(self) -> tuple[LineWeight, ...]:
        """The risk weights of the lines held, and why; () where no rule and no objective reads them."""
        return weights_held(self.states)

    @property
    def compliant(self) -> bool | None:
        """True where every hard rule passes, False where one fails, None where one cannot be decided."""
        hard = [item.verdict for item in self.findings if item.level == "hard"]
        if "fail" in hard:
            return False
        return None if "unknown" in hard else True

    @property
    def n_proven(self) -> int:
        """How many rules have no finding that is unknown."""
        return len({item.rule for item in self.findings}) - self.n_unknown

    @property
    def n_unknown(self) -> int:
        """How many rules have a finding that is unknown."""
        return len({item.rule for item in self.findings if item.verdict == "unknown"})

    @property
    def to_prove(self) -> tuple[Wanted, ...]:
        """The facts for want of which findings are unknown, that on which most rules hang first."""
        return to_prove(self.findings)

    @property
    def table(self) -> pd.DataFrame:
        """The findings as a table, one row each; values as numbers."""
        import pandas as pd

        return pd.DataFrame(
            [{k: v for k, v in finding_json(item).items() if k not in ("lines", "source")} for item in self.findings]
        )

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.check/1`` document."""
        return {
            "schema": SCHEMA,
            "as_of": self.as_of,
            "mandates": list(self.mandates),
            "compliant": self.compliant,
            "n_proven": self.n_proven,
            "n_unknown": self.n_unknown,
            "to_prove": [item.to_json(lang) for item in self.to_prove],
            "assumptions": [note.text(lang) for note in self.notes],
            "findings": [finding_json(item, lang) for item in self.findings],
            "not_applied": [inactive_json(rule, lang) for rule in self.inactive],
            "risk_weights": [line.as_json(lang) for line in self.risk_weights],
            "inputs": dict(self.inputs),
        }


def finding_json(item: Finding, lang: str = "en") -> dict[str, Any]:
    """Return one finding as plain data; yuan to the fen, ratios to twelve decimals, unknown as null."""
    money = "yuan" if item.unit in ("ratio", "yuan") else item.unit
    return {
        "book": item.book,
        "rule": item.rule,
        "title": item.title.zh if lang == "zh" else item.title.en,
        "group": item.group,
        "reading": item.reading,
        "scenario": item.scenario,
        "date": None if item.date is None else item.date.isoformat(),
        "verdict": item.verdict,
        "value": shown(item.value, item.unit),
        "limit": shown(item.limit, item.unit),
        "numerator": shown(item.numerator, "yuan"),
        "denominator": shown(item.denominator, "yuan"),
        "sense": item.sense,
        "strict": item.strict,
        "unit": item.unit,
        "headroom": shown(item.headroom, money),
        "level": item.level,
        "cause": item.cause,
        "cure_by": None if item.cure_by is None else item.cure_by.isoformat(),
        "source": {
            "document": item.source.document,
            "title": item.document,
            "article": item.source.article,
            "ref": item.source.ref,
            "confidence": item.source.confidence,
            "article_confirmed": item.source.article_confirmed,
        },
        "place": item.place,
        "moves": None if item.moves is None else moves_json(item.moves, item.unit),
        "reason": reason_text(item.reasons, lang),
        "exceptions": [
            {"id": taken.id, "title": _title(taken.title, lang), "lines": list(taken.lines)}
            for taken in item.exceptions
        ],
        "lines": [
            {"tranche_id": line.tranche_id, "contribution": number(round(line.contribution, 2))} for line in item.lines
        ],
    }


def moves_json(moves: Moves, unit: str) -> dict[str, Any]:
    """Return how a ratio moved as plain data; ``excess`` is ``n - limit * d`` (of a floor its negative), in yuan."""
    return {
        "since": moves.since.isoformat(),
        "verdict": moves.verdict,
        "value": shown(moves.value, unit),
        "limit": shown(moves.limit, unit),
        "excess": shown(moves.excess, "yuan"),
        "new_rule": moves.new_rule,
        "parts": [
            {"driver": part.driver, "value": shown(part.value, unit), "excess": shown(part.excess, "yuan")}
            for part in moves.parts
        ],
    }


def _title(title: Title | None, lang: str) -> str | None:
    return None if title is None else title.zh if lang == "zh" else title.en


def reason_text(reasons: Sequence[Reason], lang: str = "en") -> str | None:
    """Return the reasons in words, None where there are none."""
    words = [render(f"compliance.{reason.code}", lang, **dict(reason.fields)) for reason in reasons]
    return " ".join(words) or None


def inactive_json(rule: InactiveRule, lang: str = "en") -> dict[str, Any]:
    """Return a rule that did not apply, with its reason."""
    return {
        "rule": rule.id,
        "title": rule.title.zh if lang == "zh" else rule.title.en,
        "status": rule.status,
        "level": rule.level,
        "reason": render(f"rulebook.{rule.status}", lang, **dict(rule.fields)),
    }
