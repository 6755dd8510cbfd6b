"""FP16 of `model.tflite`: constants stored in half precision, each behind a DEQUANTIZE; arithmetic stays in FP32.

Input: `model.tflite`. This is the form that TensorFlow's own converter writes: every interpreter widens the constants
when it loads the model, and XNNPACK takes them as they are. onnx2tf's own FP16 file has FP16 activations, for which
LiteRT has no convolution (docs/toolchains.md).
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from model_file import add_buffer, name_of, operator_code, read_model, write_model

LARGEST = float(np.finfo(np.float16).max)
_HALF_VERSION = 3
"""Of DEQUANTIZE: the first that takes FP16 (register.cc of LiteRT)."""


def half(request: Request) -> dict[str, Any]:
    """Write `model.tflite`; returns how many constants were `halved`. Raises Refusal for one beyond FP16's range."""
    model = read_model(request.inputs["model.tflite"])
    graph = model.subgraphs[0]
    code = operator_code(model, "DEQUANTIZE", _HALF_VERSION)
    written = {number for operator in graph.operators for number in operator.outputs} | set(graph.inputs)
    widening: list[Any] = []
    wide: dict[int, int] = {}
    for number, tensor in enumerate(list(graph.tensors)):
        data = model.buffers[tensor.buffer].data
        if tensor.type != schema.TensorType.FLOAT32 or number in written or data is None:
            continue
        values = np.frombuffer(bytes(data), np.float32)
        # A lone number is an operator's own, such as what is padded with, and saves nothing.
        if values.size < 2:
            continue
        wide[number] = len(graph.tensors)
        graph.tensors.append(_computed(tensor))
        _halve(model, tensor, values)
        widening.append(_dequantise(code, number, wide[number]))
    for operator in graph.operators:
        operator.inputs = [wide.get(number, number) for number in operator.inputs]
    graph.operators = [*widening, *graph.operators]
    write_model(model, request.output / "model.tflite")
    return {"halved": len(wide)}


def _halve(model: Any, tensor: Any, values: np.ndarray) -> None:
    """Round a constant to FP16, in a buffer of its own: others may share what it was in."""
    # The lowest number of all is what a mask is filled with, and infinity does as well.
    beyond = np.abs(values[np.isfinite(values) & (values != np.finfo(np.float32).min)])
    if beyond.size and beyond.max() > LARGEST:
        raise Refusal(
            f"the constant {name_of(tensor)} holds {beyond.max():.3g}, and FP16 ends at {LARGEST:.0f}",
            "Convert it in FP32",
        )
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    tensor.type, tensor.buffer = schema.TensorType.FLOAT16, add_buffer(model, halves)


def _computed(tensor: Any) -> Any:
    """The FP32 tensor that a constant is widened to; buffer 0 is empty in every model."""
    return schema.TensorT(
        shape=tensor.shape,
        type=schema.TensorType.FLOAT32,
        buffer=0,
        name=f"{name_of(tensor)}/wide",
        shapeSignature=tensor.shapeSignature,
        hasRank=tensor.hasRank,
    )


def _dequantise(code: int, narrow: int, wide: int) -> Any:
    return schema.OperatorT(
        opcodeIndex=code,
        inputs=[narrow],
        outputs=[wide],
        builtinOptionsType=schema.BuiltinOptions.DequantizeOptions,
        builtinOptions=schema.DequantizeOptionsT(),
    )


if __name__ == "__main__":
    main(half, tools=("ai-edge-litert",))
