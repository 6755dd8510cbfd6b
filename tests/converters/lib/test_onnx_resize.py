import numpy as np
import onnx
from edgeworker.onnx_resize import leave_out_empty_regions
from onnx import TensorProto, helper, numpy_helper


def test_a_region_of_no_values_goes_and_all_else_stays() -> None:
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4, 4])
    large = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 8, 8])
    cropped = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 2, 8, 8])
    numbers = {
        "none": np.zeros(0, np.float32),
        "also_none": np.zeros(0, np.float32),
        "region": np.array([0, 0, 0, 0, 1, 1, 0.5, 0.5], np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Resize", ["x", "none", "scales"], ["y"], mode="nearest"),
            helper.make_node(
                "Resize", ["x", "region", "scales"], ["z"], coordinate_transformation_mode="tf_crop_and_resize"
            ),
            helper.make_node("Identity", ["also_none"], ["unused"]),
        ],
        "resize",
        [image],
        [large, cropped],
        [numpy_helper.from_array(values, name) for name, values in numbers.items()],
    )
    leave_out_empty_regions(graph)
    assert [list(node.input) for node in graph.node] == [["x", "", "scales"], ["x", "region", "scales"], ["also_none"]]
    assert [tensor.name for tensor in graph.initializer] == ["also_none", "region", "scales"]
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
