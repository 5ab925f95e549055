"""Whose money: institution, rulebooks, amounts, what is allocated, targets, trading limits, assumptions."""

from absalloc.mandate.load import LoadedMandate, load_mandate, with_keys
from absalloc.mandate.models import Mandate

__all__ = ["LoadedMandate", "Mandate", "load_mandate", "with_keys"]
