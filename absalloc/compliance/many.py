"""Many portfolios against one rulebook: verdicts in floats where these prove them, exact where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from absalloc.compliance.exact import Call, evaluate_exact
from absalloc.compliance.exact_tests import open_day
from absalloc.compliance.finding import Finding
from absalloc.errors import BadInput
from absalloc.rows import BookState, compile_rows
from absalloc.rows.batch import MOST_LINES, OPEN, Batch, Judged
from absalloc.rows.system import Block
from absalloc.rows.verdict import FAIL, PASS, UNKNOWN
from absalloc.units import exact

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp

CODES = {"pass": PASS, "fail": FAIL, "unknown": UNKNOWN}
WORDS = ("pass", "fail", "unknown")


@dataclass(frozen=True)
class ManyFindings:
    """Verdicts of portfolios (rows) under rules (columns): 0 pass, 1 fail, 2 unknown, of the worst group of each rule.

    ``values`` is the ratio of that group, NaN where it is not known; ``group`` gives its name. ``rules`` are (full id,
    sense, level), a rule with a floor and a cap twice. ``n_exact``: how many verdicts were decided exactly.
    """

    portfolios: tuple[str, ...]
    rules: tuple[tuple[str, str, str], ...]
    verdicts: np.ndarray
    values: np.ndarray
    n_exact: int
    _labels: tuple[tuple[str | None, ...], ...] = field(repr=False)
    _rows: np.ndarray = field(repr=False)

    @property
    def compliant(self) -> np.ndarray:
        """1 where every hard rule passes, 0 where one fails, -1 where one is not decided; shape (portfolios,)."""
        hard = [k for k, (_, _, level) in enumerate(self.rules) if level == "hard"]
        found = self.verdicts[:, hard]
        fails, open_ = np.any(found == FAIL, axis=1), np.any(found == UNKNOWN, axis=1)
        return np.where(fails, 0, np.where(open_, -1, 1))

    def group(self, portfolio: int, rule: int) -> str | None:
        """Return the name of the worst group."""
        row = int(self._rows[portfolio, rule])
        return None if row < 0 else self._labels[rule][row]

    @property
    def table(self) -> pd.DataFrame:
        """One row per portfolio and rule that does not pass: portfolio, rule, sense, verdict, value, group."""
        import pandas as pd

        at = np.argwhere(self.verdicts != PASS)
        return pd.DataFrame(
            [
                (self.portfolios[p], self.rules[k][0], self.rules[k][1], WORDS[self.verdicts[p, k]],
                 self.values[p, k], self.group(p, k))
                for p, k in at
            ],
            columns=["portfolio", "rule", "sense", "verdict", "value", "group"],
        )  # fmt: skip


class ManyChecker:
    """The rules of one book, compiled once, for any number of portfolios of its positions.

    ``ids`` are the positions: the tranche ids of the universe, in order. A portfolio is judged as ``check`` judges it
    with nothing known of before, no other books and no book values.
    """

    def __init__(self, state: BookState) -> None:
        self.state = replace(state, held={}, before=None, untraded=None, book_value={}, breach_since={})
        self._batch = Batch(compile_rows([self.state]))
        self.ids: tuple[str, ...] = self._batch.system.ids[0]
        self._call = Call()

    def check(self, portfolios: Any, names: Sequence[str] | None = None) -> ManyFindings:
        """Return the verdicts of portfolios.

        ``portfolios``: a matrix, sparse or not, of faces in yuan, shape (portfolios, positions), whose rows may have
        ``names``; or a table with ``portfolio``, ``tranche_id`` and ``face``. Raises BadInput for a line that is not
        in the universe, a negative or missing face, or another shape.
        """
        faces, names = self._faces(portfolios, names)
        judged = self._batch.judge(faces)
        blocks = self._batch.blocks
        verdicts = np.column_stack([j.verdict for j in judged]) if judged else np.zeros((faces.shape[0], 0), np.int8)
        values = np.column_stack([j.value for j in judged]) if judged else np.zeros((faces.shape[0], 0))
        rows = np.column_stack([j.row for j in judged]) if judged else np.zeros((faces.shape[0], 0), np.int64)
        for k, block in enumerate(blocks):
            verdicts[:, k] = self._tested(block, verdicts[:, k])
        n_exact = self._exactly(faces, verdicts, values, rows, judged)
        lost = [rule for rule in self.state.rules.inactive if rule.status == "needs_key"]
        more = np.full((faces.shape[0], len(lost)), UNKNOWN, np.int8)
        rules = [(b.rule.id, b.sense, b.rule.level) for b in blocks] + [(r.id, "max", r.level) for r in lost]
        return ManyFindings(
            tuple(names), tuple(rules), np.hstack([verdicts, more]),
            np.hstack([values, np.full(more.shape, np.nan)]), n_exact,
            (*(b.groups for b in blocks), *((None,) for _ in lost)),
            np.hstack([rows, np.full(more.shape, -1)]),
        )  # fmt: skip

    def _faces(self, portfolios: Any, names: Sequence[str] | None) -> tuple[sp.csr_matrix, Sequence[str]]:
        import scipy.sparse

        if hasattr(portfolios, "columns"):
            return self._read(portfolios)
        faces = scipy.sparse.csr_matrix(portfolios, dtype=float)
        if faces.shape[1] != len(self.ids):
            raise BadInput("compliance.many_shape", value=str(faces.shape), expected=f"(…, {len(self.ids)})")
        _sound(faces)
        return faces, names if names is not None else [str(i) for i in range(faces.shape[0])]

    def _read(self, table: Any) -> tuple[sp.csr_matrix, Sequence[str]]:
        import pandas as pd
        import scipy.sparse

        for name in ("portfolio", "tranche_id", "face"):
            if name not in table.columns:
                raise BadInput("compliance.many_column", value=name, expected="portfolio, tranche_id, face")
        place = pd.Index(self.ids).get_indexer(table["tranche_id"].astype(str))
        if np.any(place < 0):
            lost = str(table["tranche_id"].iloc[int(np.flatnonzero(place < 0)[0])])
            raise BadInput("compliance.many_line", value=lost, choices=self.ids)
        codes, names = pd.factorize(table["portfolio"].astype(str))
        shape = (len(names), len(self.ids))
        faces = scipy.sparse.csr_matrix((table["face"].to_numpy(dtype=float), (codes, place)), shape=shape)
        _sound(faces)
        return faces, [str(name) for name in names]

    def _tested(self, block: Block, verdict: np.ndarray) -> np.ndarray:
        """Return the verdicts as the rule's test time sees them; what its alternative may change is left open."""
        rule = block.rule
        if rule.unless is not None:
            return np.where(verdict == PASS, PASS, OPEN)
        is_open = open_day(self.state) if rule.tested == "open_days" else None
        if rule.tested == "always" or is_open:
            return verdict
        if is_open is False:
            return np.full(len(verdict), PASS, np.int8)
        # Without the book before, or the state of the product, what does not pass is not decided.
        return np.where((verdict == FAIL) | (verdict == UNKNOWN), UNKNOWN, verdict)

    def _exactly(
        self, faces: sp.csr_matrix, verdicts: np.ndarray, values: np.ndarray, rows: np.ndarray, judged: Sequence[Judged]
    ) -> int:
        """Decide exactly what floats left open, in place; return how many these were."""
        blocks = self._batch.blocks
        waiting = np.argwhere(verdicts == OPEN)
        for p in np.unique(waiting[:, 0]):
            ks = waiting[waiting[:, 0] == p, 1]
            found = self.exact(self.held(faces, int(p)), [blocks[k].rule.id for k in ks])
            for k in ks:
                mine = [f for f in found if f.rule == blocks[k].rule.id and f.sense == blocks[k].sense]
                worst = max(mine, key=_severity)
                verdicts[p, k] = CODES[worst.verdict]
                values[p, k] = np.nan if worst.value is None else float(worst.value)
                rows[p, k] = blocks[k].groups.index(worst.group) if worst.group in blocks[k].groups else -1
        return len(waiting)

    def held(self, faces: sp.csr_matrix, portfolio: int) -> dict[str, Fraction]:
        """Return what a portfolio of a matrix holds, exactly."""
        part = slice(faces.indptr[portfolio], faces.indptr[portfolio + 1])
        pairs = zip(faces.indices[part], faces.data[part], strict=True)
        return {self.ids[i]: exact(face) for i, face in pairs if face}

    def exact(self, held: Mapping[str, Fraction], rules: Sequence[str] | None = None) -> tuple[Finding, ...]:
        """Return the exact findings of one portfolio, for all rules or some."""
        return evaluate_exact([replace(self.state, held=held)], rules=rules, call=self._call)


def _severity(item: Finding) -> tuple[int, Fraction]:
    excess = Fraction(0)
    if item.numerator is not None and item.denominator is not None and item.limit is not None:
        excess = (item.numerator - item.limit * item.denominator) * (1 if item.sense == "max" else -1)
    return {"fail": 2, "unknown": 1, "pass": 0}[item.verdict], excess


def _sound(faces: sp.csr_matrix) -> None:
    faces.sum_duplicates()
    faces.eliminate_zeros()
    if np.any(~np.isfinite(faces.data)) or np.any(faces.data < 0):
        bad = faces.data[~np.isfinite(faces.data) | (faces.data < 0)][0]
        raise BadInput("compliance.many_face", value=str(bad))
    if np.any(np.diff(faces.indptr) > MOST_LINES):
        raise BadInput("compliance.many_shape", value=str(faces.shape), expected=f"{MOST_LINES}")
