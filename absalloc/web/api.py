"""The REST routes: one a command, rules to read, jobs for what takes long."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from absalloc.errors import BadInput
from absalloc.report.documents import Error
from absalloc.report.documents_more import DOCUMENTS
from absalloc.report.files import json_text
from absalloc.web import commands
from absalloc.web.body import StrictRoute
from absalloc.web.commands import COMMANDS, Asked
from absalloc.web.jobs import Job, Jobs
from absalloc.web.runner import Answer, Busy, Runner, TooLong, told

Lang = Annotated[Literal["en", "zh"], Query()]
Book = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
JobId = Annotated[str, Path(pattern=r"^[\w-]{8,64}$")]
EXIT = "X-Exit-Code"
SHAPES = {"optimise": "plan", "rebalance": "plan"}
"""The document of a command that does not bear its name."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "the input cannot be used; what, where, and the nearest valid thing"},
    401: {"model": Error, "description": "no token, or another one"},
    403: {"model": Error, "description": "asked by a page of another origin"},
    408: {"model": Error, "description": "it took longer than a request may; ask for a job"},
    413: {"model": Error, "description": "larger than a request may be"},
    422: {"model": Error, "description": "not a request of this form"},
    429: {"model": Error, "description": "too much is asked at once"},
    500: {"model": Error, "description": "an error inside the program"},
}


class JobProgress(BaseModel):
    """What a job is at; `done` of `total` steps, null where their number is not known."""

    model_config = ConfigDict(extra="forbid")

    what: str
    done: int | None
    total: int | None


class JobState(BaseModel):
    """A job: `result` is the command's document once `state` is `done`; `progress` while it runs and says."""

    model_config = ConfigDict(extra="forbid")

    schema_: Literal["absalloc.job/1"] = Field(alias="schema")
    id: str
    command: str
    state: Literal["queued", "running", "done", "cancelled", "too_long"]
    seconds: float
    progress: JobProgress | None
    exit_code: int | None
    result: dict[str, Any] | None


def routes(runner: Runner, jobs: Jobs) -> APIRouter:
    """Return the routes under ``/api``."""
    api = APIRouter(prefix="/api", responses=REFUSALS, route_class=StrictRoute)
    for command, model in COMMANDS.items():
        _command(api, runner, command, model)
        _job(api, jobs, command, model)
    _rules(api, runner)
    _jobs(api, jobs)
    return api


def _command(api: APIRouter, runner: Runner, command: str, model: type[Asked]) -> None:
    async def ask(request: Request, asked: Any) -> Response:
        return await answered(request, runner, command, asked)

    ask.__annotations__["asked"] = model
    shape = DOCUMENTS.get(SHAPES.get(command, command))
    responses: dict[int | str, dict[str, Any]] = {} if shape is None else {200: {"model": shape}}
    api.post(
        f"/{command}", summary=(model.__doc__ or "").strip(), operation_id=command, responses=responses,
        response_class=JSONResponse,
    )(ask)  # fmt: skip


def _job(api: APIRouter, jobs: Jobs, command: str, model: type[Asked]) -> None:
    async def start(asked: Any) -> Response:
        try:
            return _state(jobs.start(command, asked), 202)
        except Busy:
            return _shown(told(BadInput("web.busy"), asked.lang), 429)

    start.__annotations__["asked"] = model
    api.post(
        f"/jobs/{command}", summary=f"The same as a job: {(model.__doc__ or '').strip()}",
        operation_id=f"job_{command}", status_code=202, responses={202: {"model": JobState}},
    )(start)  # fmt: skip


def _rules(api: APIRouter, runner: Runner) -> None:
    @api.get("/rules", operation_id="rules_list", summary="Every rule of the shipped books, with its article.")
    async def listed(
        request: Request, rulebook: Annotated[list[Book], Query(max_length=40)] = [], only_verified: bool = False,  # noqa: B006
        as_of: Annotated[commands.Day | None, Query()] = None, lang: Lang = "en",
    ) -> Response:  # fmt: skip
        asked = commands.RulesList(lang=lang, files={}, rulebook=rulebook, only_verified=only_verified, as_of=as_of)
        return await answered(request, runner, "rules", asked)

    @api.get("/rules/{book}/{rule}", operation_id="rules_show", summary="One rule: its words, values and readings.")
    async def shown(
        request: Request,
        book: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$")],
        rule: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,80}$")],
        lang: Lang = "en",
    ) -> Response:
        return await answered(request, runner, "rules", commands.RulesShow(lang=lang, files={}, rule=f"{book}/{rule}"))

    @api.get("/rules-diff", operation_id="rules_diff", summary="What changed between two days.")
    async def differ(
        request: Request, start: Annotated[commands.Day, Query(alias="from")],
        end: Annotated[commands.Day, Query(alias="to")], lang: Lang = "en",
    ) -> Response:  # fmt: skip
        asked = commands.RulesDiff.model_validate({"lang": lang, "from": start, "to": end})
        return await answered(request, runner, "rules", asked)


def _jobs(api: APIRouter, jobs: Jobs) -> None:
    unknown: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "no such job, or forgotten"}}

    @api.get("/jobs/{job}", operation_id="job_state", responses={200: {"model": JobState}, **unknown})
    async def state(job: JobId) -> Response:
        """Tell how far a job is, and its result once it is done."""
        found = jobs.get(job)
        return _no_job(job) if found is None else _state(found)

    @api.delete("/jobs/{job}", operation_id="job_cancel", responses={200: {"model": JobState}, **unknown})
    async def cancel(job: JobId) -> Response:
        """End a job; one that is done stays done."""
        found = jobs.get(job)
        if found is None:
            return _no_job(job)
        await jobs.cancel(found)
        return _state(found)

    @api.get(
        "/jobs/{job}/events", operation_id="job_events", response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}, "description": "job states"}, **unknown},
    )  # fmt: skip
    async def events(job: JobId) -> Response:
        """Send the states of a job as server-sent events, the last with its result."""
        found = jobs.get(job)
        if found is None:
            return _no_job(job)
        return StreamingResponse(_events(jobs, found), media_type="text/event-stream")


async def _events(jobs: Jobs, job: Job) -> AsyncIterator[str]:
    async for state in jobs.watch(job):
        yield f"data: {json.dumps(state, ensure_ascii=False, allow_nan=False)}\n\n"


async def answered(request: Request, runner: Runner, command: str, asked: Asked) -> Response:
    """Return the answer of a command as a response, errors of every kind included.

    Nothing is worked out for a client that went away: its place is free for others at once.
    """
    work = asyncio.ensure_future(_answered(runner, command, asked))
    left = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((work, left), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else Response(status_code=499)  # read by nobody
    finally:
        for task in (work, left):
            task.cancel()
        await asyncio.gather(work, left, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _answered(runner: Runner, command: str, asked: Asked) -> Response:
    try:
        return _shown(await runner.run(command, asked, runner.settings.seconds))
    except Busy:
        return _shown(told(BadInput("web.busy"), asked.lang), 429)
    except TooLong:
        return _shown(told(BadInput("web.too_long", seconds=runner.settings.seconds), asked.lang), 408)


def _shown(answer: Answer, status: int | None = None) -> Response:
    return Response(
        json_text(answer.document), status or answer.status, {EXIT: str(answer.code)}, media_type="application/json"
    )


def _state(job: Job, status: int = 200) -> Response:
    return Response(json_text(job.as_json()), status, media_type="application/json")


def _no_job(name: str) -> Response:
    return _shown(told(BadInput("web.no_job", value=name)), 404)
