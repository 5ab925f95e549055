"""The knobs of the what-if page: a field and a slider for every limit and target that is a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from absalloc.web.page.words import UNIT_SCALE, in_field, of_field, text

if TYPE_CHECKING:
    from absalloc.desk import Changes, WhatIf

STEP = {"ratio": 0.1, "yuan": 1.0, "years": 0.05, "months": 1.0, "days": 1.0, "count": 1.0, "grade": 1.0}
DECIMALS = {"ratio": 4, "yuan": 2, "years": 3, "months": 0, "days": 0, "count": 0, "grade": 0}


@dataclass(frozen=True)
class Knob:
    """One limit: ``name`` is ``rule.max`` or ``rule.min``; ``value`` and ``top`` are numbers of its field."""

    name: str
    rule: str
    title: str
    sense: str
    unit: str
    value: float
    top: float

    @property
    def group(self) -> str:
        """The rulebook it stands in; ``target`` for the mandate's own."""
        return self.rule.partition("/")[0]


def knobs_of(desk: WhatIf, lang: str) -> list[Knob]:
    """Return the knobs of a desk: targets first, then rulebook by rulebook in their order."""
    found = []
    for rule in desk.case.state.rules.active:
        if rule.kind == "eligibility":
            continue
        for limit in rule.limits:
            if limit.value is None:
                continue
            value = in_field(limit.value, limit.unit)
            top = max(2 * value, 10.0 if limit.unit == "ratio" else 1.0)
            title = getattr(rule.title, lang)
            found.append(Knob(f"{rule.id}.{limit.sense}", rule.id, title, limit.sense, limit.unit, value, top))
    return sorted(found, key=lambda knob: knob.group != "target")


def changes_of(desk: WhatIf, values: Mapping[str, Any], off: Sequence[str], barred: Sequence[str], nav: Any) -> Changes:
    """Return what differs from the book as given; an empty field is as given."""
    from absalloc.desk import Changes

    limits = {}
    for knob in knobs_of(desk, "en"):
        value = values.get(knob.name)
        if value not in (None, "") and float(value) != knob.value:
            limits[knob.name] = of_field(value, knob.unit)
    given = desk.case.state.mandate.amount("nav")
    moved = None
    if nav not in (None, "") and given is not None and of_field(nav, "yuan") != given:
        moved = of_field(nav, "yuan")
    return Changes(limits=limits, off=tuple(off), supply=dict.fromkeys(barred, 0), nav=moved)


def repaired(repair: Mapping[str, Any]) -> tuple[str, str]:
    """Return the knob that a repair moves and the number of its field, rounded to the side that lets more."""
    unit, most = repair["unit"], repair["sense"] == "max"
    scale = 10 ** DECIMALS.get(unit, 0)
    exact = Fraction(str(repair["limit"])) * Fraction(str(UNIT_SCALE.get(unit, 1.0))) * scale
    steps = ceil(exact) if most else floor(exact)
    return f"{repair['rule']}.{repair['sense']}", f"{float(Fraction(steps, scale)):.12g}"


def panel(desk: WhatIf, lang: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the fields with ``values``, in folds by rulebook, the targets and the house's own open."""
    import dash_mantine_components as dmc

    groups: dict[str, list[Knob]] = {}
    for knob in knobs_of(desk, lang):
        groups.setdefault(knob.group, []).append(knob)
    items = [
        dmc.AccordionItem(
            [
                dmc.AccordionControl(text("targets", lang) if group == "target" else group),
                dmc.AccordionPanel([_field(knob, values.get(knob.name, knob.value), lang) for knob in knobs]),
            ],
            value=group,
        )
        for group, knobs in groups.items()
    ]
    opened = [group for group in groups if group in ("target", "house")] or list(groups)[:1]
    return [dmc.Accordion(items, multiple=True, value=opened, variant="separated", chevronPosition="left")]


def _suffix(unit: str, lang: str) -> str:
    if unit in ("count", "grade"):
        return ""
    return " %" if unit == "ratio" else f" {text(f'unit_{unit}', lang)}"


def _field(knob: Knob, value: Any, lang: str) -> Any:
    import dash_mantine_components as dmc
    from dash import html

    sign = "≤" if knob.sense == "max" else "≥"
    said = f"{knob.title} {sign}"
    return html.Div(
        [
            dmc.NumberInput(
                id={"part": "number", "knob": knob.name},
                value=value,
                min=0,
                label=said,
                size="xs",
                step=STEP[knob.unit],
                decimalScale=DECIMALS[knob.unit],
                suffix=_suffix(knob.unit, lang),
                description=knob.rule,
                debounce=150,
            ),
            dmc.Slider(
                id={"part": "slider", "knob": knob.name},
                value=knob.value if value in (None, "") else float(value),
                min=0,
                max=knob.top,
                step=STEP[knob.unit],
                size="sm",
                mt=8,
                mb=14,
                label=None,
                updatemode="drag",
                thumbLabel=said,
            ),
        ],
        className="knob",
    )
