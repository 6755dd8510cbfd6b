"""`ranges.json`: what values each layer of the network took, in FP32, on golden inputs and photos of the calibration.

It says of an FP16 or INT8 artifact where its format may fail before a device shows it. The layers are the program's,
the same for all targets, and so are the figures.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edgekit import __version__
from edgekit.errors import UsageError
from edgekit.parity.dead_channels import DeadChannels
from edgekit.parity.ranges import LARGEST_BYTES, Ranges, TensorRange
from edgekit.untrusted.json_document import read_json

SCHEMA = 1
FIRST = 8
"""How many dead channels of a layer are named."""

Extent = tuple[float, float] | None


class MeasuredOn(msgspec.Struct, frozen=True):
    """What the figures are from: how many `samples`, and the SHA-256 of the tensors that these are, or are taken of."""

    samples: int
    samples_sha256: str


class LayerRanges(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one layer's result took: its `name` in the program and the layer's `type`, the inputs being layers too.

    `golden` and `calibration` are smallest and largest value, None where one was not finite, or nothing was measured;
    `photos` is `golden` of the photos alone; `int8` is what the artifact's integers hold, where the quantisation's
    record tells it by this name. `dead` counts the `channels` that had one value at every place of every sample of
    both, `zero` those of them that were zero, and `first_dead` are the first few. `folded`: no engine holds it, since
    it is computed inside the next layer.
    """

    name: str
    type: str
    channels: int | None = None
    folded: bool = False
    golden: Extent = None
    photos: Extent = None
    calibration: Extent = None
    int8: Extent = None
    dead: int = 0
    zero: int = 0
    first_dead: tuple[int, ...] = ()

    @property
    def magnitude(self) -> float | None:
        """The largest absolute value of all that was measured; None where one was not finite."""
        known = [one for one in (self.golden, self.calibration) if one is not None]
        return max(abs(end) for one in known for end in one) if known and self.golden else None


class LayersRanges(msgspec.Struct, frozen=True):
    """The document. `program_key` is the manifest's: of which program the layers are; they are in its order."""

    schema: int
    edgekit: str
    model: str
    program_key: str
    golden: MeasuredOn
    calibration: MeasuredOn | None
    layers: tuple[LayerRanges, ...]


def ranges_document(
    model: str,
    program_key: str,
    golden: tuple[Ranges, MeasuredOn],
    calibration: tuple[Ranges, MeasuredOn] | None,
    dead: list[DeadChannels],
    integers: Mapping[str, tuple[float, float]] | None = None,
) -> LayersRanges:
    """The document of measured ranges, whose tensors are those of `dead`, each in its place; `integers` by name."""
    known = integers or {}
    calibrated = calibration[0].tensors if calibration else (None,) * len(dead)
    return LayersRanges(
        SCHEMA,
        __version__,
        model,
        program_key,
        golden[1],
        calibration[1] if calibration else None,
        tuple(
            layer_ranges(one, beside, its, known.get(one.name))
            for one, beside, its in zip(golden[0].tensors, calibrated, dead, strict=True)
        ),
    )


def layer_ranges(
    golden: TensorRange, calibration: TensorRange | None, dead: DeadChannels, integers: Extent
) -> LayerRanges:
    """One layer's line."""
    values = dict(golden.constant)
    return LayerRanges(
        golden.name,
        golden.type,
        golden.channels,
        golden.folded,
        extent(golden.minimum, golden.maximum),
        extent(*golden.photos) if golden.photos else None,
        extent(calibration.minimum, calibration.maximum) if calibration else None,
        extent(*integers) if integers else None,
        len(dead.channels),
        sum(values[channel] == 0 for channel in dead.channels),
        dead.channels[:FIRST],
    )


def extent(minimum: float | None, maximum: float | None) -> Extent:
    """Both ends with six digits; None where one was not finite."""
    return None if minimum is None or maximum is None else (float(f"{minimum:.6g}"), float(f"{maximum:.6g}"))


def ranges_bytes(document: LayersRanges) -> bytes:
    """The file's content: JSON, a layer in a line."""
    head = msgspec.json.encode(msgspec.structs.replace(document, layers=()))
    lines = b",\n".join(msgspec.json.encode(layer) for layer in document.layers)
    return head.removesuffix(b"]}") + b"\n" + lines + b"\n]}\n"


def read_layers_ranges(path: Path) -> LayersRanges:
    """The document of an artifact, which anybody may have written. Raises UsageError where it is none, or a newer
    edgekit's.
    """
    document = read_json(path, LayersRanges, LARGEST_BYTES, "file of ranges", "Run `edgekit verify` again.")
    if document.schema > SCHEMA:
        raise UsageError(f"{path} was written by edgekit {document.edgekit}, which is newer", "Update edgekit.")
    return document
