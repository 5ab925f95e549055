"""A Problem as a file that any solver reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from absalloc.errors import BadInput, InternalError
from absalloc.files import write_atomic
from absalloc.solve.csr import Floats
from absalloc.solve.highs import model_of
from absalloc.solve.integer import whole_ends
from absalloc.solve.problem import Problem
from absalloc.solve.semicontinuous import finite_binaries

SECTIONS = {b"bin": b"binaries", b"gen": b"generals"}


def write(problem: Problem, path: str | Path) -> None:
    """Write ``problem`` as an MPS or LP file, by the suffix of ``path``; semi-continuous columns as binaries.

    Names are those of the problem where they are unique and printable without blanks, else ``c0``, ``r0`` and on.
    Raises BadInput for another suffix and for a semi-continuous column without a bound.
    """
    import highspy

    path = Path(path)
    if path.suffix not in (".mps", ".lp"):
        raise BadInput("solve.export_suffix", value=path.name, expected=".mps, .lp")
    plain = whole_ends(finite_binaries(problem))
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    lp = model_of(highspy, plain, plain)
    lp.offset_ = problem.offset
    lp.col_names_ = _usable(problem.col_names, plain.n, "c")
    lp.row_names_ = _usable(problem.row_names, plain.m, "r")
    _expect(highspy, highs.passModel(lp))
    if plain.Q is not None:
        _expect(highspy, highs.passHessian(_hessian(highspy, plain)))
    with tempfile.TemporaryDirectory() as folder:
        draft = os.path.join(folder, f"model{path.suffix}")
        _expect(highspy, highs.writeModel(draft))
        data = Path(draft).read_bytes()
        write_atomic(path, _in_full(data) if path.suffix == ".lp" else data)


def _in_full(data: bytes) -> bytes:
    """Return an LP file with its section words in full: CBC takes short ones for columns and drops integers."""
    lines = [SECTIONS.get(line, line) for line in data.split(b"\n")]
    return b"\n".join(line for line in lines if line != b"semi")


def _expect(highspy: Any, said: Any) -> None:
    if said == highspy.HighsStatus.kError:
        raise InternalError("solve.model_refused", solver="highs")


def _usable(names: Sequence[str] | None, length: int, letter: str) -> list[str]:
    given = [] if names is None else [*names, *(f"{letter}{number}" for number in range(len(names), length))]
    plain = [name for name in given if name.isascii() and name.isprintable() and name and " " not in name]
    if len(plain) == length == len(set(plain)):
        return plain
    return [f"{letter}{number}" for number in range(length)]


def _hessian(highspy: Any, problem: Problem) -> Any:
    # Row i of the upper triangle of a symmetric matrix is column i of the lower one, as HiGHS wants it.
    Q = problem.Q
    upper = Q.indices >= Q.row_of
    hessian = highspy.HighsHessian()
    hessian.dim_ = problem.n
    hessian.format_ = highspy.HessianFormat.kTriangular
    starts: Floats = np.concatenate(([0], np.cumsum(np.bincount(Q.row_of[upper], minlength=problem.n))))
    hessian.start_, hessian.index_, hessian.value_ = starts.astype(np.int32), Q.indices[upper], Q.data[upper]
    return hessian
