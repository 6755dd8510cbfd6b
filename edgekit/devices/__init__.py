"""Machines that artifacts run on besides this one: emulated ones."""
