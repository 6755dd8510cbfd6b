"""INT8 of `model.onnx`: static quantisation by ONNX Runtime, as QuantizeLinear and DequantizeLinear (QDQ).

Inputs: `model.onnx`, `calibration` (prepared photos). Options: `batch`; `keep_float` (names of nodes that stay in
FP32); `operators` (types that are quantised, ONNX Runtime's choice where it is absent).

Weights are symmetric and per channel, activations unsigned: on x86 ONNX Runtime has fast kernels for unsigned ones
alone (measured: with signed ones the whole gain is lost). Ranges are the smallest and largest values over all photos,
which ONNX Runtime takes inside the graph, so that no activation leaves it.

Beside the model it leaves `quantisation.safetensors`: every scale and zero point as it was chosen, by the name that the
model gives it. The ledger compares them with what an artifact stores.
"""

import logging
from typing import Any

import numpy as np
import onnx
from edgeworker.calibration import Samples, batch_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.numpy import save_file


class Reader(CalibrationDataReader):
    """Gives the photos to ONNX Runtime, a call at a time."""

    def __init__(self, samples: Samples, input_name: str, batch: int) -> None:
        self._name = input_name
        self._batches = samples.batches(batch)

    def get_next(self) -> dict[str, np.ndarray]:
        """The next call's input; None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}  # pyright: ignore[reportReturnType]


def quantize(request: Request) -> dict[str, Any]:
    """Write `model.onnx` and `quantisation.safetensors`; returns how many nodes of each type read quantised values."""
    options = request.options
    samples = Samples(request.inputs["calibration"])
    prepared, path = request.output / "prepared.onnx", request.output / "model.onnx"
    logging.getLogger().setLevel(logging.ERROR)
    # Shapes of all tensors; the graph itself is OnnxSlim's already.
    quant_pre_process(
        str(request.inputs["model.onnx"]), str(prepared), skip_optimization=True, skip_symbolic_shape=True
    )
    model = onnx.load(prepared)
    keep = kept_in_float(options, [node.name for node in model.graph.node])
    reader = Reader(samples, model.graph.input[0].name, batch_of(options))
    quantize_static(
        str(prepared),
        str(path),
        reader,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=options.get("operators"),
        per_channel=True,
        reduce_range=False,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=keep,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
    )
    prepared.unlink()
    onnx.checker.check_model(str(path))
    quantised = onnx.load(path)
    save_file(parameters_of(quantised), request.output / "quantisation.safetensors")
    return {"quantised": counted(quantised), "calibrated_on": len(samples), "build": told(keep)}


def parameters_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Every scale and zero point, by its name."""
    read = {name for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")
            for name in node.input[1:]}  # fmt: skip
    return {
        tensor.name: np.atleast_1d(numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
        if tensor.name in read
    }


def counted(model: onnx.ModelProto) -> dict[str, int]:
    """How many nodes of each type read dequantised values."""
    dequantised = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    found: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear") and dequantised & set(node.input):
            found[node.op_type] = found.get(node.op_type, 0) + 1
    return found


if __name__ == "__main__":
    main(quantize, tools=("onnxruntime", "onnx"))
