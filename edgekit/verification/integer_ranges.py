"""What the integers of an INT8 artifact's layers hold, as its quantisation has recorded it.

ONNX Runtime's quantiser, which makes TensorRT's files too, calls a tensor's scale and zero point after the tensor, and
ONNX files keep the program's names; so does what quantises programs for Paddle Lite. NNCF has the ends of a range after
the layer, and TensorFlow Lite's files a scale and a zero point after the tensor, but both call many layers otherwise
than the program does. ncnn's record has names of its own alone.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.parity.saturation import Extent, Integers
from edgekit.pipeline.lowering import RECORD

if TYPE_CHECKING:
    import numpy as np

SCALES = (("_scale", "_zero_point"), ("/int8.scale", "/int8.zero_point"))
"""What stands behind a tensor's name in ONNX and Paddle Lite, and in TensorFlow Lite."""
ALL_NAMED = SCALES[0][0]
"""Of the record in which every layer that has integers goes by its name in the program."""
ENDS = ("/fq_output_0/input_low", "/fq_output_0/input_high")
"""The same in OpenVINO: of what is rounded behind a layer."""


def integer_ranges(quantisation: Path) -> Integers:
    """The smallest and the largest value that each tensor's integers hold, by the tensor's name.

    Those of weights, which have a scale for each channel, are left out. `quantisation` is the folder that the
    quantisation has left.
    """
    from safetensors.numpy import load_file

    record = load_file(quantisation / RECORD) if (quantisation / RECORD).is_file() else {}
    found: dict[str, Extent] = {}
    for scale, zero_point in SCALES:
        found |= {
            name: extent_of(step, zero) for name, step, zero in paired(record, scale, zero_point) if of_integers(zero)
        }
    found |= {name: (float(low.item()), float(high.item())) for name, low, high in paired(record, *ENDS)}
    return Integers(found, complete=any(name.endswith(ALL_NAMED) for name in record))


def paired(record: "Mapping[str, np.ndarray]", first: str, second: str) -> "list[tuple[str, np.ndarray, np.ndarray]]":
    """The names that have one number with each of two endings, and both."""
    return [
        (name.removesuffix(first), one, record[name.removesuffix(first) + second])
        for name, one in record.items()
        if name.endswith(first) and one.size == 1
        if (other := record.get(name.removesuffix(first) + second)) is not None and other.size == 1
    ]


def of_integers(zero_point: "np.ndarray") -> bool:
    """Whether a zero point is of a tensor of integers, and not of a parameter that is called so."""
    return zero_point.dtype.kind in "iu"


def extent_of(scale: "np.ndarray", zero_point: "np.ndarray") -> Extent:
    """What integers of the zero point's type stand for; those of TensorFlow Lite are INT8, however they are kept."""
    import numpy as np

    kind = np.iinfo(zero_point.dtype if zero_point.dtype.itemsize == 1 else np.int8)
    step, zero = float(scale.item()), int(zero_point.item())
    return (kind.min - zero) * step, (kind.max - zero) * step
