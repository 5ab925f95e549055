"""The pages of a folder as PDF files, set by WeasyPrint (an extra): the very pages, so the very numbers.

Nothing is fetched, fonts are embedded, and the same page gives the same bytes on one machine. A character that no font
here has would print as an empty box: then the file is refused.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import write_atomic
from absalloc.report.charts import FONTS
from absalloc.report.files import unwritable

PAGES = ("report", "memo")
PANGO: dict[str, Any] = {
    "debian": "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    "macos": "brew install pango",
    "msys": "pacman -S mingw-w64-ucrt-x86_64-pango",
}
"""How Pango is installed, by system."""
PROBE = "<p>A1 数据 ≤</p>"
MOST_NAMED = 20
"""Characters without a font that are named in the error."""


class _Boxes(logging.Handler):
    """Keeps the characters that WeasyPrint had no glyph for, which it says in its log alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.characters: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith(".notdef") and isinstance(record.args, tuple):
            self.characters[str(record.args[0])] = None


def can_print() -> bool:
    """Return whether the extra that sets PDF files is installed; what it needs of the system is seen in use."""
    return find_spec("weasyprint") is not None


def check_pdf() -> None:
    """Raise BadInput where no PDF can be made here: no WeasyPrint, no Pango, or no font that has Chinese."""
    pdf_of(PROBE)


def print_folder(folder: str | Path) -> None:
    """Write ``report.pdf`` and ``memo.pdf`` from the pages of those names in a folder, each whole or not at all.

    Raises BadInput as ``check_pdf`` does, and where the folder cannot be written.
    """
    path = Path(folder)
    try:
        for name in PAGES:
            page = path / f"{name}.html"
            if page.exists():
                write_atomic(path / f"{name}.pdf", pdf_of(page.read_text(encoding="utf-8")))
    except OSError as error:
        raise unwritable(path, error) from None


def pdf_of(page: str) -> bytes:
    """Return a page of ours as a PDF. Raises BadInput as ``check_pdf`` does."""
    weasyprint = _weasyprint()
    # WeasyPrint hands no font down into a drawing.
    text = page.replace("font-family: inherit", f"font-family: {FONTS}".replace("'", "&quot;"))
    # A page of ours is whole, and what came in with a file is never followed.
    nothing = weasyprint.URLFetcher(allowed_protocols=())
    logger, boxes = logging.getLogger("weasyprint"), _Boxes()
    logger.addHandler(boxes)
    try:
        made: bytes = weasyprint.HTML(string=text, url_fetcher=nothing).write_pdf(
            pdf_identifier=hashlib.sha256(text.encode()).hexdigest()[:32].encode(), pdf_tags=True
        )
    finally:
        logger.removeHandler(boxes)
    if boxes.characters:
        raise BadInput("report.pdf_no_font", value="".join(list(boxes.characters)[:MOST_NAMED]))
    return made


def _weasyprint() -> Any:
    try:
        with warnings.catch_warnings():
            # It warns of system libraries that only later versions of it need.
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint
    except ImportError:
        raise BadInput("report.pdf_no_weasyprint", value="--pdf") from None
    except OSError as error:
        # What it says of a missing library goes on for a page.
        problem = str(error).strip().splitlines()[0]
        raise BadInput("report.pdf_no_pango", value="--pdf", problem=problem, **PANGO) from None
    return weasyprint
