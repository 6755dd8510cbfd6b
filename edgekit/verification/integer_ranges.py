"""What the integers of an INT8 artifact's layers hold, as its quantisation has recorded it.

ONNX Runtime's quantiser, which makes TensorRT's files too, calls a tensor's scale and zero point after the tensor, and
ONNX files keep the program's names; so does what quantises programs for Paddle Lite. Other quantisers' records tell
nothing by these names.
"""

from pathlib import Path

from edgekit.parity.saturation import Extent
from edgekit.pipeline.lowering import RECORD

SCALE, ZERO_POINT = "_scale", "_zero_point"


def integer_ranges(quantisation: Path) -> dict[str, Extent]:
    """The smallest and the largest value that each tensor's integers hold, by the tensor's name.

    Those of weights, which have a scale for each channel, are left out. `quantisation` is the folder that the
    quantisation has left.
    """
    import numpy as np
    from safetensors.numpy import load_file

    record = load_file(quantisation / RECORD) if (quantisation / RECORD).is_file() else {}
    found: dict[str, Extent] = {}
    for name, scale in record.items():
        zero = record.get(name.removesuffix(SCALE) + ZERO_POINT)
        if not name.endswith(SCALE) or zero is None or scale.size != 1 or zero.size != 1 or zero.dtype.kind not in "iu":
            continue
        kind, step, zero_point = np.iinfo(zero.dtype), float(scale.item()), int(zero.item())
        found[name.removesuffix(SCALE)] = ((kind.min - zero_point) * step, (kind.max - zero_point) * step)
    return found
