"""The certificate: the program, the answer and its proof in exact decimals, for anyone to check without us."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.errors import BadInput, InternalError
from absalloc.plan import verify_standalone as standalone
from absalloc.plan.verify_standalone import SCHEMA, Check, VerifyResult, canonical, decimal
from absalloc.solve import Outcome, Problem, SolveSettings, solve_problem

Number = Fraction | Decimal | int | float | str
INPUTS = ("universe_sha256", "rulebook_sha256")


def build_certificate(
    problem: Problem,
    outcome: Outcome,
    x_exact: Sequence[Number],
    *,
    meta: Mapping[str, Any],
    settings: SolveSettings | None = None,
) -> dict[str, Any]:
    """Return the certificate of ``x_exact`` (n exact decimals) for ``problem``, which minimises.

    ``meta`` needs ``universe_sha256``, ``rulebook_sha256`` and ``sense`` (``max`` where the cost is the
    negative of what the user maximises); whatever else it holds (plain JSON, no floats) is carried along.
    With integers the proof is that of the relaxation, solved here; the bound of branch and bound is a claim. A program
    without integers is allowed 1e-7, or the gap of ``settings`` where a point in whole yuan is not that near. The
    numbers are not judged here: ``verify_certificate`` does that, and a plan verifies what it wrote.

    Raises BadInput for Q, a point of another length, a number without an exact decimal, and missing meta.
    """
    if problem.Q is not None or len(x_exact) != problem.n or outcome.status not in ("optimal", "stopped"):
        raise BadInput("plan_certificate.no_certificate", value=outcome.status, expected=problem.n, length=len(x_exact))
    for name in (*INPUTS, "sense"):
        if name not in meta:
            raise BadInput("plan_certificate.meta_missing", value=name)
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "meta": {key: value for key, value in meta.items() if key not in INPUTS},
        "inputs": {key: meta[key] for key in INPUTS},
        "problem": _program(problem),
        "solution": {"x": [_exact(value) for value in x_exact]},
        "proof": {"kind": "relaxation" if problem.has_integers else "lp", "row_dual": _duals(problem, outcome)},
        "claim": {
            "status": outcome.status,
            "solver": outcome.solver,
            "bound": _claimed(problem, outcome),
            "gap_allowed": decimal(standalone.LP_GAP)
            if settings is None and not problem.has_integers
            else _text((settings or SolveSettings()).mip_gap),
        },
    }
    try:
        return _completed(body)
    except standalone.Unusable as error:
        raise _bad(error) from error


def _completed(body: dict[str, Any]) -> dict[str, Any]:
    """Fill in what follows from the rest: activities, objective, bound, gap, hash."""
    blank = {"row_activity": ["0"] * len(body["problem"]["rows"]["names"]), "objective": "0"}
    draft = {
        **body,
        "solution": {**body["solution"], **blank},
        "proof": {**body["proof"], "bound": "-inf", "gap": "inf"},
        "sha256": "",
    }
    found = standalone.figures(draft)
    whole = {
        **body,
        "solution": {**body["solution"], "row_activity": found["row_activity"], "objective": found["objective"]},
        "proof": {**body["proof"], "bound": found["bound"], "gap": found["gap"]},
    }
    lp, gap = body["proof"]["kind"] == "lp", found["gap"]
    if lp and gap != "inf" and Fraction(gap) <= standalone.LP_GAP:
        whole["claim"] = {**body["claim"], "gap_allowed": decimal(standalone.LP_GAP)}
    return {**whole, "sha256": hashlib.sha256(canonical(whole)).hexdigest()}


def certificate_bytes(certificate: Mapping[str, Any]) -> bytes:
    """Return the file of a certificate: the same bytes for the same certificate."""
    whole = json.dumps(dict(certificate), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"{whole}\n".encode()


def read_certificate(data: bytes) -> dict[str, Any]:
    """Return the certificate of a file's bytes. Raises BadInput where it is truncated or not JSON."""
    try:
        return standalone.load(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput("plan_certificate.json", value=str(error), field="") from error
    except standalone.Unusable as error:
        raise _bad(error) from error


def verify_certificate(certificate: Mapping[str, Any]) -> VerifyResult:
    """Return the verdict: every check with its text, what is proven and what the solver claims.

    Raises BadInput for another schema version, missing or unknown fields, and what is not an exact decimal.
    """
    try:
        return standalone.verify(dict(certificate))
    except standalone.Unusable as error:
        raise _bad(error) from error


def check_text(check: Check, lang: str = "en") -> str:
    """Return a check in ``en`` or ``zh``."""
    from absalloc.messages import render

    text = render(f"plan_certificate.check_{check.name}", lang, **check.fields)
    if check.failed:
        text += render("plan_certificate.check_worst", lang, count=len(check.failed), first=check.failed[0])
    return text


def words_of(certificate: Mapping[str, Any], result: VerifyResult, lang: str = "en") -> dict[str, list[str]]:
    """Return what a certificate proves and what it only claims, as sentences in ``en`` or ``zh``."""
    from absalloc.messages import render

    fields = standalone.word_fields(dict(certificate))

    def told(kind: str, codes: tuple[str, ...]) -> list[str]:
        return [render(f"plan_certificate.{kind}_{code}", lang, **fields) for code in codes]

    found = {"proven": told("proven", result.proven), "claimed": told("claimed", result.claimed)}
    books = certificate["meta"].get("books")
    if isinstance(books, list):
        names = "; ".join(f"[{number}] {book['mandate']}" for number, book in enumerate(books, 1))
        found["claimed"].append(render("plan_certificate.claimed_books", lang, n=str(len(books)), books=names))
    return found


def _bad(error: standalone.Unusable) -> BadInput:
    expected = SCHEMA if error.code == "schema" else None
    return BadInput(f"plan_certificate.{error.code}", value=error.value, expected=expected, field=error.field)


def _program(problem: Problem) -> dict[str, Any]:
    A = problem.A
    return {
        "offset": _text(problem.offset),
        "columns": {
            "names": list(problem.col_names or (f"c{j}" for j in range(problem.n))),
            "cost": _texts(problem.c),
            "lower": _texts(problem.col_lower),
            "upper": _texts(problem.col_upper),
            "integrality": problem.integrality.tolist(),
        },
        "rows": {
            "names": list(problem.row_names or (f"r{i}" for i in range(problem.m))),
            "lower": _texts(problem.row_lower),
            "upper": _texts(problem.row_upper),
        },
        "matrix": {"indptr": A.indptr.tolist(), "indices": A.indices.tolist(), "values": _texts(A.data)},
    }


def _duals(problem: Problem, outcome: Outcome) -> list[str]:
    """Return row multipliers; with integers those of the relaxation. Any are valid: poor ones prove a poor bound."""
    y = outcome.row_dual
    if problem.has_integers:
        y = solve_problem(problem.relaxed()).row_dual
    return _texts(np.zeros(problem.m) if y is None else y)


def _claimed(problem: Problem, outcome: Outcome) -> str | None:
    if not problem.has_integers or outcome.bound is None or not np.isfinite(outcome.bound):
        return None
    return _text(outcome.bound)


def _exact(value: Number) -> str:
    if isinstance(value, (float, np.floating)):
        return _text(float(value))
    try:
        return decimal(Fraction(value))
    except (ValueError, OverflowError, TypeError) as error:
        raise BadInput("plan_certificate.decimal", value=value, field="x") from error


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in np.asarray(values, dtype=float).tolist()]


def _text(value: float) -> str:
    """Return the decimal that a float prints as, without an exponent; ``inf`` and ``-inf`` for bounds."""
    text = repr(float(value))
    if text == "nan":
        raise InternalError("plan_certificate.nan")
    if "e" in text:
        return decimal(Fraction(text))
    return "0" if text == "-0.0" else text.removesuffix(".0")
