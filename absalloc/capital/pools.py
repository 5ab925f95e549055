"""What SEC-SA asks of each row: the pool's weight, its delinquencies, the points of the tranche."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from absalloc.capital.formulas import UNKNOWN_SHARE_LIMIT, sec_sa_weights
from absalloc.capital.tables import default_pool_weight, erba_table
from absalloc.universe.model import Universe

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
CAPITAL_RATIO = 0.08
P, P_STC, P_RESECURITISATION = 1.0, 0.5, 1.5


@dataclass(frozen=True)
class CapitalChoices:
    """What a mandate decides beside the regime; every choice is off by default because China's text was not seen.

    ``pool_defaults``: pools without a ``pool_weight`` take the default of their type. ``lookthrough_cap``: a
    senior tranche weighs at most its pool. ``npl``: ``cre45`` gives 100 % to the senior tranche of a qualifying
    pool of non-performing loans; ``unknown`` leaves all of them without a weight.
    """

    pool_defaults: bool = False
    lookthrough_cap: bool = False
    npl: str = "unknown"


@dataclass(frozen=True)
class Pool:
    """One entry a row, NaN where not known. ``assumed``: the weight is a default of the pool's type.

    ``status_unknown``: the delinquency status is not known for more than 5 % of the pool, which it is as well
    where the delinquent share is not given. Where that share is given and the unknown one is not, all is known.
    """

    weight: Floats
    assumed: Flags
    delinquent: Floats
    unknown_share: Floats
    again: Flags
    attachment: Floats
    detachment: Floats

    @classmethod
    def of(cls, universe: Universe, *, defaults: bool) -> Pool:
        """Read the pool columns; ``defaults`` fills weights by asset type where the file has none."""
        weight = universe.column("pool_weight").copy()
        assumed = np.zeros(len(weight), dtype=bool)
        if defaults:
            types = universe.column("asset_type")
            found = {text: default_pool_weight(text) for text in set(types)}
            by_type = np.array([np.nan if found[t] is None else found[t] for t in types], dtype=np.float64)
            assumed = np.isnan(weight) & ~np.isnan(by_type)
            weight[assumed] = by_type[assumed]
        delinquent = universe.column("pool_delinquent")
        unknown = universe.column("pool_unknown_status").copy()
        unknown[np.isnan(unknown) & ~np.isnan(delinquent)] = 0.0
        again = np.array([flag is True for flag in universe.column("resecuritisation")], dtype=bool)
        return cls(
            weight, assumed, delinquent, unknown, again, universe.column("attachment"), universe.column("detachment")
        )

    @property
    def known(self) -> Flags:
        """Where the pool has a weight, given or assumed."""
        return ~np.isnan(self.weight)

    @property
    def given(self) -> Flags:
        """Where the file gives the pool's weight."""
        return self.known & ~self.assumed

    @property
    def status_unknown(self) -> Flags:
        """Where the status of more than 5 % of the pool is unknown; a pool of tranches (再资产证券化) has none."""
        share = np.round(self.unknown_share, 12)
        return ~self.again & (np.isnan(self.delinquent) | np.isnan(share) | (share > UNKNOWN_SHARE_LIMIT))

    @property
    def ka(self) -> Floats:
        """K_A: (1 − u) · ((1 − W) · K_SA + 0.5 · W) + u, 1 where the status is unknown, NaN without a weight."""
        ksa = np.minimum(CAPITAL_RATIO * self.weight, 1.0)
        known = (1.0 - self.delinquent) * ksa + 0.5 * self.delinquent
        adjusted = (1.0 - self.unknown_share) * known + self.unknown_share
        adjusted = np.where(self.status_unknown, 1.0, adjusted)
        return np.where(self.again, ksa, np.where(self.known, adjusted, np.nan))

    def weights(self, senior: Flags, stc: Flags) -> Floats:
        """Return the SEC-SA weight of each row, NaN where the pool or the points of the tranche are not known."""
        p = np.where(self.again, P_RESECURITISATION, np.where(stc, P_STC, P))
        table = erba_table()
        floor = np.where(stc & senior, table.floor_stc_senior, table.floor)
        floor = np.where(self.again, table.floor_resecuritisation, floor)
        return sec_sa_weights(self.ka, self.attachment, self.detachment, p, floor)
