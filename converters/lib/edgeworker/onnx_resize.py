"""Resize without a region of no values, over which ONNX Runtime stumbles."""

import onnx

REGION_MAY_LACK = 13
"""From this opset on. Before, Resize needs a tensor of its region, of no values where it reads none."""


def leave_out_empty_regions(graph: onnx.GraphProto) -> None:
    """Leave a Resize without the region that only `tf_crop_and_resize` reads, where it is a tensor of no values.

    Where ONNX Runtime turns a layer's layout, it takes eight values of that tensor and ends with an error: in FP16 on a
    processor with arithmetic for it (Cortex-A76).
    """
    empty = {tensor.name for tensor in graph.initializer if 0 in tensor.dims}
    for node in graph.node:
        if node.op_type == "Resize" and len(node.input) > 1 and node.input[1] in empty:
            node.input[1] = ""
    unread = empty - {name for node in graph.node for name in node.input}
    for number in range(len(graph.initializer) - 1, -1, -1):
        if graph.initializer[number].name in unread:
            del graph.initializer[number]
