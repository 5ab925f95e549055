"""The plan a user gets: the plan stage's, with the report that stands above it on the road."""

from __future__ import annotations

from dataclasses import dataclass

from absalloc.plan.result import Plan as BarePlan


@dataclass(frozen=True)
class Plan(BarePlan):
    """The answer to optimise or rebalance, as ``absalloc.plan.result.Plan``, able to write its report."""

    def report(self, path: str, lang: str = "en") -> None:
        """Write the report as one self-contained HTML file, in ``en`` or ``zh``.

        Raises BadInput for a path that cannot be written.
        """
        from absalloc.report import write_plan_report

        write_plan_report(self, path, lang)
