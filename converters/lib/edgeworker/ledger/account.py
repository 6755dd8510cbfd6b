"""The account of an artifact's stored parameters."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from edgeworker.ledger.computed import computed
from edgeworker.ledger.constants import filled, is_constant, numbers_of
from edgeworker.ledger.folds import folds
from edgeworker.ledger.match import Index
from edgeworker.ledger.pieces import Cuts, find_piece
from edgeworker.ledger.sources import Parameter
from edgeworker.ledger.stored import Stored

SHOWN = 20
CONSTANT = "a number of the operators"


@dataclass(frozen=True)
class Unexplained:
    """A stored tensor that nothing in the program accounts for; `nearest` is the parameter that it resembles most."""

    name: str
    layer: str
    shape: list[int]
    nearest: str | None
    differing: int | None


@dataclass(frozen=True)
class Account:
    """How many tensors are stored, how those come about that are explained (`how` -> how many), and the rest.

    `unused` are the program's parameters that nothing in the artifact comes from. Of both lists the first few.
    """

    stored: int
    explained: dict[str, int]
    unexplained: list[Unexplained] = field(default_factory=list)
    unexplained_count: int = 0
    unused: list[str] = field(default_factory=list)
    unused_count: int = 0

    def as_details(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def account(
    stored: Iterable[Stored], program: Any, parameters: Mapping[str, np.ndarray], added: Iterable[float] = ()
) -> Account:
    """Explain every floating-point tensor in `stored` by the program and its parameters.

    `added` are numbers that edgekit itself puts into the artifact, such as those of embedded preprocessing.

    Integers (shapes, axes, indices) are explained where the program has them as parameters, and do not count else.
    """
    copies = [Parameter(name, array) for name, array in parameters.items()]
    index = Index([*copies, *folds(program, parameters), *computed(program, parameters)])
    numbers, fills = numbers_of(program) | {float(np.float32(number)) for number in added}, filled(program)
    explained: Counter[str] = Counter()
    used: set[str] = set()
    cut = Cuts()
    rest: list[Unexplained] = []
    count = 0
    for one in stored:
        matches = index.find(one.values)
        if not matches and one.values.dtype.kind != "f":
            continue
        count += 1
        if matches:
            explained[matches[0].how] += 1
            # What has the same values cannot be told apart: it counts as used together.
            used.update(name for match in matches for name in match.source.names)
        elif is_constant(one.values, numbers, fills):
            explained[CONSTANT] += 1
        elif piece := find_piece(one.values, index.sources):
            explained[piece.how] += 1
            cut.add(piece)
        else:
            rest.append(nearest(one, index))
    unused = sorted(set(parameters) - used - cut.whole())
    return Account(count, dict(explained), rest[:SHOWN], len(rest), unused[:SHOWN], len(unused))


def nearest(stored: Stored, index: Index) -> Unexplained:
    """An unexplained tensor beside the source of as many values with which it shares most of them."""
    flat = stored.values.reshape(-1)
    best, differing = None, flat.size
    for source in index.sources:
        if int(np.prod(source.shape)) != flat.size:
            continue
        with np.errstate(invalid="ignore"):
            close = np.abs(flat.astype(np.float64) - source.values().reshape(-1)) <= source.bound().reshape(-1)
        if (apart := int(flat.size - close.sum())) < differing:
            best, differing = source, apart
    shape = list(stored.values.shape)
    if best is None:
        return Unexplained(stored.name, stored.layer, shape, None, None)
    return Unexplained(stored.name, stored.layer, shape, best.names[0], differing)
