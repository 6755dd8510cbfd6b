# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26", "safetensors>=0.4.5"]
# ///
"""Give torchvision's ResNet weights the names that PaddleClas has for them.

    python rename_resnet.py resnet50.safetensors renamed.safetensors

Reads what `safetensors.torch.save_file(model.state_dict(), ...)` has written of resnet18, 34, 50, 101 or 152 with any
number of classes. Both sides have the same layers but for one: PaddleClas's ResNet18 and 34 have a convolution in the
first shortcut, where torchvision adds the block's input as it is. It becomes a convolution that changes nothing.
"""

import re
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

EPSILON = 1e-5  # of both sides' batch norms
LAYER = re.compile(
    r"(?:(?P<stem>conv|bn)1|layer(?P<stage>\d)\.(?P<block>\d+)"
    r"\.(?:(?P<part>conv|bn)(?P<number>\d)|downsample\.(?P<short>[01])))"
    r"\.(?P<tensor>weight|bias|running_mean|running_var)"
)
TENSORS = {"running_mean": "_mean", "running_var": "_variance"}


def renamed(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors under PaddleClas's names, linear layers transposed. Ends the program at another name."""
    found = {name: LAYER.fullmatch(name) for name in tensors}
    blocks = sorted({(int(one["stage"]), int(one["block"])) for one in found.values() if one and one["stage"]})
    result = {}
    for name, value in tensors.items():
        if name == "fc.weight":
            result[name] = np.ascontiguousarray(value.T)
        elif name == "fc.bias":
            result[name] = value
        elif (match := found[name]) is not None:
            result[paddle_name(match, blocks)] = value
        elif not name.endswith(".num_batches_tracked"):
            sys.exit(f"{name} is no tensor of torchvision's ResNet")
    if "blocks.0.short.conv.weight" not in result:
        result |= nothing_changed(len(result["stem.0.bn.weight"]))
    return result


def paddle_name(match: re.Match[str], blocks: list[tuple[int, int]]) -> str:
    """PaddleClas's name of a tensor. It counts the `blocks` of all stages in a row, and their layers from 0."""
    tensor = TENSORS.get(match["tensor"], match["tensor"])
    if match["stem"]:
        return f"stem.0.{match['stem']}.{tensor}"
    block = blocks.index((int(match["stage"]), int(match["block"])))
    if match["short"]:
        return f"blocks.{block}.short.{('conv', 'bn')[int(match['short'])]}.{tensor}"
    return f"blocks.{block}.conv{int(match['number']) - 1}.{match['part']}.{tensor}"


def nothing_changed(channels: int) -> dict[str, np.ndarray]:
    """A 1x1 convolution and a batch norm that hand on what they get."""
    one, nothing = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    return {
        "blocks.0.short.conv.weight": np.eye(channels, dtype=np.float32)[:, :, None, None],
        "blocks.0.short.bn.weight": one,
        "blocks.0.short.bn.bias": nothing,
        "blocks.0.short.bn._mean": nothing,
        "blocks.0.short.bn._variance": one - np.float32(EPSILON),
    }


if __name__ == "__main__":
    save_file(renamed(load_file(sys.argv[1])), sys.argv[2])
