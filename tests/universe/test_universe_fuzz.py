"""Whatever the bytes, the answer is a universe or BadInput, and no row disappears without a failure."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from absalloc.errors import BadInput
from absalloc.terms import column
from absalloc.universe import Universe, load_holdings, load_universe
from absalloc.universe.model import NUMBER_KINDS

HEAD = [
    "证券代码",
    "产品类型",
    "发行规模(亿元)",
    "当前余额(亿元)",
    "票面利率(%)",
    "起息日",
    "到期日",
    "债项评级",
    "档次",
    "城投主体",
]
CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "-",
            "ABN",
            "信贷ABS",
            "1",
            "-1",
            "3.5%",
            "1e5",
            "2025-01-01",
            "45000",
            "20250101",
            "AAAsf",
            "优先级",
            "是",
        ]
    ),
    st.text(max_size=8),
    st.floats().map(repr),
)


def load(data: bytes, loader: Callable[[Path], object] = load_universe) -> object | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "u.csv"
        path.write_bytes(data)
        try:
            return loader(path)
        except BadInput as error:
            refused = error
    assert refused.text("zh")
    assert refused.text("en")
    assert refused.where.file == str(path)
    return None


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"tranche_id,product,face\n"]),
)
@settings(deadline=None)
def test_any_bytes(data: bytes, lead: bytes) -> None:
    load(lead + data)
    load(lead + data, load_holdings)


@given(st.lists(st.lists(CELLS, min_size=len(HEAD), max_size=len(HEAD)), min_size=1, max_size=8))
@settings(deadline=None)
def test_any_cells(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    u = load(text.getvalue().encode("utf-8", errors="replace"))
    if u is None:
        return
    assert isinstance(u, Universe)
    dropped = {failure.where.line for failure in u.failures if not failure.kept}
    assert len(u.table) + len(dropped) == u.provenance[0].rows
    assert not dropped & set(u.lines.tolist())
    assert u.table["tranche_id"].is_unique
    for name in u.table.columns:
        spec = column(name)
        assert spec is not None
        values = u.column(name)
        if spec.kind in NUMBER_KINDS:
            given_values = values[~np.isnan(values)]
            assert ((given_values >= spec.low) & (given_values <= spec.high)).all()
            assert np.isfinite(given_values).all()
        elif spec.kind == "enum":
            assert {value for value in values if value is not None} <= set(spec.values)
    for failure in u.failures:
        assert failure.text("en")
        assert failure.text("zh")
