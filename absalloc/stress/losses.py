"""Losses: what defaults of the pool, a failed obligor or supporter, or missing revenue take from a line's flows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.cashflow.facts import DAYS_A_YEAR, Facts, Notes
from absalloc.cashflow.schedules import FACE, Flows
from absalloc.cashflow.speeds import smm_from_cpr
from absalloc.errors import BadInput
from absalloc.stress.load import Scenario
from absalloc.stress.models import PoolDefault, Revenue, Support
from absalloc.stress.shocks import VECTOR_MONTHS, choose_lines, monthly_rates
from absalloc.terms import ABS_PRODUCTS
from absalloc.universe.model import Universe

SUPPORTS = ("guarantee", "shortfall_commitment", "liquidity_support")
"""Forms of support, strongest first."""
MONTHS_A_YEAR = 12.0
BISECTIONS, CDR_DIGITS = 30, 6


def loss_shares(universe: Universe, facts: Facts, scenario: Scenario, notes: Notes) -> np.ndarray:
    """Return the share of remaining principal that each line loses, 0 … 1; shape (lines,).

    Several causes on one line act one after the other: 1 - (1 - a)(1 - b).
    """
    kept = np.ones(facts.end.size)
    for pool in scenario.part("defaults"):
        kept *= 1.0 - _pool_share(universe, facts, pool, notes)
    for loss in scenario.part("losses"):
        hit = choose_lines(universe, loss.where, notes, "losses") & facts.schedulable
        kept[hit] *= 1.0 - float(loss.share)
        notes.add(hit, f"lost:{float(loss.share):.6g}")
    for support in scenario.part("support"):
        kept *= 1.0 - _support_share(universe, facts, support, notes)
    return np.asarray(1.0 - kept)


def _support_share(universe: Universe, facts: Facts, shock: Support, notes: Notes) -> np.ndarray:
    form = np.asarray(universe.column("support_type"), object)
    hit = choose_lines(universe, shock.where, notes, "support") & facts.schedulable & (form != "none")
    share = np.full(form.size, float(shock.guarantee))
    for name in SUPPORTS[1:]:
        share[form == name] = float(getattr(shock, name))
    unknown = hit & np.array([value is None for value in form.tolist()], bool)
    notes.add(unknown, "support_form:guarantee")
    notes.add(hit, "support_failed")
    return np.where(hit, share, 0.0)


def _pool_share(universe: Universe, facts: Facts, shock: PoolDefault, notes: Notes) -> np.ndarray:
    """Return each line's share of its pool's loss beyond the attachment point: clip((L - a) / (d - a), 0, 1)."""
    hit = choose_lines(universe, shock.where, notes, "defaults") & facts.schedulable
    share = np.zeros(facts.end.size)
    if not hit.any():
        return share
    share[hit] = tranche_share(universe, hit, pool_losses(facts, hit, shock)[hit, None], notes)[:, 0]
    notes.add(hit, "pool_default")
    return share


def tranche_share(universe: Universe, lines: np.ndarray, lost: np.ndarray, notes: Notes) -> np.ndarray:
    """Return what the lines ``lines`` lose of their principal where their pools lose ``lost``: both (lines, draws)."""
    attach, detach = (np.asarray(universe.column(name), float) for name in ("attachment", "detachment"))
    known = lines & (detach > attach)
    width = np.where(known, detach - attach, 1.0)
    within = np.clip((lost - np.nan_to_num(attach)[lines, None]) / width[lines, None], 0.0, 1.0)
    # Without its place in the waterfall a line takes the worst: everything if it comes first, else the pool's share.
    first = np.asarray(universe.column("seniority"), object) == "subordinated"
    notes.add(lines & ~known, "attachment:unknown")
    worst = np.where(first[lines, None], (lost > 0).astype(float), lost)
    return np.asarray(np.where(known[lines, None], within, worst))


def pool_losses(facts: Facts, lines: np.ndarray, shock: PoolDefault) -> np.ndarray:
    """Return the share of today's pool that is lost over its life, by line; 0 where ``lines`` is false.

    The pool is level-pay at the line's coupon to the line's maturity, prepaying at the line's speed, as
    ``cashflow.project_pool`` has it (SIFMA SF); no default in the last ``lag`` months.
    """
    steps: list[tuple[float, int | None]] = [(float(step.cdr), step.months) for step in shock.steps or ()]
    if shock.cdr is not None:
        steps = [(float(shock.cdr), None)]
    mdr = monthly_rates(steps, 1.0 if shock.multiple is None else float(shock.multiple))
    result = np.zeros(lines.size)
    result[lines] = _lost(facts, lines, mdr[None], float(shock.severity), shock.lag or 0)
    return result


def break_even_cdr(universe: Universe, facts: Facts, *, severity: float, lag: int = 0) -> np.ndarray:
    """Return the constant CDR at which each tranche first loses principal; shape (lines,), decimals.

    The pool is that of ``pool_losses``; ``severity`` of a default is lost ``lag`` months later. 1 where no rate reaches
    the tranche, 0 for the first loss; NaN for lines without cash flows or attachment point, and for what is no ABS.
    Raises BadInput for a severity outside 0 … 1.
    """
    if not 0.0 <= severity <= 1.0:
        raise BadInput("cashflow.speed_range", value=severity, expected="0 - 1", name="severity")
    attach = np.asarray(universe.column("attachment"), float)
    is_abs = np.isin(np.asarray(universe.column("product"), object).astype(str), ABS_PRODUCTS)
    lines = facts.schedulable & np.isfinite(attach) & is_abs
    low, high = np.zeros(int(lines.sum())), np.ones(int(lines.sum()))
    result = np.full(lines.size, np.nan)
    if not lines.any():
        return result
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        monthly = np.asarray(smm_from_cpr(middle))[:, None]
        beyond = _lost(facts, lines, np.repeat(monthly, VECTOR_MONTHS, axis=1), severity, lag) > attach[lines]
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    result[lines] = np.where(attach[lines] > 0, np.round(high, CDR_DIGITS), 0.0)
    return result


def _lost(facts: Facts, lines: np.ndarray, mdr: np.ndarray, severity: float, lag: int) -> np.ndarray:
    """Return the share of the pool lost by each of ``lines``; ``mdr`` (lines or 1, months), month 1 first."""
    rate, term = pool_terms(facts, lines)
    smm = _line_speeds(facts, lines)
    balance, lost = np.ones(term.size), np.zeros(term.size)
    for month in range(1, int(term.max()) + 1):
        dying = np.where(month <= term - lag, mdr[:, month - 1], 0.0)
        lost += balance * dying * severity
        keep = 1.0 - _amortised(rate, term - month + 1)
        balance = balance * keep * np.maximum(1.0 - dying - smm[:, month - 1], 0.0)
    return lost


def pool_terms(facts: Facts, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return monthly rate and months of the level-pay pools taken to stand behind ``lines``."""
    end = np.where(np.isnat(facts.maturity), facts.end, facts.maturity)[lines]
    days = (end - facts.as_of).astype(np.int64)
    term = np.clip(np.rint(days / DAYS_A_YEAR * MONTHS_A_YEAR), 1, VECTOR_MONTHS)
    return np.nan_to_num(facts.coupon[lines]) / MONTHS_A_YEAR, term


