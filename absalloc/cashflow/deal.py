"""A deal of a file: its structure and its pool, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from absalloc.cashflow.deal_file import read_deal
from absalloc.cashflow.distribution import Rates, Waterfall, waterfall
from absalloc.cashflow.pool import PoolFlows
from absalloc.cashflow.structure import Structure
from absalloc.errors import BadInput


@dataclass(frozen=True)
class Deal:
    """A deal of a file: its ``structure``, and the ``flows`` of its pool where the file gives one."""

    name: str
    structure: Structure
    flows: PoolFlows | None

    def run(self, rates: Rates | None = None) -> Waterfall:
        """Return the waterfall over its own pool. Raises BadInput where the file has none."""
        if self.flows is None:
            raise BadInput("base.missing_key", value="pool", path="pool")
        return waterfall(self.structure, self.flows, rates)


def load_deal(path: str | Path) -> Deal:
    """Read a deal file.

    Raises BadInput with file, line and column for an unknown or missing key, a ratio or amount without its unit, a
    name that the deal lacks, supports in a circle, and whatever ``Structure`` or ``project_pool`` refuse.
    """
    return Deal(*read_deal(path))
