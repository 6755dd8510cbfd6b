"""Trained tensors: read from a file, compared with what the network has, put into the scope."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from edgeworker.protocol import Refusal
from network import Network
from paddle_runtime import paddle
from safetensors import safe_open

DTYPES = {"F16", "F32"}
SHOWN = 4  # tensors that a message names before it counts the rest


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Structured name -> float32 array. Raises Refusal (input) for other types and for values that are not finite."""
    tensors: dict[str, np.ndarray] = {}
    with safe_open(path, framework="numpy") as file:
        wrong = [
            f"{name} ({dtype})"
            for name in file.keys()  # noqa: SIM118  the file is no mapping
            if (dtype := file.get_slice(name).get_dtype()) not in DTYPES
        ]
        if wrong:
            raise Refusal(
                f"the weights hold tensors that are neither float16 nor float32: {_some(wrong)}", kind="input"
            )
        for name in file.keys():  # noqa: SIM118
            tensors[name] = file.get_tensor(name).astype(np.float32, copy=False)
    broken = [name for name, value in tensors.items() if not np.isfinite(value).all()]
    if broken:
        raise Refusal(f"the weights hold NaN or infinite values: {_some(broken)}", kind="input")
    return tensors


def class_count(weights: dict[str, np.ndarray], head: str) -> int | None:
    """The classes that the classifier's weight `head`, [features, classes], tells apart; None without it."""
    value = weights.get(head)
    return None if value is None or value.ndim != 2 else int(value.shape[1])


def check_fit(network: Network, weights: dict[str, np.ndarray]) -> None:
    """Raise Refusal (input), naming the first few, unless the weights are exactly the network's tensors."""
    wanted = network.shapes
    unequal = [
        f"{name} is {list(shape)} in the architecture and {list(weights[name].shape)} in the weights"
        for name, shape in wanted.items()
        if name in weights and weights[name].shape != shape
    ]
    missing = [name for name in wanted if name not in weights]
    unexpected = [name for name in weights if name not in wanted]
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
    """Put every tensor into the current scope under its program name, as `dtype`."""
    scope = paddle.static.global_scope()
    for name, variable in network.tensors.items():
        value = np.ascontiguousarray(weights[name], dtype=dtype)
        scope.var(variable.name).get_tensor().set(value, paddle.CPUPlace())


def _some(items: Iterable[str], separator: str = ", ") -> str:
    listed = list(items)
    rest = len(listed) - SHOWN
    return separator.join(listed[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
