"""Recipes: per family, how its models reach each target, with the reason for every step and tolerance."""
