"""What the mandate itself asks for, as rules: targets and name counts are rows like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.mandate.load import LoadedMandate
from absalloc.mandate.models import Band, YearsTarget
from absalloc.predicate import Between, OneOf, Predicate
from absalloc.rulebook.active import ActiveRule, Limit, Override, Rules, overridden
from absalloc.rulebook.models import By, Combined, HoldingsSum, Source, Title
from absalloc.terms import AGENCIES, RATING_GRADES

PREFIX = "target"
SLEEVE = OneOf("product", ("credit_abs", "enterprise_abs", "abn", "insurance_plan"))
SECURITIES = OneOf(
    "product",
    (
        "credit_abs", "enterprise_abs", "abn", "insurance_plan", "government", "local_government",
        "central_bank_bill", "policy_bank", "credit_bond", "fund",
    ),
)  # fmt: skip
CASH = OneOf("product", ("cash", "deposit"))
RATING = Combined.model_validate({"from": [f"rating.{agency}" for agency in AGENCIES], "take": "lowest"})
_TITLES: dict[str, tuple[str, str]] = {
    "duration": ("modified duration", "修正久期"),
    "wal": ("weighted average life", "加权平均剩余期限"),
    "rating": ("rating of each line", "逐券评级"),
    "average-rating": ("average rating of the sleeve", "平均评级"),
    "sector-credit": ("share of credit ABS", "信贷ABS占比"),
    "sector-urban-investment": ("share of urban-investment ABS", "城投ABS占比"),
    "sector-enterprise": ("share of enterprise ABS", "企业ABS占比"),
    "cash": ("share of cash", "现金占比"),
    "allocate": ("lines that are decided", "可配置的券"),
    "max-names": ("number of names", "持券只数"),
}


def target_rules(mandate: LoadedMandate) -> tuple[ActiveRule, ...]:
    """Return the mandate's targets and its cap on names as hard rules ``target/<name>``."""
    return tuple(_targets(mandate))


def with_targets(rules: Rules, mandate: LoadedMandate, overrides: Mapping[str, Override] | None = None) -> Rules:
    """Return the rules with the mandate's targets added.

    ``overrides`` may set ``target/<name>.limit``, of a target with both ends ``.max`` or ``.min``. Raises BadInput for
    a target that there is not, and for an end that it does not have.
    """
    found = list(target_rules(mandate))
    for key, value in (overrides or {}).items():
        if not key.startswith(f"{PREFIX}/"):
            continue
        name, _, end = key.rpartition(".")
        at = next((i for i, rule in enumerate(found) if rule.id == name), None)
        if at is None:
            raise BadInput("rulebook.unknown_rule", value=name, choices=[rule.id for rule in found], books=PREFIX)
        found[at] = _moved(found[at], end, value)
    return replace(rules, active=(*rules.active, *found))


def _moved(rule: ActiveRule, end: str, value: Override) -> ActiveRule:
    """Return a target with one of its ends at another value: ``limit`` where it has one end only."""
    ends = ["limit"] if len(rule.limits) == 1 else [limit.sense for limit in rule.limits]
    if end not in (*ends, *(limit.sense for limit in rule.limits)):
        expected = ", ".join(f"{rule.id}.{each}" for each in ends)
        raise BadInput("rulebook.override_key", value=end, rule=rule.id, expected=expected)
    mine = [limit for limit in rule.limits if end in ("limit", limit.sense)]
    (new,) = overridden(replace(rule, limits=tuple(mine)), value).limits
    return replace(rule, limits=tuple(new if limit is mine[0] else limit for limit in rule.limits))


def _targets(mandate: LoadedMandate) -> Iterator[ActiveRule]:
    wanted = mandate.targets
    for name, target, column in (("duration", wanted.duration, "modified_duration"), ("wal", wanted.wal, "wal")):
        if target is not None:
            yield _years(mandate, name, target, column)
    if wanted.rating is not None:
        grade = Fraction(RATING_GRADES[wanted.rating.min])
        limit = Limit("min", grade, "grade")
        # The rule's own limit, not the mandate's word: a limit set for one run must hold.
        floor = Between("rating", (("min", "limit"),))
        yield _rule(mandate, "rating", "eligibility", (limit,), ("rating",), where=SLEEVE, require=floor)
    if wanted.average_rating is not None:
        limit = Limit("max", Fraction(RATING_GRADES[wanted.average_rating.min]), "grade")
        yield _rule(
            mandate,
            "average-rating",
            "average",
            (limit,),
            ("average_rating",),
            where=SLEEVE,
            measure=("market_value", "rating"),
        )
    for sector, band in wanted.sectors.items():
        yield _band(
            mandate, "sector-" + sector.replace("_", "-"), band, OneOf("sector", (sector,)), ("sectors", sector)
        )
    if wanted.cash is not None:
        yield _band(mandate, "cash", wanted.cash, CASH, ("cash",))
    if mandate.trading.max_names is not None:
        limit = Limit("max", Fraction(mandate.trading.max_names), "count")
        yield _rule(
            mandate,
            "max-names",
            "count",
            (limit,),
            (),
            where=SECURITIES,
            by="tranche_id",
            place=("trading", "max_names"),
        )


def _years(mandate: LoadedMandate, name: str, target: YearsTarget, column: str) -> ActiveRule:
    where = SLEEVE if target.of == "sleeve" else None
    return _rule(
        mandate,
        name,
        "average",
        _ends(target.min, target.max, "years"),
        (name,),
        where=where,
        measure=("market_value", column),
    )


def allocation_rule(mandate: LoadedMandate) -> ActiveRule:
    """Return ``portfolio.allocate`` as a rule, so that the lines it names are read as any rule reads them."""
    return _rule(
        mandate, "allocate", "share", (), (), where=mandate.portfolio.allocate, place=("portfolio", "allocate")
    )


def _band(mandate: LoadedMandate, name: str, band: Band, where: Predicate, path: tuple[str, ...]) -> ActiveRule:
    limits = _ends(band.min and band.min.value, band.max and band.max.value, "ratio")
    of: Any = "nav" if "nav" in mandate.amounts else HoldingsSum(measure="market_value")
    return _rule(mandate, name, "share", limits, path, where=where, of=of)


def _ends(low: Fraction | None, high: Fraction | None, unit: str) -> tuple[Limit, ...]:
    found = [Limit("max", high, unit)] if high is not None else []
    return (*found, Limit("min", low, unit)) if low is not None else tuple(found)


def _rule(
    mandate: LoadedMandate, name: str, kind: str, limits: tuple[Limit, ...], path: tuple[str, ...], *,
    where: Predicate | None = None, require: Predicate | None = None, by: By | None = None,
    measure: tuple[str, ...] = ("market_value",), of: Any = None, place: tuple[str, ...] = (),
) -> ActiveRule:  # fmt: skip
    english, chinese = _TITLES[name]
    return ActiveRule(
        id=f"{PREFIX}/{name}", kind=kind, title=Title(en=f"Target: {english}", zh=f"目标：{chinese}"),
        source=_source(mandate),
        document=Path(mandate.file).name, place=mandate.document.where(*(place or ("targets", *path))),
        limits=limits, where=where,
        require=require, by=by, measure=measure, of=of, plus=(), level="hard", tested="always", scope="portfolio",
        exceptions=(), columns={"rating": RATING}, sets={},
    )  # fmt: skip


def _source(mandate: LoadedMandate) -> Source:
    return Source(
        document="mandate", article="–", ref=str(mandate.name), confidence="text_seen", article_confirmed=True
    )
