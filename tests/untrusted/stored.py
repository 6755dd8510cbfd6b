"""Where an artifact's files hold its parameters, found by their bytes: apart from what judges them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.converters.loading import load
from tests.diagnose.damage import READERS

ROUNDING = 1e-5
"""Of the largest value: below it a change is one that no rule has to see."""


@dataclass(frozen=True)
class Values:
    """The values that begin at `offset` of a file, as they are in a healthy artifact."""

    file: str
    offset: int
    values: np.ndarray

    def differ(self, folder: Path) -> bool:
        """Whether the file there holds other values in this place, by more than a rounding."""
        with (folder / self.file).open("rb") as stream:
            stream.seek(self.offset)
            content = stream.read(self.values.nbytes)
        if len(content) < self.values.nbytes:
            return True
        found = np.frombuffer(content, self.values.dtype)
        if self.values.dtype != np.float32:
            return not np.array_equal(found, self.values)
        with np.errstate(all="ignore"):
            near = np.abs(found - self.values) <= ROUNDING * np.abs(self.values).max()
        return not bool(np.all(near))


def places_of_values(folder: Path) -> Sequence[Values]:
    """Every place of parameters in an artifact's files that is known for certain.

    Those that `tests/diagnose/damage.py` finds in float32, and integers of weights where they stand once in the file.
    """
    target = folder.name.partition("-")[0]
    found = []
    for one in READERS[target](folder) if target in READERS and "-" not in folder.name else ():
        values = np.frombuffer(one.file.read_bytes(), np.float32, one.count, one.offset)
        found.append(Values(one.file.name, one.offset, values))
    if target == "tflite":
        found += of_tflite(folder)
    if folder.name == "onnx-int8":
        found += of_onnx_integers(folder)
    return found


def of_tflite(folder: Path) -> list[Values]:
    """Tensors that are stored once."""
    (file,) = folder.glob("*.tflite")
    tensors = load("tflite", "stored_model").StoredModel.read(file).tensors
    return once(file, [one.values for one in tensors if one.values is not None])


def of_onnx_integers(folder: Path) -> list[Values]:
    """Weights in 8 bits that are stored once."""
    import onnx
    from onnx.numpy_helper import to_array

    (file,) = folder.glob("*.onnx")
    return once(file, [to_array(one) for one in onnx.load(file).graph.initializer])


def once(file: Path, stored: Sequence[np.ndarray]) -> list[Values]:
    """Those of at least 16 bytes that stand in one place alone."""
    content, found = file.read_bytes(), []
    for values in stored:
        raw = values.tobytes()
        if len(raw) >= 16 and content.count(raw) == 1 and values.dtype.kind in "fi" and values.dtype.itemsize in (1, 4):
            found.append(Values(file.name, content.find(raw), np.frombuffer(raw, values.dtype)))
    return found
