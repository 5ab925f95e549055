"""Small array helpers: exact rounding, and a choice between objects."""

from __future__ import annotations

import numpy as np


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    """Return ``values`` rounded to ``digits`` decimals, each the float nearest its decimal (as ``units.tidy``).

    Dividing an integer below 2^53 by a power of ten is correctly rounded, so ``units.exact`` gives the
    decimal back. Larger values come back as they are.
    """
    scale = 10.0**digits
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(np.asarray(values, float) * scale)
        return np.asarray(np.where(np.abs(scaled) < 1e15, scaled / scale + 0.0, values))


def choose(where: np.ndarray, yes: object, no: object) -> np.ndarray:
    """Return an object array of ``yes`` where true and ``no`` elsewhere; either may be None or an array."""
    out = np.empty(where.shape, object)
    out[...] = no
    np.copyto(out, np.asarray(yes, object), where=where)
    return out


def is_none(values: np.ndarray) -> np.ndarray:
    """Return where an object array holds None."""
    return np.array([value is None for value in values.tolist()], bool)
