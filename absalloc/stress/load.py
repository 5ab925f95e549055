"""Reading scenarios: shipped or from a file, with what they include, and their composition."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from absalloc._resources import data_root
from absalloc.cashflow.curves import read_points
from absalloc.errors import BadInput
from absalloc.files import resolve, sha256
from absalloc.predicate import Predicate
from absalloc.stress.models import PARTS, Days, ScenarioFile, Source, Title, tenor_years
from absalloc.stress.monte_carlo import KIND, MonteCarloFile, shipped_sets
from absalloc.stress.select import check_predicate
from absalloc.where import Where
from absalloc.yamlpos import Document, parse_yaml, read_yaml, validate

MOST_INCLUDED = 20


@dataclass(frozen=True)
class Move:
    """A move by tenor: ``tenors`` years, ``moves`` decimals, linear between and flat beyond; ``where`` the lines."""

    tenors: tuple[float, ...]
    moves: tuple[float, ...]
    where: Predicate | None = None

    def at(self, years: np.ndarray) -> np.ndarray:
        """Return the move at each life in years; NaN stays NaN."""
        return np.asarray(np.interp(years, self.tenors, self.moves))


@dataclass(frozen=True)
class Scenario:
    """A scenario ready to use: its own shocks behind those of the scenarios it includes.

    ``parts``: the typed shocks by key (``speeds defaults losses support revenue life ratings liquidity``).
    ``redemption`` share of NAV; ``horizon`` months or None; ``reinvest`` annual decimal or None; ``floor`` least
    yield a falling curve reaches, or None. ``custom``: functions of the user (``stress.python_scenario``).
    """

    name: str
    title: Title
    sources: tuple[Source, ...]
    yields: tuple[Move, ...] = ()
    floor: float | None = None
    spreads: tuple[Move, ...] = ()
    parts: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    horizon: int | None = None
    reinvest: float | None = None
    redemption: Fraction = Fraction(0)
    sha256: str = ""
    custom: tuple[Callable[..., Any], ...] = ()

    def part(self, name: str) -> tuple[Any, ...]:
        """Return the shocks of one key."""
        return next((shocks for key, shocks in self.parts if key == name), ())


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship, sorted; Monte-Carlo sets are ``shipped_sets``."""
    names = [entry.name.removesuffix(".yaml") for entry in data_root("scenarios").iterdir() if _is_yaml(entry.name)]
    return tuple(sorted(set(names) - set(shipped_sets())))


