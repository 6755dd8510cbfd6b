"""Reads what strangers have written: files, documents in them, and their words.

Every document that may come from somebody else (a bundle, a manifest, a record of a matrix, a recipe, a configuration,
labels, the header of a safetensors file) is read through here, and nowhere else. A reader gives plain values or raises
UsageError, in one sentence that names the file; it never waits, and takes memory by the size of the file alone.

- `files`: a regular file of bounded size, and nothing else: no pipe, no device, no folder, no loop of links.
- `json_document`, `toml_document`, `yaml_document`, `safetensors_header`: each format's own traps.
- `values`: what all of them may hold: how deep, how many, how large a number, what text.
- `wording`: a stranger's words on a terminal.
"""
