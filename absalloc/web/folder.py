"""The folder of a request: the shipped market and what was sent, nothing else, gone afterwards."""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file
from pathlib import Path

from absalloc._resources import data_root
from absalloc.errors import BadInput
from absalloc.where import Where

NAME = re.compile(r"[\w\-+（）()·][\w.\-+ （）()·]{0,99}\.(csv|yaml|yml|xlsx|parquet|json)", re.IGNORECASE)
"""A plain file name, Chinese ones too: no folder in it, none of the names that mean another place."""
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE)
LONGEST = 200
"""Bytes of a name: file systems take 255, and a Chinese character is three of them."""
SHIPPED = (".csv", ".yaml")
BASE64 = "base64:"


def plain_name(name: str) -> str:
    """Return a file name that stays in its folder on every system. Raises BadInput for any other."""
    fits = NAME.fullmatch(name) is not None and len(name.encode()) <= LONGEST
    if not fits or ".." in name or RESERVED.match(name):
        raise BadInput("web.file_name", value=name[:120], expected="holdings.csv, fund.yaml, 持仓.xlsx")
    return name


def content_of(name: str, text: str) -> bytes:
    """Return the bytes of a file sent as text, or as ``base64:…``. Raises BadInput where that cannot be decoded."""
    if not text.startswith(BASE64):
        return text.encode("utf-8", errors="surrogatepass")
    try:
        return base64.b64decode(text.removeprefix(BASE64), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("web.base64", where=Where(name)) from None


@contextmanager
def request_folder(files: Mapping[str, str]) -> Iterator[Path]:
    """Yield a folder with the shipped market and ``files``, which may take the place of shipped ones.

    Raises BadInput for a name that is not plain and for content that cannot be decoded.
    """
    sent = {plain_name(name): content_of(name, text) for name, text in files.items()}
    with tempfile.TemporaryDirectory(prefix="absalloc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with as_file(data_root("market")) as market:
            for path in market.iterdir():
                if path.suffix in SHIPPED:
                    shutil.copyfile(path, folder / path.name)
        for file, content in sent.items():
            (folder / file).write_bytes(content)
        yield folder
