"""``absalloc stress``: a book under one or more scenarios."""

from __future__ import annotations

from typing import Any

from absalloc.cli.asked import StressAsk
from absalloc.cli.shell import Shell, plain

MOST_ROWS = 15
"""Lines of a book on a terminal, what moves most first; JSON has them all."""


def run_stress(shell: Shell, ask: StressAsk, mandate_path: str, holdings: str) -> int:
    """Put a book under stress and print it; 0 where it keeps every hard rule in every scenario, else 1."""
    from absalloc.desk import stress_test
    from absalloc.desk.scenarios import found_scenarios, split_sets
    from absalloc.mandate import load_mandate

    if split_sets(ask.scenarios)[1]:
        from absalloc.cli.draws import run_draws

        return run_draws(shell, ask, mandate_path, holdings)
    scenarios = found_scenarios(ask.scenarios)
    mandate = load_mandate(mandate_path)
    with shell.step("step_stress"):
        found = stress_test(
            ask.files.load(mandate), mandate, holdings, scenarios=scenarios, as_of=ask.files.day,
            overrides=ask.overrides, forward_months=ask.forward_months,
        )  # fmt: skip
        document = found.to_json(shell.lang)
    shell.document(document)
    if not shell.as_json:
        for item in document["scenarios"]:
            _show(shell, item)
        _said(shell, "assumptions", document["assumptions"])
        for item in document["scenarios"]:
            _answer(shell, item)
    return 0 if document["compliant"] else 1


def _said(shell: Shell, key: str, lines: list[str]) -> None:
    from absalloc.cli.tables import said_once

    said_once(shell, shell.text(key), lines)


def _show(shell: Shell, item: dict[str, Any]) -> None:
    """Print one scenario: the parts of the change, the sleeve, the verdicts that change, the lines, what to know."""
    from rich.text import Text

    from absalloc.cli.tables import failing, rule_table, simple_table
    from absalloc.report.words import DASH, yuan_in_full

    lang, scenario = shell.lang, item["scenario"]
    shell.show(Text(f"{plain(scenario['name'])}  {plain(scenario['title'])}", style="bold"))
    heads = [shell.text(f"head_{k}") for k in ("item", "before", "after")]
    shell.show(simple_table(heads, _pairs(shell, item), (1, 2)))
    parts = [(shell.text(f"part_{name}"), yuan_in_full(value)) for name, value in item["parts"].items()]
    parts.append((shell.text("part_total"), yuan_in_full(item["total_return"])))
    shell.show("", simple_table([shell.text("head_part"), shell.text("head_yuan")], parts, (1,)))
    if item["changed"]:
        shell.show("", Text(shell.text("changed"), style="bold"))
        shell.show(rule_table(item["changed"], lang, width=shell.console().width), *failing(item["changed"], lang))
    lines = sorted(item["lines"], key=lambda x: (x["value_after"] - x["value_before"], x["tranche_id"]))
    columns = ("value_before", "value_after", "rate", "spread", "life", "loss")
    rows = [(line["tranche_id"], *(yuan_in_full(line[k]) for k in columns)) for line in lines]
    names = ("code", "before", "after", "rate", "spread", "life", "loss")
    shell.show("", simple_table([shell.text(f"head_{k}") for k in names], rows[:MOST_ROWS], (1, 2, 3, 4, 5, 6)))
    if len(rows) > MOST_ROWS:
        shell.show(Text(shell.text("more_in_json", n=len(rows) - MOST_ROWS), style="dim"))
    _said(shell, "to_know", [shell.text("on_lines", text=n["text"], n=n["lines"]) for n in item["notes"]])
    _said(shell, "idle_shocks", item["idle_shocks"])
    breach = item["first_breach"]
    if breach is not None:
        group = breach["group"] or DASH
        said = shell.text("first_breach", month=breach["month"], day=breach["date"], rule=breach["rule"], group=group)
        shell.show("", Text(plain(said)))
    shell.show("")


def _pairs(shell: Shell, item: dict[str, Any]) -> list[tuple[str, str, str]]:
    from absalloc.report.words import shown, yuan_in_full

    def both(pair: dict[str, float | None], unit: str | None = None) -> tuple[str, str]:
        one, two = (
            yuan_in_full(pair[k]) if unit is None else shown(pair[k], unit, shell.lang) for k in ("before", "after")
        )
        return one, two

    units = {"wal": "years", "modified_duration": "years", "yield": "ratio"}
    return [
        (shell.text("row_value"), *both(item["value"])),
        (shell.text("row_nav"), *both(item["nav"])),
        *((shell.text(f"row_{key}"), *both(item["sleeve"][key], unit)) for key, unit in units.items()),
    ]


def _answer(shell: Shell, item: dict[str, Any]) -> None:
    """Say in one line what a scenario does; what is unknown or cannot be paid is never left out."""
    from rich.text import Text

    from absalloc.report.words import BETWEEN, LISTED, shown, yuan_in_full

    key = {True: "stress_yes", False: "stress_no", None: "stress_open"}[item["compliant"]]
    said = [
        shell.text(
            "stress_answer", book=item["book"], day=item["as_of"], scenario=item["scenario"]["name"],
            gain=yuan_in_full(item["gain"]), total=yuan_in_full(item["total_return"]), n=len(item["changed"]),
        ),
        shell.text(key),
    ]  # fmt: skip
    if item["redemption"]["unpaid"]:
        said.append(shell.text("stress_unpaid", yuan=yuan_in_full(item["redemption"]["unpaid"])))
    if item["redemption"]["asked"] is None:
        said.append(shell.text("stress_no_nav", share=shown(item["redemption"]["share"], "ratio", shell.lang)))
    unknown = item["unknown_lines"]
    if unknown:
        said.append(shell.text("stress_unknown", n=len(unknown), names=LISTED[shell.lang].join(unknown[:5])))
    style = {True: "bold green", False: "bold red", None: "bold yellow"}[item["compliant"]]
    shell.answer(Text(plain(BETWEEN[shell.lang].join(said)), style=style))
