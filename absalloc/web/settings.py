"""What a server allows: who may ask, how much, for how long."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass

from absalloc.errors import BadInput

TOKEN = "ABSALLOC_TOKEN"
"""Environment variable with the token that every request must bring; required where the host is not loopback."""
LEAST_TOKEN = 16
FIT = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a header and a cookie can carry as it is (RFC 6750, b64token)."""


@dataclass(frozen=True)
class Settings:
    """``token`` None: none is asked for. ``seconds`` and ``most_bytes`` a request may take, ``running`` at once.

    ``waiting``: how many more may queue before the server says it is busy. ``kept`` jobs are remembered for
    ``kept_seconds`` after they end.
    """

    host: str = "127.0.0.1"
    port: int = 8050
    token: str | None = None
    seconds: float = 60.0
    job_seconds: float = 900.0
    most_bytes: int = 20_000_000
    running: int = 2
    waiting: int = 8
    kept: int = 100
    kept_seconds: float = 3600.0

    def __post_init__(self) -> None:
        """Refuse an open server without a token worth the name."""
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise BadInput("web.token_short", value=TOKEN, least=LEAST_TOKEN)
        if self.token is not None and FIT.fullmatch(self.token) is None:
            raise BadInput("web.token_form", value=TOKEN)
        if self.token is None and not is_loopback(self.host):
            raise BadInput("web.token_missing", value=self.host, variable=TOKEN)

    @property
    def hosts(self) -> list[str]:
        """The names under which this server may be asked for: a page elsewhere cannot rebind its own name to it.

        With a token any name will do, that of a proxy in front among them: a page under another name has no token.
        """
        return ["127.0.0.1", "localhost", "[::1]"] if self.token is None else ["*"]


def from_environment(host: str, port: int) -> Settings:
    """Return settings with the token of the environment. Raises BadInput as ``Settings`` does."""
    return Settings(host=host, port=port, token=os.environ.get(TOKEN) or None)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
