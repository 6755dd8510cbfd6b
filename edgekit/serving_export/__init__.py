"""Repositories for model servers of others, with a script that proves what such a server answers."""
