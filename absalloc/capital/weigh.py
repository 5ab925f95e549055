"""The stage: a risk weight for every row of the universe where the facts determine one, and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from absalloc.capital.formulas import erba_weights, maturities
from absalloc.capital.pools import CapitalChoices, Pool
from absalloc.capital.tables import UNRATED, erba_table, product_weights, regime_at, row_of, table_2012
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS
from absalloc.units import tidy
from absalloc.universe.model import RATING, Universe, as_series

ANY_AGENCY = "rating.any"
NOT_GIVEN, NOT_RATED = -1, -2
DAYS_A_YEAR = 365.0
DIGITS = 8
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Weigher = Callable[[NDArray[np.int64]], Floats]


def weigh(
    universe: Universe, as_of: date, *, regime: str = "by_date", choices: CapitalChoices | None = None
) -> Universe:
    """Return the universe with ``risk_weight`` filled where the facts determine it, and ``risk_weight_why``.

    ``regime``: ``cbrc-2012`` (table by rating), ``nfra-2023`` (SEC-ERBA, else SEC-SA), or ``by_date``: the latter
    from 2024-01-01. A weight of the file always wins. Labels of ``risk_weight`` by row: the file's own,
    ``derived:sec_erba``, ``derived:sec_sa``, ``derived:cbrc-2012``, ``derived:pool`` (not tranched),
    ``derived:npl_cre45``, ``derived:product``, ``derived:liability`` or ``missing:<what>``; ``_default`` after it
    where the pool's weight is the default of its type. ``risk_weight_why`` holds the code of a message that says
    why. What is not determined stays NaN:

    - Split ratings: of two the higher weight, of three or more the higher of the two lowest. A rating whose
      agency the file does not name counts only beside fewer than two named ones, lest it be counted twice.
    - An unknown seniority, maturity or thickness matters only where the weight depends on it.
    - STC lowers weights and must be shown, so an unknown ``stc`` is read as no.
    - A tranche without a rating takes SEC-SA where its pool has a weight (``pool_weight``; the default of its
      type where ``choices`` say so). Without the delinquent share, or with more than 5 % of the pool of unknown
      status, that is 1250 %.
    - A re-securitisation takes SEC-SA only. A deal without subordination is not tranched and carries the weight
      of its pool. An NPL pool is treated apart, and so is every product without a confirmed weight.

    Weights are decimals rounded to 8 digits. Raises BadInput for an unknown regime or a date before 2013.
    """
    name = regime_at(as_of, regime)
    result = _Result.empty(len(universe.table))
    product = universe.column("product")
    is_abs = np.isin(product, ABS_PRODUCTS)
    _products(product, is_abs, result)
    _securitisations(universe, _Facts.of(universe, as_of), name, choices or CapitalChoices(), result)
    given = universe.column("risk_weight")
    from_file = ~np.isnan(given)
    result.put(from_file, given, universe.label("risk_weight"), "capital.why_file")
    table = universe.table.copy(deep=False)
    table["risk_weight"] = result.weight
    table["risk_weight_why"] = as_series(result.why)
    labels = {**universe.labels, "risk_weight": result.label, "risk_weight_why": "derived"}
    return universe.replace(table=table, labels=labels)


@dataclass
class _Result:
    """The three columns being filled, one entry a row."""

    weight: Floats
    label: NDArray[np.object_]
    why: NDArray[np.object_]

    @classmethod
    def empty(cls, rows: int) -> _Result:
        labels = np.full(rows, "missing:weight", dtype=object)
        return cls(np.full(rows, np.nan), labels, np.full(rows, "capital.why_missing_weight", dtype=object))

    def put(self, mask: Flags, weight: Floats, label: str | NDArray[np.object_], why: str) -> None:
        self.weight[mask] = weight[mask]
        self.label[mask] = label if isinstance(label, str) else label[mask]
        self.why[mask] = why

    def put_pool(self, mask: Flags, weight: Floats, assumed: Flags, approach: str) -> None:
        """Put weights that rest on the pool's, and say where that one is a default."""
        self.put(mask & ~assumed, weight, f"derived:{approach}", f"capital.why_{approach}")
        self.put(mask & assumed, weight, f"derived:{approach}_default", f"capital.why_{approach}_default")

    def miss(self, mask: Flags, what: str) -> None:
        self.put(mask, np.full(len(mask), np.nan), f"missing:{what}", f"capital.why_missing_{what}")


