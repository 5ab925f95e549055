"""The report as plain data: what a page needs and nothing else, all of it from the JSON documents and their inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absalloc.report.charts import Bar, Stack
from absalloc.report.rules import RuleUse, by_rule
from absalloc.report.words import DASH, name, say, shown
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.report.view import BookView, Payment
    from absalloc.universe import Universe

LADDER = (0.25, 1.0, 2.0, 3.0, 5.0)
"""Upper ends, in years of weighted average life, of all steps of the ladder but the last."""
NOT_IN_LADDER = ("cash", "deposit", "repo", "reverse_repo")


@dataclass(frozen=True)
class Report:
    """One report; ``document`` is the JSON it shows, ``asked`` and ``provenance`` are pairs of label and text."""

    kind: str  # plan or check
    lang: str
    title: str
    answer: str
    good: bool | None
    document: Mapping[str, Any]
    asked: tuple[tuple[str, str], ...]
    rules: tuple[RuleUse, ...]
    provenance: tuple[tuple[str, str], ...]
    sectors: tuple[Bar, ...] = ()
    ladder: tuple[Bar, ...] = ()
    payments: tuple[Stack, ...] = ()
    unscheduled: tuple[str, ...] = ()
    deeper: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[str, ...] = field(default=())


def report_of(
    document: Mapping[str, Any],
    lang: str,
    *,
    mandate: LoadedMandate,
    universe: Universe,
    holdings: str | None = None,
    view: BookView | None = None,
    deeper: Mapping[str, Any] | None = None,
) -> Report:
    """Return the report of a plan or check document: what was asked, what it was made from, its book, further parts."""
    from absalloc.report.answer import check_answer, plan_answer

    plan = document["schema"].startswith("absalloc.plan/")
    good = document["compliant"] if not plan or document["objective"] is not None else False
    if plan and document["status"] != "optimal":
        good = False
    lines = document["holdings"] if plan else view.lines if view else ()
    return Report(
        kind="plan" if plan else "check",
        lang=lang,
        title=say("title_plan" if plan else "title_check", lang, book=mandate.name),
        answer=plan_answer(dict(document), lang) if plan else check_answer(dict(document), lang),
        good=good,
        document=document,
        asked=tuple(asked(mandate, document, lang, holdings)),
        rules=tuple(by_rule(document["findings"])),
        provenance=tuple(provenance(mandate, universe, document, lang)),
        sectors=sector_bars(lines, lang),
        ladder=ladder_bars(lines, lang),
        payments=payment_stacks(view.payments if view else (), lang),
        unscheduled=view.unscheduled if view else (),
        deeper=deeper or {},
        failures=tuple(failure.text(lang) for failure in universe.failures),
    )


def asked(
    mandate: LoadedMandate, document: Mapping[str, Any], lang: str, holdings: str | None
) -> list[tuple[str, str]]:
    """Return what was asked: whose money, by which rules, on which day, for what, within which limits."""
    model = mandate.model
    found = [
        ("asked_mandate", f"{model.name} ({name('institution', model.institution, lang)})"),
        ("asked_day", str(document["as_of"])),
        ("asked_rulebooks", ", ".join(model.rulebooks)),
        ("asked_amounts", _amounts(model, lang)),
        ("asked_objective", name("objective", model.objective.kind, lang)),
        ("asked_mode", name("mode", model.mode, lang)),
        ("asked_targets", _written(mandate, "targets")),
        ("asked_trading", _written(mandate, "trading")),
        ("asked_off", "; ".join(f"{rule}: {why}" for rule, why in model.off.items())),
        ("asked_readings", ", ".join(f"{switch}={reading}" for switch, reading in model.readings.items())),
        ("asked_holdings", holdings or ""),
    ]
    if document["schema"].startswith("absalloc.check/"):
        found = [
            pair for pair in found if pair[0] not in ("asked_objective", "asked_mode", "asked_targets", "asked_trading")
        ]
    return [(say(key, lang), text) for key, text in found if text]


def _amounts(model: Any, lang: str) -> str:
    return "; ".join(
        f"{name('amount', key, lang)} {shown(float(amount.value), 'yuan', lang)}"
        + (f" ({amount.as_of.isoformat()})" if amount.as_of else "")
        for key, amount in model.amounts.items()
    )


def _written(mandate: LoadedMandate, part: str) -> str:
    """Return a part of the mandate as it is written in its file."""
    data = mandate.document.data.get(part) or {}
    return "; ".join(f"{key}: {_flat(value)}" for key, value in data.items())


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return str(value)


def provenance(
    mandate: LoadedMandate, universe: Universe, document: Mapping[str, Any], lang: str
) -> list[tuple[str, str]]:
    """Return what the answer was made from: files with their hashes, rulebooks, the certificate, how sure the texts."""
    found = [
        (say("made_file", lang, file=_bare(source.file)), say("made_rows", lang, rows=source.rows, hash=source.sha256))
        for source in universe.provenance
    ]
    found.append((say("made_mandate", lang), _bare(mandate.file)))
    found += [(say(f"made_{key}", lang), str(value)) for key, value in document["inputs"].items()]
    if document.get("certificate"):
        found.append((say("made_certificate", lang), document["certificate"]))
    if document.get("run"):
        found.append((say("made_by", lang), ", ".join(f"{k} {v}" for k, v in document["run"]["versions"].items())))
    found.append((say("made_confidence", lang), _confidence(document["findings"], lang)))
    read = dict.fromkeys(f["reading"] for f in document["findings"] if f["reading"])
    if read:
        found.append((say("made_readings", lang), ", ".join(read)))
    return found


def _bare(path: str) -> str:
    """Return the name of a file without its folder: where it lay when it was read is nobody's business."""
    return path.replace("\\", "/").rpartition("/")[2]


