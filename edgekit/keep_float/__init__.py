"""Layers that INT8 leaves in floating point: which, and why (docs/precision.md)."""