def _products(product: NDArray[np.object_], is_abs: Flags, result: _Result) -> None:
    known = product_weights()
    weight = np.array([known.get(kind, np.nan) for kind in product], dtype=np.float64)
    result.put(~is_abs & ~np.isnan(weight), weight, "derived:product", "capital.why_product")
    owed = np.isin(product, LIABILITY_PRODUCTS)
    result.put(owed, np.zeros(len(owed)), "derived:liability", "capital.why_liability")


def _securitisations(universe: Universe, facts: _Facts, regime: str, choices: CapitalChoices, result: _Result) -> None:
    is_abs = np.isin(universe.column("product"), ABS_PRODUCTS)
    new = regime != "cbrc-2012"
    pool = Pool.of(universe, defaults=choices.pool_defaults and new)
    if new:
        rated = _external_ratings(universe, is_abs, facts, result)
        _standardised(is_abs & (pool.again | ~rated), facts, pool, result)
        if choices.lookthrough_cap:
            _capped(is_abs & facts.senior & pool.given & ~pool.again, pool, result)
        result.miss(is_abs & facts.contradicted, "attachment")
        _nonperforming(universe, is_abs & facts.npl, facts, choices, result)
    else:
        again = pool.again.astype(np.int64)
        weight, rated = _second_lowest(universe, table_2012().row, lambda row: table_2012().cells[row, again])
        result.put(is_abs & rated, weight, "derived:cbrc-2012", "capital.why_cbrc_2012")
        result.miss(is_abs & ~rated, "rating")
    # What bars every approach comes last: a tranche that is the whole deal is none.
    whole = is_abs & facts.untranched & ~(facts.npl & new)
    result.miss(whole, "pool_weight")
    result.put_pool(whole & pool.known, _rounded(pool.weight), pool.assumed, "pool")


def _external_ratings(universe: Universe, is_abs: Flags, facts: _Facts, result: _Result) -> Flags:
    """Put the SEC-ERBA weights of rated tranches, and what they lack; return which rows are rated."""
    row = erba_table().row
    low, rated = _second_lowest(universe, row, facts.best)
    high, _ = _second_lowest(universe, row, facts.worst)
    settled = rated & (low == high)
    result.put(is_abs & settled, low, "derived:sec_erba", "capital.why_sec_erba")
    open_ = is_abs & rated & ~settled
    result.miss(open_ & np.isnan(facts.maturity), "legal_maturity")
    result.miss(open_ & np.isnan(facts.thickness) & ~facts.senior, "thickness")
    result.miss(open_ & ~facts.seniority_known, "seniority")
    return rated


def _standardised(rows: Flags, facts: _Facts, pool: Pool, result: _Result) -> None:
    """Put the SEC-SA weights of tranches without a rating and of re-securitisations, and what they lack."""
    weight = _rounded(pool.weights(facts.senior, facts.stc))
    result.miss(rows & ~pool.again, "rating")
    result.miss(rows & pool.again, "pool_figures")
    result.miss(rows & pool.known, "points")
    done = rows & ~np.isnan(weight)
    result.put_pool(done, weight, pool.assumed, "sec_sa")
    result.why[done & pool.status_unknown & pool.known] = "capital.why_status_unknown"
    result.why[done & pool.again] = "capital.why_resecuritisation"


def _capped(rows: Flags, pool: Pool, result: _Result) -> None:
    """Let a senior tranche weigh no more than its pool; the cap may lie below the floor (CRE40)."""
    # Who does not know the delinquencies of a pool does not know the pool: its 1250 % stands.
    known = result.why != "capital.why_status_unknown"
    binds = rows & known & (result.weight > pool.weight)
    result.put(binds, _rounded(pool.weight), result.label.copy(), "capital.why_capped")


def _nonperforming(universe: Universe, rows: Flags, facts: _Facts, choices: CapitalChoices, result: _Result) -> None:
    result.miss(rows, "npl_weight")
    if choices.npl == "cre45":
        qualifies = rows & facts.senior & _true(universe.column("npl_qualifying")) & ~facts.contradicted
        result.put(qualifies, np.ones(len(rows)), "derived:npl_cre45", "capital.why_npl_cre45")


def _rounded(weights: Floats) -> Floats:
    """Return weights to 8 digits; NaN stays."""
    return np.array([tidy(value, DIGITS) if value == value else value for value in weights.tolist()], dtype=np.float64)


