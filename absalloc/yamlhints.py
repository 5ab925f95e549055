"""Why a text is no YAML, or not the YAML that was meant: tabs, full-width marks, Chinese quotes, open brackets."""

from __future__ import annotations

import re

from absalloc.errors import BadInput
from absalloc.where import Where

WIDE = {"：": ":", "，": ",", "｛": "{", "｝": "}", "［": "[", "］": "]", "【": "[", "】": "]"}
QUOTES = {"“": "”", "‘": "’", "「": "」", "『": "』"}
_KEY = re.compile(r"^\s*(?:- )?[A-Za-z_][\w.-]*\s*(：)")
_WIDE_IN_BRACES = re.compile(r"[{\[][^{}\[\]\"']*([：，｛｝［］【】])")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*$')
NEAR = 3
"""Lines before the one the parser stopped at that are looked at: it notices late."""


def syntax_error(text: str, name: str, place: tuple[int, int], problem: str) -> BadInput:
    """Return the error for text that is no YAML, at the mark likely to blame; ``place`` is line and column from 1."""
    line, column = place
    lines = text.splitlines()
    for number in range(min(line, len(lines)), max(0, line - NEAR), -1):
        bare = _QUOTED.sub(lambda found: " " * len(found.group()), lines[number - 1])
        if bare[: len(bare) - len(bare.lstrip())].count("\t"):
            return BadInput("base.yaml_tab", where=Where(name, number, bare.index("\t") + 1))
        found = _KEY.search(bare) or _WIDE_IN_BRACES.search(bare)
        if found is not None:
            mark = found.group(1)
            return BadInput(
                "base.yaml_wide", where=Where(name, number, found.start(1) + 1), value=mark, expected=WIDE[mark]
            )
    for number in range(min(line, len(lines)), max(0, line - NEAR), -1):
        bare = _QUOTED.sub("", lines[number - 1])
        for opened, closed in (("{", "}"), ("[", "]")):
            if bare.count(opened) > bare.count(closed):
                where = Where(name, number, lines[number - 1].rindex(opened) + 1)
                return BadInput("base.yaml_open", where=where, value=opened, expected=closed)
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    before = next((item for item in reversed(lines[: max(0, line - 1)]) if item.strip()), "")
    if "not allowed" in problem and _indent(here) != _indent(before):
        where = Where(name, line, _indent(here) + 1)
        return BadInput("base.yaml_indent", where=where, has=_indent(here), before=_indent(before))
    return BadInput("base.yaml_syntax", where=Where(name, line, column), problem=problem)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def refuse_quoted(value: str, where: Where) -> None:
    """Raise BadInput for a plain scalar within Chinese quotes: they would be part of the text."""
    if len(value) > 1 and QUOTES.get(value[0]) == value[-1]:
        raise BadInput("base.yaml_quotes", where=where, value=value, expected=f'"{value[1:-1]}"')
