"""``python -m absalloc`` is the command ``absalloc``."""

import sys

from absalloc.cli import main

if __name__ == "__main__":
    sys.exit(main())
