"""The range of each activation of a TFLite file, from what it takes in each of many calls.

Smallest and largest values are kept for each call, which is a photo unless the model takes several at once: one photo
on which a network explodes would stretch all ranges, and leave a few levels for all others.
"""

from collections.abc import Iterable

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from edgeworker.refusal import Refusal
from run import as_stored

METHODS = {"minmax": 1.0, "most": 0.98, "nine_tenths": 0.9}
"""Names of methods: the share of the calls that must lie within a range as a whole, as in ONNX."""


class PhotoRanges:
    """`lowest` and `highest` of each activation in each call: float32 [calls, activations]; `numbers` are those of the
    file's tensors.

    `interpreter` keeps all tensors, and `calls` are float32 [N, C, H, W] each. Raises Refusal for values that are no
    finite numbers.
    """

    def __init__(self, interpreter: Interpreter, name: str, calls: Iterable[np.ndarray], numbers: list[int]) -> None:
        (port,) = interpreter.get_input_details()
        rows = []
        for photos in calls:
            interpreter.set_tensor(port["index"], as_stored(name, photos, port))
            interpreter.invoke()
            values = (interpreter.get_tensor(number) for number in numbers)
            rows.append([(one.min(), one.max()) for one in values])
        found = np.array(rows, np.float32).reshape(-1, len(numbers), 2)
        if lost := int((~np.isfinite(found).all(axis=(0, 2))).sum()):
            raise Refusal(f"{lost} activations are no finite numbers on the calibration photos", "Look at the photos")
        self.numbers, self.lowest, self.highest = numbers, found[:, :, 0], found[:, :, 1]

    def different(self, methods: Iterable[str]) -> tuple[str, ...]:
        """Those of the methods that choose other ranges than all before them: of few calls 98 % are all."""
        found: dict[tuple[tuple[float, float], ...], str] = {}
        for method in methods:
            found.setdefault(tuple(self.of(method).values()), method)
        return tuple(found.values())

    def of(self, method: str) -> dict[int, tuple[float, float]]:
        """The smallest and the largest value that a method allows, by the tensor's number."""
        share = METHODS[method]
        # The least of some calls' own largest values that so many of them do not exceed.
        high = np.quantile(self.highest, share, axis=0, method="higher")
        low = np.quantile(self.lowest, 1 - share, axis=0, method="lower")
        return {number: (float(low[at]), float(high[at])) for at, number in enumerate(self.numbers)}
