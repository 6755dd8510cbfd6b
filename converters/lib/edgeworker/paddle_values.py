"""What an operator of a Paddle program gives, worked out with numpy, where all that it reads is known beforehand.

That is so for integers that follow from shapes, and for constants. Formulas are Paddle 2.6's
(paddle/phi/kernels/cpu and paddle/phi/infermeta), for the operators that programs do such arithmetic with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from edgeworker.paddle_interpolation import bicubic
from edgeworker.paddle_program import Op, arguments, attribute

# framework.proto, VarType.Type -> numpy.
DTYPES = {0: np.bool_, 1: np.int16, 2: np.int32, 3: np.int64, 5: np.float32, 6: np.float64}
# Where `assign_value` keeps its numbers: Paddle 2.6 writes Scalars, older ones and other tools a list for each type.
VALUE_LISTS = ("values", "fp32_values", "fp64_values", "int32_values", "int64_values", "bool_values")


class Unknown(Exception):
    """Something that the result depends on is not known beforehand."""


@dataclass(frozen=True)
class Call:
    """One operator with what is known: `values` by variable, `dims` gives a variable's shape (-1 where open)."""

    op: Op
    values: Mapping[str, np.ndarray]
    dims: Callable[[str], Sequence[int]]
    largest: int

    def names(self, slot: str) -> list[str]:
        """The variables in an input's slot; none without one."""
        return arguments(self.op.desc.inputs, slot) or []

    def all(self, slot: str) -> list[np.ndarray]:
        """The values of all variables in a slot."""
        names = self.names(slot)
        if not names or any(name not in self.values for name in names):
            raise Unknown
        return [self.values[name] for name in names]

    def one(self, slot: str) -> np.ndarray:
        """The value of a slot with one variable."""
        found = self.all(slot)
        if len(found) != 1:
            raise Unknown
        return found[0]

    def attribute(self, name: str, usual: Any = None) -> Any:
        """An attribute's value, `usual` where there is none."""
        found = attribute(self.op, name)
        return usual if found is None else found

    def integers(self, name: str, *slots: str) -> list[int]:
        """A list of integers: from the first slot that is in use (one tensor or several), else the attribute."""
        for slot in slots:
            if self.names(slot):
                return [int(each) for value in self.all(slot) for each in np.ravel(value)]
        found = self.attribute(name, [])
        return [int(each) for each in (found if isinstance(found, list) else [found])]

    def shape(self, slot: str) -> list[int]:
        """The shape of a slot's variable, known in full."""
        names = self.names(slot)
        dims = list(self.dims(names[0])) if len(names) == 1 else [-1]
        if any(extent < 0 for extent in dims):
            raise Unknown
        return dims

    def dtype(self, name: str = "dtype") -> Any:
        """The type that an attribute names."""
        found = DTYPES.get(self.attribute(name, -1))
        if found is None:
            raise Unknown
        return found

    def check_size(self, shape: Sequence[int]) -> None:
        """Raises Unknown for a result that is larger than anybody wants as a constant."""
        if prod(shape) > self.largest or any(extent < 0 for extent in shape):
            raise Unknown


Result = np.ndarray | list[np.ndarray]


def evaluate(
    op: Op, values: Mapping[str, np.ndarray], dims: Callable[[str], Sequence[int]], largest: int
) -> dict[str, np.ndarray] | None:
    """The values of an operator's outputs by variable; None where they are not known, or not so small.

    `values` are what the variables hold that are known, `dims` tells a variable's shape, `largest` how many values a
    result may have.
    """
    rule = _RULES.get(op.desc.type)
    names = [name for slot in op.desc.outputs if slot.parameter != "XShape" for name in slot.arguments]
    if rule is None or not names:
        return None
    call = Call(op, values, dims, largest)
    try:
        found = rule(call)
    except Unknown:
        return None
    # What numpy cannot compute is for Paddle to complain about.
    except (ValueError, IndexError, ZeroDivisionError, TypeError, OverflowError):
        return None
    results = found if isinstance(found, list) else [found]
    if len(results) != len(names) or any(result.size > largest for result in results):
        return None
    return dict(zip(names, results, strict=True))


def constant_value(op: Op) -> np.ndarray:
    """What `assign_value` holds. Raises Unknown for a type that numpy does not have."""
    call = Call(op, {}, lambda _: (), 0)
    for name in VALUE_LISTS:
        if numbers := call.attribute(name):
            return np.array(numbers).astype(call.dtype()).reshape(call.attribute("shape", []))
    return np.zeros(call.attribute("shape", []), call.dtype())


