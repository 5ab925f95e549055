"""What strikes each sector, and how hard: recorded events of its own kind, a widening common to all, one multiple.

Severities are made equal in two ways at once: every sector's own spreads widen by the same number of basis points, and
every sector's own events happen to the same multiple of what was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import sha256
from absalloc.predicate import OneOf
from absalloc.stress import Move, Scenario, compose, find_scenario
from absalloc.stress.models import DirectLoss, PoolDefault, Revenue, Source, Speed, Support, Title
from absalloc.terms import SECTORS
from absalloc.units import Quantity, exact

EVENTS: Mapping[str, tuple[str, ...]] = {
    "credit": ("rmbs-prepayment-2023", "auto-prepayment-2023", "consumer-arrears-2023"),
    "urban_investment": ("toll-free-2020", "supporter-failure-2021"),
    "enterprise": ("supporter-failure-2021",),
}
"""The recorded events of each sector, shipped and cited: prepayment and default; fees and supporters; supporters and
the core debtors that ``CORE_DEBTORS`` adds."""
WIDENING = 0.0100
"""How far the spreads of a sector's own lines widen at severity 1, a decimal. An assumption: a round figure."""
CORE_DEBTOR_LOSS = "60%"
"""Of principal, lost where a weak core debtor fails: as behind a failed guarantee in ``supporter-failure-2021``."""
ROUND = Source(
    document="round figures of this project",
    figures=f"spreads {WIDENING * 1e4:.0f} bp wider; {CORE_DEBTOR_LOSS} lost where a core debtor fails",
    confidence="assumption",
)
LEAST, MOST = 0.1, 5.0


def sector_driver(sector: str, times: float = 1.0) -> Scenario:
    """Return the driver of a sector at a severity: its events and the common widening, ``times`` over.

    Raises BadInput for an unknown sector, or a severity outside 0.1 to 5.
    """
    if sector not in SECTORS:
        raise BadInput("study.sector_unknown", value=sector, expected=", ".join(SECTORS), choices=SECTORS)
    return scaled(_recorded(sector), times)


@cache
def _recorded(sector: str) -> Scenario:
    """Return the events of a sector as recorded, with the spreads of the events replaced by the common widening."""
    events = compose([find_scenario(name) for name in EVENTS[sector]])
    losses = tuple(events.part("losses")) + ((_core_debtors(),) if sector == "enterprise" else ())
    parts = tuple((key, losses if key == "losses" else shocks) for key, shocks in events.parts)
    if "losses" not in dict(parts):
        parts = (*parts, ("losses", losses))
    widening = Move((1.0,), (WIDENING,), OneOf("sector", (sector,)))
    more = (" + failure of weak core debtors", " + 弱资质核心债务人违约") if sector == "enterprise" else ("", "")
    title = Title(
        en=f"{events.title.en}{more[0]}; its spreads wider by {WIDENING * 1e4:.0f} bp",
        zh=f"{events.title.zh}{more[1]}；本类利差走阔{WIDENING * 1e4:.0f}bp",
    )
    name = f"{sector.replace('_', '-')}-driver"
    sources = (*events.sources, ROUND)
    made = sha256(f"{events.sha256} {sector} {WIDENING!r} {CORE_DEBTOR_LOSS}".encode())
    return replace(events, name=name, title=title, sources=sources, parts=parts, spreads=(widening,), sha256=made)


def _core_debtors() -> DirectLoss:
    """Return the failure of the core debtors of lines rated or implied AA or worse."""
    weak = {"any": [{"rating": {"max": "AA"}}, {"implied_rating": {"max": "AA"}}]}
    where = {"all": [{"product": ["enterprise_abs", "abn"]}, {"not": {"missing": "core_debtor"}}, weak]}
    return DirectLoss.model_validate({"share": CORE_DEBTOR_LOSS, "where": where})


def scaled(scenario: Scenario, times: float) -> Scenario:
    """Return a scenario ``times`` over: moves, shares lost, defaults and days multiplied, shares at most 1.

    A speed is multiplied on the prepayment hazard, 1 − (1 − CPR)^times. Ratings, lives, liquidity and redemptions are
    facts that happen or not, and stay. Raises BadInput for a severity outside 0.1 to 5, and for a scenario of Python
    functions at any other severity than 1.
    """
    if not LEAST <= times <= MOST:
        raise BadInput("study.severity", value=f"{times:g}", expected=f"{LEAST:g} - {MOST:g}")
    if times == 1.0:
        return scenario
    if scenario.custom:
        raise BadInput("study.severity_custom", value=scenario.name)
    return replace(
        scenario,
        yields=tuple(_wider(move, times) for move in scenario.yields),
        spreads=tuple(_wider(move, times) for move in scenario.spreads),
        parts=tuple((key, tuple(_harder(shock, times) for shock in shocks)) for key, shocks in scenario.parts),
        sha256=sha256(f"{scenario.sha256} {times!r}".encode()),
    )


def _wider(move: Move, times: float) -> Move:
    return replace(move, moves=tuple(round(value * times, 12) for value in move.moves))


def _share(value: float) -> Quantity:
    return Quantity(exact(round(value, 12)), "ratio", f"{value * 100:.8g}%")


def _harder(shock: Any, times: float) -> Any:
    """Return one shock, ``times`` over."""
    if isinstance(shock, PoolDefault):
        already = 1.0 if shock.multiple is None else float(shock.multiple)
        return shock.model_copy(update={"multiple": _share(already * times)})
    if isinstance(shock, DirectLoss):
        return shock.model_copy(update={"share": _share(min(float(shock.share) * times, 1.0))})
    if isinstance(shock, Support):
        names = ("guarantee", "shortfall_commitment", "liquidity_support")
        return shock.model_copy(update={n: _share(min(float(getattr(shock, n)) * times, 1.0)) for n in names})
    if isinstance(shock, Revenue):
        return shock.model_copy(update={"days": max(round(shock.days * times), 1)})
    return _faster(shock, times) if isinstance(shock, Speed) else shock


def _faster(shock: Speed, times: float) -> Speed:
    def hazard(cpr: Any) -> Quantity:
        return _share(1.0 - (1.0 - float(cpr)) ** times)

    if shock.cpr is not None:
        return shock.model_copy(update={"cpr": hazard(shock.cpr)})
    if shock.steps is not None:
        steps = tuple(step.model_copy(update={"cpr": hazard(step.cpr)}) for step in shock.steps)
        return shock.model_copy(update={"steps": steps})
    return shock.model_copy(update={"multiple": _share(float(shock.multiple or 1) * times)})
