"""Rules × books × scenarios → rows."""

from absalloc.rows.compile import Scenario, compile_rows
from absalloc.rows.state import BookState
from absalloc.rows.system import Block, RowSystem

__all__ = ["Block", "BookState", "RowSystem", "Scenario", "compile_rows"]
