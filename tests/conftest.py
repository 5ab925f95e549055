"""What all tests share: the folder of real data, where it is present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline would time the machine: the first example often pays for an import.
settings.register_profile("absalloc", deadline=None)
settings.load_profile("absalloc")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real market data and published oracles; the test is skipped where it is absent."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    folder = Path(os.environ.get("ABSALLOC_SHARED", beside))
    if not (folder / "data").is_dir():
        pytest.skip("the real data folder is not beside this checkout")
    return folder
