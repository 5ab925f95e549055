"""``absalloc explain``: what each question answers, as a document and for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell, plain
from absalloc.errors import BadInput
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


@dataclass(frozen=True)
class PricesAsk:
    """What ``explain prices`` is asked for."""

    rules: Sequence[str] | None = None
    breakpoints: bool = False
    attribution: bool = False
    groups: Sequence[str] | None = None
    lp: bool = False
    exact: bool = False

    def grouped(self) -> dict[str, tuple[str, ...]] | None:
        """Return the groups asked for, None for those of the rulebooks. Raises BadInput for what is no group."""
        found: dict[str, tuple[str, ...]] = {}
        for text in self.groups or ():
            name, equals, rules = text.replace("，", ",").partition("=")
            names = tuple(rule.strip() for rule in rules.split(",") if rule.strip())
            if not equals or not name.strip() or not names or name.strip() in found:
                raise BadInput("cli.group_form", where=Where("--group"), value=text)
            found[name.strip()] = names
        return found or None


def run_prices(shell: Shell, ask: ExplainAsk, wanted: PricesAsk) -> int:
    """Price the rules that bind a plan; 0 where the plan is proven, else 1."""
    from absalloc.cli.price_tables import show_prices
    from absalloc.explain import attribution, prices

    groups = wanted.grouped()
    with shell.step("step_solve") as progress:
        case = ask.case()
        only = tuple(wanted.rules) if wanted.rules else None
        found = prices(
            case.state, case.settings, rules=only, breakpoints=wanted.breakpoints, lp=wanted.lp, exact=wanted.exact,
            progress=progress,
        ).to_json(shell.lang)  # fmt: skip
        found["attribution"] = None
        if (wanted.attribution or groups) and found["status"] == "optimal":
            shares = attribution(case.state, case.settings, groups, exact=wanted.exact, progress=progress)
            found["attribution"] = {k: v for k, v in shares.to_json(shell.lang).items() if k != "schema"}
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
