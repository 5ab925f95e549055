"""The published worked examples: read them, find one by id, compare under their tolerances.

Each ``test_oracles_<area>.py`` holds ``HANDLERS: dict[str, Callable[[dict], object]]``, from the id of a case
to a function that maps the case's ``inputs`` to numbers shaped exactly as its ``expected``, and::

    COVERED = frozenset(HANDLERS)

    @pytest.mark.oracle
    @pytest.mark.real
    @pytest.mark.parametrize("case_id", sorted(HANDLERS))
    def test_published_<area>(shared: Path, case_id: str) -> None:
        case = find(shared, case_id)
        compare_case(case, HANDLERS[case_id](case["inputs"]))

``test_oracles_register.py`` reads the COVERED of all of them and fails where a core case is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

Case = dict[str, Any]


@cache
def _all(path: Path) -> tuple[Case, ...]:
    return tuple(json.loads(path.read_text(encoding="utf-8"))["cases"])


def load(shared: Path, areas: Iterable[str] | None = None, priority: str | None = None) -> list[Case]:
    """Return the cases of ``areas`` (None: all) and one ``priority`` (``core``, ``optional``; None: both)."""
    wanted = None if areas is None else set(areas)
    found = [
        case
        for case in _all(shared / "oracles" / "oracles_open.json")
        if (wanted is None or case["area"] in wanted) and (priority is None or case["priority"] == priority)
    ]
    assert found, f"no case of {areas} and {priority}"
    return found


def find(shared: Path, case_id: str) -> Case:
    """Return the case called ``case_id``."""
    [case] = [case for case in load(shared) if case["id"] == case_id]
    return case


def data(shared: Path, name: str) -> Path:
    """Return a file that cases name, such as ``oracles_data/port1.txt``."""
    return shared / "oracles" / name


def compare_case(case: Case, actual: Any) -> None:
    """Fail unless ``actual`` has the shape of the expected value and every number is within its tolerance."""
    columns = case["inputs"].get("columns", ()) if isinstance(case["inputs"], Mapping) else ()
    compare(case["expected"], actual, case["tolerance"], columns)


def compare(expected: Any, actual: Any, tolerance: Any, columns: Sequence[str] = ()) -> None:
    """Fail, listing every difference, unless ``actual`` equals ``expected`` within ``tolerance``.

    A number is an absolute tolerance for every expected number. A mapping gives tolerances by key: the
    nearest enclosing key wins (for a row as long as ``columns``, the name of the column), ``*`` is the
    default, and a number under no key must be equal. Strings, booleans and nulls must be equal; 0 is exact;
    keys and lengths must agree; NaN equals nothing.
    """
    default = tolerance.get("*", 0) if isinstance(tolerance, Mapping) else tolerance
    by_key = tolerance if isinstance(tolerance, Mapping) else {}
    found = list(_differences(expected, _plain(actual), default, by_key, tuple(columns), "$"))
    assert not found, "\n" + "\n".join(found)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _differences(
    expected: Any,
    actual: Any,
    allowed: float,
    by_key: Mapping[str, float],
    columns: tuple[str, ...],
    path: str,
) -> Iterable[str]:
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or set(expected) != set(actual):
            yield f"{path}: expected the keys {sorted(expected)}, got {actual!r}"
            return
        steps = [(key, expected[key], actual[key], by_key.get(key, allowed)) for key in expected]
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} values, got {actual!r}"
            return
        names = columns if len(columns) == len(expected) else tuple(map(str, range(len(expected))))
        known = by_key if names == columns else {}
        steps = [(n, e, a, known.get(n, allowed)) for n, e, a in zip(names, expected, actual, strict=True)]
    else:
        if not _same(expected, actual, allowed):
            yield f"{path}: expected {expected!r} within {allowed!r}, got {actual!r}"
        return
    for key, inner, other, closer in steps:
        yield from _differences(inner, other, closer, by_key, columns, f"{path}.{key}")


def _same(expected: Any, actual: Any, allowed: float) -> bool:
    if expected is None or isinstance(expected, (bool, str)) or isinstance(actual, bool):
        return type(expected) is type(actual) and bool(expected == actual)
    if not isinstance(actual, (int, float)):
        return False
    return bool(abs(expected - actual) <= allowed)
