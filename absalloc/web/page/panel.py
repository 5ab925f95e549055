"""The panel of the what-if page: its knobs in folds, a field and a slider each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from absalloc.web.page.knob import DECIMALS, KEY, WORDS, Knob, in_words, suffix
from absalloc.web.page.knobs import groups_of
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from absalloc.desk import WhatIf

OPEN = ("money", "target", "house")


def panel(desk: WhatIf, lang: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the fields with ``values``, in folds: money, the targets and the house's own open."""
    import dash_mantine_components as dmc

    found = groups_of(desk, lang)
    items = [
        dmc.AccordionItem(
            [
                dmc.AccordionControl(title),
                dmc.AccordionPanel([_knob(knob, values.get(knob.name, knob.value), lang) for knob in knobs]),
            ],
            value=group,
        )
        for group, (title, knobs) in found.items()
    ]
    opened = [group for group in found if group in OPEN]
    return [dmc.Accordion(items, multiple=True, value=opened, variant="separated", chevronPosition="left")]


def _knob(knob: Knob, value: Any, lang: str) -> Any:
    import dash_mantine_components as dmc
    from dash import html

    empty = value in (None, "")
    away = knob.top if knob.sense == "max" or knob.unit == "grade" else 0.0
    slider = dmc.Slider(
        id={"part": "slider", "knob": knob.name},
        value=away if empty else float(value),
        min=1 if knob.unit == "grade" else 0,
        max=knob.top,
        step=knob.step,
        size="sm",
        mt=8,
        mb=14,
        label=None,
        updatemode="drag",
        thumbLabel=knob.said,
    )
    return html.Div([_field(knob, value, lang), slider], className="knob")


def _field(knob: Knob, value: Any, lang: str) -> Any:
    import dash_mantine_components as dmc

    shared: dict[str, Any] = {
        "id": {"part": "number", "knob": knob.name},
        "label": knob.said,
        "size": "xs",
        "description": knob.rule.removeprefix(KEY),
        "placeholder": text("not_set", lang)
        if knob.value is None
        else text("as_in_mandate", lang, value=in_words(float(knob.value), knob.unit, lang)),
    }
    if knob.unit == "grade":
        grades = [{"value": str(step), "label": word} for step, word in WORDS.items()]
        chosen = None if value in (None, "") else str(int(float(value)))
        return dmc.Select(data=grades, value=chosen, clearable=knob.value is None, **shared)
    return dmc.NumberInput(
        value=value,
        min=0,
        step=knob.step,
        decimalScale=DECIMALS[knob.unit],
        suffix=suffix(knob.unit, lang),
        thousandSeparator=",",
        debounce=150,
        **shared,
    )
