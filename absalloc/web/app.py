"""The application: REST routes under ``/api``, the page at the root, refusals in one form, everything guarded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from absalloc import __version__
from absalloc.errors import BadInput
from absalloc.web.api import routes
from absalloc.web.jobs import Jobs
from absalloc.web.page import mount
from absalloc.web.runner import Runner
from absalloc.web.security import Guard, TooLarge, policy
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
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=chosen.hosts)
    page = mount(app)
    app.add_middleware(Guard, settings=chosen, csp=lambda: policy(page.csp_hashes()))
    return app


async def _not_of_this_form(request: Request, error: Any) -> JSONResponse:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    found = BadInput("web.form", value=place or "-", problem=str(first["msg"]))
    return JSONResponse(found.as_json(), 422)


async def _refused(request: Request, error: Any) -> JSONResponse:
    if isinstance(error, TooLarge):
        found = BadInput("web.too_large", limit=error.limit)
    else:
        found = BadInput("web.http", value=request.url.path, problem=str(error.detail))
    return JSONResponse(found.as_json(), error.status_code)
