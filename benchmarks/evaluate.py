"""How long `edgekit evaluate` takes beside the runtime itself, and how long for all of ImageNet's validation photos.

    uv run python benchmarks/evaluate.py CIFAR10.zip [--photos 1000] [--imagenet PHOTOS]

MixNet_S in OpenVINO: with its bundled weights at 64 px on photos of CIFAR-10, and at 224 px (with synthetic weights:
what it names does not matter here) on photos that are made as large as ImageNet's. Each time:

- runtime: what OpenVINO itself took for a photo, on all cores
- beside it: the same with preparing, and with preparing and decoding, as multiples of the runtime's own time
- all of it: from the command to its figures, start-up included

Runtime, preparing and decoding take turns on the same cores and are timed in one run, so that other work on the machine
lengthens all of them alike.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from edgekit.cache import cache_folder

PHOTOS_OF_IMAGENET = 50_000
LONG_SIDE = 500
"""Pixels: of most of ImageNet's photos."""


def run(cache: Path, *arguments: str | Path) -> tuple[str, float]:
    """What a command of edgekit's prints, and how long it took in seconds."""
    began = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-m", "edgekit", *map(str, arguments)],
        env={**os.environ, "EDGEKIT_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return answer.stdout, time.monotonic() - began


def enlarged(source: Path, target: Path, count: int) -> int:
    """Write a zip of photos that are as large as ImageNet's; returns how many."""
    from PIL import Image

    made = 0
    with zipfile.ZipFile(source) as photos, zipfile.ZipFile(target, "w") as archive:
        names = [name for name in photos.namelist() if name.lower().endswith((".jpg", ".jpeg"))]
        for index in range(min(count, len(names))):
            image = Image.open(io.BytesIO(photos.read(names[index * len(names) // min(count, len(names))])))
            factor = LONG_SIDE / max(image.size)
            stream = io.BytesIO()
            image.convert("RGB").resize((round(image.width * factor), round(image.height * factor))).save(
                stream, "JPEG", quality=92
            )
            archive.writestr(f"photo{index}.jpg", stream.getvalue())
            made += 1
    return made


def measured(cache: Path, artifact: Path, data: Path, photos: int) -> dict[str, Any]:
    """An evaluation of photos that nobody has seen, in figures."""
    document, seconds = run(
        cache, "evaluate", artifact, "--data", data, "--limit", str(photos), "--no-reference", "--json"
    )
    subject = json.loads(document)["about"]["subjects"][0]
    count, lanes = subject["measured"], subject["lanes"]
    runtime, lane, decoding = (subject[f"{name}_seconds"] for name in ("runtime", "lane", "decoding"))
    return {
        "photos": subject["ran"],
        "runtime_ms": 1000 * runtime / lanes / count,
        "prepared": (lane - decoding) / runtime,
        "decoded": lane / runtime,
        "seconds": seconds,
        "steady_ms": 1000 * lane / lanes / count,
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar10", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--imagenet", type=Path, help="a zip of photos that are made as large as ImageNet's")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekit-evaluate-") as folder:
        cache, out = Path(folder, "cache"), Path(folder, "artifacts")
        cache.mkdir()
        (cache / "environments").symlink_to((cache_folder() / "environments").resolve())
        rows = []
        run(cache, "convert", "MixNet_S", "-w", "demo", "-t", "openvino", "--out", out / "64", "--json")
        rows.append(("64 px", measured(cache, out / "64" / "MixNet_S" / "openvino", asked.cifar10, asked.photos)))
        if asked.imagenet is not None:
            large = Path(folder, "photos.zip")
            count = enlarged(asked.imagenet, large, asked.photos)
            run(cache, "convert", "MixNet_S", "-w", "synthetic", "-t", "openvino", "--out", out / "224", "--json")
            rows.append(("224 px", measured(cache, out / "224" / "MixNet_S" / "openvino", large, count)))
        print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
        print(f"{'':8}{'photos':>8}{'runtime':>12}{'+ preparing':>13}{'+ decoding':>12}{'all of it':>11}")
        for name, found in rows:
            print(
                f"{name:8}{found['photos']:>8}{found['runtime_ms']:>9.2f} ms{found['prepared']:>12.2f}x"
                f"{found['decoded']:>11.2f}x{found['seconds']:>9.1f} s"
            )
        if asked.imagenet is not None:
            minutes = rows[-1][1]["steady_ms"] * PHOTOS_OF_IMAGENET / 60_000
            print(f"{PHOTOS_OF_IMAGENET} photos at 224 px: about {minutes:.0f} minutes at this speed")


if __name__ == "__main__":
    main()
