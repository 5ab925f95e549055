"""Why this plan: the price of each rule, conflicts, headroom, why a line is held or not, near-best plans, frontiers.

Every number is the difference of plans that were solved; no dual is shown as a price.
"""

from absalloc.explain.attribution import Attribution, attribution, rule_groups
from absalloc.explain.conflicts import Conflict, Conflicts, conflicts
from absalloc.explain.frontier import Frontier, frontier
from absalloc.explain.frontier_range import Range
from absalloc.explain.headroom import Headroom, HeadroomTable, headroom
from absalloc.explain.menu import Menu, menu
from absalloc.explain.moves import Move
from absalloc.explain.prices import NOTCHES, Price, PriceList, prices
from absalloc.explain.repairs import Repair
from absalloc.explain.why import Why, why

__all__ = [
    "NOTCHES",
    "Attribution",
    "Conflict",
    "Conflicts",
    "Frontier",
    "Headroom",
    "HeadroomTable",
    "Menu",
    "Move",
    "Price",
    "PriceList",
    "Range",
    "Repair",
    "Why",
    "attribution",
    "conflicts",
    "frontier",
    "headroom",
    "menu",
    "prices",
    "rule_groups",
    "why",
]
