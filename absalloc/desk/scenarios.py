"""Scenarios as a desk names them: shipped names, files or objects, made ready for the rows of a book."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.errors import BadInput
from absalloc.rows import BookState
from absalloc.rows import Scenario as RowScenario
from absalloc.units import exact, ratio
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.cashflow import CurveSet
    from absalloc.plan.note import Note
    from absalloc.plan.tail import TailRule
    from absalloc.stress import MonteCarlo, Scenario


def found_scenarios(wanted: Any) -> list[Scenario]:
    """Return scenarios of names, paths or Scenarios.

    Raises BadInput, with the nearest name, for an unknown one, and for two of one name.
    """
    from absalloc.stress import find_scenario

    listed = [wanted] if isinstance(wanted, str | Path) or hasattr(wanted, "sha256") else list(wanted)
    found = [find_scenario(str(item)) if isinstance(item, str | Path) else item for item in listed]
    names = [item.name for item in found]
    for name in names:
        if names.count(name) > 1:
            raise BadInput("desk.scenario_twice", where=Where("--scenario"), value=name)
    return found


def split_sets(wanted: Any) -> tuple[list[Any], list[MonteCarlo]]:
    """Return what is asked for without the Monte-Carlo sets, and these. Raises BadInput for a file that is wrong."""
    from absalloc.stress import MonteCarlo, find_set

    listed = [wanted] if isinstance(wanted, str | Path) or hasattr(wanted, "sha256") else list(wanted)
    rest: list[Any] = []
    sets: list[MonteCarlo] = []
    for item in listed:
        found = find_set(str(item)) if isinstance(item, str | Path) else item
        if isinstance(found, MonteCarlo):
            sets.append(found)
        else:
            rest.append(item)
    return rest, sets


def tail_rule(state: BookState, wanted: str | tuple[Any, Any] | None, sets: Sequence[MonteCarlo]) -> TailRule | None:
    """Return the cap on CVaR of ``95%:2%`` (level, share of NAV) or a pair of shares, over the draws of one set.

    Raises BadInput for another form, a level or share outside 0 - 100 %, a cap without a set, a set without a cap, and
    several sets.
    """
    place = Where("--cvar")
    if wanted is None and not sets:
        return None
    if wanted is None or len(sets) != 1:
        code = "desk.set_without_cvar" if wanted is None else "desk.cvar_one_set"
        raise BadInput(code, where=place, value=", ".join(item.name for item in sets) or "-", expected=_known_sets())
    level, share = _level_and_share(wanted, place)
    from absalloc.plan.tail import TailRule
    from absalloc.stress import revalue_draws
    from absalloc.study.tails import unit_draws

    chosen = sets[0]
    found = revalue_draws(state.universe, chosen, state.as_of, curves=curves_of(state))
    return TailRule(chosen.name, chosen.sha256, level, share, chosen.horizon, unit_draws(state, found))


def _level_and_share(wanted: str | tuple[Any, Any], place: Where) -> tuple[Fraction, Fraction]:
    parts: Sequence[Any] = wanted.split(":") if isinstance(wanted, str) else wanted
    if len(parts) != 2:
        raise BadInput("desk.cvar_form", where=place, value=str(wanted), expected="95%:2%")
    level, share = (ratio(part.strip(), place).value if isinstance(part, str) else exact(float(part)) for part in parts)
    if not (0 < level < 1 and -1 < share < 1):
        raise BadInput("desk.cvar_form", where=place, value=str(wanted), expected="95%:2%")
    return level, share


def _known_sets() -> str:
    from absalloc.stress import shipped_sets

    return ", ".join(shipped_sets())


def known_scenarios() -> str:
    """Return the shipped names in a row, for a message."""
    from absalloc.stress import shipped_scenarios

    return ", ".join(shipped_scenarios())


def curves_of(state: BookState) -> CurveSet | None:
    """Return the curves of a book's mandate as on its day, None where it names none."""
    from absalloc.cashflow import load_curves

    mandate = state.mandate
    return load_curves(mandate.path(mandate.curves), as_of=state.as_of) if mandate.curves else None


def row_scenarios(states: Sequence[BookState], wanted: Any) -> tuple[RowScenario, ...]:
    """Return scenarios on some books as the rows take them; a row scenario passes as it is.

    Raises BadInput as ``found_scenarios`` and the stress of a universe do.
    """
    listed = [wanted] if isinstance(wanted, str | Path) or hasattr(wanted, "sha256") else list(wanted)
    ready = [item for item in listed if isinstance(item, RowScenario)]
    rest = found_scenarios([item for item in listed if not isinstance(item, RowScenario)])
    if not rest:
        return tuple(ready)
    from absalloc.study.stress import row_scenario

    curves = curves_of(states[0])
    return (*ready, *(row_scenario(states, item, curves=curves) for item in rest))


def scenario_notes(states: Sequence[BookState], shocks: Sequence[RowScenario]) -> list[Note]:
    """Say which shocks strike nothing, often a misspelt value, and which redemptions no net assets were given for."""
    from absalloc.plan.note import Note

    found = [Note("shock_idle", scenario=item.name, shocks=", ".join(item.idle)) for item in shocks if item.idle]
    without = ", ".join(state.name for state in states if state.mandate.amount("nav") is None)
    redeeming = [item for item in shocks if item.redemption and without]
    return [*found, *(Note("redemption_unapplied", scenario=item.name, books=without) for item in redeeming)]


def worst_loss_of(wanted: Fraction | float | str | None, scenarios: Sequence[RowScenario]) -> Fraction | None:
    """Return the cap on losses as a share. Raises BadInput outside 0 - 100 %, and without a scenario to lose in."""
    if wanted is None:
        return None
    place = Where("--worst-loss")
    if isinstance(wanted, str):
        cap = ratio(wanted, place).value
    else:
        cap = exact(wanted) if isinstance(wanted, float) else Fraction(wanted)
    if not 0 <= cap <= 1:
        raise BadInput("desk.worst_loss", where=place, value=str(wanted), expected="0% - 100%")
    if not scenarios:
        raise BadInput("desk.worst_loss_alone", where=place, value=str(wanted), expected=known_scenarios())
    return cap
