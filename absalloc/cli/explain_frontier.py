"""``absalloc explain frontier``: which limits are asked for, the answer, and its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.cli.explains import ExplainAsk, finish
from absalloc.cli.shell import Shell
from absalloc.errors import BadInput
from absalloc.where import Where

if TYPE_CHECKING:
    from fractions import Fraction

    from absalloc.desk import Case
    from absalloc.explain import Range
    from absalloc.rulebook.active import Limit

SENSES = ("max", "min")
POINTS = 12


@dataclass(frozen=True)
class Wanted:
    """The curve as it is asked for on the command line."""

    rule: str
    sense: str | None = None
    at: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    points: int | None = None
    lp: bool = False
    out: str | None = None

    def check(self) -> None:
        """Raise BadInput for words that no rule is needed to refuse."""
        if self.sense not in (None, *SENSES):
            raise BadInput(
                "cli.sense_form", where=Where("--sense"), value=self.sense, expected=" | ".join(SENSES), choices=SENSES
            )
        spread = {"--from": self.low, "--to": self.high, "--points": self.points}
        other = next((name for name, given in spread.items() if given is not None), None)
        if self.at and other is not None:
            raise BadInput("cli.not_together", value="--at", expected=other)
        if self.out is not None and not self.out.lower().endswith(".svg"):
            raise BadInput("cli.not_a_picture", where=Where("--out"), value=self.out, expected=".svg")
        if self.out is not None:
            from absalloc.report.files import check_folder

            check_folder(Path(self.out).parent)


def run_frontier(shell: Shell, ask: ExplainAsk, wanted: Wanted) -> int:
    """Trace carry against a limit; 0 where every limit named has a proven plan (of a range: where any has), else 1."""
    from absalloc.cli.explain_tables import show_frontier
    from absalloc.explain import frontier

    wanted.check()
    with shell.step("step_solve") as progress:
        case = ask.case()
        values = _values(case, wanted)
        made = frontier(
            case.state, case.settings, wanted.rule, values, sense=wanted.sense, lp=wanted.lp, progress=progress
        )
        found = made.to_json(shell.lang)
    if wanted.out is not None:
        _draw(shell, case, found, wanted.out)
    good = [point["status"] == "optimal" for point in found["points"]]
    return finish(shell, case, found, show_frontier, good=bool(good) and (all(good) if wanted.at else any(good)))


def _draw(shell: Shell, case: Case, found: dict[str, Any], path: str) -> None:
    from absalloc.files import write_atomic
    from absalloc.report.curve import frontier_svg

    try:
        write_atomic(path, frontier_svg(found, case.state.name, shell.lang))
    except OSError as error:
        problem = error.strerror or str(error)
        raise BadInput("report.out_unwritable", where=Where(path), value=path, problem=problem) from None


def _values(case: Case, wanted: Wanted) -> Sequence[Fraction] | Range:
    """Return the limits in the unit of the rule, or the range of them. Raises BadInput for another unit."""
    from absalloc.explain import Range
    from absalloc.explain.frontier import limit_of
    from absalloc.explain.model import Model

    limit = limit_of(Model(case.state, case.settings).rule(wanted.rule), wanted.sense)
    if wanted.at:
        return sorted({_limit(text, "--at", limit, wanted.rule) for text in wanted.at})
    low, high = (
        None if text is None else _limit(text, option, limit, wanted.rule)
        for text, option in ((wanted.low, "--from"), (wanted.high, "--to"))
    )
    return Range(low, high, POINTS if wanted.points is None else wanted.points)


def _limit(text: str, option: str, limit: Limit, rule: str) -> Fraction:
    from absalloc.units import quantity

    read = quantity(text, Where(option))
    if read.unit != limit.unit:
        raise BadInput("rulebook.limit_unit", where=Where(option), value=read.text, rule=rule, expected=limit.unit)
    return read.value