@dataclass(frozen=True)
class _Facts:
    """What SEC-ERBA asks of each row; NaN where not known."""

    seniority_known: Flags
    senior: Flags
    stc: Flags
    maturity: Floats
    thickness: Floats
    untranched: Flags
    contradicted: Flags
    npl: Flags

    @classmethod
    def of(cls, universe: Universe, as_of: date) -> _Facts:
        seniority = universe.column("seniority")
        senior = seniority == "senior"
        days = (universe.column("legal_maturity") - np.datetime64(as_of, "D")).astype(float)
        days[np.isnat(universe.column("legal_maturity"))] = np.nan
        attachment, detachment = universe.column("attachment"), universe.column("detachment")
        asset_type = universe.column("asset_type")
        named_npl = np.array(["不良" in text if text else False for text in asset_type], dtype=bool)
        whole = (attachment == 0.0) & (detachment == 1.0)
        thickness = np.round(detachment - attachment, 12)
        return cls(
            seniority_known=np.array([level is not None for level in seniority], dtype=bool),
            senior=senior,
            stc=_true(universe.column("stc")),
            maturity=maturities(days / DAYS_A_YEAR),
            thickness=np.where(thickness > 0.0, thickness, np.nan),
            untranched=whole | _unsubordinated(universe, senior),
            contradicted=senior & (attachment == 0.0) & ~whole,
            npl=_true(universe.column("npl")) | named_npl,
        )

    def best(self, row: NDArray[np.int64]) -> Floats:
        """Return the least weight that the unknown facts admit."""
        senior = self.senior | ~self.seniority_known
        return self._weights(row, senior, maturity=1.0, thickness=1.0)

    def worst(self, row: NDArray[np.int64]) -> Floats:
        """Return the greatest weight that the unknown facts admit."""
        return self._weights(row, self.senior, maturity=5.0, thickness=0.0)

    def _weights(self, row: NDArray[np.int64], senior: Flags, *, maturity: float, thickness: float) -> Floats:
        years = np.where(np.isnan(self.maturity), maturity, self.maturity)
        width = np.where(np.isnan(self.thickness), thickness, self.thickness)
        return erba_weights(row, senior, self.stc, years, width)


def _unsubordinated(universe: Universe, senior: Flags) -> Flags:
    """Return where the senior tranches of a deal in this table make up the whole deal."""
    deal, deal_size, size = (universe.column(name) for name in ("deal_id", "deal_size", "issue_size"))
    has_deal = np.array([code is not None for code in deal], dtype=bool)
    known: Flags = senior & ~np.isnan(deal_size) & ~np.isnan(size) & has_deal
    if not known.any():
        return known
    codes, inverse = np.unique(deal[known].astype(str), return_inverse=True)
    sums = np.bincount(inverse, weights=size[known], minlength=len(codes))
    found = known.copy()
    found[known] = sums[inverse] >= deal_size[known] * (1.0 - 1e-9)
    return found


def _true(flags: NDArray[np.object_]) -> Flags:
    return np.array([flag is True for flag in flags], dtype=bool)


def _second_lowest(universe: Universe, row: dict[str, int], weights: Weigher) -> tuple[Floats, Flags]:
    """Return, by row, the weight after the rule of split ratings, and whether it has one.

    Of two the higher, of three or more the higher of the two lowest: both are the second lowest.
    """
    names = [name for name in universe.table.columns if name.startswith(RATING)]
    rows = {name: _rows(universe.column(name), row) for name in names}
    stack = np.vstack(
        [*(_at(rows[name], weights) for name in names if name != ANY_AGENCY), np.full((2, len(universe.table)), np.nan)]
    )
    if ANY_AGENCY in names:
        counted = np.count_nonzero(~np.isnan(stack), axis=0)
        stack = np.vstack([stack, np.where(counted < 2, _at(rows[ANY_AGENCY], weights), np.nan)])
    ordered = np.sort(stack, axis=0)  # NaN last
    chosen = np.where(np.isnan(ordered[1]), ordered[0], ordered[1])
    if UNRATED in row:
        denied = np.isnan(chosen) & np.any([found == NOT_RATED for found in rows.values()] or [False], axis=0)
        chosen[denied] = weights(np.full(len(chosen), row[UNRATED]))[denied]
    rated = ~np.isnan(chosen)
    distinct, inverse = np.unique(chosen[rated], return_inverse=True)
    chosen[rated] = np.array([tidy(value, DIGITS) for value in distinct.tolist()], dtype=np.float64)[inverse]
    return chosen, rated


def _rows(ratings: NDArray[np.object_], row: dict[str, int]) -> NDArray[np.int64]:
    """Return the table row of each rating; NOT_RATED where the file says so, NOT_GIVEN where it says nothing."""
    found = {
        value: NOT_GIVEN if value is None else NOT_RATED if value == "" else row_of(value, row)
        for value in set(ratings)
    }
    return np.array([found[value] for value in ratings], dtype=np.int64)


def _at(rows: NDArray[np.int64], weights: Weigher) -> Floats:
    return np.where(rows >= 0, weights(np.maximum(rows, 0)), np.nan)
