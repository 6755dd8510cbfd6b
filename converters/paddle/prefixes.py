"""What the names in a weights file begin with: training wraps networks, and each wrapper puts its name in front.

`module.` and `_layers.` are of data parallel training, `backbone.` of PaddleClas's recognition models, `Student.` and
`Teacher.` of its distillation; several may stand one before another.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from edgeworker.refusal import Refusal

Tensor = TypeVar("Tensor")
SHOWN = 4


def under(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}


def prefixes_of(weights: Collection[str], head: str) -> list[str]:
    """What stands before a tensor called `head`; with a plain `head` there is nothing to find, and it is [""]."""
    if head in weights:
        return [""]
    return sorted(name[: -len(head)] for name in weights if name.endswith(f".{head}"))


def fitting_prefix(weights: Collection[str], wanted: Collection[str], candidates: Sequence[str]) -> str:
    """The one of `candidates` under which the names are just those of the network, `wanted`.

    Where none of several is, the one under which the most are. Raises Refusal (input), naming them, where it is more
    than one.
    """
    if len(candidates) < 2:
        return candidates[0] if candidates else ""
    names = {prefix: {name[len(prefix) :] for name in weights if name.startswith(prefix)} for prefix in candidates}
    fitting = [prefix for prefix in candidates if names[prefix] == set(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    found = fitting or candidates
    best = max(candidates, key=lambda prefix: len(names[prefix].intersection(wanted)))
    if not fitting and sum(names[prefix] >= names[best] & set(wanted) for prefix in candidates) == 1:
        return best
    raise Refusal(
        f"the weights hold {len(found)} networks that may be meant: their names begin with {_quoted(found)}",
        f"Name one, as in --weights-prefix {found[0]}",
        kind="input",
    )


def check_prefix(weights: Collection[str], prefix: str) -> None:
    """Raise Refusal (input) where no name begins with the `prefix` that the user gave."""
    if any(name.startswith(prefix) for name in weights):
        return
    first = sorted({name.split(".")[0] + "." for name in weights})
    raise Refusal(
        f'no tensor of the weights has a name that begins with "{prefix}"',
        f"Their names begin with {_quoted(first)}",
        kind="input",
    )


def prefix_note(prefix: str, weights: Collection[str], used: Collection[str]) -> str:
    """One sentence on what was done with the names; empty where nothing was."""
    if not prefix:
        return ""
    rest = sorted(name for name in weights if not (name.startswith(prefix) and name[len(prefix) :] in used))
    note = f'the names of the weights begin with "{prefix}", which was taken off'
    if rest:
        others = rest[0] if len(rest) == 1 else f"{rest[0]} to {rest[-1]}"
        note += f"; {len(rest)} of other names were left out: {others}"
    return note


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names[:SHOWN]) + (" and others" if len(names) > SHOWN else "")
