"""The range of each activation of an ONNX model, from what it takes on each of many photos.

ONNX Runtime finds the smallest and largest value inside the graph, so that no activation leaves it; here these are kept
for each photo. One photo on which a network explodes would stretch all ranges, and leave a few levels for all others.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnxruntime.quantization.calibrate import CalibrationMethod, MinMaxCalibrater, TensorData, TensorsData

METHODS = {"minmax": 1.0, "most": 0.98, "nine_tenths": 0.9}
"""Names of methods: the share of the photos that must lie within a range as a whole."""


class PhotoRanges:
    """`lowest` and `highest` of each activation on each photo: float32 [photos, activations]."""

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

    def of(self, method: str) -> TensorsData:
        """The ranges that a method chooses, as ONNX Runtime takes them."""
        share = METHODS[method]
        # The least of some photos' own largest values that so many of them do not exceed.
        high = np.quantile(self.highest, share, axis=0, method="higher").astype(np.float32)
        low = np.quantile(self.lowest, 1 - share, axis=0, method="lower").astype(np.float32)
        return TensorsData(
            CalibrationMethod.MinMax,
            {
                name: TensorData(lowest=np.array(one), highest=np.array(other))
                for name, one, other in zip(self.names, low, high, strict=True)
            },
        )
