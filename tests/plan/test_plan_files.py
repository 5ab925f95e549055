"""Programs of plans as model files: read back by HiGHS and by CBC, they are worth what we say they are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import highspy
import pulp
import pytest
from test_certificate_fields import KINDS

from absalloc.plan.make import make_plan
from absalloc.plan.program import Program
from absalloc.solve import solve_problem


def program(kind: Any) -> Program:
    state, settings, shocks = kind()
    found = make_plan(state, settings, shocks).program
    assert found is not None
    return found


@pytest.mark.parametrize("suffix", [".mps", ".lp"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_read_back_is_worth_the_same(kind: Any, suffix: str, tmp_path: Path) -> None:
    made, path = program(kind), tmp_path / f"模型{suffix}"
    assert any(not name.isascii() for name in made.problem.col_names or ())
    made.write(str(path))
    back = highspy.Highs()
    back.setOptionValue("output_flag", False)
    back.setOptionValue("mip_rel_gap", 1e-9)
    assert back.readModel(str(path)) == highspy.HighsStatus.kOk
    back.run()
    assert back.getModelStatus() == highspy.HighsModelStatus.kOptimal
    assert back.getInfo().objective_function_value == pytest.approx(solve_problem(made.problem).objective, rel=1e-6)


@pytest.mark.filterwarnings("ignore:.*PuLP 4.0.*:DeprecationWarning")
@pytest.mark.parametrize("suffix", [".mps", ".lp"])
@pytest.mark.parametrize("kind", KINDS)
def test_another_reader_and_solver_find_the_same(kind: Any, suffix: str, tmp_path: Path) -> None:
    made, path, said = program(kind), tmp_path / f"model{suffix}", tmp_path / "said.txt"
    made.write(str(path))
    words = [pulp.PULP_CBC_CMD().path, str(path), "-ratioGap", "0", "-solve", "-solution", str(said)]
    subprocess.run(words, check=True, capture_output=True)
    head = said.read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("Optimal")
    value = float(head.rpartition(" ")[2])
    assert made.problem.offset == 0  # CBC's words leave out the constant of the objective
    assert value == pytest.approx(solve_problem(made.problem).objective, rel=1e-6)
