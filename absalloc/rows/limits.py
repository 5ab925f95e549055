"""The limit of each row: the rule's one number, or a number a name from a list of the mandate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from absalloc.rows.lines import Positions
from absalloc.rulebook.active import ActiveRule, Limit
from absalloc.rulebook.models import FromList
from absalloc.units import exact, quantity


def limit_values(
    rule: ActiveRule, limit: Limit, groups: Sequence[str | None], books: Sequence[Positions]
) -> np.ndarray:
    """Return the limit per row, shape (rows,); NaN where the mandate does not name the list."""
    if limit.from_list is None:
        return np.full(len(groups), np.nan if limit.value is None else float(limit.value))
    table = books[0].state.lists.get(limit.from_list.list)
    if table is None:
        return np.full(len(groups), np.nan)
    known = list_limits(limit.from_list, table, books[0].state.as_of)
    absent = float(limit.from_list.absent.value)
    return np.array([known.get(group or "", absent) for group in groups])


def list_limits(written: FromList, table: Any, as_of: date) -> dict[str, float]:
    """Return key -> limit of the entries that have not expired on ``as_of``."""
    key = written.key or ("key" if "key" in table.columns else table.columns[0])
    found: dict[str, float] = {}
    for record in table.to_dict("records"):
        expiry = record.get(written.expires) if written.expires else None
        if expiry and date.fromisoformat(str(expiry)) < as_of:
            continue
        text = str(record[written.column])
        number = quantity(text).value if text.rstrip().endswith(("%", "yuan")) else exact(float(text))
        found[str(record[key])] = float(number)
    return found
