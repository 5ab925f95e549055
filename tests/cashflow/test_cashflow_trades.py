"""The page on the recorded trades shows what its command prints, and the figures hang together."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("trade_yields", DOCS / "trade_yields.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["trade_yields"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(script: Any, shared: Path) -> Any:
    return script.measure(shared)


def test_the_page_shows_the_tables(script: Any, found: Any) -> None:
    page = (DOCS / "trade-yields.md").read_text(encoding="utf-8")
    for name, text in script.tables(found).items():
        assert text in page, name
    assert "none of these" not in page  # every outlier is explained


def test_every_trade_is_counted_once(script: Any, found: Any) -> None:
    assert len(found) == 517
    assert (found["day"] <= script.LAST_NOTES).sum() == 413
    valued = found["why"] == ""
    assert (found["yield"].notna() == valued).all()
    assert found.loc[valued, "government"].notna().all()
    assert (found["notes"].notna() == (valued & (found["day"] <= script.LAST_NOTES))).all()


def test_a_bullet_near_par_yields_about_its_coupon(found: Any) -> None:
    """A check by the eye of a trader: lines priced at their factor yield near their coupon, 2 to 8 %."""
    near = found[(found["why"] == "") & (np.abs(found["ratio"] - 1) < 0.001) & (found["wal"] > 0.5)]
    assert len(near) > 50
    assert near["yield"].between(0.02, 0.08).mean() > 0.98
