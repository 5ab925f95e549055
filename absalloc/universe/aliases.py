"""The table of headers and values (``aliases.toml``), read once."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def _read() -> dict[str, Any]:
    return tomllib.loads(files("absalloc.universe").joinpath("aliases.toml").read_text(encoding="utf-8"))


_DATA = _read()
_CODE = {"tranche_id": _DATA["universe"]["tranche_id"]}
HEADERS: dict[str, dict[str, list[str]]] = {
    "universe": _DATA["universe"],
    "holdings": {**_CODE, **_DATA["holdings"]},
    "trades": {**_CODE, **_DATA["trades"]},
}
"""Kind of file -> column -> headers, the preferred one first."""
VALUES: dict[str, dict[str, list[str]]] = _DATA["values"]
"""Column -> value -> texts that mean it."""
UNIT_SUFFIXES: dict[str, str] = _DATA["unit_suffixes"]
UNIT_WORDS: dict[str, str] = _DATA["unit_words"]
TRUE = frozenset(_DATA["yes_no"]["true"])
FALSE = frozenset(_DATA["yes_no"]["false"])
