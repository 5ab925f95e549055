"""The certificate of a plan: the program and its rounded answer, in exact decimals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from absalloc.plan.certificate import build_certificate
from absalloc.plan.make import Answer, PlanSettings
from absalloc.plan.program import Program
from absalloc.plan.verify_standalone import canonical
from absalloc.solve import SolveSettings
from absalloc.units import exact


def certificate_of(answer: Answer, settings: PlanSettings) -> dict[str, Any] | None:
    """Return the certificate of an answer; None where there is no plan."""
    if answer.faces is None or answer.program is None or answer.outcome is None:
        return None
    state = answer.state
    meta = {
        "universe_sha256": state.universe.sha256,
        "rulebook_sha256": state.rules.sha256,
        "rulebooks": state.rules.hashes,
        "sense": "max",
        "mandate": state.name,
        "as_of": state.as_of.isoformat(),
        "unit": "million yuan a year",
    }
    point = exact_point(answer.program, answer)
    return build_certificate(
        answer.program.problem, answer.outcome, point, meta=meta, settings=SolveSettings(mip_gap=settings.mip_gap)
    )


def exact_point(program: Program, answer: Answer) -> list[Fraction]:
    """Return the program's columns at the faces of the plan: what was rounded, not what the solver returned."""
    outcome = answer.outcome
    assert outcome is not None
    assert outcome.x is not None
    state = answer.state
    before = state.before or {}
    point = [Fraction(0)] * len(program.builder.columns)
    for j, meaning in enumerate(program.builder.columns):
        if meaning.leg == "on":
            value = float(outcome.x[j])
            point[j] = Fraction(round(value)) if program.builder.whole[j] else exact(float(f"{value:.12g}"))
    for p, name in enumerate(program.lines.positions.ids):
        change = state.held.get(name, Fraction(0)) - before.get(name, Fraction(0))
        _legs(program, p, change, outcome.x, point)
    return point


def _legs(program: Program, p: int, change: Fraction, x: Any, point: list[Fraction]) -> None:
    legs = program.legs
    bought, sold, odd = int(legs.buy[p]), int(legs.sell[p]), int(legs.odd[p])
    columns = program.builder.columns
    if odd >= 0:
        point[odd] = Fraction(round(float(x[odd])))
        change += point[odd] * exact(columns[odd].size)
    if bought >= 0 and program.builder.whole[bought]:
        # A line may be bought and sold in one plan only where that is free; both legs are kept as solved.
        point[bought] = Fraction(round(float(x[bought])))
        change -= point[bought] * exact(columns[bought].size)
        if sold >= 0:
            point[sold] = -change / exact(columns[sold].size)
        return
    leg = bought if change > 0 else sold
    if leg >= 0:
        point[leg] = abs(change) / exact(columns[leg].size)


def certificate_bytes(certificate: dict[str, Any]) -> bytes:
    """Return the certificate as it is written to a file."""
    found = canonical(certificate)
    return found if isinstance(found, bytes) else str(found).encode("utf-8")
