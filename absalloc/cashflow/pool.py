"""Monthly cash flow of a pool of loans with prepayment, default, recovery and advances.

The standard is SIFMA Uniform Practices, chapter SF (1999), "Cash flow A": default before amortisation,
prepayment after it, liquidation ``recovery_lag`` months after default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from absalloc.cashflow.amortise import scheduled_factors, table_factors
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


def _check(balance: float, term: int, age: int, rates: dict[str, npt.ArrayLike]) -> None:
    if not (np.isfinite(balance) and balance >= 0):
        raise BadInput("cashflow.negative", value=balance, name="balance")
    if term != int(term) or not 1 <= term <= MAX_TERM:
        raise BadInput("cashflow.term", value=term)
    if age != int(age) or age < 0:
        raise BadInput("cashflow.negative", value=age, name="age")
    for name, value in rates.items():
        values = np.asarray(value, float)
        bad = ~((values >= 0.0) & (values <= 1.0))
        if bad.any():
            raise BadInput("cashflow.speed_range", value=float(values[bad].flat[0]), expected="0 - 1", name=name)


def project_pool(
    balance: float, wac: npt.ArrayLike, term: int, age: int = 0, net_rate: npt.ArrayLike | None = None, *,
    smm: npt.ArrayLike | None = None, cpr: npt.ArrayLike | None = None, psa: npt.ArrayLike | None = None,
    abs_speed: npt.ArrayLike | None = None, mdr: npt.ArrayLike | None = None, cdr: npt.ArrayLike | None = None,
    sda: npt.ArrayLike | None = None, cumulative_default: npt.ArrayLike | None = None, severity: float = 0.0,
    recovery_lag: int = 0, advance: bool = True, amortisation: str = "level", interest_only: int = 0,
) -> PoolFlows:  # fmt: skip
    """Return the monthly flows of a pool of ``balance`` over ``term`` remaining months.

    ``wac`` and ``net_rate`` (default ``wac``) are annual decimals, one a month for a floating pool; the first payment
    has loan month ``age + 1``. ``amortisation`` and ``interest_only``: see ``scheduled_factors``. At most one
    prepayment speed (smm, cpr, psa, abs_speed) and one default speed (mdr, cdr, sda, cumulative_default), scalars or
    vectors of ``term`` months; ``cumulative_default`` is a vector of shares of ``balance`` defaulted to date. MDR is 0
    in the last ``recovery_lag`` months. ``severity`` is a share of the balance at default. With ``advance`` the
    servicer advances: defaulted loans amortise on schedule until they are liquidated; without it they neither
    amortise nor pay. Σ(principal + loss) = balance.

    Raises BadInput for two speeds, a rate outside 0 … 1, psa above 20, a vector of another length, or cumulative
    defaults that fall, that rise where no default can be liquidated any more, or that exceed what is left.
    """
    net = wac if net_rate is None else net_rate
    _check(balance, term, age, {"wac": wac, "net_rate": net, "severity": severity})
    term, age = int(term), int(age)  # 360.0 is a term too
    rates = _vector("wac", wac, term) if np.ndim(wac) else np.asarray(wac, float)
    factors = scheduled_factors(rates, term, amortisation, interest_only)
    speeds = (
        {"smm": smm, "cpr": cpr, "psa": psa, "abs_speed": abs_speed},
        {"mdr": mdr, "cdr": cdr, "sda": sda, "cumulative_default": cumulative_default},
    )
    monthly = _vector("net_rate", net, term) / 12.0
    return _project(balance, factors, monthly, (speeds, age), (severity, recovery_lag, advance))


def project_table(
    principal: npt.ArrayLike, interest: npt.ArrayLike, balance: float | None = None, age: int = 0, *,
    smm: npt.ArrayLike | None = None, cpr: npt.ArrayLike | None = None, psa: npt.ArrayLike | None = None,
    abs_speed: npt.ArrayLike | None = None, mdr: npt.ArrayLike | None = None, cdr: npt.ArrayLike | None = None,
    sda: npt.ArrayLike | None = None, cumulative_default: npt.ArrayLike | None = None, severity: float = 0.0,
    recovery_lag: int = 0, advance: bool = True, tolerance: float = 0.01,
) -> PoolFlows:  # fmt: skip
    """Return the flows of a pool whose contractual table is given, as a prospectus prints it, at other speeds.

    ``principal`` and ``interest`` (months,) yuan, without prepayment and default; interest per yuan of opening
    balance is kept when speeds make the balance smaller. ``balance``: what the principal must add up to within
    ``tolerance`` yuan. Speeds, ``severity``, ``recovery_lag``, ``advance`` and errors as ``project_pool``; also
    BadInput for a table that does not sum to ``balance`` or has interest on nothing.
    """
    factors = table_factors(principal, balance, tolerance)
    paid, earned = np.asarray(principal, float), np.asarray(interest, float)
    if earned.shape != paid.shape:
        raise BadInput("cashflow.lengths", value=earned.size, expected=paid.size, name="interest")
    opening = factors[:-1] * paid.sum()
    _check(float(paid.sum()), paid.size, age, {"severity": severity})
    if not np.isfinite(earned).all():
        raise BadInput("cashflow.not_finite", value=float(earned[~np.isfinite(earned)][0]), name="interest")
    if not (earned >= 0).all() or (earned[opening == 0] > 0).any():
        raise BadInput("cashflow.negative", value=float(np.min(earned)), name="interest")
    rates = np.divide(earned, opening, out=np.zeros(paid.size), where=opening > 0)
    speeds = (
        {"smm": smm, "cpr": cpr, "psa": psa, "abs_speed": abs_speed},
        {"mdr": mdr, "cdr": cdr, "sda": sda, "cumulative_default": cumulative_default},
    )
    return _project(float(paid.sum()), factors, rates, (speeds, age), (severity, recovery_lag, advance))


_Given = tuple[tuple[dict[str, npt.ArrayLike | None], dict[str, npt.ArrayLike | None]], int]


def _project(
    balance: float, factors: np.ndarray, rates: np.ndarray, given: _Given, how: tuple[float, int, bool]
) -> PoolFlows:
    """Run the pool: ``factors`` scheduled balance, monthly net ``rates``; ``how`` severity, lag and advance."""
    (prepaying, dying_at), age = given
    severity, lag, advance = how
    if lag != int(lag) or lag < 0:
        raise BadInput("cashflow.negative", value=lag, name="recovery_lag")
    term = rates.size
    months = np.arange(age + 1, age + term + 1)
    # A table may end before its last row: what defaults later than this is never liquidated.
    safe = max(int(np.flatnonzero(factors[:-1] > 0.0)[-1]) + 1 - int(lag), 0)
    keep = _over(factors[1:], factors[:-1])
    prepay = _monthly(prepaying, months)
    chosen = _one_of(dying_at)
    if chosen is not None and chosen[0] == "cumulative_default":
        dying = _from_cumulative(np.asarray(chosen[1], float), keep, prepay, safe)
    else:
        dying = _monthly(dying_at, months).copy()
        dying[safe:] = 0.0
    performing = balance * np.concatenate(([1.0], np.cumprod(_survival(keep, prepay, dying))))
    performing[-1] = 0.0
    default = performing[:-1] * dying
    prepayment = performing[:-1] * keep * prepay
    actual = (performing[:-1] - default) * (1.0 - keep)
    # What an SMM and MDR adding to more than what is left would overdraw is taken from the prepayment.
    prepayment = np.minimum(prepayment, np.maximum(performing[:-1] - default - actual, 0.0))
    advanced, recovery, loss, stock = _foreclosure(factors, default, (severity, int(lag), advance))
    lost = (np.concatenate(([0.0], stock[:-1])) + default) * rates
    expected = (performing[:-1] + np.concatenate(([0.0], stock[:-1]))) * rates
    return PoolFlows(
        balance=performing[1:], interest=expected - lost, scheduled_principal=actual + advanced, prepayment=prepayment,
        default=default, recovery=recovery, loss=loss, in_foreclosure=stock, interest_lost=lost,
        advanced_principal=advanced, amortisation_factor=factors[1:],
    )  # fmt: skip


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the ratio; 0 where a given table has already repaid everything."""
    return np.asarray(np.divide(above, below, out=np.zeros(above.size), where=below > 0))


