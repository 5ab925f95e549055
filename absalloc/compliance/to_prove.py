"""What would prove the rest: the facts for want of which rules are unknown, put together over all findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from absalloc.compliance.finding import Finding, Reason
from absalloc.messages import render

_KINDS = {
    "unknown_lines": "column", "amount_missing": "amount", "amount_of_other_day": "amount",
    "reference_missing": "total", "denominator_lower_bound": "total",
    "size_unknown": "size", "list_missing": "list", "list_blank": "list",
    "needs_key": "key", "elsewhere_unknown": "elsewhere", "not_in_universe": "line", "before_missing": "before",
    "cause_unknown": "before", "unless_unknown": "other",
}  # fmt: skip
"""Reason of a finding -> what kind of fact is wanting."""
_NAMES = ("what", "name", "key", "scope")
"""The fields of a reason that name the fact."""


@dataclass(frozen=True)
class Wanted:
    """A fact that is wanting: a column, an amount, a list; ``lines``: of how many lines at least, 0 where of none."""

    kind: str
    what: str
    rules: tuple[str, ...]
    findings: int
    lines: int

    def text(self, lang: str = "en") -> str:
        """Return it in words, with how many rules hang on it."""
        key = "prove_lines" if self.lines and self.kind == "column" else f"prove_{self.kind}"
        return render(f"compliance.{key}", lang, what=self.what, lines=self.lines, rules=len(self.rules))

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind, "what": self.what, "n_rules": len(self.rules), "n_findings": self.findings,
            "n_lines": self.lines, "rules": list(self.rules), "text": self.text(lang),
        }  # fmt: skip


def to_prove(findings: Sequence[Finding]) -> tuple[Wanted, ...]:
    """Return what the unknown findings are in want of, that on which most rules hang first.

    A finding may want several facts; each alone need not decide it. One that names no fact wants ``other``.
    """
    hanging: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for item in findings:
        if item.verdict != "unknown":
            continue
        wants = {key: n for reason in item.reasons for key, n in _wants(reason).items()}
        for key, lines in (wants or {("other", ""): 0}).items():
            hanging.setdefault(key, []).append((item.rule, lines))
    found = [
        Wanted(kind, what, tuple(dict.fromkeys(rule for rule, _ in on)), len(on), max(lines for _, lines in on))
        for (kind, what), on in hanging.items()
    ]
    return tuple(sorted(found, key=lambda item: (-len(item.rules), -item.findings, item.kind, item.what)))


def _wants(reason: Reason) -> dict[tuple[str, str], int]:
    """Return the facts a reason says are wanting, each with the number of lines it is wanting of."""
    kind = _KINDS.get(reason.code)
    if kind is None:
        return {}
    fields = dict(reason.fields)
    name = next((fields[key] for key in _NAMES if key in fields), "")
    lines = int(fields.get("n", "0"))
    if kind == "column":
        return {(kind, column): lines for column in name.split(", ")}
    if kind in ("before", "line"):
        return {(kind, ""): lines}
    return {(kind, name): lines}
