"""Monte-Carlo sets as typed data: ``kind: monte_carlo``, strict like every scenario; and the draws they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from absalloc._resources import data_root
from absalloc.cashflow.curves import CurveSet
from absalloc.errors import BadInput
from absalloc.fields import Flag, Share, Strict, Where_
from absalloc.files import sha256
from absalloc.stress.draws import FACTOR, RATES, MeanReverting, normals, paths
from absalloc.stress.models import TENORS, Floor, Months, Move, Multiple, Rate, Source, Title, ratio_within
from absalloc.stress.select import check_predicate
from absalloc.yamlpos import Document, parse_yaml, read_yaml, validate

KIND = "monte_carlo"
MOST_DRAWS, LEAST_DRAWS = 20_000, 20
GOVERNMENT = "government"
GROUPS = ("originator", "core_debtor", "support_party", "ultimate_group", "issuer")

Speed = Annotated[Share, ratio_within(0.0, 20.0)]
Correlation = Annotated[Share, ratio_within(-0.999, 0.999)]
Common = Annotated[Share, ratio_within(0.0, 0.99)]
Whole = Annotated[int, BeforeValidator(lambda value: value if isinstance(value, int) else _whole(value))]


def _whole(value: Any) -> int:
    if not str(value).isdigit():
        raise BadInput("stress.whole", value=value)
    return int(str(value))


def _tenor(value: Any) -> str:
    if value not in TENORS:
        raise BadInput("stress.tenor_unknown", value=value, expected=", ".join(TENORS), choices=TENORS)
    return str(value)


Tenor = Annotated[str, BeforeValidator(_tenor)]


class Process(Strict):
    """A mean-reverting process: yearly ``speed`` of return to ``mean``, yearly ``volatility``; ``start`` today."""

    speed: Speed
    mean: Move
    volatility: Move
    start: Move | None = None

    @property
    def process(self) -> MeanReverting:
        """The process in decimals."""
        return MeanReverting(float(self.speed), float(self.mean), float(self.volatility))


class Rates(Strict):
    """Government yields at two tenors: ``level`` their mean, ``slope`` long less short; linear between, flat beyond."""

    short: Tenor
    long: Tenor
    level: Process
    slope: Process
    correlation: Correlation

    @model_validator(mode="after")
    def _in_order(self) -> Rates:
        if not TENORS[self.short] < TENORS[self.long]:
            raise BadInput("stress.tenors_order", value=self.long, expected=f"> {self.short}")
        return self


class Prepayment(Strict):
    """CPR of pass-through lines = base × season × (1 + per_100bp) ^ (fall of the level in percent), within bounds.

    ``season``: twelve shares, January first, of a year's mean. The bounds hold for the power alone.
    """

    per_100bp: Rate
    least: Multiple
    most: Multiple
    season: tuple[Multiple, ...] = ()

    @model_validator(mode="after")
    def _twelve(self) -> Prepayment:
        if len(self.season) not in (0, 12):
            raise BadInput("stress.season", value=len(self.season), expected=12)
        if not float(self.least) <= 1.0 <= float(self.most):
            raise BadInput("stress.bounds_order", value=f"{self.least.text} - {self.most.text}")
        return self


class PoolRate(Strict):
    """Defaults of pools: ``cdr`` in an ordinary year, the draw's own until the horizon; as ``defaults`` elsewhere."""

    cdr: Rate
    correlation: Common
    severity: Rate
    lag: Months | None = None
    where: Where_ | None = None


class ObligorRate(Strict):
    """Obligors that default before the horizon with probability ``pd``: their lines lose ``loss`` of the principal."""

    pd: Rate
    correlation: Common
    loss: Rate
    by: Literal["originator", "core_debtor", "support_party", "ultimate_group", "issuer"]
    where: Where_


class MonteCarloFile(Strict):
    """One set of draws as its file says it. All draws weigh the same."""

    kind: Literal["monte_carlo"]
    scenario: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Title
    source: Source
    draws: Whole
    seed: Whole
    antithetic: Flag = True
    horizon: Months
    reinvest: Move | None = None
    yield_floor: Floor | None = None
    rates: Rates
    prepayment: Prepayment | None = None
    defaults: tuple[PoolRate, ...] = ()
    obligors: tuple[ObligorRate, ...] = ()

    @model_validator(mode="after")
    def _sizes(self) -> MonteCarloFile:
        if not LEAST_DRAWS <= self.draws <= MOST_DRAWS or (self.antithetic and self.draws % 2):
            expected = f"{LEAST_DRAWS} - {MOST_DRAWS}" + (", even" if self.antithetic else "")
            raise BadInput("stress.draws", value=self.draws, expected=expected)
        return self