def sliced(value: np.ndarray, axes: Sequence[int], starts: Sequence[int], ends: Sequence[int], steps: Sequence[int]):
    """`value` cut along `axes` as Paddle does it, which is Python's way."""
    place = [slice(None)] * value.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        # An end of -1 with a step below 0 is the last element in Python; Paddle writes "to the very start" as less.
        place[axis] = slice(start, end if step > 0 or end >= -value.shape[axis] else None, step)
    return value[tuple(place)]


def full_shape(wanted: Sequence[int], shape: Sequence[int]) -> list[int]:
    """The extents that a reshape of `shape` to `wanted` gives: 0 copies one, -1 is what is left."""
    full = [shape[place] if extent == 0 else extent for place, extent in enumerate(wanted)]
    if -1 in full:
        full[full.index(-1)] = prod(shape) // prod(extent for extent in full if extent != -1)
    return full


def _shape(call: Call) -> Result:
    return np.array(call.shape("Input"), np.int32)


def _size(call: Call) -> Result:
    return np.array(prod(call.shape("Input")), np.int64)


def _slice(call: Call) -> Result:
    axes = call.integers("axes")
    value = call.one("Input")
    starts = call.integers("starts", "StartsTensor", "StartsTensorList")
    ends = call.integers("ends", "EndsTensor", "EndsTensorList")
    cut = sliced(value, axes, starts, ends, [1] * len(axes))
    return _without(cut, call.integers("decrease_axis"))


def _strided_slice(call: Call) -> Result:
    starts = call.integers("starts", "StartsTensor", "StartsTensorList")
    ends = call.integers("ends", "EndsTensor", "EndsTensorList")
    steps = call.integers("strides", "StridesTensor", "StridesTensorList")
    cut = sliced(call.one("Input"), call.integers("axes"), starts, ends, steps)
    return _without(cut, call.integers("decrease_axis"))