def _from_cumulative(curve: np.ndarray, keep: np.ndarray, prepay: np.ndarray, safe: int) -> np.ndarray:
    """Return the monthly default rates at which defaults to date, per 1 of the opening balance, follow ``curve``."""
    if curve.shape != keep.shape:
        raise BadInput("cashflow.lengths", value=curve.size, expected=keep.size, name="cumulative_default")
    if not ((curve >= 0.0) & (curve <= 1.0)).all():
        raise BadInput("cashflow.speed_range", value=float(curve.max()), expected="0 - 1", name="cumulative_default")
    steps = np.diff(curve, prepend=0.0)
    if (steps < 0).any() or (steps[safe:] > 0).any():
        raise BadInput("cashflow.cumulative_default", value=float(curve[-1]), month=safe)
    performing, dying = 1.0, np.zeros(keep.size)
    for month, new in enumerate(steps):
        if new > performing * (1.0 + 1e-12):
            raise BadInput("cashflow.cumulative_beyond", value=float(curve[month]), month=month + 1)
        dying[month] = min(new / performing, 1.0) if performing > 0 else 0.0
        performing = max(performing * keep[month] * (1.0 - dying[month] - prepay[month]), 0.0)
    return dying


def _survival(keep: np.ndarray, prepay: np.ndarray, dying: np.ndarray) -> np.ndarray:
    """Return the share of the performing balance that is left after each month."""
    return np.asarray(np.maximum(keep * (1.0 - dying - prepay), 0.0))


def _foreclosure(
    factors: np.ndarray, default: np.ndarray, how: tuple[float, int, bool]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return advanced principal, recovery, loss and the stock of defaulted loans at each month's end."""
    severity, lag, advance = how
    term = default.size
    born = np.zeros(term)
    born[lag:] = default[: term - lag] if lag < term else 0.0
    since = np.concatenate((np.ones(min(lag, term)), factors[: max(term - lag, 0)]))
    scale = _over(factors[:-1], since) if advance else np.ones(term)
    due = born * scale
    loss = np.minimum(born * severity, due)
    keep = _over(factors[1:], factors[:-1]) if advance else np.ones(term)
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
