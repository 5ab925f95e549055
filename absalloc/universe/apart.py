"""A stranger's workbook is read in a process of its own: one small file can ask for more memory than there is.

A cell that stands at the far corner of an otherwise empty sheet makes the reader lay out the whole sheet, and where
that fails it ends its process, not the question.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from absalloc.errors import BadInput
from absalloc.universe.books import load_holdings
from absalloc.where import Where

if TYPE_CHECKING:
    import pandas as pd

MOST_MEMORY = 4_000_000_000
"""Bytes of addresses that the process may take, libraries included."""


def holdings_apart(path: Path) -> pd.DataFrame:
    """Return the table of ``load_holdings``.

    Raises BadInput as it does, and where the file takes more memory than it may.
    """
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned, initializer=_bounded) as pool:
        try:
            return pool.submit(_table, path).result()
        except (BrokenProcessPool, MemoryError):
            raise BadInput("universe.xlsx_bomb", where=Where(str(path)), limit=MOST_MEMORY // 1_000_000) from None


def _bounded() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _table(path: Path) -> pd.DataFrame:
    return load_holdings(path).table
