"""The account of an artifact's stored parameters."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from edgeworker.ledger.computed import computed
from edgeworker.ledger.constants import filled, is_constant, is_constant_near, numbers_of
from edgeworker.ledger.folds import folds
from edgeworker.ledger.match import Index
from edgeworker.ledger.merged import merged
from edgeworker.ledger.pieces import Cuts, Piece, find_piece
from edgeworker.ledger.pooled import pooled
from edgeworker.ledger.scales import scales
from edgeworker.ledger.sources import Parameter, Source
from edgeworker.ledger.stored import Stored

SHOWN = 20
FEW = 64
"""A parameter that a tool cuts into single numbers has at most as many: the biases of classes split one by one."""
ALIKE = 0.25
"""The share of values that are the same in what was one and the same."""
CONSTANT = "a number of the operators"
NO_BIAS = "zeros for no bias"
"""Where a bias of the program was set to zeros, that bias is named as one that is nowhere."""
CHOSEN = "as the quantisation chose it"
BEFORE = ".before"
"""What a corrected bias was before is recorded under its name with this."""


@dataclass(frozen=True)
class Rewritten:
    """A program as edgekit's rewrites left it, with its parameters.

    What they store of the program's own they have computed, and it is explained by the program as it came. They invent
    zeros and ones alone: kernels that pick pixels, and factors and summands that change nothing.
    """

    program: Any
    parameters: Mapping[str, np.ndarray]

    def sources(self, index: Index, before: Mapping[str, np.ndarray]) -> Iterator[Source]:
        """What the rewrites have invented, and what a batch norm with such factors becomes."""
        invented = {
            name: array
            for name, array in self.parameters.items()
            if name not in before and np.isin(array, (0, 1)).all() and not index.find(array)
        }
        yield from (Parameter.of(name, array, "zeros and ones of a rewrite") for name, array in invented.items())
        if invented:
            yield from folds(self.program, self.parameters)


@dataclass(frozen=True)
class Unexplained:
    """A stored tensor that nothing in the program accounts for; `nearest` is the parameter that it resembles most.

    `fault` says what is wrong with it, where that is known.
    """

    name: str
    layer: str
    shape: list[int]
    nearest: str | None
    differing: int | None
    fault: str = ""


@dataclass(frozen=True)
class Account:
    """How many tensors are stored, how those come about that are explained (`how` -> how many), and the rest.

    `unused` are the program's parameters that nothing in the artifact comes from. Of both lists the first few.
    `described_count` of the unexplained are numbers in layers' descriptions.
    """

    stored: int
    explained: dict[str, int]
    unexplained: list[Unexplained] = field(default_factory=list)
    unexplained_count: int = 0
    unused: list[str] = field(default_factory=list)
    unused_count: int = 0
    described_count: int = 0

    def as_details(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class Explanations:
    """All that a program can explain, worked out once for any number of artifacts.

    `added` are numbers that edgekit itself puts into the artifact, such as those of embedded preprocessing. `rewritten`
    is the program as edgekit's own rewrites left it, where they changed something. `chosen` is the record of a
    quantisation: its scales, its zero points and what else it put in the place of parameters, by name.
    """

    def __init__(
        self,
        program: Any,
        parameters: Mapping[str, np.ndarray],
        added: Iterable[float] = (),
        rewritten: Rewritten | None = None,
        chosen: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        index = Index(
            [
                *(Parameter.of(name, array) for name, array in parameters.items()),
                *folds(program, parameters),
                *merged(program, parameters),
                *scales(program, parameters),
                *pooled(program),
                *computed(program, parameters),
            ]
        )
        if rewritten is not None:
            index = Index([*index.sources, *rewritten.sources(index, parameters)])
        self.parameters, self.index, self.chosen = parameters, index, chosen or {}
        self.few = [source for source in index.sources if int(np.prod(source.shape)) <= FEW]
        self.numbers, self.fills = numbers_of(program) | as_stored(added), filled(program)

    def account(self, stored: Iterable[Stored]) -> Account:
        """Explain every floating-point tensor in `stored`, one after the other.

        Integers (shapes, axes, indices) are explained where the program has them as parameters, and do not count else.
        An order of channels that the program has as one may be missing, since tools make layers of it that cut and
        shuffle; but then nothing may be stored that resembles it.
        """
        explained: Counter[str] = Counter()
        used: set[str] = set()
        cut = Cuts()
        rest: list[Unexplained] = []
        beside = 0
        integers: list[Stored] = []
        numbers: list[tuple[Stored, Piece]] = []
        count = 0
        for one in stored:
            if one.fault or one.chosen or one.quantised is not None:
                count += 1
                how, names, fault = self._of_quantisation(one, cut)
                if fault:
                    rest.append(Unexplained(one.name, one.layer, list(one.values.shape), None, None, fault))
                else:
                    explained[how] += 1
                used.update(names)
                continue
            matches = self.index.find(one.values)
            constant = not matches and is_constant(one.values, self.numbers, self.fills)
            # What the operator itself is described with is no parameter.
            if not matches and (one.values.dtype.kind != "f" or (one.described and constant)):
                integers += [one] if one.values.dtype.kind in "iu" else []
                continue
            count += 1
            if matches:
                explained[matches[0].how] += 1
                # What has the same values cannot be told apart: it counts as used together.
                used.update(name for match in matches for name in match.source.names)
            elif constant:
                explained[CONSTANT] += 1
            elif one.summand and not one.values.any():
                explained[NO_BIAS] += 1
            elif not one.described and (piece := find_piece(one.values, self.index.sources)):
                explained[piece.how] += 1
                cut.add(piece)
            elif one.described and (piece := find_piece(one.values, self.few)):
                numbers.append((one, piece))
                cut.add(piece)
            else:
                rest.append(nearest(one, self.index))
                beside += one.described
        # Any number is found in some parameter: it was cut out of one of which all the others are there too.
        whole = cut.whole()
        for one, piece in numbers:
            if whole.intersection(piece.source.names):
                explained[piece.how] += 1
            else:
                rest.append(nearest(one, self.index))
                beside += 1
        missing = sorted(set(self.parameters) - used - whole)
        orders = {name: self.parameters[name] for name in missing if self.parameters[name].dtype.kind in "iu"}
        changed = [one for one in integers if any(resembles(one.values, order) for order in orders.values())]
        rest += [nearest(one, self.index) for one in changed]
        if not changed:
            missing = [name for name in missing if name not in orders]
        # A product with ones or a sum with zeros is no change, and tools leave it out.
        unused = [name for name in missing if not is_neutral(self.parameters[name])]
        return Account(
            count + len(changed), dict(explained), rest[:SHOWN], len(rest), unused[:SHOWN], len(unused), beside
        )

    def _of_quantisation(self, one: Stored, cut: Cuts) -> tuple[str, set[str], str]:
        """How what a quantisation made comes about, of which parameters, and what is wrong with it.

        What was cut out of one is noted in `cut`.
        """
        if one.fault:
            return "", set(), one.fault
        if one.chosen:
            recorded = self.chosen.get(one.name)
            if recorded is None:
                return "", set(), "the record of the quantisation does not have it"
            if recorded.dtype != one.values.dtype or recorded.tobytes() != one.values.tobytes():
                return "", set(), "it is not what the quantisation chose"
            before = self.chosen.get(f"{one.name}{BEFORE}")
            if before is None:
                return CHOSEN, set(), ""
            matches = self.index.find(before)
            if not matches:
                return "", set(), "before the quantisation corrected it it was no parameter of the program"
            return f"{matches[0].how}, corrected", {name for match in matches for name in match.source.names}, ""
        assert one.quantised is not None  # the caller asks for nothing else
        if wrong := one.quantised.fault(one.values):
            return "", set(), wrong
        values, allowed = one.quantised.values(one.values), one.quantised.half_step(one.values)
        matches = self.index.find_near(values, allowed)
        names = {name for match in matches for name in match.source.names}
        bits = f"in {one.values.dtype.itemsize * 8} bits"
        if not matches:
            # A tool that quantises a sum or a product does so to a number among its operands too.
            if is_constant_near(values, allowed, self.numbers, self.fills):
                return f"{CONSTANT}, {bits}", set(), ""
            if piece := find_piece(values, self.index.sources, allowed):
                cut.add(piece)
                part = piece.laid_out(one.values.shape)
                return f"{piece.how}, {bits}", set(), one.quantised.scale_fault(part, np.zeros_like(part))
            return "", set(), "times its scale it is no parameter of the program, to within half a step"
        shape = one.values.shape
        if wrong := one.quantised.scale_fault(matches[0].laid_out(shape), matches[0].bound_laid_out(shape)):
            return "", names, wrong
        return f"{matches[0].how}, {bits}", names, ""


def account(
    stored: Iterable[Stored],
    program: Any,
    parameters: Mapping[str, np.ndarray],
    added: Iterable[float] = (),
    rewritten: Rewritten | None = None,
    chosen: Mapping[str, np.ndarray] | None = None,
) -> Account:
    """The account of one artifact: see `Explanations`."""
    return Explanations(program, parameters, added, rewritten, chosen).account(stored)


def as_stored(numbers: Iterable[float]) -> set[float]:
    """Numbers and their inverses in float32; an inverse is one of the number before its rounding, or after it."""
    found = set()
    for number in numbers:
        single = float(np.float32(number))
        found |= {float(np.float32(value)) for value in (number, *((1 / number, 1 / single) if single else ()))}
    return found


def resembles(stored: np.ndarray, order: np.ndarray) -> bool:
    """Whether integers are an order of as many values, of which at least a quarter are the same."""
    return stored.size == order.size > 1 and bool((stored.ravel() == order.ravel()).mean() >= ALIKE)


def is_neutral(parameter: np.ndarray) -> bool:
    """Whether a parameter is ones alone or zeros alone."""
    return bool(parameter.size) and parameter.flat[0] in (0, 1) and bool((parameter == parameter.flat[0]).all())


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
    return Unexplained(stored.name, stored.layer, shape, next(iter(best.names), best.how), differing)
