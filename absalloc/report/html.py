"""The report and the memo as self-contained HTML files: style and drawings inside, no script, no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.errors import BadInput
from absalloc.files import write_atomic
from absalloc.report import words
from absalloc.report.answer import titled_rule
from absalloc.report.asked import reading_words
from absalloc.report.charts import FONTS, bars, stacks
from absalloc.report.deeper import price_rows, scenario_rows, sector_rows
from absalloc.report.memo import Memo
from absalloc.report.model import Report, report_of
from absalloc.report.moves import move_rows
from absalloc.report.rules import MOST_NEAR, near_misses, to_explain, use_of
from absalloc.report.view import BookView, view_of
from absalloc.report.words import say
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.plan.result import Plan
    from absalloc.universe import Universe

TEMPLATE, MEMO = "report.html.jinja", "memo.html.jinja"
STRESS, COMPARE = "stress.html.jinja", "compare.html.jinja"


def plan_html(
    plan: Plan, document: Mapping[str, Any], lang: str = "en", deeper: Mapping[str, Any] | None = None
) -> str:
    """Return the page of a plan; ``document`` is its JSON in that language, ``deeper`` the parts of a full report."""
    state = plan.answer.state
    view = view_of(state)
    return render_html(
        report_of(document, lang, mandate=state.mandate, universe=state.universe, view=view, deeper=deeper)
    )


def check_html(
    document: Mapping[str, Any],
    lang: str,
    *,
    mandate: LoadedMandate,
    universe: Universe,
    holdings: str | None,
    view: BookView | None = None,
) -> str:
    """Return the page of a check; ``document`` is its JSON in the same language, ``view`` the book that was checked."""
    found = report_of(document, lang, mandate=mandate, universe=universe, holdings=holdings, view=view)
    return render_html(found)


def write_plan_report(plan: Plan, path: str | Path, lang: str = "en") -> None:
    """Write the page of a plan to a file, whole or not at all. Raises BadInput where it cannot be written."""
    try:
        write_atomic(path, plan_html(plan, plan.to_json(lang), lang))
    except OSError as error:
        raise BadInput(
            "report.out_unwritable", where=Where(str(path)), value=str(path), problem=error.strerror or str(error)
        ) from None


def render_html(report: Report) -> str:
    """Return the page of a report. Every text is escaped; numbers stand in ``data-value`` as in the JSON."""
    return _render(TEMPLATE, report.lang, report=report, document=report.document)


def stress_html(document: Mapping[str, Any], lang: str) -> str:
    """Return the page of a stress; ``document`` is its JSON in the same language. Every text is escaped."""
    from absalloc.report.answer import stress_answer
    from absalloc.report.cash import payment_charts

    answer = stress_answer(document, lang)
    return _render(STRESS, lang, document=document, answer=answer, cash=lambda item: payment_charts(item, lang))


def compare_html(document: Mapping[str, Any], lang: str) -> str:
    """Return the page of a comparison; ``document`` is its JSON in the same language. Every text is escaped."""
    from absalloc.report.answer import compare_answer
    from absalloc.report.curve import curve_chart

    return _render(
        COMPARE, lang, document=document, answer=lambda item: compare_answer(item, lang),
        curve=lambda item, at: curve_chart(item, at, lang),
    )  # fmt: skip


def memo_html(memo: Memo, lang: str) -> str:
    """Return a compliance memo as a page to print and sign. Every text is escaped, numbers as in the JSON."""
    return _render(MEMO, lang, memo=memo, document=memo.document)


def _render(template: str, lang: str, **what: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("absalloc.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=words.shown, said=words.said, yuan=words.yuan_in_full, number=number, use=words.used, width=bar_width
    )
    return (
        environment.get_template(template)
        .render(
            lang=lang,
            fonts=FONTS,
            say=lambda key, **fields: words.say(key, lang, **fields),
            name=lambda kind, value: words.name(kind, value, lang),
            article=lambda source: words.article(source, lang),
            sign=words.bound_sign,
            moves=lambda findings: move_rows(findings, lang),
            explained=lambda findings: [item for item in findings if to_explain(item)],
            near=near_misses,
            most_near=MOST_NEAR,
            headroom_unit=words.headroom_unit,
            use_of=use_of,
            part=lambda value, finding, full=False: words.part(value, finding, lang, full=full),
            quotient=words.quotient,
            reading=lambda finding, readings: words.LISTED[lang].join(reading_words(finding, readings, lang)),
            binds=lambda rules, findings: titled(rules, findings, lang),
            total=total,
            listed=words.LISTED[lang],
            # The drawings are ours, and matplotlib escapes every label in them.
            chart=bars,
            payments_chart=stacks,
            dash=words.DASH,
            price_rows=price_rows,
            scenario_rows=lambda deeper: scenario_rows(deeper, lang),
            sector_rows=lambda deeper: sector_rows(deeper, lang),
            **what,
        )
        .lstrip()
    )


def titled(rules: Sequence[str], findings: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Return rules in a row, each with its title and id."""
    titles = {item["rule"]: item["title"] for item in findings}
    said = (say("rule_said", lang, title=titled_rule(rule, titles), rule=rule) for rule in rules)
    return words.LISTED[lang].join(said)


def total(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """Return the sum of a column, None where a row of it is unknown."""
    values = [row[key] for row in rows]
    return None if None in values else math.fsum(values)


def number(value: float | None) -> str:
    """Return a number as the JSON writes it; empty where unknown."""
    return "" if value is None else repr(float(value))


def bar_width(use: float | None) -> str:
    """Return the length of a bar of use in per cent of the limit, at most 100."""
    return "0" if use is None else f"{min(use, 1.0) * 100:.1f}"
