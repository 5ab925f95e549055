"""``absalloc stress``: a book under one or more scenarios."""

from __future__ import annotations

from typing import Any

from absalloc.cli.asked import StressAsk
from absalloc.cli.shell import Shell, plain
from absalloc.cli.writing import print_pdf, ready
from absalloc.errors import BadInput

PROBES = 70
"""About how many values are looked at for the break-evens of a book."""
MOST_ROWS = 15
"""Lines of a book on a terminal, what moves most first; JSON has them all."""


def list_scenarios(shell: Shell) -> int:
    """Print the shipped scenarios: what each is, where its numbers come from, how sure that is."""
    from absalloc.cli.tables import simple_table
    from absalloc.report.words import DASH, name
    from absalloc.stress import find_scenario, shipped_scenarios

    found = [find_scenario(item) for item in shipped_scenarios()]
    document = {
        "schema": "absalloc.scenarios/1",
        "scenarios": [
            {
                "name": item.name, "title": getattr(item.title, shell.lang), "horizon_months": item.horizon,
                "sources": [source.model_dump() for source in item.sources], "sha256": item.sha256,
            }
            for item in found
        ],
    }  # fmt: skip
    shell.document(document)
    if shell.as_json:
        return 0
    rows = [
        (
            item.name, getattr(item.title, shell.lang), DASH if item.horizon is None else str(item.horizon),
            name("confidence", item.sources[0].confidence, shell.lang), item.sources[0].document,
        )
        for item in found
    ]  # fmt: skip
    heads = ("scenario", "title", "months", "confidence", "source_text")
    shell.answer(simple_table([shell.text(f"head_{key}") for key in heads], rows, (2,)))
    return 0


def run_stress(shell: Shell, ask: StressAsk, mandate_path: str, holdings: str) -> int:
    """Put a book under stress and print it; 0 where it keeps every hard rule in every scenario, else 1."""
    from absalloc.cli.inputs import other_books
    from absalloc.desk import stress_test
    from absalloc.desk.scenarios import found_scenarios, split_sets
    from absalloc.mandate import load_mandate

    if split_sets(ask.scenarios)[1]:
        from absalloc.cli.draws import run_draws

        asked = {
            "--with": bool(ask.others),
            "--break-even": ask.break_even,
            "--out": ask.out is not None,
            "--pdf": ask.pdf,
        }
        for option in (name for name, given in asked.items() if given):
            raise BadInput("cli.set_alone", value=option, expected="--scenario (monte_carlo)")
        return run_draws(shell, ask, mandate_path, holdings)
    scenarios = found_scenarios(ask.scenarios)
    mandate = load_mandate(mandate_path)
    from absalloc.report.stressed import STRESS_FILES

    ready(ask.out, ask.pdf, STRESS_FILES)
    with shell.steps("step_stress", len(scenarios) + (PROBES if ask.break_even else 0)) as step:
        universe = ask.files.load(mandate)
        found = stress_test(
            universe, mandate, holdings, scenarios=scenarios, as_of=ask.files.day, overrides=ask.overrides,
            forward_months=ask.forward_months, others=other_books(universe, mandate, ask.others),
            break_even=ask.break_even, step=step,
        )  # fmt: skip
        document = found.to_json(shell.lang)
        if ask.out is not None:
            from absalloc.report.stressed import write_stress_folder

            write_stress_folder(document, ask.out, shell.lang)
    print_pdf(shell, ask.out, ask.pdf)
    shell.document(document)
    if not shell.as_json:
        for item in document["scenarios"]:
            _show(shell, item)
        _side_by_side(shell, document)
        _said(shell, "assumptions", document["assumptions"])
        for item in document["scenarios"]:
            _answer(shell, item)
    return 0 if document["compliant"] else 1


def _side_by_side(shell: Shell, document: dict[str, Any]) -> None:
    """Print one row a scenario and book, and the break-evens where they were asked for."""
    from rich.text import Text

    from absalloc.cli.tables import simple_table, verdict
    from absalloc.report.words import DASH, say, shown, yuan_in_full

    words = {True: "pass", False: "fail", None: "unknown"}
    rows = []
    for item in document["scenarios"]:
        breaks = item["breaks"]
        when = DASH if breaks is None else say("breaks_at", shell.lang, month=breaks["month"], day=breaks["date"])
        rows.append((
            item["scenario"]["name"], item["book"], verdict(words[item["compliant"]], shell.lang), when,
            DASH if breaks is None else breaks["rule"], yuan_in_full(item["gain"]),
            yuan_in_full(item["total_return"]), yuan_in_full(item["nav"]["after"]),
        ))  # fmt: skip
    if len(rows) > 1:
        heads = ("scenario", "book", "rules_hold", "breaks", "rule", "gain", "to_horizon", "nav_after")
        shell.show(Text(shell.text("title_side_by_side"), style="bold"))
        shell.show(simple_table([shell.text(f"head_{key}") for key in heads], rows, (5, 6, 7)), "")
    even = [
        (
            item["book"], say(f"driver_{item['driver']}", shell.lang), shown(item["earns"], "ratio", shell.lang),
            shown(item["breaks"], "ratio", shell.lang), item["finding"]["rule"] if item["finding"] else DASH,
        )
        for item in document["break_evens"]
    ]  # fmt: skip
    if even:
        columns = ("book", "what_driver", "earns", "breaks_rule", "rule")
        shell.show(Text(say("head_break_evens", shell.lang), style="bold"))
        shell.show(simple_table([shell.text(f"head_{key}") for key in columns], even, (2, 3)))
        shell.show(Text(say("break_even_note", shell.lang), style="dim"), "")


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

    from absalloc.report.words import BETWEEN, LISTED, say, shown, yuan_in_full

    key = {True: "stress_yes", False: "stress_no", None: "stress_open"}[item["compliant"]]
    said = [
        shell.text(
            "stress_answer", book=item["book"], day=item["as_of"], scenario=item["scenario"]["name"],
            gain=yuan_in_full(item["gain"]), total=yuan_in_full(item["total_return"]), n=len(item["changed"]),
        ),
        shell.text(key),
    ]  # fmt: skip
    breaks = item["breaks"]
    if breaks is not None and item["compliant"]:
        when = say("breaks_at", shell.lang, month=breaks["month"], day=breaks["date"])
        said.append(shell.text("stress_later", when=when, title=breaks["title"], rule=breaks["rule"]))
    if item["redemption"]["unpaid"]:
        said.append(shell.text("stress_unpaid", yuan=yuan_in_full(item["redemption"]["unpaid"])))
    if item["redemption"]["asked"] is None:
        said.append(shell.text("stress_no_nav", share=shown(item["redemption"]["share"], "ratio", shell.lang)))
    unknown = item["unknown_lines"]
    if unknown:
        said.append(shell.text("stress_unknown", n=len(unknown), names=LISTED[shell.lang].join(unknown[:5])))
    good = item["compliant"] if breaks is None or not item["compliant"] else None
    style = {True: "bold green", False: "bold red", None: "bold yellow"}[good]
    shell.answer(Text(plain(BETWEEN[shell.lang].join(said)), style=style))
