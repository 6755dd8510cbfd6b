"""Fold the preprocessing of 8-bit photos into OpenVINO IR: it then takes uint8 [N, H, W, C].

Inputs: `model.xml`, `model.bin`. Options: `min_value`, `divide_by`, `mean`, `std` (a value by channel each). What is
folded in is `((level - min_value) / divide_by - mean) / std` in FP32, in whichever order the tensors were normalised,
and the change of layout; resizing and cropping stay outside.
Compressed weights stay as they are, and the folded values are FP32 beside them.
"""

# A type checker without the package openvino takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import openvino
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from openvino.preprocess import PrePostProcessor


def embed(request: Request) -> dict[str, Any]:
    """Write the IR anew; returns `inputs` (name, shape, dtype). Raises Refusal where the input is not an image."""
    model = openvino.Core().read_model(request.inputs["model.xml"], request.inputs["model.bin"])
    shape = model.inputs[0].get_partial_shape()
    minimum, divisor, mean, std = (
        [float(value) for value in request.options[key]] for key in ("min_value", "divide_by", "mean", "std")
    )
    channels = len(mean)
    if len(model.inputs) != 1 or shape.rank.get_length() != 4 or shape[1] != openvino.Dimension(channels):
        raise Refusal(
            f"preprocessing is embedded for one input [N, {channels}, H, W], and the model has {model.inputs}"
        )
    name = model.inputs[0].get_any_name()
    processor = PrePostProcessor(model)
    port = processor.input(name)
    port.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    port.model().set_layout(openvino.Layout("NCHW"))
    steps = port.preprocess().convert_element_type(openvino.Type.f32)
    if any(minimum):
        steps = steps.mean(minimum)
    steps.scale(divisor).mean(mean).scale(std)
    model = processor.build()
    # What was compressed stays compressed; compressing here would round the mean to half precision.
    openvino.save_model(model, request.output / "model.xml", compress_to_fp16=False)
    return {"inputs": [_port(port) for port in model.inputs]}


def _port(port: Any) -> dict[str, Any]:
    """An input's name, its shape (-1 where not fixed) and dtype."""
    return {
        "name": port.get_any_name(),
        "shape": [dim.get_length() if dim.is_static else -1 for dim in port.get_partial_shape()],
        "dtype": port.get_element_type().to_dtype().name,
    }


if __name__ == "__main__":
    main(embed, tools=("openvino",))
