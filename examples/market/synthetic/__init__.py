"""The parts of the seeded generator of the synthetic market; run ``generate.py`` one folder up."""
