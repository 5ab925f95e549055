"""``absalloc verify``: is this answer what it claims to be."""

from __future__ import annotations

from absalloc.cli.shell import Shell
from absalloc.errors import BadInput
from absalloc.where import Where

SCHEMA = "absalloc.verify/1"


def run_verify(shell: Shell, path: str) -> int:
    """Verify a certificate and print every check; 0 where all hold, else 1."""
    from absalloc.files import read_bytes, sha256
    from absalloc.plan.certificate import check_text, read_certificate, verify_certificate, words_of

    data = read_bytes(path, expected="certificate.json")
    try:
        certificate = read_certificate(data)
        with shell.step("step_verify"):
            result = verify_certificate(certificate)
    except BadInput as error:
        error.where = Where(path, error.where.line, error.where.column)
        raise
    checks = [
        {"name": check.name, "ok": check.ok, "text": check_text(check, shell.lang), "failed": list(check.failed)}
        for check in result.checks
    ]
    meta, words = certificate["meta"], words_of(certificate, result, shell.lang)
    shell.document(
        {
            "schema": SCHEMA, "ok": result.ok, "file_sha256": sha256(data), "mandate": meta.get("mandate"),
            "as_of": meta.get("as_of"), "inputs": certificate["inputs"], "checks": checks,
            "proven": list(result.proven), "claimed": list(result.claimed), "text": words,
        }
    )  # fmt: skip
    if not shell.as_json:
        _show(shell, checks, words)
        shell.answer(shell.text("verified" if result.ok else "not_verified", path=path))
    return 0 if result.ok else 1


def _show(shell: Shell, checks: list[dict[str, object]], words: dict[str, list[str]]) -> None:
    from rich.text import Text

    from absalloc.cli.shell import plain
    from absalloc.cli.tables import MARKS, STYLES, said_once

    for check in checks:
        kind = "pass" if check["ok"] else "fail"
        shell.show(Text(f"{MARKS[kind]} ", style=STYLES[kind]) + Text(plain(check["text"])))
    for kind, sentences in words.items():
        said_once(shell, shell.text(kind), sentences or ["–"])
