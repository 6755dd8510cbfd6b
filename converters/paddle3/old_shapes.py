"""Operators that make, move, cut and join tensors: PIR's names -> how a Paddle 2 program has them."""

from math import prod

from edgeworker.refusal import Refusal
from old_operators import (
    DATA_TYPES,
    Call,
    OldOp,
    Source,
    Translation,
    data_type,
    fixed,
    number_of,
    numbers_of,
    own,
    result_shape,
    same,
    unary,
    written,
)

# Which of the operator's lists holds the numbers of a type. Paddle 2.6's own way to write them is another, which
# nothing but Paddle reads.
CONSTANT_LISTS = {
    "bool": ("bool_values", "ints"),
    "float32": ("fp32_values", "floats"),
    "int32": ("int32_values", "ints"),
    "int64": ("int64_values", "longs"),
}
LARGEST = (1 << 31) - 1


def bounds_of(position: int) -> Source:
    """The numbers of a constant operand, where "to the end" may be larger than a Paddle 2 program can say."""
    return lambda call: [max(-LARGEST, min(LARGEST, int(each))) for each in call.numbers(position) or []]


SLICE = {
    **same("ints", "axes"),
    "starts": ("ints", bounds_of(1)),
    "ends": ("ints", bounds_of(2)),
}
PLACES = ("starts", "ends", "steps")


STRIDED_SLICE = {
    **SLICE,
    "strides": ("ints", numbers_of(3)),
    "infer_flags": ("ints", lambda call: [1] * len(call.attribute("axes"))),
    "decrease_axis": ("ints", fixed([])),
}


def strided(call: Call) -> list[OldOp]:
    """A slice with steps; whole axes read backwards are a flip.

    Where a slice goes backwards to the first element, Paddle 2.6 and 3.3 mean different ends by the same number.
    """
    shape = call.values[call.operand(0)].shape
    axes, strides = call.attribute("axes"), call.numbers(3) or []
    starts, ends = bounds_of(1)(call), bounds_of(2)(call)
    to_first = [
        axis for axis, stride, end in zip(axes, strides, ends, strict=True) if stride < 0 and end < -shape[axis]
    ]
    if not to_first:
        return list(written("strided_slice", {"Input": 0}, {"Out": 0}, STRIDED_SLICE)(call))
    whole = all(start >= shape[axis] - 1 or start == -1 for axis, start in zip(axes, starts, strict=True))
    if to_first != axes or set(strides) != {-1} or not whole:
        raise Refusal(f"{call.op.place} reads part of an axis backwards to its start", "Write it with paddle.flip")
    return list(unary("flip", {"axis": ("ints", fixed(axes))})(call))


def filled(call: Call) -> list[OldOp]:
    """A tensor of one number."""
    shape, value, dtype = (call.attribute(name) for name in ("shape", "value", "dtype"))
    return [fill(shape, value, dtype, call.result_names(0)[0])]


def fill(shape: list[int], value: float, dtype: str, name: str) -> OldOp:
    """The tensor `name`, with `value` everywhere."""
    whole = dtype not in ("float32", "float64")
    attributes = {
        "shape": ("longs", list(shape)),
        "dtype": ("int", DATA_TYPES[dtype]),
        "value": ("float", float(value)),
        # In full, which FP32 is not for large integers.
        "str_value": ("text", str(int(value)) if whole else repr(float(value))),
        "force_cpu": ("bool", False),
        "place_type": ("int", -1),
    }
    return OldOp("fill_constant", {}, {"Out": [name]}, attributes)


def constant(values: str) -> Translation:
    """A tensor whose numbers stand in the program, in the attribute `values`."""

    def translate(call: Call) -> list[OldOp]:
        numbers = call.attribute(values)
        dtype = call.op.results[0].dtype
        if dtype not in CONSTANT_LISTS:
            raise Refusal(f"{call.op.place} is a constant of the type {dtype}")
        name, kind = CONSTANT_LISTS[dtype]
        number = {"floats": float}.get(kind, int)
        shape = list(call.op.results[0].shape)
        if prod(shape) != len(numbers):
            raise Refusal(f"{call.op.place} has {len(numbers)} numbers for a tensor of shape {shape}", kind="input")
        attributes = {
            "shape": ("ints", shape),
            "dtype": ("int", DATA_TYPES[dtype]),
            name: (kind, [number(each) for each in numbers]),
        }
        return [OldOp("assign_value", {}, {"Out": call.result_names(0)}, attributes)]

    return translate


def expanded(call: Call) -> list[OldOp]:
    """To a shape; -1 there keeps an extent, and makes none open."""
    target, source = list(call.op.results[0].shape), list(call.values[call.operand(0)].shape)
    source = [1] * (len(target) - len(source)) + source
    if any(extent == -1 and before != -1 for extent, before in zip(target, source, strict=True)):
        raise Refusal(
            f"{call.op.place} makes as many copies as there are samples, and their number is open",
            "Fix the number of samples with --batch",
        )
    return list(unary("expand_v2", {"shape": ("ints", fixed(target))})(call))


