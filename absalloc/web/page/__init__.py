"""The page: what-if, check, rebalance, compare, rules. All assets come from this server."""

from absalloc.web.page.mount import mount

__all__ = ["mount"]
