"""The plan a user gets: the plan stage's, with the report that stands above it on the road."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from absalloc.plan.result import Plan as BarePlan
from absalloc.rows import BookState

if TYPE_CHECKING:
    from absalloc.explain import Conflicts


@dataclass(frozen=True)
class Plan(BarePlan):
    """The answer to optimise or rebalance, as ``absalloc.plan.result.Plan``, with its report and its conflicts.

    ``given``: the book as it was asked about, where its conflicts are to be found; scenarios have none but rules.
    """

    given: BookState | None = field(default=None, repr=False)
    supply: Mapping[str, float] = field(default_factory=dict, repr=False)
    """The most face that could be bought of some lines, where asked for less than there is."""

    @cached_property
    def conflicts(self) -> Conflicts | None:
        """The rules that cannot hold together and their repairs; None where there is a plan, or none was looked for."""
        if self.status != "infeasible" or self.given is None:
            return None
        from absalloc.explain.conflicts import conflicts_of

        return conflicts_of(self.given, self.answer, self.settings, self.supply)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the ``absalloc.plan/1`` document, its conflicts with repairs."""
        document = super().to_json(lang)
        if self.conflicts is not None:
            document["conflict"] = [item.to_json(lang) for item in self.conflicts.sets]
        return document

    def report(self, path: str, lang: str = "en") -> None:
        """Write the report as one self-contained HTML file, in ``en`` or ``zh``.

        Raises BadInput for a path that cannot be written.
        """
        from absalloc.report import write_plan_report

        write_plan_report(self, path, lang)