@dataclass(frozen=True)
class MonteCarlo:
    """A set ready to draw from. ``name`` and ``sha256`` of the file; ``file`` as typed."""

    name: str
    title: Title
    sources: tuple[Source, ...]
    file: MonteCarloFile
    sha256: str

    @property
    def horizon(self) -> int:
        """Months to the horizon."""
        return int(self.file.horizon)


@dataclass(frozen=True, eq=False)
class Draws:
    """What is common to all lines: ``level`` and ``slope`` (draws, months + 1), today first; ``factor`` (draws,).

    ``from_mean``: today's rates were not known, and the paths start at the mean.
    """

    level: np.ndarray
    slope: np.ndarray
    factor: np.ndarray
    from_mean: bool


def is_monte_carlo(text: str) -> bool:
    """Return whether a YAML text calls itself a Monte-Carlo set."""
    return any(line.split("#")[0].strip() == f"kind: {KIND}" for line in text.splitlines())


def shipped_sets() -> tuple[str, ...]:
    """Return the names of the Monte-Carlo sets that ship, sorted."""
    files = [entry for entry in data_root("scenarios").iterdir() if entry.name.endswith(".yaml")]
    return tuple(sorted(e.name.removesuffix(".yaml") for e in files if is_monte_carlo(e.read_text(encoding="utf-8"))))


def find_set(name: str, folder: Path | None = None) -> MonteCarlo | None:
    """Return the shipped set ``name``, or that of a file where it ends in .yaml; None where it is no set.

    Raises BadInput with file and line for what the format does not allow.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name) if folder is None else folder / name
        document = read_yaml(path)
        is_set = isinstance(document.data, dict) and document.data.get("kind") == KIND
        return _build(document, path.stem) if is_set else None
    if name not in shipped_sets():
        return None
    text = data_root("scenarios").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return _build(parse_yaml(text, f"scenarios/{name}.yaml"), name)


def _build(document: Document, stem: str) -> MonteCarlo:
    import json

    file: MonteCarloFile = validate(MonteCarloFile, document)
    if file.scenario != stem:
        raise BadInput("stress.name_differs", where=document.where("scenario"), value=file.scenario, expected=stem)
    for name in ("defaults", "obligors"):
        for index, part in enumerate(getattr(file, name)):
            if part.where is not None:
                check_predicate(part.where, document.where(name, index, "where"))
    canonical = json.dumps(document.data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return MonteCarlo(file.scenario, file.title, (file.source,), file, sha256(canonical.encode()))


def draw(chosen: MonteCarlo, curves: CurveSet | None = None) -> Draws:
    """Return the common draws. Rates start where the set says, else at the government curve, else at their mean."""
    file, rates = chosen.file, chosen.file.rates
    count, mirrored = file.draws, bool(file.antithetic)
    start, from_mean = _start(rates, curves)
    shocks = normals(file.seed, (RATES,), (2, count, chosen.horizon), 1, mirrored)
    both = paths((rates.level.process, rates.slope.process), start, float(rates.correlation), shocks)
    factor = normals(file.seed, (FACTOR,), (count,), 0, mirrored)
    return Draws(both[0], both[1], factor, from_mean)


def _start(rates: Rates, curves: CurveSet | None) -> tuple[tuple[float, float], bool]:
    ends = None
    if curves is not None and GOVERNMENT in curves:
        ends = curves[GOVERNMENT].at([TENORS[rates.short], TENORS[rates.long]])
    found, missing = [], False
    for name, value in (
        ("level", None if ends is None else ends.mean()),
        ("slope", None if ends is None else ends[1] - ends[0]),
    ):
        part: Process = getattr(rates, name)
        given = float(part.start) if part.start is not None else value
        missing |= given is None
        found.append(float(part.mean) if given is None else float(given))
    return (found[0], found[1]), missing


def season_of(file: MonteCarloFile, as_of: date, months: int) -> np.ndarray:
    """Return the season's share of each month after ``as_of``, the first one a month later: (months,)."""
    if file.prepayment is None or not file.prepayment.season:
        return np.ones(months)
    year = np.array([float(share) for share in file.prepayment.season])
    return np.asarray(year[(as_of.month - 1 + np.arange(1, months + 1)) % 12])
