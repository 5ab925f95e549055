"""``absalloc serve``: the page and the REST API on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from absalloc.cli.shell import Shell
from absalloc.errors import BadInput

LAST_SECONDS = 3
"""How long a server that is ended waits for those who still listen; jobs are ended then."""


@dataclass(frozen=True)
class Own:
    """A desk's own files, in place of the shipped market."""

    mandates: tuple[str, ...]
    universe: tuple[str, ...]
    mapping: str | None = None


def _use(own: Own) -> None:
    from absalloc.web.page.desks import serve_own

    if not own.universe:
        raise BadInput("cli.universe_missing", expected="--universe FILE")
    if not own.mandates:
        raise BadInput("cli.needs_option", value="--universe", expected="MANDATE")
    serve_own(own.universe, own.mapping, own.mandates)


def run_serve(shell: Shell, host: str, port: int, own: Own | None = None) -> int:
    """Serve until interrupted, the shipped market or ``own`` files.

    Raises BadInput for a port in use, a host that needs a token and has none, and files that cannot be used.
    """
    import socket

    from absalloc.web.settings import from_environment

    settings = from_environment(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise BadInput("web.port", value=f"{host}:{port}", problem=error.strerror or str(error)) from None
    if own is not None:
        _use(own)
    from threading import Thread

    import uvicorn

    from absalloc.web import create_app
    from absalloc.web.page.desks import warm

    token = "" if settings.token is None else "?token=…"
    shell.answer(shell.text("serving", address=f"http://{host}:{port}/{token}"))
    Thread(target=warm, daemon=True).start()
    uvicorn.run(
        create_app(settings), host=host.strip("[]"), port=port, log_level="error", server_header=False,
        timeout_graceful_shutdown=LAST_SECONDS,
    )  # fmt: skip
    return 0
