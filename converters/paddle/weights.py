"""Trained tensors: read from a file, compared with what the network has, put into the scope."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from edgeworker.refusal import Refusal
from network import Network
from paddle_runtime import paddle
from safetensors import safe_open

DTYPES = {"F16", "F32"}
INTEGERS = {"I32", "I64"}  # tables of positions, which PaddleClas saves with the weights
SHOWN = 4  # tensors that a message names before it counts the rest


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Structured name -> array, float32 or integers. Raises Refusal (input) for other types and infinite values."""
    tensors: dict[str, np.ndarray] = {}
    with safe_open(path, framework="numpy") as file:
        wrong = [
            f"{name} ({dtype})"
            for name in file.keys()  # noqa: SIM118  the file is no mapping
            if (dtype := file.get_slice(name).get_dtype()) not in DTYPES | INTEGERS
        ]
        if wrong:
            raise Refusal(
                f"the weights hold tensors that are neither float16 nor float32: {_some(wrong)}", kind="input"
            )
        for name in file.keys():  # noqa: SIM118
            value = file.get_tensor(name)
            tensors[name] = value if value.dtype.kind == "i" else value.astype(np.float32, copy=False)
    broken = [name for name, value in tensors.items() if not np.isfinite(value).all()]
    if broken:
        raise Refusal(f"the weights hold NaN or infinite values: {_some(broken)}", kind="input")
    return tensors


def class_count(weights: dict[str, np.ndarray], head: str | None) -> int | None:
    """The classes that the classifier's weight `head` tells apart; None without it.

    A linear layer's is [features, classes], a convolution's [classes, features, 1, 1].
    """
    value = None if head is None else weights.get(head)
    return None if value is None or value.ndim not in (2, 4) else int(value.shape[1 if value.ndim == 2 else 0])


def check_fit(network: Network, weights: dict[str, np.ndarray]) -> None:
    """Raise Refusal (input), naming the first few, unless the weights are exactly the network's tensors."""
    wanted = network.shapes
    unequal = [
        f"{name} is {list(shape)} in the architecture and {list(weights[name].shape)} in the weights"
        for name, shape in wanted.items()
        if name in weights and weights[name].shape != shape
    ]
    missing = [name for name in network.trained if name not in weights]
    integers = [name for name in network.trained if name in weights and weights[name].dtype.kind == "i"]
    unexpected = [name for name in weights if name not in wanted]
    if integers:
        raise Refusal(f"the weights hold whole numbers where a network has none: {_some(integers)}", kind="input")
    count = len(unequal) + len(missing) + len(unexpected)
    if not count:
        return
    parts = [_some(unequal, "; ")] if unequal else []
    parts += [f"missing: {_some(missing)}"] if missing else []
    parts += [f"unexpected: {_some(unexpected)}"] if unexpected else []
    raise Refusal(
        f"{count} of {len(wanted) + len(unexpected)} tensors do not fit {network.architecture.name}: "
        + "; ".join(parts),
        f"Give the weights of {network.architecture.name}, or name the model that these weights belong to",
        kind="input",
    )


def set_tensors(network: Network, weights: dict[str, np.ndarray], dtype: type[np.floating] = np.float32) -> None:
    """Put every tensor into the current scope under its program name, as `dtype`; integers as they are.

    Folded values count more than `weights`, and those more than what the constructor computed.
    """
    values = dict(network.constants)
    given = weights if network.folded is None else network.folded
    values |= {variable.name: given[name] for name, variable in network.tensors.items() if name in given}
    scope = paddle.static.global_scope()
    for name, value in values.items():
        ready = np.ascontiguousarray(value, dtype=dtype if value.dtype.kind == "f" else value.dtype)
        scope.var(name).get_tensor().set(ready, paddle.CPUPlace())


def _some(items: Iterable[str], separator: str = ", ") -> str:
    listed = list(items)
    rest = len(listed) - SHOWN
    return separator.join(listed[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
