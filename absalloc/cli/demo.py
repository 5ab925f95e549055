"""``absalloc demo``: the main job on the shipped market, end to end."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.cli.checks import CheckAsk, check_document
from absalloc.cli.inputs import Files, parse_day
from absalloc.cli.plans import exit_code
from absalloc.cli.shell import Shell
from absalloc.cli.writing import print_pdf, ready

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.universe import Universe

SCHEMA = "absalloc.demo/1"
FOLDER = "absalloc-demo"
BOOKS = ("bond-fund-open", "bond-fund-interval", "city-bank", "wealth-closed-18m")
REDEEMED = "bond-fund-open"
"""The book in passive breach after a redemption; its state that morning ships beside it."""
TURNOVER = "10%"
STRICT, LOOSE = "house/tranche-of-nav-1pct.limit", "10%"
"""The house limit whose price is shown, and the limit it is compared with: the statutory 10 % per originator."""


@dataclass(frozen=True)
class _Demo:
    """One run of the demo: where the data are and where the results go."""

    shell: Shell
    market: Path
    out: Path
    universe: Universe
    as_of: str | None

    def files(self) -> Files:
        return Files((str(self.market / "market.csv"),), as_of=self.as_of)

    def mandate(self, name: str) -> LoadedMandate:
        from absalloc.mandate import load_mandate

        return load_mandate(self.market / f"{name}.yaml")

    def holdings(self, name: str) -> str:
        return str(self.market / f"{name}-holdings.csv")


def run_demo(shell: Shell, out: str | None, as_of: str | None, *, pdf: bool = False) -> int:
    """Optimise, check and rebalance the four shipped books and write their reports; 0 where every step ran.

    ``pdf``: the pages as PDF too. Raises BadInput where a folder or a PDF cannot be written.
    """
    from absalloc._resources import data_root
    from absalloc.universe import load_universe

    folder = Path(out or FOLDER)
    ready(str(folder), pdf)
    day = parse_day(as_of)
    with ExitStack() as stack:
        market = stack.enter_context(as_file(data_root("market")))
        with shell.step("step_read"):
            universe = load_universe(market / "market.csv", as_of=day)
        demo = _Demo(shell, market, folder, universe, as_of)
        steps = [step for name in BOOKS for step in _book(demo, name)]
        price = _price(demo, steps)
    for step in steps:
        print_pdf(shell, step["folder"], pdf)
    document = {
        "schema": SCHEMA,
        "out": str(folder),
        "universe_rows": len(universe.table),
        "steps": steps,
        "house_limit": price,
    }
    shell.document(document)
    if not shell.as_json:
        _show(shell, document)
    return 0


def _book(demo: _Demo, name: str) -> list[dict[str, Any]]:
    return [_optimised(demo, name), _checked(demo, name), _rebalanced(demo, name)]


def _optimised(demo: _Demo, name: str) -> dict[str, Any]:
    from absalloc.desk import optimise
    from absalloc.report.folder import write_plan_folder

    with demo.shell.step("step_demo", what="optimise", book=name):
        plan = optimise(demo.universe, demo.mandate(name), as_of=demo.files().day)
        document = plan.to_json(demo.shell.lang)
        folder = demo.out / name / "optimise"
        write_plan_folder(plan, document, folder, demo.shell.lang)
    return _plan_step("optimise", name, f"{name}.yaml", document, folder)


def _checked(demo: _Demo, name: str) -> dict[str, Any]:
    from absalloc.report.folder import write_check_folder

    before, then = _before(demo, name)
    ask = CheckAsk(files=demo.files(), before=before, earlier=(None, then))
    with demo.shell.step("step_demo", what="check", book=name):
        mandate = demo.mandate(name)
        found, document = check_document(demo.shell.lang, ask, demo.universe, mandate, demo.holdings(name))
        folder = demo.out / name / "check"
        write_check_folder(
            found, document, folder, demo.shell.lang, asked=(mandate, demo.universe, demo.holdings(name))
        )
    return {
        "command": "check", "book": name, "call": _call("check", name, before),
        "exit_code": 0 if document["compliant"] else 1, "compliant": document["compliant"], "status": None,
        "carry_yuan": None, "carry_on_nav": None, "lines": None, "trades": None,
        "n_unknown": document["n_unknown"], "binding": [], "folder": folder.as_posix(),
    }  # fmt: skip


def _rebalanced(demo: _Demo, name: str) -> dict[str, Any]:
    from absalloc.cli.inputs import book_before
    from absalloc.desk import rebalance
    from absalloc.report.folder import write_plan_folder

    before, then = _before(demo, name)
    with demo.shell.step("step_demo", what="rebalance", book=name):
        mandate = demo.mandate(name)
        earlier = book_before(demo.universe, mandate, before, (None, then))
        plan = rebalance(
            demo.universe, mandate, demo.holdings(name), before=earlier, max_turnover=TURNOVER, as_of=demo.files().day
        )
        document = plan.to_json(demo.shell.lang)
        folder = demo.out / name / "rebalance"
        write_plan_folder(plan, document, folder, demo.shell.lang)
    call = f"{_call('rebalance', name, before)} --max-turnover {TURNOVER}"
    return _plan_step("rebalance", name, call.partition(" ")[2], document, folder)


def _before(demo: _Demo, name: str) -> tuple[str | None, str | None]:
    if name != REDEEMED:
        return None, None
    return str(demo.market / f"{name}-holdings-before.csv"), str(demo.market / f"{name}-before.yaml")


def _call(command: str, name: str, before: str | None) -> str:
    more = "" if before is None else f" --before {name}-holdings-before.csv --before-mandate {name}-before.yaml"
    return f"{command} {name}.yaml {name}-holdings.csv{more}"


def _plan_step(command: str, name: str, rest: str, document: dict[str, Any], folder: Path) -> dict[str, Any]:
    objective = document["objective"] or {"carry_yuan": None, "on_nav": None}
    return {
        "command": command, "book": name, "call": f"{command} {rest}", "exit_code": exit_code(document),
        "compliant": document["compliant"], "status": document["status"], "carry_yuan": objective["carry_yuan"],
        "carry_on_nav": objective["on_nav"], "lines": len(document["holdings"]), "trades": len(document["trades"]),
        "n_unknown": len({f["rule"] for f in document["findings"] if f["verdict"] == "unknown"}),
        "binding": document["binding"], "folder": folder.as_posix(),
    }  # fmt: skip


def _price(demo: _Demo, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the house limit of 1 % costs: the same plan with the statutory limit in its place."""
    from absalloc.desk import optimise

    with demo.shell.step("step_demo", what="optimise --set", book=REDEEMED):
        plan = optimise(demo.universe, demo.mandate(REDEEMED), overrides={STRICT: LOOSE}, as_of=demo.files().day)
        other = plan.to_json(demo.shell.lang)
    strict = next(s for s in steps if s["command"] == "optimise" and s["book"] == REDEEMED)
    known = other["objective"] is not None and strict["carry_yuan"] is not None
    return {
        "book": REDEEMED,
        "set": f"{STRICT}={LOOSE}",
        "carry_yuan": strict["carry_yuan"],
        "carry_yuan_without": other["objective"]["carry_yuan"] if known else None,
        "cost_yuan": round(other["objective"]["carry_yuan"] - strict["carry_yuan"], 2) if known else None,
        "cost_on_nav": round(other["objective"]["on_nav"] - strict["carry_on_nav"], 12) if known else None,
    }


