"""The certificate: what it proves, what it only claims, and that no field of it can be changed unseen."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from absalloc.errors import BadInput
from absalloc.messages import catalogue
from absalloc.plan import verify_standalone as standalone
from absalloc.plan.certificate import (
    build_certificate,
    certificate_bytes,
    check_text,
    read_certificate,
    verify_certificate,
    words_of,
)
from absalloc.solve import Problem, solve_problem

INF = np.inf
META = {"universe_sha256": "0" * 64, "rulebook_sha256": "a" * 64, "sense": "max", "mandate": "某基金"}


def lp() -> Problem:
    # Maximise 4.3% and 2.5% carry of 10 yuan, at most 60% in the first: 6 and 4.
    return Problem(
        [-0.043, -0.025],
        [[1, 1], [0.4, -0.6]],
        [-INF, -INF],
        [10, 0],
        0,
        8,
        col_names=("081900030.IB|new", "cash|held"),
        row_names=("budget|", "originator-share|甲"),
        offset=0.5,
    )


def integer() -> Problem:
    # At most 7 in lots of one at weight 2: the relaxation takes 3.5, the answer 3, and a ticket of at least 1.
    return Problem([-1, -0.25], [[2, 1]], [-INF], [7], [0, 1], [9, 5], [1, 2])


def built(problem: Problem, x: list[Any]) -> dict[str, Any]:
    return build_certificate(problem, solve_problem(problem), x, meta=META)


def checks(document: dict[str, Any]) -> dict[str, bool]:
    return {check.name: check.ok for check in verify_certificate(document).checks}


def rehashed(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "sha256": hashlib.sha256(standalone.canonical(document)).hexdigest()}


def test_an_lp_is_proven_optimal_in_exact_numbers() -> None:
    document = built(lp(), ["6", Decimal(4)])
    result = verify_certificate(document)
    assert result.ok
    assert result.proven == ("feasible", "objective", "bound", "optimal")
    assert result.claimed == ("inputs",)
    assert Fraction(document["solution"]["objective"]) == Fraction("0.5") - Fraction("0.258") - Fraction("0.1")
    assert document["solution"]["row_activity"] == ["10", "0"]


def test_integers_are_proven_feasible_and_their_optimality_only_claimed() -> None:
    document = built(integer(), [3, 1])
    result = verify_certificate(document)
    assert result.ok
    assert result.proven == ("feasible", "objective", "relaxation_bound")
    assert result.claimed == ("optimal", "branch_and_bound_bound", "inputs")
    # The relaxation buys 3.5 of the first column.
    assert Fraction(document["proof"]["bound"]) == Fraction("-3.5")
    assert Fraction(document["claim"]["bound"]) == pytest.approx(-3.25)


@pytest.mark.parametrize(
    ("x", "failing"),
    [
        (["6.000000000000000001", "4"], {"row_bounds"}),
        (["6", "3.99"], {"row_bounds", "status"}),
        (["6", "-0.000001"], {"column_bounds", "row_bounds", "status"}),
        (["5", "4"], {"status"}),
    ],
)
def test_a_point_off_by_the_least_is_told(x: list[str], failing: set[str]) -> None:
    found = checks(built(lp(), x))
    assert {name for name, ok in found.items() if not ok} == failing


@pytest.mark.parametrize("x", [["2.5", "1"], ["3", "0.5"]])
def test_integers_that_are_not_whole_and_tickets_too_small_are_told(x: list[str]) -> None:
    assert not checks(built(integer(), x))["integrality"]


def test_a_free_column_with_a_reduced_cost_proves_nothing() -> None:
    document = built(lp(), ["6", "4"])
    document["problem"]["columns"]["lower"] = ["-inf", "-inf"]
    document["problem"]["columns"]["upper"] = ["inf", "inf"]
    document["proof"]["row_dual"] = ["0", "0"]
    document["proof"].update(bound="-inf", gap="inf")
    result = verify_certificate(rehashed(document))
    assert "bound" not in result.proven
    assert {check.name for check in result.checks if not check.ok} == {"status"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def altered(value: Any) -> Any:
    if value is None:
        return "0"
    if isinstance(value, int):
        return value + 1
    if value in ("inf", "-inf"):
        return "1"
    try:
        return standalone.decimal(Fraction(value) + Fraction(1, 8))
    except ValueError:
        return f"{value}x"


STRESSED = {**META, "scenarios": {"bear-2020": "b" * 64}, "draws": {"monte-carlo-2025": "c" * 64}}


def test_what_scenarios_and_draws_say_is_called_claimed_and_named() -> None:
    document = build_certificate(lp(), solve_problem(lp()), ["6", "4"], meta=STRESSED)
    result = verify_certificate(document)
    assert result.ok
    assert result.claimed == ("inputs", "scenarios", "draws")
    for lang in ("en", "zh"):
        words = words_of(document, result, lang)
        assert "bear-2020" in words["claimed"][1]
        assert "monte-carlo-2025" in words["claimed"][2]
        assert len(words["proven"]) == 4
    for wrong in ("B" * 64, "b" * 63, 5):
        with pytest.raises(BadInput, match=r"meta\.scenarios\.bear-2020"):
            verify_certificate(rehashed({**document, "meta": {**STRESSED, "scenarios": {"bear-2020": wrong}}}))


@pytest.mark.parametrize(("problem", "x"), [(lp(), ["6", "4"]), (integer(), ["3", "1"])], ids=["lp", "integer"])
def test_every_single_field_is_guarded(problem: Problem, x: list[str]) -> None:
    document = build_certificate(problem, solve_problem(problem), x, meta=STRESSED)
    for path in leaves(document):
        changed = copy.deepcopy(document)
        parent = changed
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = altered(parent[path[-1]])
        try:
            assert not verify_certificate(changed).ok, path
        except BadInput:
            continue


@pytest.mark.parametrize(
    ("path", "value", "failing"),
    [
        (("solution", "x", 0), "7", "row_bounds"),
        (("solution", "objective"), "0.1", "objective"),
        (("solution", "row_activity", 0), "9", "row_activity"),
        (("problem", "columns", "cost", 0), "-0.05", "objective"),
        (("problem", "columns", "upper", 0), "5", "column_bounds"),
        (("problem", "rows", "upper", 0), "9", "row_bounds"),
        (("problem", "matrix", "values", 0), "1.5", "row_activity"),
        (("problem", "offset"), "0", "objective"),
        (("proof", "row_dual", 0), "0", "bound"),
        (("proof", "bound"), "0.1420001", "bound"),
        (("proof", "gap"), "0.1", "gap"),
    ],
)
def test_a_forger_who_knows_the_hash_still_fails(path: tuple[Any, ...], value: str, failing: str) -> None:
    document = built(lp(), ["6", "4"])
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    assert parent[path[-1]] != value
    parent[path[-1]] = value
    found = checks(rehashed(document))
    assert found["hash"]
    assert not found[failing]


def test_the_bytes_are_those_of_the_input() -> None:
    first, second = (certificate_bytes(built(lp(), ["6", "4"])) for _ in range(2))
    assert first == second
    assert read_certificate(first) == built(lp(), ["6", "4"])


def test_the_stand_alone_script_needs_no_package(tmp_path: Path) -> None:
    script = tmp_path / "verify_standalone.py"
    script.write_bytes(Path(standalone.__file__).read_bytes())
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    document = built(lp(), ["6", "4"])
    good.write_bytes(certificate_bytes(document))
    bad.write_bytes(certificate_bytes({**document, "meta": {**META, "mandate": "another", "sense": "max"}}))
    (tmp_path / "cut.json").write_bytes(certificate_bytes(document)[:200])

    def ran(name: str) -> subprocess.CompletedProcess[str]:
        # -I -S: no path, no site-packages.
        command = [sys.executable, "-I", "-S", str(script), str(tmp_path / name)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran("good.json").returncode == 0
    assert "proven:  no answer to the program is better, but for one part in ten million" in ran("good.json").stdout
    assert "claimed:  that the program says what the universe and the rules" in ran("good.json").stdout
    assert ran("bad.json").returncode == 1
    assert "FAIL the certificate has the hash" in ran("bad.json").stdout
    assert ran("cut.json").returncode == 2
    assert ran("absent.json").returncode == 2


def test_truncated_files_and_other_versions_are_bad_input() -> None:
    document = built(lp(), ["6", "4"])
    data = certificate_bytes(document)
    with pytest.raises(BadInput, match="not a whole certificate"):
        read_certificate(data[:-40])
    with pytest.raises(BadInput, match="not a whole certificate"):
        read_certificate(b"\xff\xfe")
    with pytest.raises(BadInput, match="A key stands twice"):
        read_certificate(b'{"schema": "a", "schema": "b"}')
    with pytest.raises(BadInput, match=r"this version reads 'absalloc\.certificate/1'"):
        verify_certificate({**document, "schema": "absalloc.certificate/2"})
    with pytest.raises(BadInput, match="missing or unknown fields: proof"):
        verify_certificate({key: value for key, value in document.items() if key != "proof"})
    with pytest.raises(BadInput, match="wrong length"):
        verify_certificate({**document, "solution": {**document["solution"], "x": ["6"]}})


@pytest.mark.parametrize("number", [6.0, "6e0", "0x6", "1/3", "nan", "inf", "", " 6", "6.", "1e999999999", None])
def test_only_plain_decimals_are_numbers(number: object) -> None:
    document = built(lp(), ["6", "4"])
    with pytest.raises(BadInput, match="not an exact decimal"):
        verify_certificate({**document, "solution": {**document["solution"], "x": [number, "4"]}})


def test_what_cannot_be_certified_is_refused() -> None:
    outcome = solve_problem(lp())
    with pytest.raises(BadInput, match="no exact decimal"):
        build_certificate(lp(), outcome, [Fraction(1, 3), Fraction(4)], meta=META)
    with pytest.raises(BadInput, match="with 1 of 2 columns"):
        build_certificate(lp(), outcome, [Fraction(4)], meta=META)
    with pytest.raises(BadInput, match="needs 'sense'"):
        build_certificate(lp(), outcome, [6, 4], meta={k: v for k, v in META.items() if k != "sense"})
    with pytest.raises(BadInput, match="none of the known words"):
        build_certificate(lp(), outcome, [6, 4], meta={**META, "sense": "up"})


def test_the_script_and_the_catalogue_say_the_same() -> None:
    english = catalogue("plan_certificate", "en")
    assert {name: english[f"check_{name}"] for name in standalone.TEXTS} == standalone.TEXTS
    assert {name: english[f"proven_{name}"] for name in standalone.PROVEN} == standalone.PROVEN
    assert {name: english[f"claimed_{name}"] for name in standalone.CLAIMED} == standalone.CLAIMED
    result = verify_certificate(built(lp(), ["7", "4"]))
    assert [check_text(check, "en") for check in result.checks] == [check.text for check in result.checks]
    assert all(check_text(check, "zh") for check in result.checks)


@pytest.mark.parametrize("value", ["0", "-0.1", "123456789.000001", "1" + "0" * 30, "-0.00000000000000000001"])
def test_decimals_keep_their_value(value: str) -> None:
    assert standalone.decimal(Fraction(value)) == value


def test_a_certificate_is_json_without_floats() -> None:
    def refuse(text: str) -> float:
        raise AssertionError(text)

    json.loads(certificate_bytes(built(integer(), ["3", "1"])), parse_float=refuse)
