"""Weights: official, bundled, synthetic or a file of the user's; read without running anything in them."""

from edgekit.weights.resolve import ResolvedWeights, resolve_weights

__all__ = ["ResolvedWeights", "resolve_weights"]
