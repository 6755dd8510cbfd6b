"""Artifacts: a folder with a target's files and the manifest that says where they come from."""
