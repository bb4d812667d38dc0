"""The laptop, never deployed: `python -m local` is host, bus and Chase simulator in one process."""
