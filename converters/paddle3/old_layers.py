"""Layers that compute over neighbours, channels or axes: PIR's names -> how a Paddle 2 program has them."""

from edgeworker.refusal import Refusal
from old_operators import (
    DATA_TYPES,
    Attributes,
    Call,
    OldOp,
    Translation,
    binary,
    data_type,
    fixed,
    number_of,
    numbers_of,
    own,
    same,
    unary,
    written,
)

CONVOLUTION = {
    **same("ints", "strides", "paddings", "dilations"),
    **same("int", "groups"),
    **same("text", "padding_algorithm", "data_format"),
}
TRANSPOSED = {**CONVOLUTION, **same("ints", "output_padding"), "output_size": ("ints", numbers_of(2))}
POOL = {
    "ksize": ("ints", numbers_of(1)),
    **same("ints", "strides", "paddings"),
    **same("bool", "ceil_mode", "exclusive", "global_pooling", "adaptive"),
    **same("text", "data_format", "pooling_type", "padding_algorithm"),
}
POOL_WITH_INDEX = {
    "ksize": ("ints", own("kernel_size")),
    **same("ints", "strides", "paddings"),
    **same("bool", "global_pooling", "adaptive"),
}
NORM_SLOTS = {"X": 0, "Scale": 1, "Bias": 2}
NORM_RESULTS = {"Y": 0, "Mean": 1, "Variance": 2}


def batch_norm(call: Call) -> list[OldOp]:
    """With its running statistics as results under their own names, as Paddle 2 writes them."""
    (op,) = written(
        "batch_norm",
        {"X": 0, "Mean": 1, "Variance": 2, "Scale": 3, "Bias": 4},
        {"Y": 0, "SavedMean": 3, "SavedVariance": 4},
        {
            **same("float", "momentum", "epsilon"),
            "data_layout": ("text", own("data_format")),
            **same("bool", "is_test", "use_global_stats", "trainable_statistics"),
        },
    )(call)
    op.outputs.update(MeanOut=op.inputs["Mean"], VarianceOut=op.inputs["Variance"])
    return [op]


def dropout(call: Call) -> list[OldOp]:
    """As in inference: a factor, or nothing."""
    if call.attribute("is_test") is not True:
        raise Refusal(f"{call.op.place} is one of training", "Export the network after `network.eval()`", kind="input")
    attributes: Attributes = {
        "dropout_prob": ("float", number_of(2)),
        "is_test": ("bool", fixed(True)),
        "dropout_implementation": ("text", own("mode")),
    }
    return list(unary("dropout", attributes)(call))


def reduction(kind: str) -> Translation:
    """Over the axes that the second operand lists; over all of them where it lists none."""

    def translate(call: Call) -> list[OldOp]:
        axes = call.numbers(1) or []
        keeps_type = call.op.attribute("dtype") is None
        attributes: Attributes = {
            "dim": ("ints", fixed(axes or [0])),
            "keep_dim": ("bool", own("keepdim")),
            "reduce_all": ("bool", fixed(not axes or len({axis % call.rank(0) for axis in axes}) == call.rank(0))),
            "in_dtype": ("int", fixed(-1)),
            "out_dtype": ("int", fixed(-1) if keeps_type else data_type("dtype")),
        }
        return list(unary(kind, attributes)(call))

    return translate


def interpolation(kind: str) -> Translation:
    """To a size, or by a factor; a size that comes as constants is written down as numbers."""

    def translate(call: Call) -> list[OldOp]:
        size = call.numbers(1) or call.numbers(2)
        factor = call.numbers(3) or call.attribute("scale")
        attributes: Attributes = {
            "data_layout": ("text", own("data_format")),
            "out_d": ("int", own("out_d")),
            "out_h": ("int", fixed(size[0]) if size else own("out_h")),
            "out_w": ("int", fixed(size[1]) if size else own("out_w")),
            "scale": ("floats", fixed([] if size else factor)),
            **same("text", "interp_method"),
            **same("bool", "align_corners"),
            **same("int", "align_mode"),
        }
        return list(unary(kind, attributes)(call))

    return translate


def largest_place(kind: str) -> Translation:
    """Where along an axis the largest, or smallest, value is."""
    return unary(
        kind,
        {
            "axis": ("long", number_of(1)),
            **same("bool", "keepdims", "flatten"),
            "dtype": ("int", lambda call: DATA_TYPES[call.attribute("dtype")]),
        },
    )


LAYERS: dict[str, Translation] = {
    "argmax": largest_place("arg_max"),
    "argmin": largest_place("arg_min"),
    "batch_norm": batch_norm,
    "bicubic_interp": interpolation("bicubic_interp_v2"),
    "bilinear_interp": interpolation("bilinear_interp_v2"),
    "bmm": binary("bmm"),
    "conv2d": written("conv2d", {"Input": 0, "Filter": 1}, {"Output": 0}, CONVOLUTION),
    "conv2d_transpose": written("conv2d_transpose", {"Input": 0, "Filter": 1}, {"Output": 0}, TRANSPOSED),
    "cumsum": unary("cumsum", {"axis": ("int", number_of(1)), **same("bool", "flatten", "exclusive", "reverse")}),
    "depthwise_conv2d": written("depthwise_conv2d", {"Input": 0, "Filter": 1}, {"Output": 0}, CONVOLUTION),
    "depthwise_conv2d_transpose": written(
        "depthwise_conv2d_transpose", {"Input": 0, "Filter": 1}, {"Output": 0}, TRANSPOSED
    ),
    "dropout": dropout,
    "grid_sample": written(
        "grid_sampler",
        {"X": 0, "Grid": 1},
        {"Output": 0},
        {**same("text", "mode", "padding_mode"), **same("bool", "align_corners")},
    ),
    "group_norm": written(
        "group_norm",
        NORM_SLOTS,
        NORM_RESULTS,
        {**same("float", "epsilon"), **same("int", "groups"), "data_layout": ("text", own("data_format"))},
    ),
    "instance_norm": written(
        "instance_norm", NORM_SLOTS, {"Y": 0, "SavedMean": 1, "SavedVariance": 2}, same("float", "epsilon")
    ),
    "layer_norm": written(
        "layer_norm", NORM_SLOTS, NORM_RESULTS, {**same("float", "epsilon"), **same("int", "begin_norm_axis")}
    ),
    "log_softmax": unary("log_softmax", same("int", "axis")),
    "logsumexp": unary("logsumexp", {**same("ints", "axis"), **same("bool", "keepdim", "reduce_all")}),
    "matmul": binary("matmul_v2", {"trans_x": ("bool", own("transpose_x")), "trans_y": ("bool", own("transpose_y"))}),
    "max": reduction("reduce_max"),
    "max_pool2d_with_index": written("max_pool2d_with_index", {"X": 0}, {"Out": 0, "Mask": 1}, POOL_WITH_INDEX),
    "mean": reduction("reduce_mean"),
    "min": reduction("reduce_min"),
    "nearest_interp": interpolation("nearest_interp_v2"),
    "p_norm": unary(
        "p_norm", {**same("float", "porder", "epsilon"), **same("int", "axis"), **same("bool", "keepdim", "asvector")}
    ),
    "pool2d": unary("pool2d", POOL),
    "prod": reduction("reduce_prod"),
    "softmax": unary("softmax", same("int", "axis")),
    "sum": reduction("reduce_sum"),
    "topk": written(
        "top_k_v2",
        {"X": 0},
        {"Out": 0, "Indices": 1},
        {"k": ("int", number_of(1)), **same("int", "axis"), **same("bool", "largest", "sorted")},
    ),
}
