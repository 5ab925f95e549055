"""The questions a desk asks, composed of the stages: optimise, check, rebalance, stress, compare. No own finance."""

from absalloc.desk.ask import optimise, rebalance
from absalloc.desk.book import SCREEN, Book, Prepared, assume_ratings, prepare
from absalloc.desk.changes import Changes
from absalloc.desk.checked import check, check_many, many_checker
from absalloc.desk.studies import Case, compare, planning, stress_test
from absalloc.desk.whatif import WhatIf

__all__ = [
    "SCREEN",
    "Book",
    "Case",
    "Changes",
    "Prepared",
    "WhatIf",
    "assume_ratings",
    "check",
    "check_many",
    "compare",
    "many_checker",
    "optimise",
    "planning",
    "prepare",
    "rebalance",
    "stress_test",
]
