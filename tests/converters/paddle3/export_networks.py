"""Exports small networks the way people do with Paddle 3; runs in the Paddle 3 workers' environment.

python export_networks.py FOLDER
"""

# A type checker without Paddle takes the folder converters/paddle, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

import sys
from pathlib import Path

import paddle
from operator_networks import NETWORKS
from paddle import nn
from paddle.static import InputSpec

CLASSES = 7


class Plain(nn.Layer):
    """What numpy can compute too: convolution, batch norm, pools, a classifier; with a softmax or without."""

    def __init__(self, softmax: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2D(8)
        self.pool = nn.MaxPool2D(2)
        self.mean = nn.AdaptiveAvgPool2D(1)
        self.head = nn.Linear(8, CLASSES)
        self.softmax = softmax

    def forward(self, x):
        x = self.mean(self.pool(nn.functional.relu(self.norm(self.conv(x)))))
        x = self.head(paddle.flatten(x, 1))
        return nn.functional.softmax(x) if self.softmax else x


class Windowed(nn.Layer):
    """Computes with the picture's shape while it runs, as Twins does; two outputs, a list of tensors on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2D(3, 8, 4, stride=4)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.embed(x)
        batch, channels, height, width = x.shape
        rows, columns = height // 2, width // 2
        x = x.reshape([batch, channels, rows, 2, columns, 2]).transpose([0, 2, 4, 3, 5, 1])
        x = x.reshape([batch, rows * columns, 4, channels]).mean(axis=2)
        first, second = paddle.split(x, 2, axis=2)
        logits = self.head(paddle.concat([second, first], axis=2).mean(axis=1))
        return logits, nn.functional.softmax(logits, axis=-1)


class Endings(nn.Layer):
    """Outputs that mean different things: a label, features in two ways, classes, logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3, stride=2)
        self.label, self.head = nn.Linear(8, 1), nn.Linear(8, CLASSES)

    def forward(self, x):
        row = paddle.mean(self.conv(x), [2, 3], keepdim=True)
        x = paddle.flatten(row, 1)
        written_out = x / paddle.sqrt(paddle.sum(paddle.square(x), axis=1, keepdim=True))
        label, logits = nn.functional.sigmoid(self.label(x)), self.head(x)
        return label, nn.functional.normalize(x), written_out, nn.functional.softmax(row, axis=1), logits


class Unusual(nn.Layer):
    """Ends in an operator that paddle2onnx has no translation for."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x):
        return paddle.lgamma(paddle.abs(self.head(paddle.mean(x, [2, 3]))) + 1.0)


def export(layer: nn.Layer, path: Path, shape: list) -> None:
    """Write `path`.json and `path`.pdiparams for an FP32 input `x` of this shape; None is open."""
    paddle.jit.save(layer, str(path), input_spec=[InputSpec(shape, "float32", "x")])


def main(folder: Path) -> None:
    """Every network in a folder of its own."""
    paddle.seed(1)
    plain = Plain()
    plain.norm._momentum = 0.0
    plain(paddle.randn([16, 3, 32, 32]))  # gives the batch norm real statistics
    plain.eval()
    export(plain, folder / "plain" / "inference", [None, 3, 32, 32])
    plain.softmax = False
    export(plain, folder / "logits" / "mynet", [2, 3, 32, 32])
    windowed = Windowed()
    windowed.eval()
    export(windowed, folder / "windowed" / "inference", [None, 3, None, None])
    endings = Endings()
    endings.eval()
    export(endings, folder / "endings" / "inference", [None, 3, 32, 32])
    unusual = Unusual()
    unusual.eval()
    export(unusual, folder / "unusual" / "inference", [None, 3, 32, 32])
    for name, build in NETWORKS.items():
        network = build()
        network.eval()
        export(network, folder / name / "inference", [1, 3, 32, 32])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
