"""Studies on top of everything else; each module is one question and is imported by name."""
