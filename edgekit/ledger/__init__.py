"""The ledger as data: what `parameters.py` of a target found, and what it means for a verdict."""
