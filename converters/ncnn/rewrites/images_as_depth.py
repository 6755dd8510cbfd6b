"""A convolution of many images as one of a single image with depth."""

from collections.abc import Iterable

import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, attribute, place

_IMAGE_RANK = 4


class ImagesAsDepth(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn takes the images, of which it knows one, for something else.

    TNT cuts an image into 196 patches and convolves each: [196, 3, 16, 16]. ncnn has no batch, and pnnx, which finds
    none at a convolution, loses a dimension on the way. As [1, 3, 196, 16, 16] they are the slices of one image with
    depth, and a kernel of depth 1 keeps them apart.
    """

    name = "images-as-depth"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every convolution of more than one image."""
        for node in graph.model.graph.node:
            shape = graph.shape(node.input[0]) if node.op_type == "Conv" else None
            if shape is not None and len(shape) == _IMAGE_RANK and shape[0] > 1:
                yield node

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this convolution stays, or None."""
        if any(shape[0] != 1 for shape in graph.input_shapes().values() if shape):
            return f"{place(match)}: its images may be those of a batch"
        if graph.constant(match.input[1]) is None:
            return f"{place(match)}: its weights are computed"
        if attribute(match, "auto_pad", b"NOTSET") != b"NOTSET":
            return f"{place(match)}: its padding is not said"
        return None if graph.shape(match.output[0]) else f"{place(match)}: the shape of its output is not known"

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values."""
        weights, output = graph.constant(match.input[1]), match.output[0]
        images, channels, *sides = graph.shape(match.input[0]) or []
        _, kernels, *results = graph.shape(output) or []
        assert weights is not None
        swapped = graph.fresh_name(f"{match.input[0]}.by_channel")
        value = graph.add("Transpose", [match.input[0]], swapped, [channels, images, *sides], match, perm=[1, 0, 2, 3])
        value = graph.reshape(value, graph.fresh_name(f"{output}.slices"), [1, channels, images, *sides], match)
        graph.connect(match, 0, value)
        graph.connect(match, 1, graph.add_constant(f"{match.input[1]}.deep", weights[:, :, None]))
        deepen(match, weights.shape[2:])
        deep = graph.fresh_name(f"{output}.deep")
        graph.rename_output(match, 0, deep, [1, kernels, images, *results])
        # After it, the last first: each is put right behind the convolution.
        by_channel = graph.fresh_name(f"{output}.by_channel")
        shape = [images, kernels, *results]
        graph.add("Transpose", [by_channel], output, shape, match, after=True, perm=[1, 0, 2, 3])
        graph.reshape(deep, by_channel, [kernels, images, *results], match, after=True)


def deepen(node: onnx.NodeProto, kernel: tuple[int, ...]) -> None:
    """Give a convolution's attributes a first dimension in which nothing happens."""
    strides, dilations = (attribute(node, name, [1, 1]) for name in ("strides", "dilations"))
    pads = attribute(node, "pads", [0, 0, 0, 0])
    wanted = {
        "kernel_shape": [1, *kernel],
        "strides": [1, *strides],
        "dilations": [1, *dilations],
        "pads": [0, *pads[:2], 0, *pads[2:]],
    }
    for attr in [attr for attr in node.attribute if attr.name in wanted]:
        node.attribute.remove(attr)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in wanted.items())