def _confidence(findings: Sequence[Mapping[str, Any]], lang: str) -> str:
    rules = {item["rule"]: item["source"]["confidence"] for item in findings}
    words = ("text_seen", "secondary", "unverified")
    counts = {word: sum(1 for found in rules.values() if found == word) for word in words}
    return ", ".join(f"{name('confidence', word, lang)} {count}" for word, count in counts.items() if count) or DASH


def sector_bars(lines: Sequence[Mapping[str, Any]], lang: str) -> tuple[Bar, ...]:
    """Return the share of each sector of the ABS, and of each other kind of instrument."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        sector, product = line["sector"], line["product"]
        if product in ABS_PRODUCTS:
            key = ("sleeve", name("sector", sector, lang) if sector else say("sector_unknown", lang))
        else:
            key = ("owed" if product in LIABILITY_PRODUCTS else "other", name("product", product, lang))
        groups.setdefault(key, []).append(line)
    found = [_bar(label, kind, items, lang) for (kind, label), items in groups.items()]
    order = {"sleeve": 0, "other": 1, "owed": 2}
    return tuple(sorted(found, key=lambda bar: (order[bar.kind], -bar.value, bar.label)))


def ladder_bars(lines: Sequence[Mapping[str, Any]], lang: str) -> tuple[Bar, ...]:
    """Return the share of each step of weighted average life; money and repo aside, unknown lives last."""
    steps: dict[int, list[Mapping[str, Any]]] = {step: [] for step in range(len(LADDER) + 1)}
    unknown = []
    for line in lines:
        if line["product"] in NOT_IN_LADDER:
            continue
        if line["wal"] is None:
            unknown.append(line)
        else:
            steps[sum(line["wal"] > end for end in LADDER)].append(line)
    if not any(steps.values()) and not unknown:
        return ()
    found = [_bar(_step_name(step, lang), "sleeve", items, lang) for step, items in steps.items()]
    return (*found, *([_bar(say("life_unknown", lang), "other", unknown, lang)] if unknown else []))


def _step_name(step: int, lang: str) -> str:
    if step == 0:
        return say("life_up_to", lang, end=f"{LADDER[0]:g}")
    if step == len(LADDER):
        return say("life_over", lang, start=f"{LADDER[-1]:g}")
    return say("life_between", lang, start=f"{LADDER[step - 1]:g}", end=f"{LADDER[step]:g}")


def _bar(label: str, kind: str, lines: Sequence[Mapping[str, Any]], lang: str) -> Bar:
    """Return a bar of weights; of market value in yuan where the book has no total to weigh by."""
    sign = -1.0 if kind == "owed" else 1.0
    worth = sum(line["market_value"] or 0.0 for line in lines)
    said = shown(worth, "yuan", lang)
    if all(line["weight"] is not None for line in lines):
        weight = sum(line["weight"] for line in lines)
        return Bar(label, sign * weight, f"{shown(sign * weight, 'ratio', lang)}  {said}", kind)
    return Bar(label, sign * worth, said, kind)


def payment_stacks(payments: Sequence[Payment], lang: str) -> tuple[Stack, ...]:
    """Return what is paid in each period: principal below, interest above it, the sum written over both."""
    return tuple(
        Stack(item.period, item.principal, item.interest, shown(item.principal + item.interest, "yuan", lang))
        for item in payments
    )