def value_set(call: Call) -> list[OldOp]:
    """Part of a tensor replaced by another one's values; Paddle 3 may do it in place, Paddle 2's makes a new one."""
    places = {name: ("longs", call.numbers(position)) for position, name in enumerate(PLACES, 2)}
    return [set_value(call, call.operand_names(1), places)]


def number_set(call: Call) -> list[OldOp]:
    """Part of a tensor replaced by one number: it becomes a tensor first, which every reader of such programs takes."""
    values, name = call.attribute("values"), f"{call.result_names(0)[0]}.value"
    if len(values) != 1:
        raise Refusal(f"{call.op.place} sets {len(values)} numbers", "Set one number, or a tensor")
    places = {slot: ("longs", call.numbers(position)) for position, slot in enumerate(PLACES, 1)}
    return [fill([1], values[0], call.dtype(0), name), set_value(call, [name], places)]


def set_value(call: Call, source: list[str], places: dict) -> OldOp:
    """The operator, with `source` as what is written."""
    attributes = {
        "dtype": ("int", DATA_TYPES[call.dtype(0)]),
        "axes": ("longs", call.attribute("axes")),
        **places,
        "decrease_axes": ("longs", call.attribute("decrease_axes")),
        "none_axes": ("longs", call.attribute("none_axes")),
        "shape": ("longs", []),
    }
    inputs = {"Input": call.operand_names(0), "ValueTensor": source}
    return OldOp("set_value", inputs, {"Out": call.result_names(0)}, attributes)


def triangle(lower: bool) -> Translation:
    """What lies on one side of a diagonal."""
    return unary("tril_triu", {**same("int", "diagonal"), "lower": ("bool", fixed(lower))})


SHAPES: dict[str, Translation] = {
    "affine_grid": written(
        "affine_grid",
        {"Theta": 0},
        {"Output": 0},
        {"output_shape": ("ints", numbers_of(1)), **same("bool", "align_corners")},
    ),
    "assign_value": constant("values"),
    "channel_shuffle": unary("channel_shuffle", {**same("int", "groups"), **same("text", "data_format")}),
    "concat": unary("concat", {"axis": ("int", number_of(1))}),
    "embedding": written("lookup_table_v2", {"Ids": 0, "W": 1}, {"Out": 0}, same("long", "padding_idx")),
    "expand": expanded,
    "flatten": unary("flatten_contiguous_range", same("int", "start_axis", "stop_axis")),
    "flip": unary("flip", same("ints", "axis")),
    "fold": written(
        "fold",
        {"X": 0},
        {"Y": 0},
        same("ints", "output_sizes", "kernel_sizes", "strides", "paddings", "dilations"),
    ),
    "full": filled,
    "full_int_array": constant("value"),
    "full_like": unary("fill_any_like", {"value": ("float", number_of(1)), "dtype": ("int", data_type("dtype"))}),
    "gather": written("gather", {"X": 0, "Index": 1}, {"Out": 0}, {"axis": ("int", number_of(2))}),
    "gather_nd": written("gather_nd", {"X": 0, "Index": 1}, {"Out": 0}),
    "index_select": written("index_select", {"X": 0, "Index": 1}, {"Out": 0}, {"dim": ("int", own("axis"))}),
    "pad3d": unary(
        "pad3d",
        {
            "paddings": ("ints", numbers_of(1)),
            **same("text", "mode", "data_format"),
            "value": ("float", own("pad_value")),
        },
    ),
    "pixel_shuffle": unary("pixel_shuffle", {**same("int", "upscale_factor"), **same("text", "data_format")}),
    "pixel_unshuffle": unary("pixel_unshuffle", {**same("int", "downscale_factor"), **same("text", "data_format")}),
    "reshape": unary("reshape2", {"shape": ("ints", result_shape)}),
    "roll": unary("roll", {"shifts": ("longs", numbers_of(1)), **same("longs", "axis")}),
    "set_value": number_set,
    "set_value_with_tensor": value_set,
    "slice": written("slice", {"Input": 0}, {"Out": 0}, {**SLICE, **same("ints", "infer_flags", "decrease_axis")}),
    "split": unary(
        "split", {"sections": ("ints", numbers_of(1)), "num": ("int", fixed(0)), "axis": ("int", number_of(2))}
    ),
    "split_with_num": unary(
        "split", {"sections": ("ints", fixed([])), **same("int", "num"), "axis": ("int", number_of(1))}
    ),
    "squeeze": unary("squeeze2", {"axes": ("ints", numbers_of(1))}),
    "stack": written("stack", {"X": 0}, {"Y": 0}, same("int", "axis")),
    "strided_slice": strided,
    "tile": unary("tile", {"repeat_times": ("ints", numbers_of(1))}),
    "transpose": unary("transpose2", {"axis": ("ints", own("perm"))}),
    "tril": triangle(lower=True),
    "triu": triangle(lower=False),
    "unbind": unary("unbind", same("int", "axis")),
    "unfold": written("unfold", {"X": 0}, {"Y": 0}, same("ints", "kernel_sizes", "strides", "paddings", "dilations")),
    "unsqueeze": unary("unsqueeze2", {"axes": ("ints", numbers_of(1))}),
}
