"""Larger steps for the channels of weights whose products leave 16 bits in pairs (`pair_sums`), and for no others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from edgeworker.pair_sums import LEVELS, MARGINS, Product, Read, at_least, beyond, note
from onnx import numpy_helper
from pair_products import products_of


@dataclass(frozen=True)
class Coarser:
    """By how much the steps of some weights' channels, along `axis`, must be larger: `factor`, [channels] from 1 on."""

    axis: int
    factor: np.ndarray

    def and_then(self, other: "Coarser") -> "Coarser":
        """Both together."""
        return Coarser(self.axis, self.factor * other.factor)


def fitted(
    quantised: Path,
    prepared: Path,
    calls: Iterable[np.ndarray],
    write: Callable[[dict[str, Coarser]], None],
) -> dict[str, Coarser]:
    """Have the model at `quantised` written with larger steps until no sum of the calls' leaves 16 bits; returns those.

    `quantised` is the QDQ model of `prepared`, the one in FP32; `calls` are inputs of that. Once is enough but for
    roundings: a channel's largest weights change by half a step.
    """
    wanted: dict[str, Coarser] = {}
    # What the values come to does not change with the weights' steps.
    tables = pair_tables(list(products_of(onnx.load(quantised))), prepared, calls)
    for margin in MARGINS:
        found = too_fine(quantised, tables, margin)
        if not found:
            break
        wanted |= {name: wanted[name].and_then(one) if name in wanted else one for name, one in found.items()}
        write(wanted)
    return wanted


def cut_off(quantised: Path, prepared: Path, calls: Iterable[np.ndarray]) -> list[str]:
    """The weights of which some channel's sums leave 16 bits on these calls, in the model's order; see `fitted`."""
    tables = pair_tables(list(products_of(onnx.load(quantised))), prepared, calls)
    return list(too_fine(quantised, tables, 1.0))


def too_fine(quantised: Path, tables: Mapping[Read, np.ndarray], margin: float) -> dict[str, Coarser]:
    """The weights of which some channel's steps are too small, by name.

    A sum may be `margin` times what `tables` say.
    """
    found: dict[str, Coarser] = {}
    for one in products_of(onnx.load(quantised)):
        factor = beyond(one, tables[one.read], margin)
        if (factor > 1).any():
            known = found[one.weight].factor if one.weight in found else 1.0
            found[one.weight] = Coarser(one.axis, np.maximum(np.maximum(factor, 1), known))
    return found


def pair_tables(products: list[Product], prepared: Path, calls: Iterable[np.ndarray]) -> dict[Read, np.ndarray]:
    """Of each quantised value, as it is read: the largest right neighbour of a value that is at least so large, int16
    [pairs, levels]; -1 where none was seen. Pairs are a channel and the next one.
    """
    wanted = {one.read: one for one in products}
    session, names = looking_at(prepared, list(dict.fromkeys(one.values for one in products)))
    (image,) = session.get_inputs()
    tables: dict[Read, np.ndarray] = {}
    for photos in calls:
        found = dict(zip(names, session.run(names, {image.name: photos}), strict=True))
        for one in wanted.values():
            if (values := found.get(one.values)) is None:
                continue
            note(tables, one, values)
    for read in wanted.keys() - tables.keys():
        # What the model in FP32 does not have may hold anything.
        tables[read] = np.full((1, LEVELS), LEVELS - 1, np.int16)
    return {read: at_least(table) for read, table in tables.items()}


def looking_at(prepared: Path, names: list[str]) -> tuple[onnxruntime.InferenceSession, list[str]]:
    """A session that gives the values of these names, those that the model has."""
    model = onnx.load(prepared)
    there = {name for node in model.graph.node for name in node.output} | {one.name for one in model.graph.input}
    found = [name for name in names if name in there]
    known = {one.name for one in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in found if name not in known)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]), found


def overrides(prepared: Path, wanted: Mapping[str, Coarser]) -> dict[str, list[dict[str, Any]]]:
    """What ONNX Runtime's quantiser is told of weights whose channels have larger steps: the ends of their ranges."""
    constants = {tensor.name: tensor for tensor in onnx.load(prepared).graph.initializer}
    told = {}
    for name, one in wanted.items():
        weights = numpy_helper.to_array(constants[name])
        others = tuple(axis for axis in range(weights.ndim) if axis != one.axis % weights.ndim)
        ends = (np.abs(weights).max(axis=others) * one.factor).astype(np.float32)
        told[name] = [{"axis": one.axis, "rmin": -end, "rmax": end} for end in ends]
    return told
