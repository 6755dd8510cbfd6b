"""What the quantisation of each layer of an OpenVINO network costs (`edgeworker.ranking`).

Inputs: `model.xml`, `model.bin` in FP32, `quantised/model.xml`, `quantised/model.bin` made of them, `calibration`
(prepared photos). Options: `threads` of a run, and `photos`, how many of them are looked at. Returns `layers`, the
costliest first (`name`, `type`, `snr_db`), and `all_db`, with all of them in 8 bits.

One network serves for all of it: where a layer reads a value that is quantised, a switch (Select) gives it that or the
one in FP32. A bias that NNCF corrected goes with the layer that it is added to.
"""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import openvino
from edgeworker.calibration import Samples
from edgeworker.protocol import Request, main
from edgeworker.ranking import PHOTOS, flat, ranked, ranking_photos, signal_to_noise
from openvino import opset13
from read_ir import read_ir

CARRIES = (
    "MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Split", "VariadicSplit", "StridedSlice",
    "Slice", "Gather", "Pad", "Relu", "Clamp", "ShuffleChannels", "DepthToSpace", "SpaceToDepth",
)  # fmt: skip
"""Layers through which a quantised value goes to those that compute with it."""
SCALING = ("Convert", "Subtract", "Multiply", "Reshape", "FakeQuantize")


@dataclass
class Switched:
    """The quantised network, with a switch for each layer that is quantised."""

    model: openvino.Model
    full: dict[str, openvino.Node]
    switches: dict[str, openvino.Node] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    def add_all(self) -> None:
        """Put a switch at every input that is quantised."""
        for node in list(self.model.get_ordered_ops()):
            if node.get_type_name() in ("Constant", *SCALING) and node.get_friendly_name() not in self.full:
                continue
            for place in range(node.get_input_size()):
                self._add(node, place)
        self.model.add_parameters(list(self.switches.values()))
        self.model.validate_nodes_and_infer_types()

    def _add(self, node: openvino.Node, place: int) -> None:
        source = node.input_value(place)
        above = source.get_node()
        owners = sorted(one.get_friendly_name() for one in set(computing(node)))
        if above.get_type_name() == "FakeQuantize" and above.get_friendly_name() not in self.full:
            value = self._unsmoothed(above.input_value(0))
        elif (stored := self._constant_before(node, place, source)) is not None:
            value = stored.output(0)
            # A bias, and what else is no input of a layer with weights, is that of the layer above.
            owners = [self._above(node)] if node.get_type_name() == "Add" else owners
        else:
            return
        owners = [name for name in owners if name in self.full]
        if not owners:
            node.input(place).replace_source_output(value)
            return
        flag = self._flag(owners)
        node.input(place).replace_source_output(opset13.select(flag, source, value).output(0))

    def _unsmoothed(self, value: openvino.Output) -> openvino.Output:
        """An activation as it is in FP32: SmoothQuant multiplies it, and divides the weight."""
        node = value.get_node()
        added = node.get_friendly_name() not in self.full
        return node.input_value(0) if added and node.get_type_name() == "Multiply" else value

    def _flag(self, owners: list[str]) -> openvino.Node:
        for name in owners:
            if name not in self.switches:
                self.switches[name] = opset13.parameter([], bool, name=f"edgekit.quantise.{len(self.switches)}")
                self.types[name] = self.full[name].get_type_name()
        flag = self.switches[owners[0]]
        for name in owners[1:]:
            flag = opset13.logical_or(flag, self.switches[name])
        return flag

    def _constant_before(self, node: openvino.Node, place: int, source: openvino.Output) -> openvino.Node | None:
        """The constant that an input was in FP32, where it is another now."""
        before = self.full.get(node.get_friendly_name())
        if before is None or place >= before.get_input_size():
            return None
        stored = before.input_value(place).get_node()
        if stored.get_type_name() != "Constant" or not from_constants(source.get_node()):
            return None
        now = source.get_node()
        if now.get_type_name() == "Constant" and np.array_equal(now.data, stored.data):
            return None
        shape = list(source.get_partial_shape().to_shape())
        return opset13.constant(np.array(stored.data).astype(np.float32).reshape(shape))

    def _above(self, node: openvino.Node) -> str:
        sources = [node.input_value(place).get_node() for place in range(node.get_input_size())]
        return next((one.get_friendly_name() for one in sources if not from_constants(one)), "")


def from_constants(node: openvino.Node) -> bool:
    """Whether a layer is a constant, or computed from constants by what scales integers."""
    if node.get_type_name() == "Constant":
        return True
    sources = [node.input_value(place).get_node() for place in range(node.get_input_size())]
    return node.get_type_name() in SCALING and all(from_constants(one) for one in sources)


def computing(node: openvino.Node) -> Iterator[openvino.Node]:
    """The layers that compute with what a layer reads: itself, or those behind it where it hands values on alone."""
    if node.get_type_name() not in CARRIES:
        yield node
        return
    for output in node.outputs():
        for reader in output.get_target_inputs():
            yield from computing(reader.get_node())


def rank(request: Request) -> dict[str, Any]:
    """Measure every layer's cost."""
    inputs = request.inputs
    # Both are held: a layer is gone with its network.
    full = read_ir(inputs["model.xml"], inputs["model.bin"])
    model = openvino.Core().read_model(inputs["quantised/model.xml"], inputs["quantised/model.bin"])
    switched = Switched(model, {node.get_friendly_name(): node for node in full.get_ordered_ops()})
    image = model.inputs[0]
    batch = image.get_partial_shape()[0]
    switched.add_all()
    samples = Samples(inputs["calibration"])
    photos = ranking_photos(samples, int(request.options.get("photos", PHOTOS)))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": int(request.options["threads"])}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    call = compiled.create_infer_request()
    repeats = batch.get_length() if batch.is_static else 1

    def outputs(names: set[str]) -> list[np.ndarray]:
        fed = [np.array(name in names) for name in switched.switches]
        found = []
        for one in photos:
            result = call.infer([np.repeat(one, repeats, 0), *fed])
            found.append(flat(result[port] for port in compiled.outputs))
        return found

    truth = outputs(set())
    costs = {name: signal_to_noise(outputs({name}), truth) for name in switched.switches}
    everything = signal_to_noise(outputs(set(switched.switches)), truth)
    return {"layers": ranked(costs, switched.types), "all_db": round(everything, 2)}


if __name__ == "__main__":
    main(rank, tools=("nncf", "openvino"))
