"""The range of each activation of an ONNX model, from what it takes in each of many calls.

ONNX Runtime finds the smallest and largest value inside the graph, so that no activation leaves it; here these are kept
for each call, which is a photo unless the model takes several at once. One photo on which a network explodes would
stretch all ranges, and leave a few levels for all others.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnxruntime.quantization.calibrate import CalibrationMethod, MinMaxCalibrater, TensorData, TensorsData

PLAIN = "minmax"
METHODS = {PLAIN: 1.0, "most": 0.98, "nine_tenths": 0.9}
"""Names of methods: the share of the calls that must lie within a range as a whole."""


class PhotoRanges:
    """`lowest` and `highest` of each activation in each call: float32 [calls, activations]."""

    def __init__(self, model: Path, scratch: Path, calls: Iterable[np.ndarray]) -> None:
        calibrater = MinMaxCalibrater(str(model), None, str(scratch))
        calibrater.augment_graph()
        calibrater.create_inference_session()
        session = calibrater.infer_session
        assert session is not None  # it was made just now
        names = [one.name for one in session.get_outputs()]
        added = [name for name in names if name not in calibrater.model_original_outputs]
        self.names = [name.removesuffix("_ReduceMin") for name in added[::2]]
        (image,) = session.get_inputs()
        found = np.array(
            [np.ravel(session.run(added, {image.name: photos})) for photos in calls],
            np.float32,
        )
        self.lowest, self.highest = found[:, ::2], found[:, 1::2]
        scratch.unlink()

    def different(self, methods: Iterable[str]) -> tuple[str, ...]:
        """Those of the methods that choose other ranges than all before them: of few calls 98 % are all."""
        found: dict[tuple[bytes, ...], str] = {}
        for method in methods:
            found.setdefault(tuple(bound.tobytes() for bound in self.bounds(method)), method)
        return tuple(found.values())

    def bounds(self, method: str) -> tuple[np.ndarray, np.ndarray]:
        """The smallest and the largest value that a method allows, [activations] each."""
        share = METHODS[method]
        # The least of some calls' own largest values that so many of them do not exceed.
        high = np.quantile(self.highest, share, axis=0, method="higher").astype(np.float32)
        return np.quantile(self.lowest, 1 - share, axis=0, method="lower").astype(np.float32), high

    def of(self, method: str) -> TensorsData:
        """The ranges that a method chooses, as ONNX Runtime takes them."""
        low, high = self.bounds(method)
        return TensorsData(
            CalibrationMethod.MinMax,
            {
                name: TensorData(lowest=np.array(one), highest=np.array(other))
                for name, one, other in zip(self.names, low, high, strict=True)
            },
        )
