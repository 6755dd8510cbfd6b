"""Writes small files of each kind that the fuzzers start from: python seeds.py FOLDER."""

import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

PARAM = """7767517
5 5
Input            in0       0 1 in0 0=16 1=16 2=3
Convolution      conv      1 1 in0 a 0=8 1=3 11=3 12=1 13=2 14=1 2=1 3=2 4=1 5=1 6=216
Pooling          pool      1 1 a b 0=1 1=0 11=0 12=1 13=0 2=1 3=0 4=1 5=1 -23309=2,1,1
InnerProduct     fc        1 1 b c 0=10 1=1 2=80
Softmax          softmax   1 1 c out0 0=0 1=1
"""
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def manifest() -> dict[str, object]:
    """A manifest with something of everything that is read."""
    record = {"sha256": "0" * 64, "bytes": 4}
    tensor = {"name": "x", "target_name": "in0", "shape": [1, 3, 64, 64], "dtype": "float32", "kind": "image"}
    output = {"name": "y", "target_name": "out0", "shape": [1, 2], "dtype": "float32"}
    figures = {"max_threshold": 1e-5, "noise": {"max_relative": 1e-6}, "against_oracle": {"max_relative": 1e-6}}
    verdict = {"status": "passed", "precision": "fp32", "outputs": {"y": figures}}
    return {
        "schema": 2,
        "edgekit": "0.1.0",
        "target": "ncnn",
        "precision": "fp32",
        "batch": 1,
        "model": {"name": "M", "class_count": 2, "class_names": ["cat", "dög \U0001f415"]},
        "preprocessing": {
            "orientation": "upright", "crop_first": "square", "resize": "letterbox", "crop": [64, 64],
            "pad_value": [1.0, 2.0, 3.0], "pad_position": "centre", "interpolation": "bicubic", "mean": IMAGENET[0],
            "std": IMAGENET[1], "divide_by": 255.0, "resize_short": None, "channel_order": "BGR",
        },
        "embedded_preprocessing": False,
        "inputs": [tensor],
        "outputs": [output | {"kind": "sigmoid", "thresholds": [0.25, 0.5]}],
        "files": {"M.ncnn.param": record | {"role": "model.ncnn.param"}, "M.bin": record | {"role": "model.ncnn.bin"}},
        "golden": {"golden.safetensors": record | {"role": "golden"}},
        "verdicts": [{"variant": "", "verdict": verdict, "machine": None}],
    }  # fmt: skip


def pictures() -> dict[str, bytes]:
    """JPEG and PNG files of every kind, 33 x 20 pixels of noise and smooth colour."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 33 * 20 * 4).reshape(20, 33, 4) + rng.integers(-9, 9, (20, 33, 4))
    colours = smooth.clip(0, 255).astype(np.uint8)
    rgba, grey = Image.fromarray(colours, "RGBA"), Image.fromarray(colours[:, :, 0])
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = Image.fromarray((colours[:, :, 0].astype(np.uint16) * 257).astype(np.uint16))
    kinds: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "baseline.jpg": (rgba.convert("RGB"), {}),
        "full.jpg": (rgba.convert("RGB"), {"subsampling": 0, "quality": 95}),
        "turned.jpg": (rgba.convert("RGB"), {"exif": exif}),
        "progressive.jpg": (rgba.convert("RGB"), {"progressive": True}),
        "restart.jpg": (rgba.convert("RGB"), {"restart_marker_blocks": 2}),
        "cmyk.jpg": (rgba.convert("RGB").convert("CMYK"), {}),
        "grey.jpg": (grey, {}),
        "rgb.png": (rgba.convert("RGB"), {"exif": exif}),
        "rgba.png": (rgba, {}),
        "palette.png": (rgba.convert("RGB").quantize(7), {"transparency": 3}),
        "grey.png": (grey, {}),
        "one.png": (grey.convert("1"), {}),
        "wide.png": (wide, {}),
    }
    files = {}
    for name, (picture, options) in kinds.items():
        stream = io.BytesIO()
        picture.save(stream, {"jpg": "JPEG", "png": "PNG"}[name[-3:]], **options)
        files[name] = stream.getvalue()
    return files


def write_seeds(folder: Path) -> None:
    """One folder for each fuzzer."""
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(5, dtype=np.uint8)}
    seeds = {
        "manifest": {"manifest.json": json.dumps(manifest()).encode()},
        "labels": {"labels": "cat\nd\u00f6g \U0001f415\u202e".encode(), "json": b'["cat", {"a": 1e3}]'},
        "image": pictures(),
        "safetensors": {"two": save(tensors, {"k": "v"})},
        "param": {"small.param": PARAM.encode()},
    }
    for name, files in seeds.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / name / file).write_bytes(content)


if __name__ == "__main__":
    write_seeds(Path(sys.argv[1]))