def _show(shell: Shell, document: dict[str, Any]) -> None:
    from rich.text import Text

    from absalloc.cli.tables import simple_table
    from absalloc.report.words import shown, yuan_in_full

    lang = shell.lang
    rows = [
        (
            s["book"], s["command"], Text(*_verdict(shell, s)), yuan_in_full(s["carry_yuan"]),
            shown(s["carry_on_nav"], "ratio", lang), _count(s["lines"]), _count(s["trades"]),
            ", ".join(b.partition("/")[2] for b in s["binding"][:3]) or "–", s["exit_code"],
        )
        for s in document["steps"]
    ]  # fmt: skip
    keys = ("book", "command", "verdict", "carry_yuan", "on_nav", "lines", "trades", "binding", "exit")
    shell.show(simple_table([shell.text(f"head_{key}") for key in keys], rows, (3, 4, 5, 6, 8)), "")
    price = document["house_limit"]
    if price["cost_yuan"] is not None:
        bp = f"{price['cost_on_nav'] * 1e4:.2f}"
        shell.show(shell.text("demo_price", yuan=yuan_in_full(price["cost_yuan"]), bp=bp, change=price["set"]))
    shell.answer(shell.text("demo_done", n=len(document["steps"]), folder=document["out"]))


def _verdict(shell: Shell, step: dict[str, Any]) -> tuple[str, str]:
    from absalloc.report.words import name

    if step["status"] not in (None, "optimal"):
        return name("status", step["status"], shell.lang), "bold red"
    found = {True: "pass", False: "fail", None: "unknown"}[step["compliant"]]
    return name("verdict", found, shell.lang), {"pass": "green", "fail": "bold red", "unknown": "yellow"}[found]


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)