def _is_yaml(name: str) -> bool:
    return name.endswith(".yaml")


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file.

    Raises BadInput with file and line for an unknown key, tenor, column, grade or scenario, a ratio without a unit
    or beyond its range, a shock that says nothing, includes that form a circle, and curve files without the days.
    """
    path = Path(path)
    return _build(read_yaml(path), path.stem, path.resolve().parent, ())


def find_scenario(name: str, folder: Path | None = None) -> Scenario:
    """Return the shipped scenario ``name``, or the file ``name`` (relative to ``folder``) where it ends in .yaml.

    Raises BadInput, with the nearest name, for one that is not known; else as ``load_scenario``.
    """
    return _find(name, folder, (), Where())


def _find(name: str, folder: Path | None, inside: tuple[str, ...], where: Where) -> Scenario:
    if name in inside or len(inside) > MOST_INCLUDED:
        raise BadInput("stress.circle", where=where, value=name, path=" > ".join((*inside, name)))
    if name.endswith((".yaml", ".yml")):
        path = Path(name) if folder is None else folder / name
        return _build(read_yaml(path), path.stem, path.resolve().parent, (*inside, name))
    sets, known = shipped_sets(), shipped_scenarios()
    if name in sets:
        raise BadInput("stress.is_set", where=where, value=name)
    if name not in known:
        # A misspelt set is told its name too: where it cannot be used, the next answer says so.
        choices = (*known, *sets)
        raise BadInput("stress.unknown_scenario", where=where, value=name, expected=", ".join(known), choices=choices)
    text = data_root("scenarios").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return _build(parse_yaml(text, f"scenarios/{name}.yaml"), name, folder, (*inside, name))


def _build(document: Document, stem: str, folder: Path | None, inside: tuple[str, ...]) -> Scenario:
    if isinstance(document.data, dict) and document.data.get("kind") == KIND:
        raise BadInput("stress.is_set", where=document.where("kind"), value=stem)
    file: ScenarioFile = validate(ScenarioFile, document)
    if file.scenario != stem:
        raise BadInput("stress.name_differs", where=document.where("scenario"), value=file.scenario, expected=stem)
    if not (file.includes or file.redemption is not None or any(getattr(file, name) for name in PARTS)):
        raise BadInput("stress.nothing", where=document.where(), value=file.scenario)
    for name in PARTS:
        for index, shock in enumerate(getattr(file, name)):
            if getattr(shock, "where", None) is not None:
                check_predicate(shock.where, document.where(name, index, "where"))
    own = _own(file, document, folder)
    parts = [
        _find(name, folder, inside or (stem,), document.where("includes", index))
        for index, name in enumerate(file.includes)
    ]
    return own if not parts else _joined(own, parts)


def _own(file: ScenarioFile, document: Document, folder: Path | None) -> Scenario:
    canonical = json.dumps(document.data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Scenario(
        name=file.scenario,
        title=file.title,
        sources=(file.source,),
        yields=tuple(_move(item, document.where("yields", i), folder) for i, item in enumerate(file.yields)),
        floor=None if file.yield_floor is None else float(file.yield_floor),
        spreads=tuple(_move(item, document.where("spreads", i), folder) for i, item in enumerate(file.spreads)),
        parts=tuple((name, getattr(file, name)) for name in PARTS if name not in ("yields", "spreads")),
        horizon=file.horizon,
        reinvest=None if file.reinvest is None else float(file.reinvest),
        redemption=Fraction(0) if file.redemption is None else file.redemption.value,
        sha256=sha256(canonical.encode()),
    )


def _move(item: Any, where: Where, folder: Path | None) -> Move:
    flat: Any = getattr(item, "parallel", None) or getattr(item, "add", None)
    selected = getattr(item, "where", None)
    if item.days is not None:
        years, moves = curve_move(item.days, folder or Path(), where)
    elif item.points is not None:
        years, moves = tenor_years(item.points)
    else:
        years, moves = [1.0], [float(flat.value)]
    return Move(tuple(years), tuple(moves), selected)


def curve_move(days: Days, folder: Path, where: Where) -> tuple[list[float], list[float]]:
    """Return (years, moves) of a curve between two days of a file, less those of ``over``, exact to 1e-12.

    Raises BadInput where the file lacks a curve or a day.
    """
    wanted = [name for name in (days.curve, days.over) if name is not None]
    table: dict[str, dict[date, dict[float, float]]] = {name: {} for name in wanted}
    others: set[str] = set()
    for point in read_points(resolve(folder, days.file, where)):
        others.add(point.role)
        if point.role in table:
            table[point.role].setdefault(point.day, {})[point.tenor] = point.value
    moved = []
    for name in wanted:
        if name not in others:
            raise BadInput(
                "stress.no_curve", where=where, value=name, expected=", ".join(sorted(others)), choices=others
            )
        for day in (days.from_, days.to):
            if day not in table[name]:
                raise BadInput("stress.no_day", where=where, value=day.isoformat(), curve=name)
        start, stop = table[name][days.from_], table[name][days.to]
        moved.append({tenor: stop[tenor] - start[tenor] for tenor in sorted(start) if tenor in stop})
    base = moved[0]
    if len(moved) == 2:
        base = {tenor: move - moved[1][tenor] for tenor, move in moved[0].items() if tenor in moved[1]}
    return list(base), [round(move, 12) for move in base.values()]


def _joined(own: Scenario, included: Sequence[Scenario]) -> Scenario:
    """Return ``own`` behind what it includes. What ``own`` says of horizon, reinvestment and floor stands."""
    every = (*included, own)
    parts = {name: tuple(shock for item in every for shock in item.part(name)) for name in PARTS}
    left = Fraction(1)
    for item in every:
        left *= 1 - item.redemption
    return Scenario(
        name=own.name,
        title=own.title,
        sources=tuple(dict.fromkeys(source for item in (own, *included) for source in item.sources)),
        yields=tuple(move for item in every for move in item.yields),
        floor=_settled("yield_floor", own.floor, [item.floor for item in included], own.name),
        spreads=tuple(move for item in every for move in item.spreads),
        parts=tuple((name, shocks) for name, shocks in parts.items() if name not in ("yields", "spreads")),
        horizon=_settled("horizon", own.horizon, [item.horizon for item in included], own.name),
        reinvest=_settled("reinvest", own.reinvest, [item.reinvest for item in included], own.name),
        redemption=1 - left,
        sha256=sha256("\n".join(item.sha256 for item in every).encode()),
        custom=tuple(function for item in every for function in item.custom),
    )


def _settled(key: str, own: Any, others: Sequence[Any], name: str) -> Any:
    if own is not None:
        return own
    found = {value for value in others if value is not None}
    if len(found) > 1:
        raise BadInput("stress.disagree", value=name, key=key, found=", ".join(str(value) for value in sorted(found)))
    return found.pop() if found else None


def compose(scenarios: Sequence[Scenario], name: str | None = None) -> Scenario:
    """Return the scenario in which all of ``scenarios`` happen at once: moves add up, redemptions compound.

    Raises BadInput for no scenario, or where two disagree on horizon, reinvestment or floor.
    """
    if not scenarios:
        raise BadInput("stress.nothing", value="compose")
    if len(scenarios) == 1:
        return scenarios[0]
    label = name or "+".join(item.name for item in scenarios)
    title = Title(en=" + ".join(s.title.en for s in scenarios), zh=" + ".join(s.title.zh for s in scenarios))
    return _joined(Scenario(label, title, ()), scenarios)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the scenario format, committed as ``scenarios/schema.json``."""
    both: TypeAdapter[Any] = TypeAdapter(ScenarioFile | MonteCarloFile)
    schema = both.json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "absalloc scenario", **schema}