def _amortised(rate: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return the share of a level-pay balance repaid this month with ``left`` months to go; 0 after the end."""
    months = np.maximum(left, 1.0)
    safe = np.where(rate > 1e-12, rate, 1.0)
    share = np.where(rate > 1e-12, safe / np.expm1(months * np.log1p(safe)), 1.0 / months)
    return np.where(left >= 1, share, 0.0)


def _line_speeds(facts: Facts, lines: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(lines)
    constant = -np.expm1(np.log1p(-np.minimum(facts.cpr[rows], 1.0 - 1e-15)) / MONTHS_A_YEAR)
    smm = np.repeat(constant[:, None], VECTOR_MONTHS, axis=1)
    if facts.survival is not None and facts.survival_row is not None:
        alive = facts.survival
        monthly = 1.0 - np.divide(alive[:, 1:], alive[:, :-1], out=np.zeros_like(alive[:, 1:]), where=alive[:, :-1] > 0)
        chosen = facts.survival_row[rows]
        smm[chosen >= 0] = monthly[chosen[chosen >= 0]]
    return smm


def with_losses(flows: Flows, share: np.ndarray) -> Flows:
    """Return the flows less the lost principal, taken from the last payments, and the interest on it.

    Nothing remains of a line that loses everything. Accrued interest goes with the principal.
    """
    if not (share > 0).any():
        return flows
    opening = _opening(flows)
    limit = FACE * (1.0 - share[flows.line])
    surviving = np.clip(limit - (FACE - opening), 0.0, None)
    ratio = np.divide(np.minimum(surviving, opening), opening, out=np.zeros(opening.size), where=opening > 0)
    return replace(
        flows,
        interest=flows.interest * ratio,
        principal=np.minimum(flows.principal, surviving),
        accrued=flows.accrued * (1.0 - share),
    )


def _opening(flows: Flows) -> np.ndarray:
    """Return the balance per 100 before each payment."""
    paid = np.cumsum(flows.principal)
    first = np.concatenate(([True], flows.line[1:] != flows.line[:-1])) if flows.line.size else np.zeros(0, bool)
    before = np.where(first, paid - flows.principal, 0.0)
    start = np.maximum.accumulate(np.where(first, np.arange(flows.line.size), 0))
    return np.asarray(np.maximum(FACE - (paid - flows.principal - before[start]), 0.0))


def with_arrears(flows: Flows, universe: Universe, facts: Facts, scenario: Scenario, notes: Notes) -> Flows:
    """Return the flows under a fall of revenue. What a standing supporter pays is paid; see ``models.Revenue``."""
    shocks = scenario.part("revenue")
    if not shocks:
        return flows
    form = np.asarray(universe.column("support_type"), object)
    stands = np.isin(form.astype(str), SUPPORTS)
    for support in scenario.part("support"):
        stands &= ~choose_lines(universe, support.where, Notes(form.size), "support")
    interest, principal = flows.interest.copy(), flows.principal.copy()
    for shock in shocks:
        hit = choose_lines(universe, shock.where, notes, "revenue") & facts.schedulable
        notes.add(hit & stands, "revenue_supported")
        notes.add(hit & ~stands, "revenue_fell")
        for row in np.flatnonzero(hit & ~stands).tolist():
            at = flows.line == row
            start = np.concatenate(([facts.as_of], flows.dates[at][:-1]))
            due = (interest[at], principal[at])
            interest[at], principal[at] = _served(shock, facts.as_of, (start, flows.dates[at]), due)
    return replace(flows, interest=interest, principal=principal)


def _served(
    shock: Revenue, as_of: np.datetime64, period: tuple[np.ndarray, np.ndarray], due: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return interest and principal paid out of revenue, interest first, arrears before what is due."""
    (start, stop), (interest, principal) = period, due
    close = as_of + np.timedelta64(shock.days, "D")
    days = np.maximum((stop - start).astype(np.int64), 1)
    inside = np.clip((np.minimum(stop, close) - start).astype(np.int64), 0, None) / days
    revenue = float(shock.coverage) * (interest + principal) * (1.0 - float(shock.fall) * inside)
    paid = np.zeros((2, interest.size))
    owed = np.zeros(2)
    for k in range(interest.size):
        owed += (interest[k], principal[k])
        paid[0, k] = min(owed[0], revenue[k])
        paid[1, k] = min(owed[1], revenue[k] - paid[0, k])
        owed -= paid[:, k]
    return paid[0], paid[1]
