"""What the tests of the page share."""

from web_pages import chromium, server, tab

__all__ = ["chromium", "server", "tab"]
