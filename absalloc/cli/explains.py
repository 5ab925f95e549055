"""``absalloc explain``: what each question answers, as a document and for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell, plain
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.desk import Case

Show = Callable[[Shell, dict[str, Any]], str]


@dataclass(frozen=True)
class ExplainAsk:
    """What every question is asked about, as written on the command line."""

    files: Files
    mandate: str
    holdings: str | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    solver: str = "highs"
    time_limit: float | None = None

    def case(self) -> Case:
        """Return the book as ``optimise`` would plan it. Raises BadInput for files that cannot be used."""
        from absalloc.desk import Book, planning
        from absalloc.mandate import load_mandate

        mandate = load_mandate(self.mandate)
        return planning(
            Book(self.files.load(mandate), mandate, self.holdings), as_of=self.files.day, overrides=self.overrides,
            solver=str(self.solver), time_limit=self.time_limit,
        )  # fmt: skip


def run_prices(
    shell: Shell, ask: ExplainAsk, rules: Sequence[str] | None, breakpoints: bool, lp: bool
) -> int:  # fmt: skip
    """Price the rules that bind a plan; 0 where the plan is proven, else 1."""
    from absalloc.cli.explain_tables import show_prices
    from absalloc.explain import prices

    with shell.step("step_solve") as progress:
        case = ask.case()
        only = tuple(rules) if rules else None
        made = prices(case.state, case.settings, rules=only, breakpoints=breakpoints, lp=lp, progress=progress)
        found = made.to_json(shell.lang)
    return finish(shell, case, found, show_prices)


def run_conflict(shell: Shell, ask: ExplainAsk) -> int:
    """Find the rules that cannot hold together; 0 where there is a portfolio, proven, else 1."""
    from absalloc.cli.explain_tables import show_conflict
    from absalloc.explain import conflicts

    with shell.step("step_solve"):
        case = ask.case()
        found = conflicts(case.state, case.settings).to_json(shell.lang)
    return finish(shell, case, found, show_conflict)


def run_headroom(shell: Shell, ask: ExplainAsk, lines: Sequence[str] | None, rebalanced: bool) -> int:
    """Find how much of each line may still be bought; 0 where that could be found, else 1."""
    from absalloc.cli.explain_tables import show_headroom
    from absalloc.explain import headroom

    with shell.step("step_solve") as progress:
        case = ask.case()
        made = headroom(case.state, case.settings, lines or None, rebalanced=rebalanced, progress=progress)
        found = made.to_json(shell.lang)
    return finish(shell, case, found, show_headroom)


def run_menu(shell: Shell, ask: ExplainAsk, within: str, count: int) -> int:
    """Offer portfolios that are nearly as good; 0 where the best one is proven, else 1."""
    from absalloc.cli.explain_tables import show_menu
    from absalloc.explain import menu
    from absalloc.units import ratio

    width = ratio(within, Where("--within")).value * 10_000
    with shell.step("step_solve"):
        case = ask.case()
        found = menu(case.state, case.settings, width, count).to_json(shell.lang)
    return finish(shell, case, found, show_menu)


def run_why(shell: Shell, ask: ExplainAsk, tranche: str) -> int:
    """Explain one line; 0 where the plan it is in or out of is proven, else 1."""
    from absalloc.cli.explain_tables import show_why
    from absalloc.explain import why

    with shell.step("step_solve"):
        case = ask.case()
        found = why(case.state, case.settings, tranche).to_json(shell.lang)
    return finish(shell, case, found, show_why)


def finish(shell: Shell, case: Case, found: dict[str, Any], show: Show, *, good: bool | None = None) -> int:
    """Print the document with what it is about, or the tables; 0 for a proven answer, else 1."""
    from absalloc.cli.tables import said_once

    document = {
        "schema": found["schema"],
        "mandate": case.state.name,
        "as_of": case.state.as_of.isoformat(),
        **{key: value for key, value in found.items() if key != "schema"},
        "assumptions": [note.text(shell.lang) for note in case.notes],
        "inputs": case.inputs,
    }
    shell.document(document)
    if not shell.as_json:
        answer = show(shell, document)
        said_once(shell, shell.text("assumptions"), document["assumptions"])
        shell.show("")
        reason = document.get("reason")
        shell.answer(plain(f"{answer} {reason}" if reason else answer))
    if good is None:
        good = document["status"] == "optimal"
    return 0 if good else 1
