"""The limit of each row: the rule's one number, or a number a name from a list of the mandate."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from absalloc.rows.groups import UNKNOWN_GROUP
from absalloc.rows.lines import Positions, column_kind
from absalloc.rows.tables import list_limits
from absalloc.rulebook.active import ActiveRule, Limit
from absalloc.terms import IMPLIED_GRADES, RATING_GRADES

Range = tuple[np.ndarray, np.ndarray]
UNKNOWN = (0.0, np.inf)


def limit_values(rule: ActiveRule, limit: Limit, groups: Sequence[str | None], books: Sequence[Positions]) -> Range:
    """Return the least and the greatest limit per row, shape (rows,); 0 and infinity where nobody says."""
    if limit.from_list is None:
        value = _plain(rule, limit)
        ends = UNKNOWN if value is None else (float(value), float(value))
        return np.full(len(groups), ends[0]), np.full(len(groups), ends[1])
    tables = [list_limits(limit.from_list, book.state) for book in books]
    absent = limit.from_list.absent.value
    pairs = []
    for group in groups:
        values: set[Fraction | None] = set()
        for table in tables:
            if table is None:
                values.add(None)
            elif group == UNKNOWN_GROUP:
                values |= {*table.values(), absent}
            else:
                values.add(table.get(group or "", absent))
        known = [float(value) for value in values if value is not None]
        pairs.append(UNKNOWN if None in values or not known else (min(known), max(known)))
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _plain(rule: ActiveRule, limit: Limit) -> Fraction | None:
    """Return a limit that is one number; a grade on the scale of its column; None where that has no such grade."""
    if rule.kind != "average" or limit.unit != "grade" or limit.value is None:
        return limit.value
    if column_kind(rule.measure[1], rule.columns) != "implied":
        return limit.value
    word = next((grade for grade, step in RATING_GRADES.items() if step == limit.value), "")
    return Fraction(IMPLIED_GRADES[word]) if word in IMPLIED_GRADES else None
