"""The questions a desk asks, composed of the stages: optimise, check, rebalance. No finance of its own."""

from absalloc.desk.ask import SCREEN, check, optimise, rebalance
from absalloc.desk.book import Book, Prepared, assume_ratings, prepare

__all__ = ["SCREEN", "Book", "Prepared", "assume_ratings", "check", "optimise", "prepare", "rebalance"]
