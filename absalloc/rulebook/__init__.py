"""Rules as data: constraints/*.yaml by date and mandate."""

from absalloc.rulebook.load import Rulebook, find_rulebook, json_schema, load_rulebook, shipped_rulebooks

__all__ = ["Rulebook", "find_rulebook", "json_schema", "load_rulebook", "shipped_rulebooks"]
