"""The folder of an answer: JSON, tables, workbook, certificate, page and memo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.report.answer import check_answer, plan_answer
from absalloc.report.files import HOLDINGS, TRADES, findings_csv, json_text, table, write_all
from absalloc.report.html import check_html, memo_html, plan_html
from absalloc.report.memo import memo_of
from absalloc.report.model import trade_names
from absalloc.report.view import view_of
from absalloc.report.workbook import workbook

if TYPE_CHECKING:
    from absalloc.compliance.result import Findings
    from absalloc.mandate import LoadedMandate
    from absalloc.plan.result import Plan
    from absalloc.report.view import BookView
    from absalloc.universe import Universe

PLAN_FILES = (
    "plan.json", "holdings.csv", "trades.csv", "findings.csv", "certificate.json", "report.html", "report.xlsx",
    "memo.html", "abs-held.csv", "report.pdf", "memo.pdf",
)  # fmt: skip
CHECK_FILES = (
    "check.json",
    "findings.csv",
    "report.html",
    "report.xlsx",
    "memo.html",
    "abs-held.csv",
    "report.pdf",
    "memo.pdf",
)
ABS_HELD = ("rank", "top_ten", "tranche_id", "name", "market_value", "weight")


def write_plan_folder(
    plan: Plan,
    document: Mapping[str, Any],
    folder: str | Path,
    lang: str = "en",
    deeper: Mapping[str, Any] | None = None,
) -> None:
    """Write a plan; ``document`` is its JSON in the language of the page, ``deeper`` the parts of a full report.

    Without a plan there are no holdings, trades, memo or certificate, and those of an earlier run are removed.
    Raises BadInput where the folder cannot be written.
    """
    write_all(Path(folder), plan_files(plan, document, lang, deeper), PLAN_FILES)


def plan_files(
    plan: Plan, document: Mapping[str, Any], lang: str = "en", deeper: Mapping[str, Any] | None = None
) -> dict[str, str | bytes]:
    """Return name -> content of the files of a plan, as ``write_plan_folder`` writes them."""
    from absalloc.plan.certificate import certificate_bytes

    state = plan.answer.state
    done = document["objective"] is not None and plan.certificate is not None
    view = view_of(state) if done else None
    contents: dict[str, str | bytes] = {
        "plan.json": json_text(document),
        "findings.csv": findings_csv(document["findings"]),
        "report.html": plan_html(plan, document, lang, deeper),
        "report.xlsx": workbook(
            _named(document, state.universe), view, lang, plan_answer(dict(document), lang, titled=True), deeper
        ),
    }
    if done and view is not None and plan.certificate is not None:
        contents["holdings.csv"] = table(HOLDINGS, document["holdings"])
        contents["trades.csv"] = table(TRADES, [{"date": document["as_of"], **trade} for trade in document["trades"]])
        contents["certificate.json"] = certificate_bytes(plan.certificate)
        contents |= _signed(document, lang, state.mandate, state.universe, view)
    return contents


def write_check_folder(
    findings: Findings,
    document: Mapping[str, Any],
    folder: str | Path,
    lang: str = "en",
    *,
    asked: tuple[LoadedMandate, Universe, str | None],
) -> None:
    """Write a check; ``asked`` are the mandate, the universe and the name of the holdings.

    Raises BadInput where the folder cannot be written.
    """
    write_all(Path(folder), check_files(findings, document, lang, asked=asked), CHECK_FILES)


def check_files(
    findings: Findings,
    document: Mapping[str, Any],
    lang: str = "en",
    *,
    asked: tuple[LoadedMandate, Universe, str | None],
) -> dict[str, str | bytes]:
    """Return name -> content of the files of a check, as ``write_check_folder`` writes them."""
    mandate, universe, holdings = asked
    view = view_of(findings.states[0], findings.states[1:]) if findings.states else None
    contents: dict[str, str | bytes] = {
        "check.json": json_text(document),
        "findings.csv": findings_csv(document["findings"]),
        "report.html": check_html(document, lang, mandate=mandate, universe=universe, holdings=holdings, view=view),
        "report.xlsx": workbook(document, view, lang, check_answer(dict(document), lang, titled=True)),
    }
    return contents | _signed(document, lang, mandate, universe, view)


def _named(document: Mapping[str, Any], universe: Universe) -> dict[str, Any]:
    """Return a plan document whose trades have the names of their lines; what was sold is in no list of holdings."""
    names = trade_names(universe, document["trades"])
    return {**document, "trades": [{**trade, "name": names.get(trade["tranche_id"])} for trade in document["trades"]]}


def _signed(
    document: Mapping[str, Any], lang: str, mandate: LoadedMandate, universe: Universe, view: BookView | None
) -> dict[str, str | bytes]:
    """Return what people sign or publish: the memo, and the list of ABS where a notice asks for it."""
    memo = memo_of(document, lang, mandate=mandate, universe=universe, view=view)
    contents: dict[str, str | bytes] = {"memo.html": memo_html(memo, lang)}
    if memo.disclosed:
        contents["abs-held.csv"] = table(ABS_HELD, memo.disclosed)
    return contents
