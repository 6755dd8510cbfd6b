"""Networks for any number of images."""

import numpy as np
from edgeworker.refusal import Refusal
from network import Network, build
from paddle_runtime import paddle
from weights import set_tensors

OPEN = -1
TRIED = 2  # images
SEED = 7
LARGEST_DIFFERENCE = 1e-3  # of the largest output: what two orders of the same sums may come to


def with_open_batch(one: Network, class_count: int, size: tuple[int, int], weights: dict[str, np.ndarray]) -> Network:
    """The network of `one`, whose tensors are in the scope, for any number of images.

    `forward` sees -1 for that number, and may compute with it as if it were one. So what it gives for some images is
    compared with what each gives alone; where that differs, Paddle rewrites its source, which then asks for the shape.
    Raises Refusal (input) where an architecture cannot take any number.
    """
    images = np.random.default_rng(SEED).standard_normal((TRIED, 3, *size), np.float32)
    alone = np.concatenate([_run(one, image[None]) for image in images])
    network = together = None
    try:
        network = build(one.architecture, class_count, size, OPEN, weights=weights)
        set_tensors(network, weights)
        together = _run(network, images)
    # A shape that was computed from -1 may fail anywhere, while the program is built or when it runs.
    except Exception:
        together = None
    if network is None or together is None or together.shape != alone.shape or _differ(together, alone):
        network = build(one.architecture, class_count, size, OPEN, weights=weights, from_source=True)
        set_tensors(network, weights)
        if _differ(_run(network, images), alone):
            raise Refusal(
                f"{one.architecture.name} takes no open batch: images give something else together than each alone",
                "Choose a number with --batch",
                kind="input",
            )
    return network


def _run(network: Network, images: np.ndarray) -> np.ndarray:
    executor = paddle.static.Executor(paddle.CPUPlace())
    (output,) = executor.run(network.program, feed={network.input.name: images}, fetch_list=[network.output.name])
    return output


def _differ(values: np.ndarray, truth: np.ndarray) -> bool:
    return bool(np.abs(values - truth).max() > LARGEST_DIFFERENCE * np.abs(truth).max())
