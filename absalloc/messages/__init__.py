"""Texts shown to users, in English and Chinese: one TOML file a stage and language, read on first use.

A message is named ``<stage>.<key>`` and is a ``str.format`` template whose fields are named. Both
languages hold the same keys with the same fields (``tests/test_messages.py``).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def catalogue(stage: str, lang: str) -> dict[str, str]:
    """Return the templates of one stage in one language (``en`` or ``zh``)."""
    path = files("absalloc.messages").joinpath(lang, f"{stage}.toml")
    return dict(tomllib.loads(path.read_text(encoding="utf-8")))


def render(code: str, lang: str = "en", **fields: Any) -> str:
    """Return message ``code`` in ``lang`` with its fields filled in.

    Raises KeyError for a code that no catalogue holds.
    """
    stage, _, key = code.partition(".")
    return catalogue(stage, lang)[key].format(**fields)
