"""Puts verified artifacts into the assets of the demo app."""
