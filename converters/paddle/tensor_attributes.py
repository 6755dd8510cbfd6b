"""Which attributes an operator can also take as tensors: shapes, axes, bounds of slices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from edgeworker.paddle_program import INT_ATTR, INTS_ATTR, LONGS_ATTR, Op, arguments


@dataclass(frozen=True)
class TensorAttribute:
    """An attribute of the kind `kind`, which tensors in one of `slots` replace; the first slot in use counts.

    Several `attributes` hold a number each.
    """

    attributes: tuple[str, ...]
    slots: tuple[str, ...]
    kind: int = INTS_ATTR

    @property
    def is_list(self) -> bool:
        """Whether it holds several numbers."""
        return self.kind in (INTS_ATTR, LONGS_ATTR)

    def entries(self, numbers: list[int]) -> dict[str, int | list[int]]:
        """The attributes that say the same as tensors with these numbers."""
        if self.is_list:
            return {self.attributes[0]: numbers}
        return dict(zip(self.attributes, numbers, strict=True))


def _bounds(name: str) -> TensorAttribute:
    return TensorAttribute((f"{name}s",), (f"{name.title()}sTensor", f"{name.title()}sTensorList"))


_OUT_SIZE = TensorAttribute(("out_h", "out_w"), ("SizeTensor", "OutSize"), INT_ATTR)
# Paddle 2.6, paddle/phi/ops/yaml and paddle/fluid/operators: operators that classifiers use.
TENSOR_ATTRIBUTES: dict[str, tuple[TensorAttribute, ...]] = {
    "reshape2": (TensorAttribute(("shape",), ("ShapeTensor", "Shape")),),
    "expand_v2": (TensorAttribute(("shape",), ("Shape", "expand_shapes_tensor")),),
    "tile": (TensorAttribute(("repeat_times",), ("RepeatTimes", "repeat_times_tensor")),),
    "fill_constant": (TensorAttribute(("shape",), ("ShapeTensor", "ShapeTensorList"), LONGS_ATTR),),
    "slice": (_bounds("start"), _bounds("end")),
    "strided_slice": (_bounds("start"), _bounds("end"), _bounds("stride")),
    "set_value": tuple(
        TensorAttribute((f"{name.lower()}s",), (f"{name}sTensorList",), LONGS_ATTR) for name in ("Start", "End", "Step")
    ),
    "pad3d": (TensorAttribute(("paddings",), ("Paddings",)),),
    "split": (
        TensorAttribute(("axis",), ("AxisTensor",), INT_ATTR),
        TensorAttribute(("sections",), ("SectionsTensorList",)),
    ),
    "concat": (TensorAttribute(("axis",), ("AxisTensor",), INT_ATTR),),
    "gather": (TensorAttribute(("axis",), ("Axis",), INT_ATTR),),
    "unsqueeze2": (TensorAttribute(("axes",), ("AxesTensor", "AxesTensorList")),),
    "top_k_v2": (TensorAttribute(("k",), ("K",), INT_ATTR),),
    "bilinear_interp_v2": (_OUT_SIZE,),
    "bicubic_interp_v2": (_OUT_SIZE,),
    "nearest_interp_v2": (_OUT_SIZE,),
    "roll": (TensorAttribute(("shifts",), ("ShiftsTensor",), LONGS_ATTR),),
}


def attribute_values(op: Op, rule: TensorAttribute, known: Mapping[str, np.ndarray]) -> list[int] | None:
    """What the tensors in the rule's slots say; None where there are none, or not all of them are known."""
    for slot in rule.slots:
        if names := arguments(op.desc.inputs, slot):
            if any(name not in known for name in names):
                return None
            return [int(each) for name in names for each in np.ravel(known[name])]
    return None
