"""The files of the plan in whole lots as the what-if stands: those of ``absalloc optimise -o``, to the byte."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError
from absalloc.report.folder import PLAN_FILES
from absalloc.report.pdf import can_print, pdf_of
from absalloc.web.page.answers import PLAN_SECONDS
from absalloc.web.page.desks import Desks
from absalloc.web.page.here import HERE, Here
from absalloc.web.page.knobs import changes_of
from absalloc.web.page.parts import beside, notice, told
from absalloc.web.page.why_answers import Question
from absalloc.web.page.why_far import bar as far_bar
from absalloc.web.page.why_far import progress, running
from absalloc.web.page.why_runs import Runs, Superseded
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash

ALL_FILES = "zip"
OFFERED = ("report.html", "report.xlsx", "memo.html", "holdings.csv", "trades.csv", "plan.json", "certificate.json")
PRINTED = ("report.pdf", "memo.pdf")
"""Offered where the extra is there that sets them; each is made of its page when it is asked for."""
KEPT = 4
"""Plans whose files are kept, so that one more file of the same plan is there at once."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def bar(lang: str) -> Any:
    """Return the buttons."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    def button(name: str, variant: str) -> Any:
        return dmc.Button(_label(name, lang), id={"part": "file", "name": name}, size="compact-xs", variant=variant)

    buttons = [button(ALL_FILES, "filled"), *(button(name, "light") for name in (*OFFERED, *printed()))]
    return html.Div(
        [
            # Off while one is made: of two files asked for at once only the later would come.
            html.Fieldset(
                [
                    html.Legend(text("files_of", lang), className="soft"),
                    *buttons,
                    dmc.Checkbox(id="wi-files-full", label=text("files_full", lang), size="xs"),
                ],
                id="wi-files",
                className="files",
            ),
            *no_pdf(lang),
            *far_bar("files"),
            html.Div(id="wi-files-told", role="status", **{"aria-live": "polite"}),
            dcc.Download(id="wi-download"),
        ],
        title=text("files_hint", lang),
    )


def _label(name: str, lang: str) -> str:
    return text(f"file_{name.replace('.', '_')}", lang)


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    from dash import ALL, Input, Output, State, ctx, dcc, no_update

    plans, runs = Plans(desks), Runs()
    progress(app, runs, "files")

    @app.callback(
        Output("wi-download", "data"),
        Output("wi-files-told", "children"),
        Input({"part": "file", "name": ALL}, "n_clicks"),
        State("wi-files-full", "checked"),
        State("wi-asked", "data"),
        *HERE,
        prevent_initial_call=True,
        running=[*running("files"), (Output("wi-files", "disabled"), True, False)],
    )
    async def download(clicks: Any, full: Any, said: Any, *given: Any) -> Any:
        here = Here(*given)
        book, lang = here.book, here.lang or "en"
        if not any(clicks) or here.chosen is None or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update
        if not said:
            return no_update, notice(text("files_no_answer", lang), "red")
        name = ctx.triggered_id["name"]
        question = Question(here.chosen, said, lang, runs.start(here.chosen.tab, "files"))
        try:
            found = await beside(plans.files, question, bool(full))
            if name in PRINTED:
                found = await beside(with_pdf, found, name)
        except Superseded:
            return no_update, no_update
        except AbsallocError as error:
            return no_update, told(error, lang)
        if name == ALL_FILES:
            return dcc.send_bytes(zipped(found), f"{book}-{json.loads(found['plan.json'])['as_of']}.zip"), []
        if name not in found:
            return no_update, notice(text("file_none", lang, file=name), "red")
        return dcc.send_bytes(found[name], name), []


def printed() -> tuple[str, ...]:
    """Return the names of the PDF files that can be made here."""
    return PRINTED if can_print() else ()


def no_pdf(lang: str) -> list[Any]:
    """Return what is said in place of the PDF files where none can be made."""
    from dash import html

    return [] if can_print() else [html.Span(text("files_no_pdf", lang), className="soft")]


def with_pdf(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the files and that PDF, set from its page; without it where there is no such page.

    Raises BadInput as ``pdf_of`` does.
    """
    page = found.get(name.replace(".pdf", ".html"))
    if page is None:
        return dict(found)
    return {**found, name: pdf_of(page.decode() if isinstance(page, bytes) else page)}


class Plans:
    """The files of the newest plans that were asked for; safe for many threads. Two tabs never share one."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._lock = threading.Lock()
        self._found: OrderedDict[str, dict[str, bytes]] = OrderedDict()

    def files(self, question: Question, full: bool) -> dict[str, bytes]:
        """Return name -> bytes of the files of a plan. Raises BadInput as ``WhatIf.plan`` does."""
        chosen = question.chosen
        asked = {name: value for name, value in question.said.items() if name != "version"}
        key = json.dumps([chosen.tab, chosen.book, chosen.day, asked, question.lang, full], sort_keys=True)
        with self._lock:
            found = self._found.get(key)
        if found is not None:
            return found
        made = plan_bytes(self._desks, question, full)
        with self._lock:
            self._found[key] = made
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
        return made


def plan_bytes(desks: Desks, question: Question, full: bool) -> dict[str, bytes]:
    """Return name -> bytes of the files of the plan in whole lots under what was said in What if.

    ``full``: report and workbook with the price of each rule, the scenarios and the sectors.
    """
    from absalloc.desk.deeper import deepen_run
    from absalloc.report.folder import plan_files

    desk, lang = desks.of(question.chosen), question.lang
    changes = changes_of(desk, question.said)
    names = ("plan", "prices", "scenarios", "sectors") if full else ("plan",)
    total = len(names) + 1

    def step(name: str) -> None:
        place = names.index(name) if name in names else len(names)
        question.step(place, total, text(f"files_step_{name}", lang))

    step("plan")
    plan = desk.plan(changes, time_limit=PLAN_SECONDS)
    deeper = deepen_run(desk, changes, plan, lang=lang, step=step) if full else None
    step("write")
    made = plan_files(plan, plan.to_json(lang), lang, deeper)
    return {name: content.encode() if isinstance(content, str) else content for name, content in made.items()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as one archive; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in sorted(files, key=lambda name: (PLAN_FILES.index(name) if name in PLAN_FILES else 99, name)):
            made.writestr(zipfile.ZipInfo(name, LONG_AGO), files[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()
