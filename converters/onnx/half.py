"""FP16 of `model.onnx`: weights and arithmetic in half precision, inputs and outputs in FP32.

Input: `model.onnx`. ONNX Runtime's own conversion does it (`onnxruntime.transformers.float16`), which casts behind the
inputs and before the outputs, and leaves operators in FP32 that have no FP16. A weight beyond FP16's range would become
its largest number, so such a model is refused.
"""

from typing import Any

import numpy as np
import onnx
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import convert_float_to_float16

LARGEST = float(np.finfo(np.float16).max)


def half(request: Request) -> dict[str, Any]:
    """Write `model.onnx`. Raises Refusal where a weight is beyond FP16's range."""
    model = onnx.load(request.inputs["model.onnx"])
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        # The lowest number of all is what a mask is filled with, and infinity does as well.
        beyond = np.abs(values[np.isfinite(values) & (values != np.finfo(np.float32).min)])
        if beyond.size and beyond.max() > LARGEST:
            raise Refusal(
                f"the weight {tensor.name} holds {beyond.max():.3g}, and FP16 ends at {LARGEST:.0f}",
                "Convert it in FP32",
            )
    halved = convert_float_to_float16(model, keep_io_types=True)
    # The conversion appends its casts at the end.
    ONNXModel(halved).topological_sort()
    path = request.output / "model.onnx"
    onnx.save(halved, path)
    onnx.checker.check_model(str(path))
    return {}


if __name__ == "__main__":
    main(half, tools=("onnxruntime", "onnx"))
