"""The application: REST routes under ``/api``, the page at the root, refusals in one form, everything guarded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from absalloc import __version__
from absalloc.errors import BadInput, unforeseen
from absalloc.web.api import routes
from absalloc.web.body import Refused
from absalloc.web.jobs import Jobs
from absalloc.web.page import mount
from absalloc.web.refused import form_error, language
from absalloc.web.runner import Runner
from absalloc.web.security import Guard, policy
from absalloc.web.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; it holds no state but its jobs."""
    chosen = settings or Settings()
    runner = Runner(chosen)
    jobs = Jobs(runner)

    @asynccontextmanager
    async def life(there: FastAPI) -> AsyncIterator[None]:
        # The page's framework answers every address there is with the page, as it starts: what is not there is 404.
        there.router.routes[:] = [r for r in there.router.routes if getattr(r, "path", "").strip("/") != "{path:path}"]
        yield
        await jobs.close()

    # The usual pages of documentation load scripts from another host: only the document itself is served.
    app = FastAPI(title="absalloc", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.include_router(routes(runner, jobs))
    app.add_exception_handler(RequestValidationError, _not_of_this_form)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unforeseen)
    page = mount(app)
    app.add_middleware(Guard, settings=chosen, csp=lambda: policy(page.csp_hashes()))
    return app


async def _not_of_this_form(request: Request, error: Any) -> JSONResponse:
    sent = request.headers.get("content-type", "")
    found = form_error(request.url.path.rpartition("/")[2], error.errors()[0], sent)
    return JSONResponse(found.as_json(language(request.query_params, error.body)), 422)


async def _refused(request: Request, error: Any) -> JSONResponse:
    lang = language(request.query_params, None)
    found: BadInput
    if isinstance(error, Refused):
        found = error.error
    elif error.status_code in (404, 405):
        found = BadInput(f"web.http_{error.status_code}", value=f"{request.method} {request.url.path}")
    else:
        found = BadInput("web.http", value=request.url.path, problem=str(error.detail))
    return JSONResponse(found.as_json(lang), error.status_code)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Word what nobody foresaw as the command line does; its traceback goes to the server's own log."""
    return JSONResponse(unforeseen(error).as_json(language(request.query_params, None)), 500)
