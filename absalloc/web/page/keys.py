"""Knobs of the mandate itself: its money (NAV, funding, repo), and the targets it does not set yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from absalloc.web.page.knob import KEY, RATE_TOP, WORDS, Knob, made_knob
from absalloc.web.page.words import in_field, of_field, text

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate

FUNDING = "funding.rate"
UNSET: tuple[tuple[str, str, str, str], ...] = (
    ("target/duration.max", "targets.duration.max", "max", "years"),
    ("target/duration.min", "targets.duration.min", "min", "years"),
    ("target/wal.max", "targets.wal.max", "max", "years"),
    ("target/wal.min", "targets.wal.min", "min", "years"),
    ("target/rating.max:grade", "targets.rating.min", "min", "grade"),
    ("target/average-rating.max:grade", "targets.average_rating.min", "min", "grade"),
    *(
        (f"target/sector-{sector.replace('_', '-')}.{end}", f"targets.sectors.{sector}.{end}", end, "ratio")
        for sector in ("credit", "urban_investment", "enterprise")
        for end in ("max", "min")
    ),
    ("target/cash.max", "targets.cash.max", "max", "ratio"),
    ("target/cash.min", "targets.cash.min", "min", "ratio"),
    ("target/max-names.max", "trading.max_names", "max", "count"),
)
"""Targets a mandate may set: the knob of the rule where it does, its key, sense and unit."""
TOPS = {"years": 10.0, "ratio": 100.0, "count": 200.0, "grade": 10.0}


def money(mandate: LoadedMandate, lang: str) -> Iterator[Knob]:
    """Yield the amounts of a mandate, what it invests, what its money and its repo cost, and its caps on trading."""

    def knob(key: str, unit: str, value: Any, top: float | None = None) -> Knob:
        name = key.removeprefix("amounts.").removesuffix(".value").replace(".", "_")
        shown = None if value is None else in_field(value, unit)
        return made_knob(f"{KEY}{key}", text(f"key_{name}", lang), ("", unit), shown, group="money", top=top)

    for name, amount in mandate.amounts.items():
        yield knob(f"amounts.{name}.value", "yuan", amount.value)
    if mandate.portfolio.invest is not None:
        yield knob("portfolio.invest.amount", "yuan", mandate.portfolio.invest.amount)
    funding = mandate.funding
    curve = funding is not None and funding.curve
    rate = None if funding is None or curve or funding.rate is None else funding.rate.value
    yield knob(FUNDING, "ratio", rate, RATE_TOP)
    if mandate.repo is not None:
        yield knob("repo.rate", "ratio", mandate.repo.rate.value, RATE_TOP)
        if mandate.repo.max is not None:
            yield knob("repo.max", mandate.repo.max.unit, mandate.repo.max.value)
    for key in ("max_turnover", "position_of_outstanding"):
        found = getattr(mandate.trading, key)
        if found is not None:
            yield knob(f"trading.{key}", "ratio", found.value)


def unset(mandate: LoadedMandate, there: set[str], lang: str) -> Iterator[Knob]:
    """Yield the targets that the mandate does not set: empty fields, each a target once it is filled in."""
    for name, key, sense, unit in UNSET:
        if name not in there:
            title = text("key_" + key.rpartition(".")[0].replace(".", "_"), lang)
            yield made_knob(f"{KEY}{key}", title, (sense, unit), None, group="unset", top=TOPS[unit])


def written(knob: Knob, value: Any) -> dict[str, Any]:
    """Return the key of a knob with the number of its field as the mandate's file would write it."""
    key = knob.rule.removeprefix(KEY)
    if knob.unit == "grade":
        return {key: WORDS[int(value)]}
    exact = of_field(value, knob.unit)
    if knob.unit == "yuan":
        return {key: f"{float(exact):.2f} yuan"}
    if knob.unit == "count":
        return {key: str(int(exact))}
    word = f"{float(100 * exact):.12g}%" if knob.unit == "ratio" else f"{float(exact):.12g}"
    return {"funding": {"rate": word}} if key == FUNDING else {key: word}
