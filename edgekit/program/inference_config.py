"""Reads what a training toolkit wrote beside an exported model: `inference.yml` or `infer_cfg.yml`.

PaddleClas and PaddleX write `PreProcess: transform_ops: [{ResizeImage: {...}}, ...]`, PaddleDetection's and older
exporters `Preprocess: [{type: Resize, ...}, ...]`. Both name the same few steps. A step that edgekit's preprocessing
cannot express is an error that names it: a model fed with other pixels than it was trained on is silently wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.program.output_config import SaidOfOutputs, said_of_outputs

NAMES = ("inference.yml", "infer_cfg.yml", "inference.yaml")
LARGEST_BYTES = 4 << 20
WAY_OUT = "Say how images are prepared with a recipe of your own (--recipe FILE), or remove that file."
# The names and numbers of what edgekit does: cv2.INTER_LINEAR, and Pillow's BILINEAR and BICUBIC.
INTERPOLATIONS = {
    "cv2": {1: "bilinear", "bilinear": "bilinear", "linear": "bilinear", None: "bilinear"},
    "pil": {2: "bilinear", 3: "bicubic", "bilinear": "bilinear", "bicubic": "bicubic", None: "bilinear"},
}
BACKENDS = {"cv2": "opencv", "pil": "pillow"}
# Steps that edgekit takes anyway: reading an image as RGB, and channels first.
IMPLIED = {"DecodeImage", "ToCHWImage", "Permute", "KeepKeys", "ToTensor"}


@dataclass(frozen=True)
class InferenceConfig:
    """What a file beside a model says: fields of a Preprocessing, the classes' names, and what the outputs are."""

    path: Path
    preprocessing: dict[str, Any] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    outputs: SaidOfOutputs = field(default_factory=SaidOfOutputs)


def inference_config(folder: Path) -> InferenceConfig | None:
    """The configuration in `folder`, or None where there is none. Raises UsageError for what cannot be followed."""
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        return None
    document = read_yaml(path)
    found: dict[str, Any] = {}
    for name, options in steps(document, path):
        if name in IMPLIED:
            check_implied(name, options, path)
            continue
        reader = READERS.get(name)
        if reader is None:
            raise UsageError(f"{path} prepares images with {name}, which edgekit does not know", WAY_OUT)
        try:
            found.update(reader(options))
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise UsageError(f"{path} has a step {name} that edgekit cannot follow: {error}", WAY_OUT) from None
    if found.get("crop") and "resize_short" not in found:
        found["resize_short"] = found["crop"]
    return InferenceConfig(path, found, class_names(document), said_of_outputs(document, path))


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's table, read without building any object that it names. Raises UsageError where it is none."""
    import yaml

    if path.stat().st_size > LARGEST_BYTES:
        raise UsageError(f"{path} is too large for a model's configuration", WAY_OUT)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} is not YAML: {reason}", WAY_OUT) from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not a model's configuration", WAY_OUT)
    return document


