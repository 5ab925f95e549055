"""The page and the REST API: shells with no finance inside.

The API runs the command line in a folder of its own for each request, so that both answer with the same JSON. Nothing
is loaded from another host, and nothing of an upload is run or written outside that folder.
"""

from absalloc.web.app import create_app
from absalloc.web.settings import Settings

__all__ = ["Settings", "create_app"]
