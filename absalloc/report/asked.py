"""What was asked, and what the answer was made from, in words: pairs of label and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from absalloc.report.words import DASH, LISTED, SEMICOLON, name, said, say, shown, yuan_in_full

if TYPE_CHECKING:
    from absalloc.mandate import LoadedMandate
    from absalloc.report.view import BookView
    from absalloc.universe import Universe

Readings = Mapping[tuple[str, str], str]
"""The words of the readings in use, by rule id and ``switch=reading``."""
_OF_A_PLAN = ("asked_objective", "asked_mode", "asked_targets", "asked_trading")


def asked(
    mandate: LoadedMandate,
    document: Mapping[str, Any],
    lang: str,
    holdings: str | None,
    view: BookView | None = None,
) -> list[tuple[str, str]]:
    """Return what was asked: whose money, by which rules, on which day, for what, within which limits."""
    model = mandate.model
    apart = SEMICOLON[lang]
    found = [
        ("asked_mandate", say("asked_whose", lang, name=model.name, kind=name("institution", model.institution, lang))),
        ("asked_day", str(document["as_of"])),
        ("asked_rulebooks", LISTED[lang].join(_titled(name, lang, view) for name in model.rulebooks)),
        ("asked_amounts", apart.join(_amounts(model, lang))),
        ("asked_objective", name("objective", model.objective.kind, lang)),
        ("asked_mode", name("mode", model.mode, lang)),
        ("asked_targets", apart.join(_targets(model.targets, lang))),
        ("asked_trading", apart.join(_trading(model.trading, lang))),
        ("asked_off", apart.join(f"{rule}: {why}" for rule, why in model.off.items())),
        ("asked_readings", LISTED[lang].join(f"{switch}={reading}" for switch, reading in model.readings.items())),
        ("asked_holdings", _bare(holdings or "")),
    ]
    if document["schema"].startswith("absalloc.check/"):
        found = [pair for pair in found if pair[0] not in _OF_A_PLAN]
    return [(say(key, lang), text) for key, text in found if text]


def _titled(rulebook: str, lang: str, view: BookView | None) -> str:
    """Return a rulebook by its title and id, by its name alone where it is not among those in use."""
    titles = view.rulebooks.get(rulebook) if view else None
    return _bare(rulebook) if titles is None else say("rule_said", lang, title=titles[lang], rule=rulebook)


def _amounts(model: Any, lang: str) -> Iterator[str]:
    for key, amount in model.amounts.items():
        text = f"{name('amount', key, lang)} {said(float(amount.value), 'yuan', lang)}"
        yield text if amount.as_of is None else say("asked_of_day", lang, text=text, day=amount.as_of.isoformat())


def _targets(targets: Any, lang: str) -> Iterator[str]:
    """Yield each target of a mandate with its bounds and their unit."""
    for key in ("duration", "wal"):
        found = getattr(targets, key)
        if found is not None:
            yield say(f"target_{key}", lang, of=name("target_of", found.of, lang), band=_band(found, "years", lang))
    for key in ("rating", "average_rating"):
        found = getattr(targets, key)
        if found is not None:
            yield say(f"target_{key}", lang, grade=found.min)
    for sector, found in targets.sectors.items():
        yield f"{name('sector', sector, lang)} {_band(found, 'ratio', lang)}"
    if targets.cash is not None:
        yield f"{name('product', 'cash', lang)} {_band(targets.cash, 'ratio', lang)}"


def _band(found: Any, unit: str, lang: str) -> str:
    ends = (None if end is None else shown(float(end), unit, lang) for end in (found.min, found.max))
    low, high = ends
    if low is not None and high is not None:
        text = say("band_both", lang, low=low, high=high)
    else:
        text = say("band_min", lang, low=low) if high is None else say("band_max", lang, high=high)
    return text if unit == "ratio" else say(f"said_{unit}", lang, value=text)


def _trading(trading: Any, lang: str) -> Iterator[str]:
    """Yield each limit of trading with its unit."""
    units = {
        "lot": "yuan", "min_ticket": "yuan", "max_names": "count", "max_turnover": "ratio", "cost_bp": "bp",
        "min_term": "", "position_of_outstanding": "ratio",
    }  # fmt: skip
    for key, unit in units.items():
        value = getattr(trading, key)
        if value is None:
            continue
        if unit == "yuan":
            text = yuan_in_full(float(value))
        elif unit == "bp":
            text = f"{float(value):g}"
        else:
            text = said(float(value), unit or value.unit, lang)
        yield say(f"trading_{key}", lang, value=text)


def provenance(
    mandate: LoadedMandate,
    universe: Universe,
    document: Mapping[str, Any],
    lang: str,
    view: BookView | None = None,
) -> list[tuple[str, str]]:
    """Return what the answer was made from: files with hashes, rulebooks, the certificate, how sure."""
    read_from = (("made_file", universe.provenance), ("made_book", view.files if view else ()))
    found = [
        (say(key, lang, file=_bare(source.file)), say("made_rows", lang, rows=source.rows, hash=source.sha256))
        for key, sources in read_from
        for source in sources
    ]
    if universe.data_date is not None:
        found.append((say("made_data_date", lang), universe.data_date.isoformat()))
    hashed = say("made_hash", lang, file=_bare(mandate.file), hash=mandate.document.sha256)
    found.append((say("made_mandate", lang), hashed if mandate.document.sha256 else _bare(mandate.file)))
    found += [(say(f"made_{key}", lang), str(value)) for key, value in document["inputs"].items()]
    if document.get("certificate"):
        found.append((say("made_certificate", lang), document["certificate"]))
    if document.get("run"):
        found.append(
            (say("made_by", lang), LISTED[lang].join(f"{k} {v}" for k, v in document["run"]["versions"].items()))
        )
    found.append((say("made_confidence", lang), _confidence(document["findings"], lang)))
    read = dict.fromkeys(
        text for f in document["findings"] if f["reading"] for text in reading_words(f, in_words(view, lang), lang)
    )
    if read:
        found.append((say("made_readings", lang), SEMICOLON[lang].join(read)))
    return found


def in_words(view: BookView | None, lang: str) -> Readings:
    """Return the words of the readings in use, in one language."""
    return {} if view is None else {key: words[lang] for key, words in view.readings.items()}


def _bare(path: str) -> str:
    """Return the name of a file without its folder: where it lay when it was read is nobody's business."""
    return path.replace("\\", "/").rpartition("/")[2]


def reading_words(finding: Mapping[str, Any], readings: Readings, lang: str) -> list[str]:
    """Return the readings a finding rests on, each in words with its code; the code alone where it has none."""
    said_ = []
    for code in (finding["reading"] or "").split(", "):
        words = readings.get((finding["rule"], code))
        if code:
            said_.append(code if words is None else say("reading_said", lang, words=words, reading=code))
    return said_


def _confidence(findings: Sequence[Mapping[str, Any]], lang: str) -> str:
    rules = {item["rule"]: item["source"]["confidence"] for item in findings}
    words = ("text_seen", "secondary", "unverified")
    counts = {word: sum(1 for found in rules.values() if found == word) for word in words}
    told = (say("made_of_rules", lang, sure=name("confidence", w, lang), n=n) for w, n in counts.items() if n)
    return LISTED[lang].join(told) or DASH
