"""How PaddleClas's configurations evaluate a model: its input size and preprocessing, in edgekit's words.

The evaluation's, not `Infer`'s: the published accuracies were measured with it, and where the two differ (MobileNetV4,
FasterNet, MobileViT) `Infer` was left at a default.
"""

from pathlib import Path
from typing import Any

import yaml

USUAL_MEAN, USUAL_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BACKENDS = {"cv2": "opencv", "pil": "pillow"}


class Unknown(ValueError):
    """A step of a configuration that edgekit has no words for."""


def evaluations(checkout: Path, folder: str = "ImageNet") -> dict[str, dict[str, Any]]:
    """Model's name -> its preprocessing, for every configuration that is called as its model is."""
    found = {}
    for path in sorted((checkout / "ppcls/configs" / folder).rglob("*.yaml")):
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        name = config.get("Arch", {}).get("name")
        if name == path.stem:
            found[name] = preprocessing(config["DataLoader"]["Eval"]["dataset"]["transform_ops"])
    return found


def preprocessing(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Fields of `Preprocessing`, only those that differ from PaddleClas's usual evaluation; always `crop`."""
    fields: dict[str, Any] = {}
    for step in steps:
        ((name, options),) = step.items()
        options = dict(options or {})
        match name:
            case "DecodeImage":
                if options.get("backend", "cv2") == "cv2" and options.get("to_rgb", options.get("to_np")) is False:
                    fields |= {"channel_order": "BGR"} if options.get("to_rgb") is False else {}
            case "ResizeImage":
                fields |= resize(options)
            case "CropImage":
                fields["crop"] = sides(options["size"])
            case "CropImageAtRatio":
                # The centre of size / (size + pad) of the shorter side, then resized: the same but for rounding.
                fields |= {"resize_short": options["size"] + options["pad"], "crop": options["size"]}
            case "NormalizeImage":
                fields |= normalisation(options)
            case "ToCHWImage":
                pass
            case _:
                raise Unknown(f"{name} {options}")
    return fields


def resize(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that `ResizeImage` decides."""
    fields: dict[str, Any] = {}
    if "resize_short" in options:
        fields["resize_short"] = options["resize_short"]
    else:
        size = options["size"]  # PaddleClas gives width first
        fields |= {"resize": "stretch", "crop": size if isinstance(size, int) else sides(size[::-1])}
    backend, interpolation = options.get("backend", "cv2"), options.get("interpolation", "bilinear")
    if backend != "cv2":
        fields["resize_backend"] = BACKENDS[backend]
    if interpolation != "bilinear":
        fields["interpolation"] = interpolation
    return fields


def sides(size: int | list[int]) -> int | list[int]:
    """A square's side as one number."""
    return size if isinstance(size, int) else size[0] if size[0] == size[1] else list(size)


def normalisation(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that `NormalizeImage` decides."""
    scale = options.get("scale", 1.0)
    divide_by = 255.0 if scale in ("1.0/255.0", "1/255.0", 0.00392157) else 1 / float(scale)
    fields: dict[str, Any] = {} if divide_by == 255.0 else {"divide_by": divide_by}
    for key, usual in (("mean", USUAL_MEAN), ("std", USUAL_STD)):
        if options[key] != usual:
            fields[key] = options[key]
    return fields


def split(way: dict[str, Any]) -> dict[str, Any]:
    """A preprocessing as the catalog has it: the size, the shorter side, and what else is not usual."""
    rest = dict(way)
    size = rest.pop("crop", 224)
    short = rest.pop("resize_short", 256 if rest.get("resize") != "stretch" else None)
    return {
        "size": size,
        **({"resize_short": short} if short else {}),
        **({"preprocessing": rest} if rest else {}),
    }