def _without(value: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    return value.reshape([extent for axis, extent in enumerate(value.shape) if axis not in axes])


def _scale(call: Call) -> Result:
    value = call.one("X")
    factor = call.one("ScaleTensor").reshape(()) if call.names("ScaleTensor") else call.attribute("scale", 1.0)
    # Paddle makes both numbers of the tensor's type first: 0.5 is 0 for integers.
    factor, bias = value.dtype.type(factor), value.dtype.type(call.attribute("bias", 0.0))
    return value * factor + bias if call.attribute("bias_after_scale", True) else (value + bias) * factor


def _cast(call: Call) -> Result:
    return call.one("X").astype(call.dtype("out_dtype"))


def _elementwise(compute: Callable[[Any, Any], Any]) -> Callable[[Call], Result]:
    def rule(call: Call) -> Result:
        x, y = call.one("X"), call.one("Y")
        axis = call.attribute("axis", -1)
        if axis != -1 and y.ndim < x.ndim:
            y = y.reshape(*y.shape, *[1] * (x.ndim - axis - y.ndim))
        call.check_size(np.broadcast_shapes(x.shape, y.shape))
        result = np.asarray(compute(x, y))
        return result if result.dtype == np.bool_ else result.astype(x.dtype)

    return rule


def _divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if not np.all(y):
        raise Unknown
    return np.trunc(x / y) if x.dtype.kind == "i" else x / y


def _floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Releases differ in what they make of negative numbers.
    if np.any(x < 0) or np.any(y <= 0):
        raise Unknown
    return x // y


def _remainder(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if not np.all(y):
        raise Unknown
    return np.mod(x, y)


def _unary(compute: Callable[[Any], Any]) -> Callable[[Call], Result]:
    def rule(call: Call) -> Result:
        value = call.one("X")
        return np.asarray(compute(value)).astype(value.dtype)

    return rule


def _concat(call: Call) -> Result:
    (axis,) = call.integers("axis", "AxisTensor")
    return np.concatenate(call.all("X"), axis)


def _stack(call: Call) -> Result:
    return np.stack(call.all("X"), call.attribute("axis", 0))


def _unstack(call: Call) -> Result:
    value, axis = call.one("X"), call.attribute("axis", 0)
    return [np.take(value, place, axis) for place in range(value.shape[axis])]


def _split(call: Call) -> Result:
    value, (axis,) = call.one("X"), call.integers("axis", "AxisTensor")
    sections = call.integers("sections", "SectionsTensorList")
    if not sections:
        return np.split(value, call.attribute("num"), axis)
    if -1 in sections:
        sections[sections.index(-1)] = value.shape[axis] - sum(each for each in sections if each != -1)
    return np.split(value, np.cumsum(sections)[:-1], axis)


def _fill_constant(call: Call) -> Result:
    shape = call.integers("shape", "ShapeTensor", "ShapeTensorList")
    call.check_size(shape)
    if call.names("ValueTensor"):
        number = call.one("ValueTensor").reshape(())
    else:
        # The text is there where a float would lose digits.
        text = call.attribute("str_value", "")
        number = float(text) if text and not text.lstrip("-").isdigit() else int(text) if text else None
        number = call.attribute("value", 0.0) if number is None else number
    return np.full(shape, number, call.dtype())


def _fill_like(call: Call) -> Result:
    shape = call.shape("X")
    call.check_size(shape)
    return np.full(shape, call.attribute("value", 0.0), call.dtype())


def _assign_value(call: Call) -> Result:
    return constant_value(call.op)


def _assign(call: Call) -> Result:
    return call.one("X")


def _reshape(call: Call) -> Result:
    value = call.one("X")
    return value.reshape(full_shape(call.integers("shape", "Shape", "ShapeTensor"), value.shape))


def _flatten(call: Call) -> Result:
    value = call.one("X")
    first, last = (call.attribute(name, usual) % max(value.ndim, 1) for name, usual in _FLATTEN)
    return value.reshape(*value.shape[:first], -1, *value.shape[last + 1 :])


_FLATTEN = (("start_axis", 1), ("stop_axis", -1))


def _squeeze(call: Call) -> Result:
    value = call.one("X")
    axes = [axis % value.ndim for axis in call.integers("axes", "AxesTensor", "AxesTensorList")] or range(value.ndim)
    return _without(value, [axis for axis in axes if value.shape[axis] == 1])


def _unsqueeze(call: Call) -> Result:
    value = call.one("X")
    for axis in call.integers("axes", "AxesTensor", "AxesTensorList"):
        value = np.expand_dims(value, axis)
    return value


def _transpose(call: Call) -> Result:
    return call.one("X").transpose(call.attribute("axis"))


def _range(call: Call) -> Result:
    start, end, step = (call.one(slot).reshape(()) for slot in ("Start", "End", "Step"))
    if not step:
        raise Unknown
    call.check_size([int(abs((end - start) / step)) + 1])
    return np.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def _gather(call: Call) -> Result:
    (axis,) = call.integers("axis", "Axis") or [0]
    return np.take(call.one("X"), np.ravel(call.one("Index")), axis)


def _index_select(call: Call) -> Result:
    return np.take(call.one("X"), call.one("Index"), call.attribute("dim", 0))


def _gather_nd(call: Call) -> Result:
    value, index = call.one("X"), call.one("Index")
    call.check_size([*index.shape[:-1], *value.shape[index.shape[-1] :]])
    return value[tuple(np.moveaxis(index, -1, 0))]


def _expand(call: Call) -> Result:
    value = call.one("X")
    wanted = call.integers("shape", "Shape", "expand_shapes_tensor")
    present = [1] * (len(wanted) - value.ndim) + list(value.shape)
    shape = [old if new == -1 else new for new, old in zip(wanted, present, strict=True)]
    call.check_size(shape)
    return np.broadcast_to(value, shape)


def _tile(call: Call) -> Result:
    value, times = call.one("X"), call.integers("repeat_times", "RepeatTimes", "repeat_times_tensor")
    call.check_size([value.size, *times])
    return np.tile(value, times)


def _set_value(call: Call) -> Result:
    value, region = call.one("Input").copy(), set_region(call)
    target = value[region]
    if call.names("ValueTensor"):
        given = call.one("ValueTensor")
    else:
        numbers = next((found for name in VALUE_LISTS if (found := call.attribute(name))), None)
        if numbers is None:
            raise Unknown
        given = np.array(numbers).reshape(call.attribute("shape"))
    # As Paddle does: leading extents of 1 beyond the region's rank do not count.
    while given.ndim > target.ndim and given.shape[0] == 1:
        given = given[0]
    value[region] = given.astype(value.dtype)
    return value


def set_region(call: Call) -> tuple[Any, ...]:
    """What part of its input a `set_value` writes, as an index. Raises Unknown where bounds are not known."""
    shape, axes = call.shape("Input"), call.integers("axes")
    if call.integers("none_axes"):
        raise Unknown
    starts, ends = call.integers("starts", "StartsTensorList"), call.integers("ends", "EndsTensorList")
    steps = call.integers("steps", "StepsTensorList")
    region: list[Any] = [slice(0, extent, 1) for extent in shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        region[axis] = slice(*slice(start, end if step > 0 or end >= -shape[axis] else None, step).indices(shape[axis]))
        if step < 0:
            raise Unknown
    for axis in call.integers("decrease_axes"):
        region[axis] = region[axis].start
    return tuple(region)


def _roll(call: Call) -> Result:
    axes = call.integers("axis")
    value, shifts = call.one("X"), call.integers("shifts", "ShiftsTensor")
    return np.roll(value, shifts, axes) if axes else np.roll(value.ravel(), shifts[0]).reshape(value.shape)


def _where(call: Call) -> Result:
    return np.where(call.one("Condition"), call.one("X"), call.one("Y"))


def _bicubic(call: Call) -> Result:
    value, sizes = call.one("X"), call.integers("out_size", "OutSize", "SizeTensor") or [0, 0]
    height, width = (size or call.attribute(name, -1) for size, name in zip(sizes, ("out_h", "out_w"), strict=True))
    if value.ndim != 4 or call.attribute("data_layout", "NCHW") != "NCHW" or min(height, width) < 1:
        raise Unknown
    call.check_size([*value.shape[:2], height, width])
    scales = tuple(call.attribute("scale", ()) or ())
    return bicubic(value, height, width, align_corners=bool(call.attribute("align_corners", False)), scales=scales)


def _reduce(compute: Callable[..., Any]) -> Callable[[Call], Result]:
    def rule(call: Call) -> Result:
        value = call.one("X")
        axes = call.integers("dim")
        axis = None if call.attribute("reduce_all", False) or not axes else tuple(axes)
        return np.asarray(compute(value, axis=axis, keepdims=call.attribute("keep_dim", False))).astype(value.dtype)

    return rule


_RULES: dict[str, Callable[[Call], Result]] = {
    "bicubic_interp_v2": _bicubic,
    "shape": _shape,
    "size": _size,
    "slice": _slice,
    "strided_slice": _strided_slice,
    "scale": _scale,
    "cast": _cast,
    "elementwise_add": _elementwise(np.add),
    "elementwise_sub": _elementwise(np.subtract),
    "elementwise_mul": _elementwise(np.multiply),
    "elementwise_div": _elementwise(_divide),
    "elementwise_floordiv": _elementwise(_floor_divide),
    "elementwise_mod": _elementwise(_remainder),
    "elementwise_max": _elementwise(np.maximum),
    "elementwise_min": _elementwise(np.minimum),
    "equal": _elementwise(np.equal),
    "not_equal": _elementwise(np.not_equal),
    "less_than": _elementwise(np.less),
    "less_equal": _elementwise(np.less_equal),
    "greater_than": _elementwise(np.greater),
    "greater_equal": _elementwise(np.greater_equal),
    "logical_and": _elementwise(np.logical_and),
    "logical_or": _elementwise(np.logical_or),
    "logical_not": _unary(np.logical_not),
    "floor": _unary(np.floor),
    "ceil": _unary(np.ceil),
    "sqrt": _unary(np.sqrt),
    "abs": _unary(np.abs),
    "concat": _concat,
    "stack": _stack,
    "unstack": _unstack,
    "unbind": _unstack,
    "split": _split,
    "fill_constant": _fill_constant,
    "fill_any_like": _fill_like,
    "assign_value": _assign_value,
    "assign": _assign,
    "reshape2": _reshape,
    "flatten_contiguous_range": _flatten,
    "squeeze2": _squeeze,
    "unsqueeze2": _unsqueeze,
    "transpose2": _transpose,
    "range": _range,
    "gather": _gather,
    "gather_nd": _gather_nd,
    "index_select": _index_select,
    "expand_v2": _expand,
    "tile": _tile,
    "where": _where,
    "set_value": _set_value,
    "roll": _roll,
    "reduce_prod": _reduce(np.prod),
    "reduce_sum": _reduce(np.sum),
    "reduce_max": _reduce(np.max),
    "reduce_min": _reduce(np.min),
}
