"""What the quantisation of each node of an ONNX model costs (`edgeworker.ranking`).

Inputs: `model.onnx` in FP32, `quantised/model.onnx` made of it, `calibration` (prepared photos). Options: `threads` of
a run, and `photos`, how many of them are looked at. Returns `layers`, the costliest first (`name`, `type`, `snr_db`),
and `all_db`, with all of them in 8 bits.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
from edgeworker.calibration import Samples
from edgeworker.protocol import Request, main
from edgeworker.ranking import PHOTOS, flat, ranked, ranking_photos, signal_to_noise
from gemm import with_gemm
from left_out import restore_activations
from onnx import helper, numpy_helper
from onnxruntime.quantization.registry import QDQRegistry
from qdq import PAIR

IN_FLOAT = "edgekit.float."


def rank(request: Request) -> dict[str, Any]:
    """Measure every node's cost."""
    full, small = (onnx.load(request.inputs[role]) for role in ("model.onnx", "quantised/model.onnx"))
    choices = Choices.of(with_gemm(full), small)
    samples = Samples(request.inputs["calibration"])
    photos = ranking_photos(samples, int(request.options.get("photos", PHOTOS)))
    threads = int(request.options["threads"])

    def outputs(names: set[str]) -> list[np.ndarray]:
        return run(choices.model(names), photos, threads)

    truth = run(full, photos, threads)
    costs = {name: signal_to_noise(outputs({name}), truth) for name in choices.types}
    everything = signal_to_noise(outputs(set(choices.types)), truth)
    return {"layers": ranked(costs, choices.types), "all_db": round(everything, 2)}


def run(model: onnx.ModelProto, photos: list[np.ndarray], threads: int) -> list[np.ndarray]:
    """All outputs for each photo."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    repeats = image.shape[0] if isinstance(image.shape[0], int) else 1
    return [flat(session.run(None, {image.name: np.repeat(one, repeats, 0)})) for one in photos]


@dataclass
class Choices:
    """Every place where a value may be the quantised one or the one in FP32, and the node to which it belongs.

    The quantisation of a value belongs to the node that reads it; where that is of a type that has none, or none reads
    it, to the node that makes it.
    """

    quantised: onnx.ModelProto
    types: dict[str, str] = field(default_factory=dict)
    places: list[tuple[int, int, str, str, str]] = field(default_factory=list)
    """A node, its input, the value in 8 bits, the one in FP32, and whose it is."""
    ends: list[tuple[str, str, str, str]] = field(default_factory=list)
    """An output of the model, both values, and whose it is."""
    stored: dict[str, onnx.TensorProto] = field(default_factory=dict)

    @classmethod
    def of(cls, full: onnx.ModelProto, quantised: onnx.ModelProto) -> "Choices":
        """Find them."""
        restored = restore_activations(full.graph, quantised.graph)
        found = cls(quantised)
        graph = quantised.graph
        before = {node.name: node for node in full.graph.node}
        constants = {tensor.name: tensor for tensor in full.graph.initializer}
        made = {output: node for node in graph.node for output in node.output}

        def maker(value: str) -> onnx.NodeProto:
            """The node whose quantisation leaves out the activations behind it."""
            node = made[value]
            return maker(node.input[0]) if node.name in restored and node.input[0] in made else node

        for number, node in enumerate(graph.node):
            if node.op_type in PAIR or node.name not in before:
                continue
            for place, name in enumerate(node.input):
                source = made.get(name)
                if source is None or source.op_type != "DequantizeLinear":
                    continue
                above = made.get(source.input[0])
                if above is not None:
                    value = above.input[0]
                else:
                    value = found._in_float(constants[before[node.name].input[place]])
                owner = node if node.op_type in QDQRegistry or value not in made else maker(value)
                found.types[owner.name] = owner.op_type
                found.places.append((number, place, name, value, owner.name))
        for output in graph.output:
            source = made.get(output.name)
            if source is not None and source.op_type == "DequantizeLinear":
                value = made[source.input[0]].input[0]
                owner = maker(value)
                found.types[owner.name] = owner.op_type
                source.output[0] = f"{output.name}.dequantised"
                found.ends.append((output.name, source.output[0], value, owner.name))
        return found

    def _in_float(self, constant: onnx.TensorProto) -> str:
        name = IN_FLOAT + constant.name
        if name not in self.stored:
            values = numpy_helper.to_array(constant)
            self.stored[name] = numpy_helper.from_array(values, name)
        return name

    def model(self, names: set[str]) -> onnx.ModelProto:
        """The model with some nodes in 8 bits, and the others in FP32."""
        model = onnx.ModelProto()
        model.CopyFrom(self.quantised)
        graph = model.graph
        for number, place, small, full, owner in self.places:
            graph.node[number].input[place] = small if owner in names else full
        for output, small, full, owner in self.ends:
            graph.node.append(helper.make_node("Identity", [small if owner in names else full], [output]))
        graph.initializer.extend(self.stored.values())
        # Types of values that were quantised are not those of values in FP32.
        del graph.value_info[:]
        keep_read(graph)
        return model


def keep_read(graph: onnx.GraphProto) -> None:
    """Remove what no output needs."""
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(tensors)


if __name__ == "__main__":
    main(rank, tools=("onnxruntime", "onnx"))
