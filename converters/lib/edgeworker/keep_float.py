"""The option `keep_float` of what quantises: layers that stay in floating point, by their names in the FP32 files."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from edgeworker.refusal import Refusal


def kept_in_float(options: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """The names that the option lists; `known` are those of all layers. Raises Refusal (input) for one that is none."""
    names = [str(name) for name in options.get("keep_float", [])]
    present = set(known)
    for name in names:
        if name not in present:
            near = difflib.get_close_matches(name, sorted(present), n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else "Names are those of the FP32 files"
            raise Refusal(f"there is no layer {name} to keep in floating point", hint, kind="input")
    return names


def told(names: list[str]) -> dict[str, list[str]]:
    """What a manifest says of them, as part of its `build`."""
    return {"keep_float": names} if names else {}
