"""The golden inputs: the tensors that reference, runner and device all get.

Real photos come first, since decisions are counted on them; synthetic samples follow, since they reach
frequencies and values that photos do not. Everything is made from single-value and integer arithmetic, so a
seed gives the same bits, and `samples_sha256` the same hash, on every machine and with every numpy.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from edgekit.errors import UsageError
from edgekit.inputs.images import load_image
from edgekit.inputs.photo_folder import OwnPhoto
from edgekit.inputs.prepare import normalised, preprocess, quantised, value_range
from edgekit.inputs.preprocessing import Preprocessing

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["photo", "synthetic"]

_PHOTOS = Path(__file__).parent / "photos"


class GoldenPhoto(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bundled photo and where it is from (an entry of `photos/photos.toml`)."""

    name: str
    file: str
    sha256: str
    shows: str
    author: str
    licence: str
    licence_stated_in: str
    source: str
    package: str
    package_version: str
    original: str
    original_sha256: str

    @property
    def path(self) -> Path:
        """The bundled PNG."""
        return _PHOTOS / self.file


@dataclass(frozen=True)
class GoldenInputs:
    """Input tensors with a label for each sample."""

    tensors: "Mapping[str, np.ndarray]"
    """Input name to float32 [N, C, H, W], or to 8-bit levels, uint8 [N, H, W, C]."""
    labels: tuple[str, ...]
    """N names for people: "photo cat", "synthetic noise 0"."""
    kinds: tuple[Kind, ...]
    """What each of the N samples is."""

    @cached_property
    def samples_sha256(self) -> str:
        """Hash over names, shapes and little-endian values of all tensors (names in sorted order), 64 hex
        digits."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            tensor = self.tensors[name]
            digest.update(f"{name} {tensor.dtype.name} {list(tensor.shape)}\n".encode())
            digest.update(tensor.astype(tensor.dtype.newbyteorder("<"), order="C", copy=False).tobytes())
        return digest.hexdigest()

    def levels(self, preprocessing: Preprocessing) -> "GoldenInputs":
        """The 8-bit photos before their normalisation, and noise rounded to 8 bits: uint8 [N, H, W, C]."""
        return replace(self, tensors={name: quantised(value, preprocessing) for name, value in self.tensors.items()})

    def from_levels(self, preprocessing: Preprocessing) -> "GoldenInputs":
        """What becomes of `levels` with that preprocessing: the same photos, and noise that 8 bits can say."""
        levels = self.levels(preprocessing).tensors
        return replace(self, tensors={name: normalised(value, preprocessing) for name, value in levels.items()})

    def write_inputs(self, path: Path) -> None:
        """Write the tensors as safetensors; labels, kinds and hash go into its metadata (JSON lists, a
        string)."""
        path.write_bytes(self.as_file())

    def as_file(self) -> bytes:
        """What `write_inputs` writes. The order of its metadata differs from run to run."""
        import numpy as np
        from safetensors.numpy import save

        metadata = {
            "labels": msgspec.json.encode(self.labels).decode(),
            "kinds": msgspec.json.encode(self.kinds).decode(),
            "samples_sha256": self.samples_sha256,
        }
        # Only contiguous arrays: safetensors writes memory order under the given shape, and silently scrambles others.
        return save({name: np.ascontiguousarray(value) for name, value in self.tensors.items()}, metadata)


def bundled_photos() -> tuple[GoldenPhoto, ...]:
    """The photos in this package, in the order in which they become samples."""
    text = (_PHOTOS / "photos.toml").read_text(encoding="utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["photo"], list[GoldenPhoto]))


def golden_inputs(
    preprocessing: Preprocessing,
    input_name: str,
    *,
    photos: int = 8,
    synthetic: int = 2,
    seed: int = 0,
    own: Sequence[OwnPhoto] | None = None,
) -> GoldenInputs:
    """The first `photos` bundled photos, preprocessed, then `synthetic` samples, as one input [N, C, H, W].

    With `own` photos, they take the bundled ones' place, all of them.

    Synthetic samples alternate between white noise (mean 0, variance 1, within 6) and smooth 1/f-like noise,
    both clipped to the values that an 8-bit image can have after this preprocessing; where these have quite another
    range than normalised ones (0..255), the noise is spread over it.

    Raises `UsageError` when asked for more photos than are bundled, for no sample, or where a photo is smaller than
    what the preprocessing cuts out.
    """
    import numpy as np

    available = bundled_photos()
    if not 0 <= photos <= len(available) or synthetic < 0 or photos + synthetic == 0:
        raise UsageError(
            f"golden inputs of {photos} photos and {synthetic} synthetic samples cannot be made",
            f"Ask for at most {len(available)} photos and for at least one sample.",
        )
    samples: list[np.ndarray] = []
    labels: list[str] = []
    kinds: list[Kind] = []
    for photo in available[:photos] if own is None else own:
        samples.append(preprocess(load_image(photo.path, alpha=preprocessing.has_alpha), preprocessing))
        labels.append(f"photo {photo.name}")
        kinds.append("photo")
    lowest, highest = (limit[:, None, None] for limit in value_range(preprocessing))
    height, width = preprocessing.input_size
    shape = (preprocessing.channels, height, width)
    for index in range(synthetic):
        smooth = index % 2 == 1
        make = _smooth_noise if smooth else _white_noise
        # A bit generator per sample: asking for more samples leaves the earlier ones as they are.
        values = make(np.random.PCG64(np.random.SeedSequence([seed, index])), shape)
        values = _spread(values, lowest, highest)
        samples.append(np.clip(values, lowest, highest))
        labels.append(f"synthetic {'smooth noise' if smooth else 'noise'} {index}")
        kinds.append("synthetic")
    return GoldenInputs({input_name: np.stack(samples)}, tuple(labels), tuple(kinds))


def _spread(noise: "np.ndarray", lowest: "np.ndarray", highest: "np.ndarray") -> "np.ndarray":
    """Noise of variance 1 over the range of an image's values, where that is not of normalised ones: float32.

    ImageNet's normalisation gives ranges of 4.4, mean and deviation 0.5 one of 2, 0..1 one of 1.
    """
    import numpy as np

    width = (highest - lowest).astype(np.float64)
    # A channel of zeros has no range at all.
    if ((width == 0) | ((width >= 1) & (width <= 8))).all():
        return noise
    spread = lowest + width / 2 + noise.astype(np.float64) * (width / 4.4)
    return spread.astype(np.float32)


def _white_noise(bits: "np.random.PCG64", shape: tuple[int, int, int]) -> "np.ndarray":
    """Near-normal noise, float32 of `shape` (C, H, W): mean 0, variance 1.

    The sum of twelve uniform values less six (Irwin-Hall). Numpy promises a bit generator's raw output for
    ever, and that of its normal distribution only within a version (NEP 19).
    """
    import numpy as np

    channels, height, width = shape
    count = channels * height * width
    uniform = bits.random_raw(3 * count).astype("<u8").view("<u2").reshape(count, 12)
    total = uniform.sum(axis=1, dtype=np.int64)
    # Each 16-bit value v stands for (v + 1/2) / 65536; sums below 2^53 are exact.
    values = (total + 6).astype(np.float64) / 65536.0 - 6.0
    return values.astype(np.float32).reshape(shape)


def _smooth_noise(bits: "np.random.PCG64", shape: tuple[int, int, int]) -> "np.ndarray":
    """Noise whose amplitude falls as 1/frequency, like that of photos: float32 of `shape` (C, H, W), mean 0,
    variance ~1.

    Octaves of white noise, bilinearly enlarged, with as many cells along the longer side. All have the same variance,
    which spread over an area of frequencies that grows fourfold makes power fall as 1/f^2 and amplitude as 1/f.
    """
    import numpy as np

    channels, height, width = shape
    longer = max(height, width)
    total = np.zeros(shape, dtype=np.float64)
    octaves, cells = 0, 2

    def between(count: int) -> "tuple[np.ndarray, np.ndarray]":
        position = (np.arange(count) + 0.5) * (cells / longer)
        before = np.minimum(position.astype(np.intp), cells - 1)
        return before, position - before

    while cells <= longer:
        grid = _white_noise(bits, (channels, cells + 1, cells + 1)).astype(np.float64)
        (down, below), (across, after) = between(height), between(width)
        rows = grid[:, down] + (grid[:, down + 1] - grid[:, down]) * below[None, :, None]
        total += rows[:, :, across] + (rows[:, :, across + 1] - rows[:, :, across]) * after[None, None, :]
        octaves, cells = octaves + 1, cells * 2
    # Blending two values with weights w and 1 - w leaves 2/3 of the variance on average, per axis.
    return (total / (max(octaves, 1) * 4 / 9) ** 0.5).astype(np.float32)
