"""What commands that write a folder share: refuse early what cannot be written, and print it as PDF where asked."""

from __future__ import annotations

from collections.abc import Sequence

from absalloc.cli.shell import Shell
from absalloc.errors import BadInput


def ready(out: str | None, pdf: bool = False, known: Sequence[str] = ()) -> None:
    """Raise BadInput for a folder that cannot be written or a PDF that cannot be made, before any time is spent.

    ``known`` are the files that would be written.
    """
    if pdf and out is None:
        raise BadInput("cli.needs_option", value="--pdf", expected="--out")
    if out is not None:
        from absalloc.report.files import check_folder

        check_folder(out, known)
    if pdf:
        from absalloc.report.pdf import check_pdf

        check_pdf()


def print_pdf(shell: Shell, out: str | None, pdf: bool) -> None:
    """Write the PDF files beside the pages of a folder, where they are asked for."""
    if pdf and out is not None:
        from absalloc.report.pdf import print_folder

        with shell.step("step_pdf"):
            print_folder(out)
