"""What trustee reports say of a pool, as Chinese reviewers measure it, and speeds calibrated from it.

Cumulative default rate: balances of loans at the time they defaulted, over the initial balance. Arrears: a bucket over
the pool balance. Roll rate (迁徙率): the share of a bucket found one bucket further a month later. Prepayment:
1 - (1 - p)^12, p the month's prepaid principal over the balance at its start (SIFMA divides by the balance after
scheduled principal: ``speeds.smm_from_opening`` converts). Source: CCXI, credit ABS review 2023H1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from absalloc.cashflow.speeds import cpr_from_smm
from absalloc.errors import BadInput


@dataclass(frozen=True)
class PoolReport:
    """Monthly reports of one static pool, first month first; money in one unit.

    ``original``: balance at the start. ``current``: not in arrears; ``arrears`` (months, buckets), least overdue first,
    the last ``default_buckets`` of them count as defaulted; ``prepaid`` in the month; ``repaid`` principal to date,
    prepayments included.
    """

    name: str
    original: float
    current: np.ndarray
    arrears: np.ndarray
    prepaid: np.ndarray
    repaid: np.ndarray
    default_buckets: int = 1

    def __post_init__(self) -> None:
        months = self.current.size
        for name in ("arrears", "prepaid", "repaid"):
            values = getattr(self, name)
            if values.shape[0] != months:
                raise BadInput("cashflow.lengths", value=values.shape[0], expected=months, name=name)
        everything = np.concatenate((self.current, self.arrears.ravel(), self.prepaid, self.repaid))
        if not np.isfinite(everything).all():
            raise BadInput("cashflow.not_finite", value="nan", name=self.name)
        if everything.min(initial=0.0) < 0:
            raise BadInput("cashflow.negative", value=float(everything.min()), name=self.name)
        if not self.original > 0:
            raise BadInput("cashflow.not_positive", value=self.original, name="original")
        if not 1 <= self.default_buckets < self.arrears.shape[1]:
            raise BadInput(
                "cashflow.setting", value=self.default_buckets, expected=f"1 - {self.arrears.shape[1] - 1}",
                setting="default_buckets",
            )  # fmt: skip

    @property
    def live(self) -> np.ndarray:
        """Balance not defaulted at each month's end: current and in arrears."""
        return np.asarray(self.current + self.arrears[:, : -self.default_buckets].sum(axis=1))

    @property
    def opening(self) -> np.ndarray:
        """Balance not defaulted at each month's start."""
        return np.concatenate(([self.original], self.live[:-1]))

    @property
    def defaulted(self) -> np.ndarray:
        """New defaults of each month: the rise of the stock of defaulted loans.

        A lower bound: what is recovered or written off in the month they default hides a default.
        """
        stock = self.arrears[:, -self.default_buckets :].sum(axis=1)
        return np.asarray(np.maximum(np.diff(stock, prepend=0.0), 0.0))


@dataclass(frozen=True)
class Performance:
    """Monthly ratios of a pool; NaN where the denominator is 0.

    ``arrears`` (months, buckets); ``roll`` (months - 1, buckets - 1) from bucket k to k + 1; ``smm_opening`` over the
    opening balance, ``cpr`` its 1 - (1 - p)^12; ``cumulative_default`` over the initial balance.
    """

    cumulative_default: np.ndarray
    arrears: np.ndarray
    roll: np.ndarray
    smm_opening: np.ndarray
    cpr: np.ndarray


def performance(report: PoolReport) -> Performance:
    """Return the ratios of a pool by the definitions above."""
    pool = report.current + report.arrears.sum(axis=1)
    smm = np.minimum(_over(report.prepaid, report.opening), 1.0)
    known = np.isfinite(smm)
    cpr = np.full(smm.size, np.nan)
    cpr[known] = cpr_from_smm(smm[known])
    return Performance(
        cumulative_default=np.cumsum(report.defaulted) / report.original,
        arrears=_over(report.arrears, pool[:, None]),
        roll=_over(report.arrears[1:, 1:], report.arrears[:-1, :-1]),
        smm_opening=smm,
        cpr=cpr,
    )


def _over(amount: np.ndarray, base: np.ndarray) -> np.ndarray:
    base = np.broadcast_to(base, amount.shape)
    return np.asarray(np.divide(amount, base, out=np.full(amount.shape, np.nan), where=base > 0))


@dataclass(frozen=True)
class Calibration:
    """Monthly speeds by age (months, month 1 first) pooled over vintages, and how they fit.

    ``smm`` and ``mdr`` over the balance at the month's start, NaN where nothing is left; ``support`` vintages behind
    each age. ``cumulative_default`` by age over the initial balance, for ``project_pool``: each month's defaults of
    the vintages seen at that age over their initial balances, added up. ``cpr`` and ``cdr``: one annual rate each, all
    months weighed by balance. ``fit``: by vintage, (observed, fitted) cumulative default rate at its last month, the
    fitted one from the curve of all *other* vintages; ``rmse`` over them, ``r2`` against the mean observed rate.
    """

    smm: np.ndarray
    mdr: np.ndarray
    support: np.ndarray
    cumulative_default: np.ndarray
    cpr: float
    cdr: float
    fit: dict[str, tuple[float, float]]
    rmse: float
    r2: float


def calibrate(reports: Sequence[PoolReport]) -> Calibration:
    """Return speeds by age from static pools of one asset type, with the fit out of sample.

    Raises BadInput for fewer than two pools.
    """
    if len(reports) < 2:
        raise BadInput("cashflow.lengths", value=len(reports), expected="2", name="reports")
    opening, prepaid, dead = (_stack(reports, name) for name in ("opening", "prepaid", "defaulted"))
    base = np.nansum(opening, axis=0)
    smm, mdr = (_over(np.nansum(part, axis=0), base) for part in (prepaid, dead))
    fit: dict[str, tuple[float, float]] = {}
    for row, report in enumerate(reports):
        others = np.arange(len(reports)) != row
        curve = _over(np.nansum(dead[others], axis=0), np.nansum(opening[others], axis=0))
        months = report.current.size
        expected = float(np.nansum(report.opening * curve[:months])) / report.original
        fit[report.name] = (float(report.defaulted.sum()) / report.original, expected)
    seen, made = (np.array([pair[i] for pair in fit.values()]) for i in (0, 1))
    started = np.array([[report.original] for report in reports]) * np.isfinite(opening)
    around = float(((seen - seen.mean()) ** 2).sum())
    whole = float(base.sum())
    return Calibration(
        smm=smm, mdr=mdr, support=np.isfinite(opening).sum(axis=0),
        cumulative_default=np.cumsum(np.nansum(dead, axis=0) / started.sum(axis=0)),
        cpr=float(cpr_from_smm(float(np.nansum(prepaid)) / whole)),
        cdr=float(cpr_from_smm(float(np.nansum(dead)) / whole)),
        fit=fit, rmse=float(np.sqrt(((seen - made) ** 2).mean())),
        r2=1.0 - float(((seen - made) ** 2).sum()) / around if around > 0 else 0.0,
    )  # fmt: skip


def _stack(reports: Sequence[PoolReport], name: str) -> np.ndarray:
    longest = max(report.current.size for report in reports)
    rows = np.full((len(reports), longest), np.nan)
    for row, report in enumerate(reports):
        values = getattr(report, name)
        rows[row, : values.size] = values
    return rows
