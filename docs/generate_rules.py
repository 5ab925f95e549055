"""Write one page a rulebook: each rule as a sentence in both languages, its article, quote, dates and cases."""

from __future__ import annotations

from pathlib import Path

from absalloc.compliance.case_files import load_cases
from absalloc.rulebook import find_rulebook, shipped_rulebooks
from absalloc.rulebook.models import Dated, Rule
from absalloc.rulebook.sentence import sentence


def write_pages(folder: Path) -> None:
    """Write ``<book>.md`` for every shipped rulebook, and an index."""
    folder.mkdir(exist_ok=True)
    names = shipped_rulebooks()
    for name in names:
        book = find_rulebook(name)
        cases = load_cases(name)
        counts = {rule.id: sum(case.rule == rule.id for case in cases) for rule in book.book.rules}
        title = book.book.title
        lines = [f"# {title.en if title else name}", "", f"`{name}` · {title.zh if title else ''}", ""]
        lines += [f"Modelled from {book.book.modelled.from_}, verified until {book.book.modelled.verified_until}.", ""]
        for rule in book.book.rules:
            lines += _rule(rule, book.book, counts[rule.id])
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    toc = "\n".join(names)
    text = f"# The rulebooks\n\nGenerated from `constraints/*.yaml`.\n\n```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n"
    (folder / "index.md").write_text(text, encoding="utf-8")


def _rule(rule: Rule, book: object, cases: int) -> list[str]:
    source = rule.source
    document = book.sources[source.document]  # type: ignore[attr-defined]
    confirmed = "" if source.article_confirmed else " (article not confirmed)"
    lines = [
        f"## {rule.id}", "", f"**{rule.title.en}** · {rule.title.zh}", "", sentence(rule, "en", book), "",  # type: ignore[arg-type]
        sentence(rule, "zh", book), "",  # type: ignore[arg-type]
        f"- {document.title} {document.number or ''}, article {source.article}{confirmed}, `{source.ref}`, "
        f"{source.confidence.replace('_', ' ')}",
        f"- level {rule.level}, tested {rule.tested}, scope {rule.scope}, status {rule.status}, {cases} cases",
    ]  # fmt: skip
    for side in ("max", "min"):
        written = getattr(rule, side)
        for item in written if isinstance(written, tuple) else ():
            lines.append(_dated(side, item))
    if source.quote:
        lines += ["", f"> {source.quote}"]
    return [*lines, ""]


def _dated(side: str, item: Dated) -> str:
    when = ", under a condition" if item.when is not None else ""
    return f"- {side} {item.value.text} from {item.from_ or 'the start'}{f' to {item.to}' if item.to else ''}{when}"
