"""The cache: toolchains, weights, stages and what is remembered. What it holds is checked when it is used."""

from edgekit.cache.folder import VARIABLE, cache_folder

__all__ = ["VARIABLE", "cache_folder"]
