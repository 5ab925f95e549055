"""Who may ask: token, origin, size, and what a page of ours may load. Plain ASGI, so that streams stay streams."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import cookie_parser

from absalloc.errors import BadInput
from absalloc.web.body import Refused
from absalloc.web.refused import language
from absalloc.web.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "absalloc_token"
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def policy(hashes: Sequence[str]) -> str:
    """Return the content policy: everything from this server, scripts of a page only those whose hash is named.

    Styles may stand in the page: the grid and the charts place their parts so.
    """
    scripts = " ".join(["'self'", *hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


class Guard:
    """Wraps an application: refuses strangers, other origins and large bodies, and adds headers to what it answers."""

    def __init__(self, app: App, settings: Settings, csp: Callable[[], str]) -> None:
        self.app, self.settings, self.csp = app, settings, csp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        head = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        cookie = None
        refused = self._refused(scope, head)
        if refused is None and self.settings.token is not None:
            cookie = self._fresh_cookie(scope, head)
        decorated = self._decorated(send, cookie)
        if refused is not None:
            await _answer(decorated, *refused, language(_query(scope), None))
            return
        await self.app(scope, self._limited(receive), decorated)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:  # no web sockets here
            await send({"type": "websocket.close", "code": 1008})

    def _refused(self, scope: Scope, head: dict[str, str]) -> tuple[int, BadInput] | None:
        if not self._of_ours(head.get("host", "")):
            return 400, BadInput("web.host", value=head.get("host", "")[:120], expected=", ".join(self.settings.hosts))
        origin = _elsewhere(scope, head)
        if origin is not None:
            return 403, BadInput("web.origin", value=origin[:120])
        if not self._known(scope, head):
            return 401, BadInput("web.token_wrong")
        if int(head.get("content-length", "0")) > self.settings.most_bytes:  # the server has seen that it is a number
            return 413, BadInput("web.too_large", limit=self.settings.most_bytes)
        return None

    def _of_ours(self, host: str) -> bool:
        """Return whether a request names this server: a page elsewhere cannot rebind its own name to it."""
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return "*" in self.settings.hosts or name.lower() in self.settings.hosts

    def _known(self, scope: Scope, head: dict[str, str]) -> bool:
        token = self.settings.token
        if token is None:
            return True
        scheme, _, given = head.get("authorization", "").partition(" ")
        # Cookies of other programs on this host come along, whatever they look like.
        cookie = cookie_parser(head.get("cookie", "")).get(COOKIE, "")
        known = (given.strip() if scheme.lower() == "bearer" else "", cookie, self._in_address(scope))
        return any(hmac.compare_digest(item.encode(), token.encode()) for item in known)

    def _in_address(self, scope: Scope) -> str:
        """Return the token of an address that a person opens: only to read a page, never to change a thing."""
        return _query(scope).get("token", "") if scope["method"] in SAFE else ""

    def _fresh_cookie(self, scope: Scope, head: dict[str, str]) -> str | None:
        if not self._in_address(scope):
            return None
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        return f"{COOKIE}={self.settings.token}; HttpOnly; SameSite=Strict; Path=/{secure}"

    def _limited(self, receive: Receive) -> Receive:
        seen = 0

        async def limited() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.settings.most_bytes:
                raise Refused(413, BadInput("web.too_large", limit=self.settings.most_bytes))
            return message

        return limited

    def _decorated(self, send: Send, cookie: str | None) -> Send:
        async def decorated(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {key.lower() for key, _ in message["headers"]}
                more = {**HEADERS, "content-security-policy": self.csp()}
                extra = [(k.encode(), v.encode()) for k, v in more.items() if k.encode() not in given]
                if cookie is not None:
                    extra.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        return decorated


def _query(scope: Scope) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}


def _elsewhere(scope: Scope, head: dict[str, str]) -> str | None:
    """Return the origin of a request that a page of another one makes, None for all others.

    Such a page may lead here by a link, no more: it may change nothing, and start nothing that takes time.
    """
    origin = head.get("origin")
    if origin is not None and scope["method"] not in SAFE and origin.partition("://")[2] != head.get("host"):
        return origin
    if head.get("sec-fetch-site") == "cross-site" and str(scope["path"]).startswith("/api/"):
        return origin or "cross-site"
    return None


async def _answer(send: Send, status: int, error: BadInput, lang: str) -> None:
    from absalloc.report.files import json_text

    body = json_text(error.as_json(lang)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
