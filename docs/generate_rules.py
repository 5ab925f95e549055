"""Write one page a rulebook: each rule as a lawyer reads it, in English and Chinese, with its worked cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absalloc.report.rule_text import cases_of, passive, rule_in_full
from absalloc.report.words import name
from absalloc.rulebook import Rulebook, find_rulebook, shipped_rulebooks
from absalloc.rulebook.coverage import coverage

OWN = ("house", "desk")
SURE = {"text_seen": "", "secondary": "**SECOND-HAND · 转引** ", "unverified": "**UNVERIFIED · 未核实** "}


def write_pages(folder: Path) -> None:
    """Write ``<book>.md`` for every shipped rulebook, and an index."""
    folder.mkdir(exist_ok=True)
    books = [find_rulebook(name) for name in shipped_rulebooks()]
    for book in books:
        (folder / f"{book.id}.md").write_text(page(book), encoding="utf-8")
    (folder / "coverage.md").write_text("\n".join(_coverage(books)) + "\n", encoding="utf-8")
    (folder / "index.md").write_text("\n".join(_index(books)) + "\n", encoding="utf-8")


def _index(books: list[Rulebook]) -> Iterator[str]:
    yield "# The rulebooks\n"
    yield "Generated from `constraints/*.yaml`: what is printed here is what is checked and solved.\n"
    yield "| rulebook | | rules | text seen | second-hand | unverified | modelled from | verified until |"
    yield "|---|---|---:|---:|---:|---:|---|---|"
    for book in books:
        sure = [rule.source.confidence for rule in book.book.rules]
        counts = " | ".join(str(sure.count(word)) for word in SURE)
        title = book.book.title
        names = "" if title is None else f"{title.en} · {title.zh}"
        days = book.book.modelled
        yield f"| [{book.id}]({book.id}.md) | {names} | {len(sure)} | {counts} | {days.from_} | {days.verified_until} |"
    yield "\n```{toctree}\n:maxdepth: 1\n:hidden:\n"
    yield from (*(book.id for book in books), "coverage")
    yield "```"


def _coverage(books: list[Rulebook]) -> Iterator[str]:
    """Yield the register: each row of the reference, and the rules that say it, carry it, or why none does."""
    named: dict[str, list[str]] = {}
    for book in books:
        for rule in book.book.rules:
            if rule.source.document not in OWN:
                named.setdefault(rule.source.ref, []).append(f"{book.id}/{rule.id}")
    yield "# What of the reference is encoded · 参考条目的去向\n"
    yield "Every row of the reference table, and what became of it; what no rule says stands here with the reason.\n"
    yield "| row · 条目 | fate · 去向 | rules · 规则 | |\n|---|---|---|---|"
    for ref, rules in named.items():
        yield f"| {ref} | encoded · 已编码 | {', '.join(f'`{rule}`' for rule in rules)} | |"
    for entry in coverage().entries:
        fate = "carried by · 由其承载" if entry.carried_by else f"left out · 未编码 (`{entry.left_out}`)"
        rules = ", ".join(f"`{rule}`" for rule in entry.carried_by)
        yield f"| {entry.ref} | {fate} | {rules} | {entry.why.en} · {entry.why.zh} |"


def page(book: Rulebook) -> str:
    """Return the page of one rulebook as Markdown."""
    title, days = book.book.title, book.book.modelled
    lines = [f"# {title.en if title else book.id}", ""]
    lines += [f"`{book.id}` · {title.zh if title else ''}", ""]
    lines += [f"Modelled from {days.from_}, verified until {days.verified_until}.", "", "## Documents · 文件", ""]
    for key, document in book.book.sources.items():
        issued = f", {document.issued}" if document.issued else ""
        note = f". {document.note}" if document.note else ""
        lines.append(f"- `{key}`: {document.title} {document.number or ''}{issued}{note}")
    lines.append("")
    cases = cases_of(book)
    for rule in book.book.rules:
        lines += _rule(*(rule_in_full(book, rule, lang, cases) for lang in ("en", "zh")))
    return "\n".join(lines) + "\n"


def _rule(en: dict[str, Any], zh: dict[str, Any]) -> Iterator[str]:
    source = en["source"]
    yield f"## {en['rule'].partition('/')[2]}\n"
    yield f"**{en['title']}** · {zh['title']}\n"
    for one in (zh, en):
        each = f" ({one['formula']['each']})" if one["formula"]["each"] else ""
        yield f"{one['sentence']}\n\n`{one['formula']['text']}`{each}\n"
    confirmed = "" if source["article_confirmed"] else ", article not confirmed · 条款号未核对"
    article = f" 第{source['article']}条" if source["article"] not in ("", "-", "–") else ""
    number = source["number"] or ""
    yield f"- {SURE[source['confidence']]}{source['title']} {number}{article}, `{source['ref']}`{confirmed}"
    if source["quote"]:
        yield f"- “{source['quote']}”"
    yield from _facts(en, zh)
    for meaning_en, meaning_zh in zip(en["definitions"].items(), zh["definitions"].items(), strict=True):
        yield f"- *{meaning_en[0]}*: {meaning_en[1]}"
        yield f"- *{meaning_zh[0]}*：{meaning_zh[1]}"
    yield from _choices(en, zh)
    for one in (zh, en):
        if one["note"]:
            yield f"- {one['note']}"
    yield ""
    yield from _cases(en["cases"])


def _facts(en: dict[str, Any], zh: dict[str, Any]) -> Iterator[str]:
    for one, lang in ((zh, "zh"), (en, "en")):
        yield "- " + " · ".join(name(key, one[key], lang) for key in ("level", "tested", "status"))
    if en["from"] or en["to"]:
        yield f"- {en['from'] or ''} … {en['to'] or ''}"
    for one, lang in ((zh, "zh"), (en, "en")):
        if one["passive_breach"] is not None:
            yield f"- {passive(one['passive_breach'], lang)}"
    if en["reads"]:
        yield f"- read of the mandate · 读取授权文件: {', '.join(f'`{key}`' for key in en['reads'])}"


def _choices(en: dict[str, Any], zh: dict[str, Any]) -> Iterator[str]:
    """Yield readings, with the sentence each makes, and exceptions."""
    for one, other in zip(en["readings"], zh["readings"], strict=True):
        default = " (default · 默认)" if one["default"] else ""
        yield f"- reading · 解读 `{one['switch']}={one['id']}`{default}: {one['title'] or ''} · {other['title'] or ''}"
        if one["sentence"] != en["sentence"]:
            yield f"  - {other['sentence']}\n  - {one['sentence']}"
    for one, other in zip(en["exceptions"], zh["exceptions"], strict=True):
        yield f"- exception · 例外 `{one['id']}`: {one['title'] or one['lines']} · {other['title'] or other['lines']}"


def _cases(cases: list[dict[str, Any]]) -> Iterator[str]:
    if not cases:
        yield "*No worked cases.*\n"
        return
    yield f"<details><summary>{len(cases)} worked cases · 用例</summary>\n"
    yield "| case | shows | verdict | value | limit |\n|---|---|---|---:|---:|"
    for case in cases:
        cells = (f"`{case['id']}`", case["shows"], case["verdict"], case["value"] or "–", case["limit"] or "–")
        yield "| " + " | ".join(cells) + " |"
    yield "\n</details>\n"
