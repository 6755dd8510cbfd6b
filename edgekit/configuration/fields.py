"""From the steps of a configuration, in their order, to the fields of a Preprocessing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edgekit.configuration.options import NotFollowed
from edgekit.configuration.steps import Crop, Decode, Normalise, Nothing, Pad, Resize, Step, To255th
from edgekit.inputs.preprocessing import STEP_BY_STEP
from edgekit.inputs.size import Size

NO_CROP = (
    "resizes photos to a short side of {short} px and cuts nothing out; the middle, as large as the input, is taken"
)
NO_NORMALISATION = "has no step that normalises: the levels 0 to 255 go into the model as they are"


@dataclass
class Fields:
    """What the steps say: every field of a Preprocessing, `crop` only where they name a size; and what to tell."""

    found: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fields_of(steps: Sequence[Step]) -> Fields:
    """The fields that make a Preprocessing do what `steps` do, one after another.

    Raises NotFollowed, naming it, for an order or a combination that a Preprocessing does not have.
    """
    fields = Fields(
        {"crop_first": "none", "resize": "none", "size_rounding": "half_even", "resize_backend": "opencv",
         "interpolation": "bilinear", "crop_origin": "centre_floor", "channel_order": "RGB", "min_value": 0.0,
         "divide_by": 1.0, "mean": 0.0, "std": 1.0, "normalisation": STEP_BY_STEP}
    )  # fmt: skip
    geometry = Geometry(fields.found, pillow=any(isinstance(step, Decode) and step.pillow for step in steps))
    scale, normalised, bgr = 1.0, False, False
    for step in steps:
        match step:
            case Nothing():
                pass
            case Decode():
                bgr = step.bgr
            case To255th():
                scale = 255.0
            case Normalise():
                if normalised:
                    raise NotFollowed("it normalises twice")
                normalised = True
                normalise(fields.found, step, scale, bgr=bgr)
            case Resize() | Crop() | Pad():
                if normalised or scale != 1.0:
                    raise NotFollowed("it resizes, crops or pads what is normalised already")
                geometry.add(step)
    if not normalised:
        fields.found.update(divide_by=scale, channel_order="BGR" if bgr else "RGB")
        if scale == 1.0:
            fields.notes.append(NO_NORMALISATION)
    geometry.settle(fields.notes)
    return fields


def normalise(found: dict[str, Any], step: Normalise, scale: float, *, bgr: bool) -> None:
    """Set the fields of the normalisation; `scale` is what the levels were divided by before."""
    if scale != 1.0 and step.divide_by != (1.0,):
        raise NotFollowed("it divides the levels twice")
    found.update(
        min_value=plain(step.minimum),
        divide_by=scale if scale != 1.0 else plain(step.divide_by),
        mean=plain(step.mean),
        std=plain(step.std),
        channel_order=("BGR" if bgr else "RGB") + ("0" if step.zeros else ""),
    )


def plain(values: tuple[float, ...]) -> float | tuple[float, ...]:
    """One number where all channels share it."""
    return values[0] if len(values) == 1 else values


@dataclass
class Geometry:
    """The steps that change a picture's size, taken one after another into `found`."""

    found: dict[str, Any]
    pillow: bool
    resized: Resize | None = None
    cropped: Crop | None = None
    padded: Pad | None = None

    def add(self, step: Resize | Crop | Pad) -> None:
        """Take the next step. Raises NotFollowed where nothing does it after those before."""
        if isinstance(step, Resize):
            if self.resized or self.padded:
                raise NotFollowed("it resizes a second time, or after padding")
            self._cut_first()
            self.resized = step
            backend = ("pillow" if self.pillow else "opencv") if step.backend == "decoder" else step.backend
            self.found.update(
                resize={"short": "short", "stretch": "stretch", "fit": "letterbox"}[step.kind],
                resize_backend=backend,
                interpolation=step.interpolation,
                size_rounding=step.rounding,
            )
        elif isinstance(step, Crop):
            if self.cropped or self.padded:
                raise NotFollowed("it crops a second time, or after padding")
            self.cropped = step
            self.found["crop_origin"] = step.origin
        else:
            if self.padded or self.cropped or not (self.resized and self.resized.kind == "fit"):
                raise NotFollowed("it pads what is not resized to fit first")
            self.padded = step

    def _cut_first(self) -> None:
        """What was cropped before the picture is resized."""
        if self.cropped is None:
            return
        if self.cropped.origin != "centre_floor":
            raise NotFollowed("it crops with another rounding before it resizes")
        self.found["crop_first"] = tuple(self.cropped.size)
        self.cropped = None

    def settle(self, notes: list[str]) -> None:
        """Set the sizes once all steps are known. Raises NotFollowed where they do not come to one size."""
        resized, cropped = self.resized, self.cropped
        if resized is not None and resized.kind == "fit":
            self._settle_letterbox(resized)
        elif cropped is not None:
            self.found["crop"] = tuple(cropped.size)
            if resized is not None and resized.kind == "stretch":
                self.found["resize_to"] = tuple(resized.size)
        elif resized is not None and resized.kind == "stretch":
            self.found["crop"] = tuple(resized.size)
            self.found["resize_to"] = tuple(resized.size)
        if resized is not None and resized.kind == "short":
            self.found["resize_short"] = resized.size.height
            if cropped is None:
                notes.append(NO_CROP.format(short=resized.size.height))

    def _settle_letterbox(self, resized: Resize) -> None:
        if self.padded is None or self.cropped is not None:
            raise NotFollowed("it resizes photos to fit and does not pad them: the input's size would follow the photo")
        if self.padded.size != resized.size:
            raise NotFollowed(f"it resizes photos to fit into {resized.size} and pads them to {self.padded.size}")
        self.found.update(
            crop=tuple(resized.size), pad_value=plain(self.padded.levels), pad_position=self.padded.position
        )


def size_in(found: dict[str, Any]) -> Size | None:
    """The input's size that fields name, None where they name none."""
    return Size.of(found["crop"]) if "crop" in found else None
