"""Makes the bundled demo weights from a .pdparams file: the same bytes from the same file, every time.

    python tools/bundle_demo_weights.py MixNet_S_cifar10.pdparams edgekit/weights/demo/MixNet_S.safetensors

Prints the SHA-256 that belongs into the .toml file beside the weights.
"""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from edgekit.filesystem.hashing import file_sha256
from edgekit.weights.pdparams import read_pdparams

METADATA = {
    "model": "MixNet_S",
    "origin": "trained from scratch for this project on CIFAR-10's 50,000 training images",
    "classes": "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck",
    "input": "1x3x64x64 RGB: the 32 px image enlarged bilinearly with half-pixel centres, divided by 255, "
    "mean 0.485 0.456 0.406, std 0.229 0.224 0.225",
    "accuracy": "top-1 82.55 % on CIFAR-10's 10,000 test images with this file; 82.54 % before narrowing",
    "precision": "float16; batch-norm variances below half precision's normal range (6.1e-5) in float32",
    "licence": "Apache-2.0",
}
HALF = np.finfo(np.float16)


def narrowed(name: str, tensor: np.ndarray) -> np.ndarray:
    """The tensor in float16, or as it is where half precision would lose what matters.

    A weight that underflows is as good as zero, but batch norm divides by the square root of a variance,
    where the relative error counts.
    """
    magnitude = np.abs(tensor)
    if name.endswith("_variance") and magnitude.min() < float(HALF.tiny):
        return tensor
    if magnitude.max() > float(HALF.max):
        return tensor
    return tensor.astype(np.float16)


def main(source: Path, target: Path) -> None:
    """Write the narrowed tensors of `source` to `target` and say what was done."""
    tensors = {name: narrowed(name, tensor) for name, tensor in read_pdparams(source).items()}
    kept = [name for name, tensor in tensors.items() if tensor.dtype == np.float32]
    # The library orders metadata as a hash table does, differently in every run; so it is put in by hand,
    # sorted.
    target.write_bytes(with_metadata(save(tensors), METADATA))
    print(f"{len(tensors)} tensors, {target.stat().st_size} bytes, in float32: {', '.join(kept) or 'none'}")
    print(f'sha256 = "{file_sha256(target)}"')


def with_metadata(data: bytes, metadata: dict[str, str]) -> bytes:
    """Add `__metadata__` to a serialised safetensors file, its keys in order."""
    import json

    length = int.from_bytes(data[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(data[8 : 8 + length])}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
