"""Makes `edgekit/inputs/photos/*.png` from the original files in the wheels of scikit-image and scikit-learn.

    python tools/bundle_golden_photos.py FOLDER [--replace]

FOLDER holds the originals that `photos.toml` names, from the wheels' `skimage/data` and
`sklearn/datasets/images`. Needs Pillow. Without `--replace` nothing is written: every photo is made anew and
its pixels compared with the bundled file's.
"""

import argparse
import hashlib
import tomllib
from pathlib import Path

from PIL import Image

BUNDLE = Path(__file__).resolve().parents[1] / "edgekit" / "inputs" / "photos"
SHORT_SIDE = 320
LONGEST_SIDE = 400


def shrink(original: Image.Image) -> Image.Image:
    """RGB with a short side of 320 px (Lanczos; never enlarged) and at most 400 px long, cut about the
    middle."""
    image = original.convert("RGB")
    ratio = SHORT_SIDE / min(image.size)
    if ratio < 1:
        size = (round(image.width * ratio), round(image.height * ratio))
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (max(0, side - LONGEST_SIDE) // 2 for side in image.size)
    return image.crop((left, top, left + min(image.width, LONGEST_SIDE), top + min(image.height, LONGEST_SIDE)))


def main() -> None:
    """Makes each photo; checks it against the bundle, or with `--replace` writes it and prints its hash."""
    parser = argparse.ArgumentParser(description="Make the golden photos from their originals.")
    parser.add_argument("originals", type=Path)
    parser.add_argument("--replace", action="store_true", help="write the files instead of comparing them")
    arguments = parser.parse_args()
    for photo in tomllib.loads((BUNDLE / "photos.toml").read_text(encoding="utf-8"))["photo"]:
        original = arguments.originals / photo["original"]
        found = hashlib.sha256(original.read_bytes()).hexdigest()
        if found != photo["original_sha256"]:
            raise SystemExit(f"{original} is not the file that photos.toml names: its sha256 is {found}")
        image = shrink(Image.open(original))
        bundled = BUNDLE / photo["file"]
        if arguments.replace:
            # PNG: every decoder, on a device too, gives the same pixels.
            image.save(bundled, "PNG", optimize=True)
        elif Image.open(bundled).tobytes() != image.tobytes():
            raise SystemExit(f"{bundled.name}: the bundled file has other pixels than this script makes")
        digest = hashlib.sha256(bundled.read_bytes()).hexdigest()
        print(f"{photo['file']:16} {image.width}x{image.height} {digest}")


if __name__ == "__main__":
    main()
