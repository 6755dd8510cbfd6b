"""torchvision's ResNet18 in numpy, by its own names: what PyTorch would save, and what it would answer.

After torchvision/models/resnet.py (BasicBlock, ResNet), whose names and shapes these are.
"""

import numpy as np

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))
BLOCKS = 2
EPSILON = 1e-5

Weights = dict[str, np.ndarray]


class ResNet18:
    """A network with random weights, whose batch norms are settled on `image`, float32 [1, 3, H, W]."""

    def __init__(self, classes: int, image: np.ndarray) -> None:
        self.random = np.random.default_rng(0)
        self.weights: Weights = {}
        self.settling = True
        self.classes = classes
        self(image)
        self.settling = False

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The logits [1, classes]."""
        x = np.maximum(self.norm("bn1", self.convolve("conv1", image, 64, 7, 2)), 0)
        x = pooled(x)
        for number, (channels, stride) in enumerate(STAGES, start=1):
            for block in range(BLOCKS):
                x = self.block(f"layer{number}.{block}", x, channels, stride if block == 0 else 1)
        features = x.mean(axis=(2, 3))
        weight = self.made("fc.weight", (self.classes, features.shape[1]), features.shape[1] ** -0.5)
        return features @ weight.T + self.made("fc.bias", (self.classes,), 0.1)

    def block(self, name: str, x: np.ndarray, channels: int, stride: int) -> np.ndarray:
        """BasicBlock: two convolutions, and the input as it is where its shape fits."""
        y = self.norm(f"{name}.bn1", self.convolve(f"{name}.conv1", x, channels, 3, stride))
        y = self.norm(f"{name}.bn2", self.convolve(f"{name}.conv2", np.maximum(y, 0), channels, 3, 1))
        if stride != 1 or x.shape[1] != channels:
            x = self.norm(f"{name}.downsample.1", self.convolve(f"{name}.downsample.0", x, channels, 1, stride))
        return np.maximum(x + y, 0)

    def convolve(self, name: str, x: np.ndarray, channels: int, kernel: int, stride: int) -> np.ndarray:
        """A convolution without a bias, padded by half its kernel."""
        fan_in = x.shape[1] * kernel**2
        weight = self.made(f"{name}.weight", (channels, x.shape[1], kernel, kernel), (2 / fan_in) ** 0.5)
        side = kernel // 2
        padded = np.pad(x, ((0, 0), (0, 0), (side, side), (side, side)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride]
        return np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        """A batch norm as in evaluation."""
        shape = (x.shape[1],)
        weight = self.made(f"{name}.weight", shape, 0.1, shift=1)
        bias = self.made(f"{name}.bias", shape, 0.1)
        if self.settling:
            self.weights[f"{name}.running_mean"] = x.mean(axis=(0, 2, 3)).astype(np.float32)
            self.weights[f"{name}.running_var"] = x.var(axis=(0, 2, 3)).astype(np.float32)
            self.weights[f"{name}.num_batches_tracked"] = np.array(1, np.int64)
        mean, variance = self.weights[f"{name}.running_mean"], self.weights[f"{name}.running_var"]
        scale = weight / np.sqrt(variance + EPSILON)
        return (x - mean[:, None, None]) * scale[:, None, None] + bias[:, None, None]

    def made(self, name: str, shape: tuple[int, ...], spread: float, shift: float = 0) -> np.ndarray:
        """A tensor of the network, drawn when it is first asked for."""
        if name not in self.weights:
            self.weights[name] = (shift + spread * self.random.standard_normal(shape)).astype(np.float32)
        return self.weights[name]


def pooled(x: np.ndarray) -> np.ndarray:
    """The stem's pool: the largest of 3 x 3, every second."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2].max(axis=(4, 5))
