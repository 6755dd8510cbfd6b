"""What follows from parameters and constants alone, computed once by tools: a table of biases, a normalised matrix."""

from collections import UserDict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgeworker.ledger.sources import UNIT, Vector
from edgeworker.paddle_program import ops, variable
from edgeworker.paddle_values import evaluate

LARGEST = 1 << 24  # values of one result


class Precise(UserDict[str, np.ndarray]):
    """Tensors that are made float64 only when they are read: most parameters never are, and twice all is too much."""

    def __getitem__(self, name: str) -> np.ndarray:
        """In float64 where they are float32."""
        array = super().__getitem__(name)
        return array.astype(np.float64) if array.dtype == np.float32 else array


def computed(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[Vector]:
    """The results of operators that read nothing but parameters and constants, in float64.

    Those of constants alone, such as Swin's masks, are of no parameter.

    Bound: gamma_n of the largest value, n the number of values that an operator reads at most (Higham §3.1): a sum of
    n terms in any order.
    """
    block = program.blocks[0]
    written: dict[str, int] = {}
    for op in ops(program):
        for slot in op.desc.outputs:
            for name in slot.arguments:
                written[name] = written.get(name, 0) + 1
    values = Precise({name: array for name, array in parameters.items() if name not in written})
    origins: dict[str, tuple[str, ...]] = {name: (name,) for name in values}
    terms: dict[str, int] = dict.fromkeys(values, 0)

    def shape(name: str) -> list[int]:
        described = variable(block, name)
        return [] if described is None else list(described.type.lod_tensor.tensor.dims)

    for op in ops(program):
        read = [name for slot in op.desc.inputs for name in slot.arguments]
        if op.desc.type in ("feed", "fetch") or not all(name in values for name in read):
            continue
        found = evaluate(op, values, shape, LARGEST)
        if found is None or any(written.get(name, 0) != 1 for name in found):
            continue
        values.update(found)
        names = tuple(dict.fromkeys(origin for name in read for origin in origins[name]))
        count = max(
            [terms[name] for name in read] + [max(values.data[name].shape, default=1) for name in read], default=1
        )
        for name, value in found.items():
            origins[name], terms[name] = names, count
            if value.dtype.kind == "f" and value.size > 1:
                bound = 2 * count * UNIT * float(np.abs(value).max(initial=0))
                how = "computed from" if names else "computed from numbers of the operators"
                yield Vector(how, names, value, np.broadcast_to(np.float64(bound), value.shape))
