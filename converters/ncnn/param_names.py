"""The numbered parameters of ncnn's layers by name, for people who read about a layer.

Numbers and names as in ncnn's own docs/developer-guide/operators.md; layers that are not here show their numbers.
"""

from param_file import Layer

_WINDOW = {
    "0": "num_output",
    "1": "kernel_w",
    "11": "kernel_h",
    "2": "dilation_w",
    "12": "dilation_h",
    "3": "stride_w",
    "13": "stride_h",
    "4": "pad_left",
    "14": "pad_top",
    "15": "pad_right",
    "16": "pad_bottom",
    "5": "bias_term",
    "6": "weight_data_size",
    "7": "group",
    "9": "activation_type",
}
_NAMES: dict[str, dict[str, str]] = {
    "Convolution": _WINDOW,
    "ConvolutionDepthWise": _WINDOW,
    "Pooling": {
        "0": "pooling_type",
        "1": "kernel_w",
        "11": "kernel_h",
        "2": "stride_w",
        "12": "stride_h",
        "3": "pad_left",
        "13": "pad_top",
        "14": "pad_right",
        "15": "pad_bottom",
        "4": "global_pooling",
        "5": "pad_mode",
        "6": "avgpool_count_include_pad",
        "7": "adaptive_pooling",
        "8": "out_w",
        "18": "out_h",
    },
    "Padding": {"0": "top", "1": "bottom", "2": "left", "3": "right", "4": "type", "5": "value"},
    "InnerProduct": {"0": "num_output", "1": "bias_term", "2": "weight_data_size", "9": "activation_type"},
    "BinaryOp": {"0": "op_type", "1": "with_scalar", "2": "b"},
    "UnaryOp": {"0": "op_type"},
    "Reshape": {"0": "w", "1": "h", "11": "d", "2": "c"},
    "Permute": {"0": "order_type"},
    "Concat": {"0": "axis"},
    "Softmax": {"0": "axis"},
    "LayerNorm": {"0": "affine_size", "1": "eps", "2": "affine"},
    "Gemm": {
        "0": "alpha",
        "1": "beta",
        "2": "transA",
        "3": "transB",
        "4": "constantA",
        "5": "constantB",
        "6": "constantC",
        "7": "constantM",
        "8": "constantN",
        "9": "constantK",
        "10": "constant_broadcast_type_C",
        "18": "quantize_term",
    },
    "MatMul": {"0": "transB"},
}


def described(layer: Layer) -> dict[str, str]:
    """The layer's parameters, by name where it is known."""
    names = _NAMES.get(layer.type, {})
    return {names.get(number, number): value for number, value in layer.parameters.items()}
