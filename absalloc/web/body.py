"""Reads the body of a request: JSON as its standard has it, with every key said once and no surprises in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from absalloc.errors import BadInput


class Refused(HTTPException):
    """A request that is refused with ``error``; of the framework's kind, so that it is not taken for a broken body."""

    def __init__(self, status: int, error: BadInput) -> None:
        super().__init__(status)
        self.error = error


def parsed(data: bytes) -> Any:
    """Return the JSON of ``data``.

    Raises Refused (422) for bytes that are no text, text that is no JSON, a key said twice in one object (which of the
    two is meant is nobody's guess), and numbers or nesting beyond what is read.
    """
    try:
        return json.loads(data, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise Refused(422, BadInput("web.form_encoding", value=error.encoding, position=error.start)) from None
    except json.JSONDecodeError as error:
        raise Refused(422, BadInput("web.form_json", value=None, line=error.lineno, column=error.colno)) from None
    except (RecursionError, ValueError):
        raise Refused(422, BadInput("web.form_deep")) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(422, BadInput("web.form_twice", value=ascii(twice)[1:61] if not twice.isprintable() else twice))
    return found


class _Strict(Request):
    async def json(self) -> Any:
        """Return the body, read strictly."""
        return parsed(await self.body())


class StrictRoute(APIRoute):
    """A route whose body is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler, given a request of ours."""
        handler = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handler(_Strict(request.scope, request.receive))

        return strictly
