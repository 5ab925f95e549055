"""Files that people upload to the page: what cannot be used is said, and harms neither the server nor others."""

from __future__ import annotations

import base64
import io
import tempfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("dash")

import pandas as pd

from absalloc.errors import BadInput
from absalloc.web.page.books import uploaded_rows


def sent(data: bytes, name: str = "持仓.xlsx") -> list[dict[str, object]]:
    return uploaded_rows("data:;base64," + base64.b64encode(data).decode(), name)


@pytest.fixture(scope="module")
def good() -> bytes:
    stream = io.BytesIO()
    pd.DataFrame({"tranche_id": ["A"], "face": [1.0]}).to_excel(stream, index=False, engine="xlsxwriter")
    return stream.getvalue()


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with ``old`` of its sheet as ``new``."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as was, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as now:
        for name in was.namelist():
            part = was.read(name)
            if name.endswith("sheet1.xml"):
                assert old in part
                part = part.replace(old, new)
            now.writestr(name, part)
    return stream.getvalue()


def test_a_cell_at_the_far_corner_ends_no_server(good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in this process, it would end it: the sheet it spans takes half a terabyte."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(BadInput) as told:
        sent(changed(good, b'r="B2"', b'r="XFD1048576"'))
    assert told.value.code == "universe.xlsx_bomb"
    assert told.value.text("zh").startswith("持仓.xlsx: ")
    assert list(tmp_path.iterdir()) == []
    assert sent(good) == [{"tranche_id": "A", "face": 1.0, "market_value": None}]


def test_an_error_of_the_process_apart_is_told_as_any_other(good: bytes) -> None:
    with pytest.raises(BadInput) as told:
        sent(changed(good, b'r="B1"', b'r="C1"'))
    assert told.value.code == "universe.holdings_no_amount"
    assert told.value.where.file == "持仓.xlsx"
    assert "face" in told.value.text("zh")
