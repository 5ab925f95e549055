"""What the tests of the page share."""

from web_pages import chromium, server

__all__ = ["chromium", "server"]
