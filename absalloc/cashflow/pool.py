"""Monthly cash flow of a pool of level-pay loans with prepayment, default, recovery and advances.

The standard is SIFMA Uniform Practices, chapter SF (1999), "Cash flow A": default before amortisation,
prepayment after it, liquidation ``recovery_lag`` months after default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from absalloc.cashflow.speeds import cpr_from_psa, mdr_from_sda, smm_from_abs, smm_from_cpr
from absalloc.errors import BadInput

MAX_TERM = 1200


@dataclass(frozen=True)
class PoolFlows:
    """Monthly arrays, month 1 first, in the unit of the balance.

    ``balance`` performing, end of month; ``interest`` expected minus ``interest_lost``, at the net rate;
    ``scheduled_principal`` expected amortisation, with advances including ``advanced_principal``, that of
    defaulted loans; ``prepayment``; ``default`` new defaults; ``recovery``, ``loss`` at liquidation;
    ``in_foreclosure`` defaulted and not yet liquidated, end of month; ``amortisation_factor`` scheduled
    balance per 1 of opening balance without prepayment or default.
    """

    balance: np.ndarray
    interest: np.ndarray
    scheduled_principal: np.ndarray
    prepayment: np.ndarray
    default: np.ndarray
    recovery: np.ndarray
    loss: np.ndarray
    in_foreclosure: np.ndarray
    interest_lost: np.ndarray
    advanced_principal: np.ndarray
    amortisation_factor: np.ndarray

    @property
    def principal(self) -> np.ndarray:
        """Scheduled + prepayment + recovery."""
        return np.asarray(self.scheduled_principal + self.prepayment + self.recovery)

    @property
    def cash(self) -> np.ndarray:
        """Interest + principal."""
        return np.asarray(self.interest + self.principal)

    @property
    def collateral(self) -> np.ndarray:
        """Performing balance plus loans in foreclosure, end of month."""
        return np.asarray(self.balance + self.in_foreclosure)


def _one_of(given: dict[str, npt.ArrayLike | None]) -> tuple[str, npt.ArrayLike] | None:
    chosen = [(name, speed) for name, speed in given.items() if speed is not None]
    if len(chosen) > 1:
        raise BadInput("cashflow.two_speeds", value=", ".join(name for name, _ in chosen), expected=", ".join(given))
    return chosen[0] if chosen else None


def _vector(name: str, speed: npt.ArrayLike, term: int) -> np.ndarray:
    values = np.asarray(speed, float)
    if values.ndim > 1 or (values.ndim == 1 and values.size != term):
        raise BadInput("cashflow.lengths", value=values.size, expected=term, name=name)
    return np.full(term, float(values)) if values.ndim == 0 else values


def _monthly(given: dict[str, npt.ArrayLike | None], months: np.ndarray) -> np.ndarray:
    """Return the monthly rate of the one speed given, 0 where none is."""
    chosen = _one_of(given)
    if chosen is None:
        return np.zeros(months.size)
    name, speed = chosen
    values = _vector(name, speed, months.size)
    if name == "psa":
        return np.asarray(smm_from_cpr(cpr_from_psa(values, months)))
    if name == "sda":
        return np.asarray(mdr_from_sda(values, months))
    if name == "abs_speed":
        return np.asarray(smm_from_abs(values, months))
    bad = ~((values >= 0.0) & (values <= 1.0))
    if bad.any():
        raise BadInput("cashflow.speed_range", value=float(values[bad][0]), expected="0 - 1", name=name)
    return np.asarray(smm_from_cpr(values)) if name in ("cpr", "cdr") else values


def _check(balance: float, term: int, age: int, rates: dict[str, float]) -> None:
    if not (np.isfinite(balance) and balance >= 0):
        raise BadInput("cashflow.negative", value=balance, name="balance")
    if term != int(term) or not 1 <= term <= MAX_TERM:
        raise BadInput("cashflow.term", value=term)
    if age != int(age) or age < 0:
        raise BadInput("cashflow.negative", value=age, name="age")
    for name, value in rates.items():
        if not 0.0 <= value <= 1.0:
            raise BadInput("cashflow.speed_range", value=value, expected="0 - 1", name=name)


def amortisation_factors(wac: float, term: int) -> np.ndarray:
    """Return the level-pay balance per 1 after 0 … ``term`` months at annual rate ``wac``: (term + 1,)."""
    left = np.arange(term, -1, -1, dtype=float)
    rate = wac / 12.0
    if rate < 1e-12:
        return np.asarray(left / term)
    return np.asarray(np.expm1(-left * np.log1p(rate)) / np.expm1(-term * np.log1p(rate)))


def project_pool(
    balance: float, wac: float, term: int, age: int = 0, net_rate: float | None = None, *,
    smm: npt.ArrayLike | None = None, cpr: npt.ArrayLike | None = None, psa: npt.ArrayLike | None = None,
    abs_speed: npt.ArrayLike | None = None, mdr: npt.ArrayLike | None = None, cdr: npt.ArrayLike | None = None,
    sda: npt.ArrayLike | None = None, severity: float = 0.0, recovery_lag: int = 0, advance: bool = True,
) -> PoolFlows:  # fmt: skip
    """Return the monthly flows of a level-pay pool of ``balance`` over ``term`` remaining months.

    ``wac`` and ``net_rate`` (default ``wac``) are annual decimals; the first payment has loan month
    ``age + 1``. At most one prepayment speed (smm, cpr, psa, abs_speed) and one default speed (mdr, cdr, sda),
    scalars or vectors of ``term`` months. MDR is 0 in the last ``recovery_lag`` months. ``severity`` is a
    share of the balance at default. With ``advance`` defaulted loans amortise on schedule until they are
    liquidated; without it they neither amortise nor pay. Σ(principal + loss) = balance.

    Raises BadInput for two speeds, a rate outside 0 … 1, psa above 20, or a vector of another length.
    """
    net = wac if net_rate is None else net_rate
    _check(balance, term, age, {"wac": wac, "net_rate": net, "severity": severity})
    if recovery_lag != int(recovery_lag) or recovery_lag < 0:
        raise BadInput("cashflow.negative", value=recovery_lag, name="recovery_lag")
    months = np.arange(age + 1, age + term + 1)
    prepay = _monthly({"smm": smm, "cpr": cpr, "psa": psa, "abs_speed": abs_speed}, months)
    dying = _monthly({"mdr": mdr, "cdr": cdr, "sda": sda}, months).copy()
    if recovery_lag:
        dying[-min(recovery_lag, term) :] = 0.0
    factors = amortisation_factors(wac, term)
    performing = balance * np.concatenate(([1.0], np.cumprod(_survival(factors, prepay, dying))))
    performing[-1] = 0.0
    default = performing[:-1] * dying
    keep = factors[1:] / factors[:-1]
    prepayment = performing[:-1] * keep * prepay
    actual = (performing[:-1] - default) * (1.0 - keep)
    # What an SMM and MDR adding to more than what is left would overdraw is taken from the prepayment.
    prepayment = np.minimum(prepayment, np.maximum(performing[:-1] - default - actual, 0.0))
    foreclosed = _foreclosure(factors, default, (severity, int(recovery_lag), advance))
    advanced, recovery, loss, stock = foreclosed
    lost = (np.concatenate(([0.0], stock[:-1])) + default) * net / 12.0
    expected = (performing[:-1] + np.concatenate(([0.0], stock[:-1]))) * net / 12.0
    return PoolFlows(
        balance=performing[1:], interest=expected - lost, scheduled_principal=actual + advanced, prepayment=prepayment,
        default=default, recovery=recovery, loss=loss, in_foreclosure=stock, interest_lost=lost,
        advanced_principal=advanced, amortisation_factor=factors[1:],
    )  # fmt: skip


def _survival(factors: np.ndarray, prepay: np.ndarray, dying: np.ndarray) -> np.ndarray:
    """Return the share of the performing balance that is left after each month."""
    keep = factors[1:] / factors[:-1]
    return np.asarray(np.maximum(keep * (1.0 - dying - prepay), 0.0))


def _foreclosure(
    factors: np.ndarray, default: np.ndarray, how: tuple[float, int, bool]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return advanced principal, recovery, loss and the stock of defaulted loans at each month's end."""
    severity, lag, advance = how
    term = default.size
    born = np.zeros(term)
    born[lag:] = default[: term - lag] if lag < term else 0.0
    scale = (
        factors[:-1] / np.concatenate((np.ones(min(lag, term)), factors[: term - lag]))[:term]
        if advance
        else np.ones(term)
    )
    due = born * scale
    loss = np.minimum(born * severity, due)
    keep = factors[1:] / factors[:-1] if advance else np.ones(term)
    stock, advanced, held = np.empty(term), np.empty(term), 0.0
    for month in range(term):
        alive = held - due[month] + default[month]
        # The difference of nearly equal sums may leave dust where the last loans are liquidated.
        alive = alive if alive > 1e-12 * max(held, default[month]) else 0.0
        held = alive * keep[month]
        advanced[month], stock[month] = alive - held, held
    return advanced, due - loss, loss, stock


def sequential(principal: npt.ArrayLike, sizes: npt.ArrayLike) -> np.ndarray:
    """Return principal paid to each tranche in order of ``sizes``: (months, tranches).

    Each tranche is paid in full before the next; principal beyond all sizes is paid to nobody here. Raises
    BadInput for negative principal or sizes.
    """
    paid, wanted = np.asarray(principal, float), np.asarray(sizes, float)
    for name, values in (("principal", paid), ("sizes", wanted)):
        if values.ndim != 1 or not (values >= 0).all():
            raise BadInput("cashflow.negative", value=float(np.min(values)), name=name)
    before = np.concatenate(([0.0], np.cumsum(wanted)[:-1]))
    so_far = np.clip(np.cumsum(paid)[:, None] - before, 0.0, wanted)
    return np.diff(so_far, axis=0, prepend=0.0)
