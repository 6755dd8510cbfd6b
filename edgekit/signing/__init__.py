"""Signatures of artifacts in minisign's format: what is signed is the manifest, which holds every hash.

The arithmetic and the format are py-minisign's; `minisign -Vm manifest.json -p KEY.pub` checks the same.
"""
