"""Judges at the desk what a device did with one photo: its report, as `runtime/` writes it (docs/runtime.md)."""