def steps(document: dict[str, Any], path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The steps in their order, each by its name with its options, from either way of writing them."""
    block = document.get("PreProcess") or document.get("Preprocess") or []
    listed = block.get("transform_ops", []) if isinstance(block, dict) else block
    if not isinstance(listed, list):
        raise UsageError(f"{path} does not list the steps of its preprocessing", WAY_OUT)
    for step in listed:
        if not isinstance(step, dict) or not step:
            raise UsageError(f"{path} has a step that is no table: {step!r}"[:200], WAY_OUT)
        if "type" in step:
            yield str(step["type"]), {key: value for key, value in step.items() if key != "type"}
            continue
        for name, options in step.items():
            yield str(name), options if isinstance(options, dict) else {}


def check_implied(name: str, options: dict[str, Any], path: Path) -> None:
    """Refuse the variants of reading and laying out that edgekit does not do."""
    to_rgb = options.get("to_rgb", True) and str(options.get("img_mode", "RGB")).upper() == "RGB"
    if not to_rgb or options.get("to_bgr", False):
        raise UsageError(f"{path} reads images as BGR ({name}), and edgekit as RGB", WAY_OUT)
    if options.get("channel_first", False) and name == "DecodeImage":
        raise UsageError(f"{path} reads images channels first ({name})", WAY_OUT)


def resize(options: dict[str, Any]) -> dict[str, Any]:
    """PaddleClas's ResizeImage (`resize_short`, or `size` for a square), Resize with one target side."""
    backend = str(options.get("backend") or "cv2").lower()
    if backend not in BACKENDS:
        raise ValueError(f"the backend {backend} is neither cv2 nor pil")
    interpolation = options.get("interpolation", options.get("interp"))
    if interpolation not in INTERPOLATIONS[backend]:
        raise ValueError(f"{backend}'s interpolation {interpolation} is none of edgekit's")
    how = {"resize_backend": BACKENDS[backend], "interpolation": INTERPOLATIONS[backend][interpolation]}
    if "resize_short" in options:
        return {**how, "resize_short": whole(options["resize_short"])}
    side = square(options.get("size", options.get("target_size")))
    if options.get("keep_ratio", False):
        return {**how, "resize_short": side}
    raise ValueError("it does not keep the picture's proportions, and edgekit's does")


def resize_by_short(options: dict[str, Any]) -> dict[str, Any]:
    """PaddleX's ResizeByShort."""
    return {"resize_short": whole(options.get("target_size", options.get("short_size")))}


def crop(options: dict[str, Any]) -> dict[str, Any]:
    """CropImage, CenterCrop: a square from the centre."""
    return {"crop": square(options.get("size", options.get("crop_size")))}


def normalize(options: dict[str, Any]) -> dict[str, Any]:
    """NormalizeImage: `scale` (a number or "1/255."), or `is_scale` for 1/255; mean and deviation by channel."""
    scale = options.get("scale", 1 / 255 if options.get("is_scale", True) else 1.0)
    factor = fraction(scale) if isinstance(scale, str) else float(1 / 255 if scale is None else scale)
    # Files hold 1/255 rounded, as 0.00392157: the step of 8 bits is meant.
    divide_by = 255.0 if abs(factor * 255 - 1) < 1e-5 else 1 / factor
    return {
        "divide_by": divide_by,
        "mean": triple(options.get("mean", (0.485, 0.456, 0.406))),
        "std": triple(options.get("std", (0.229, 0.224, 0.225))),
    }


def fraction(text: str) -> float:
    """A number, or a quotient of two such as "1./255.". PaddleClas evaluates it as Python; nothing is executed here."""
    over, slash, under = text.partition("/")
    return float(over) / float(under) if slash else float(over)


def whole(value: Any) -> int:
    """A number of pixels."""
    if isinstance(value, bool) or int(value) != value:
        raise ValueError(f"{value!r} is no number of pixels")
    return int(value)


def square(value: Any) -> int:
    """A side in pixels, given once or for both sides."""
    sides = [whole(side) for side in (value if isinstance(value, list | tuple) else [value])]
    if len(set(sides)) != 1:
        raise ValueError(f"{value} is not a square")
    return sides[0]


def triple(value: Any) -> tuple[float, float, float]:
    """A number for each of the three channels."""
    red, green, blue = (float(each) for each in value)
    return red, green, blue


READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ResizeImage": resize,
    "Resize": resize,
    "ResizeByShort": resize_by_short,
    "CropImage": crop,
    "CenterCrop": crop,
    "CenterCropImage": crop,
    "NormalizeImage": normalize,
    "Normalize": normalize,
}


def class_names(document: dict[str, Any]) -> tuple[str, ...] | None:
    """The classes' names, from PaddleX's `PostProcess: Topk: label_list` or a `label_list` of its own.

    Of labels that do not exclude each other, the same in `MultiLabelThreshOutput`.
    """
    post = document.get("PostProcess")
    step = (post.get("Topk") or post.get("MultiLabelThreshOutput")) if isinstance(post, dict) else None
    listed = step.get("label_list") if isinstance(step, dict) else document.get("label_list")
    return tuple(str(name) for name in listed) if isinstance(listed, list) and listed else None
