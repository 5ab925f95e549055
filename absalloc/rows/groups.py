"""Which group each line belongs to: by column, by several, or by a many-to-many table of the mandate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.rows.lines import NOT_RATED, Positions
from absalloc.rows.tables import links
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import By, Link

UNKNOWN_GROUP = "?"
JOINT = " | "


@dataclass(frozen=True)
class Membership:
    """Pairs of position and group: ``pos, code, share`` of equal length; ``code`` -1 for a group that is missing."""

    pos: np.ndarray
    code: np.ndarray
    share: np.ndarray
    words: list[str]


def membership(rule: ActiveRule, by: By | None, positions: Positions) -> Membership:
    """Return the groups of all positions under ``by``; without it every line is in group 0, called ''."""
    everything = np.arange(positions.n)
    one = np.ones(positions.n)
    if by is None:
        return Membership(everything, np.zeros(positions.n, dtype=np.int64), one, [""])
    if isinstance(by, Link):
        return _linked(by, positions)
    names = (by,) if isinstance(by, str) else by
    codes, words = positions.text(names[0], rule.columns)
    codes = _named(codes, words)
    for name in names[1:]:
        more, also = positions.text(name, rule.columns)
        more = _named(more, also)
        codes, words = _cross(codes, words, more, also)
    return Membership(everything, np.asarray(codes, dtype=np.int64), one, words)


def _named(codes: np.ndarray, words: list[str]) -> np.ndarray:
    """Return the codes with what is stated to be none taken as missing."""
    if NOT_RATED not in words:
        return codes
    table = np.array([*range(len(words)), -1])
    table[[i for i, word in enumerate(words) if word == NOT_RATED]] = -1
    return np.asarray(table[codes])


def _cross(codes: np.ndarray, words: list[str], more: np.ndarray, also: list[str]) -> tuple[np.ndarray, list[str]]:
    gone = (codes < 0) | (more < 0)
    mixed = codes.astype(np.int64) * max(len(also), 1) + more
    uniques, inverse = np.unique(np.where(gone, -1, mixed), return_inverse=True)
    labels = ["" if u < 0 else words[u // len(also)] + JOINT + also[u % len(also)] for u in uniques]
    if len(uniques) and uniques[0] < 0:
        return inverse - 1, labels[1:]
    return inverse, labels


def _linked(by: Link, positions: Positions) -> Membership:
    everything = np.arange(positions.n)
    found = links(positions.state, by.link, by.group, by.weight)
    if found is None:
        return Membership(everything, np.full(positions.n, -1), np.ones(positions.n), [])
    where = {name: i for i, name in enumerate(positions.ids)}
    words: dict[str, int] = {}
    pos, code, share = [], [], []
    for line, group, weight in found:
        if line not in where:
            continue
        pos.append(where[line])
        code.append(words.setdefault(group, len(words)) if group else -1)
        share.append(float(weight))
    missing = np.setdiff1d(everything, np.array(pos, dtype=np.int64))
    return Membership(
        np.concatenate([np.array(pos, dtype=np.int64), missing]),
        np.concatenate([np.array(code, dtype=np.int64), np.full(len(missing), -1)]),
        np.concatenate([np.array(share), np.ones(len(missing))]),
        list(words),
    )
