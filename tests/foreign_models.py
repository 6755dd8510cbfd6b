"""Exports small Paddle 2 models the way people do, into a folder; runs in the Paddle workers' environment.

python foreign_models.py FOLDER
"""

import zlib  # noqa: F401  isort: skip  Paddle needs it first
import sys
from pathlib import Path

import paddle
from paddle import nn
from paddle.static import InputSpec

CLASSES = 7


class Classifier(nn.Layer):
    """Two convolutions, a global pool, a classifier; with a softmax or without."""

    def __init__(self, softmax: bool, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2D(channels, 16, 3, stride=2, padding=1, bias_attr=False)
        self.norm = nn.BatchNorm2D(16)
        self.conv2 = nn.Conv2D(16, 32, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.head = nn.Linear(32, CLASSES)
        self.softmax = softmax

    def forward(self, x):
        x = nn.functional.relu(self.norm(self.conv1(x)))
        x = self.pool(nn.functional.hardswish(self.conv2(x)))
        x = self.head(paddle.flatten(x, 1))
        return nn.functional.softmax(x) if self.softmax else x


class Ending(nn.Layer):
    """The same body with another end: what the values of the output mean."""

    def __init__(self, end: str, classes: int = CLASSES) -> None:
        super().__init__()
        self.body = Classifier(softmax=False)
        self.body.head = nn.Linear(32, classes)
        self.end = end

    def forward(self, x):
        if self.end == "sigmoid":
            return nn.functional.sigmoid(self.body(x))
        if self.end == "rare":
            return nn.functional.sigmoid(4 * self.body(x) - 9.0)
        x = nn.functional.relu(self.body.norm(self.body.conv1(x)))
        x = self.body.pool(nn.functional.hardswish(self.body.conv2(x)))
        if self.end == "row":
            return nn.functional.softmax(x, axis=1)
        if self.end == "length":
            return nn.functional.normalize(paddle.flatten(x, 1))
        assert self.end == "written out"
        x = paddle.flatten(x, 1)
        return x / paddle.sqrt(paddle.sum(x * x, axis=1, keepdim=True))


class Flattened(nn.Layer):
    """Its classifier knows the size of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 32 * 32, CLASSES)

    def forward(self, x):
        return self.head(paddle.flatten(x, 1))


class Windows(nn.Layer):
    """Cuts the picture into windows and counts with shapes while it does, like transformers."""

    def __init__(self) -> None:
        super().__init__()
        self.token = self.create_parameter([1, 1, 3 * 16])
        self.mix = nn.Linear(3 * 16, 16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        count, channels, height, width = x.shape
        x = x.reshape([count, channels, height // 4, 4, width // 4, 4])
        windows = x.transpose([0, 2, 4, 1, 3, 5]).reshape([-1, channels * 16])
        rows = paddle.reshape(windows, [count, -1, channels * 16]) + self.token.expand([count, -1, -1])
        features = self.mix(paddle.tanh(rows)).mean(1)
        return self.head(paddle.reshape(features, [features.shape[0], -1]))


class Constants(nn.Layer):
    """Numbers of every kind in its forward: a row of three for each picture."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = self.create_parameter([3], default_initializer=nn.initializer.Constant(0.5))

    def forward(self, x):
        y = paddle.mean(x, [2, 3]) * paddle.to_tensor([0.3, 0.7, -1.1]) * self.factor + paddle.full([3], 0.1)
        y = paddle.where(y > 0.1, y, y * paddle.to_tensor([2, 3, 5], dtype="int64").astype("float32"))
        z = paddle.full_like(y, 0.2)
        z[:, 1:] = 0.4
        return y + z + paddle.arange(3, dtype="float32") / 7.0


class Rare(nn.Layer):
    """What people write and targets lack: parts written into, patches, slices by dimension or of nothing, squares."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3, stride=2, padding=1)
        self.part = nn.Conv2D(4, 4, 1)
        self.norm = nn.BatchNorm2D(8, weight_attr=False, bias_attr=False)
        self.row = self.create_parameter([1, 16])
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        mean = paddle.to_tensor([0.485, 0.456, 0.406]).reshape([1, 3, 1, 1])
        x = self.conv(x - mean)
        x[:, :4] = self.part(x[:, :4])
        mask = paddle.zeros([1, 1, 16, 16])
        mask[:, :, :8, 4:] = 1.0
        x = self.norm(x * (mask + 0.5))
        tiles = nn.functional.unfold(x, 2, 2)
        x = x + nn.functional.fold(paddle.tanh(tiles), [16, 16], 2, 2)
        around = nn.functional.unfold(x, 3, 1, 1).reshape([x.shape[0], 8, 9, 256])
        x = x + nn.functional.fold(nn.functional.sigmoid(around).reshape([x.shape[0], 72, 256]), [16, 16], 3, 1, 1)
        first, second = paddle.unbind(around.reshape([x.shape[0], 8, 9, 2, 128]), 3)
        six = around.reshape([x.shape[0], 2, 4, 9, 16, 16]).sum(3).reshape([x.shape[0], 8, 16, 16])
        x = paddle.concat(
            [x + six / 9.0, (first * second).sum(2).reshape([x.shape[0], 8, 16, 8]).tile([1, 1, 1, 2])], 1
        )
        x = x / paddle.sqrt(x.pow(2).mean(1, keepdim=True) + paddle.square(x).mean(1, keepdim=True) + 1e-3)
        return self.head(paddle.mean(x, [2, 3]) + paddle.concat([self.row[:, :0], self.row[:, 0:]], 1))


class Unusual(nn.Layer):
    """Ends in an operator that no target has."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x):
        return paddle.lgamma(paddle.abs(self.head(paddle.mean(x, [2, 3]))) + 1.0)


class Overflowing(nn.Layer):
    """Its numbers leave FP16 on the way, and come back; the rectifier lets nothing through of channel 3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16, CLASSES)
        weight, bias = self.conv.weight.numpy(), self.conv.bias.numpy()
        weight[3], bias[3] = 0.0, -1.0
        self.conv.weight.set_value(weight)
        self.conv.bias.set_value(bias)

    def forward(self, x):
        x = nn.functional.relu(self.conv(x)) * 3e5
        x = paddle.mean(x, [2, 3]) * (1 / 3e5)
        return self.head(x)


class Indifferent(nn.Layer):
    """A softmax that is sure of one class whatever it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return nn.functional.softmax(self.head(paddle.mean(x, [2, 3])) * 1e-7 + paddle.to_tensor([12.0, 0.0]))


class Clipped(nn.Layer):
    """Has an activation that Paddle Lite lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.head(paddle.mean(nn.functional.hardtanh(self.conv(x)), [2, 3]))


class Halves(nn.Layer):
    """Cuts its channels in two equal parts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2D(3, 16, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2D(8, 16, 3, stride=2, padding=1)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        first, second = paddle.split(nn.functional.relu(self.conv1(x)), 2, axis=1)
        x = nn.functional.relu(self.conv2(first * second))
        return self.head(paddle.mean(x, [2, 3]))


class TwoInputs(nn.Layer):
    """As detectors do, it also takes the picture's scale."""

    def forward(self, x, scale):
        return paddle.mean(x, [2, 3]) * scale


class Segmenter(nn.Layer):
    """A map, not a row of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(3, CLASSES, 1)

    def forward(self, x):
        return self.conv(x)


def export(layer: nn.Layer, path: Path, *shapes: list) -> None:
    """Write `path`.pdmodel and `path`.pdiparams for FP32 inputs of these shapes; None is open."""
    layer.eval()
    paddle.jit.save(layer, str(path), input_spec=[InputSpec(shape, "float32") for shape in shapes])


def main(out: Path) -> None:
    """Write every model into a folder of its own."""
    paddle.seed(1)
    export(Classifier(softmax=True), out / "open" / "inference", [None, 3, None, None])
    export(Classifier(softmax=False), out / "logits" / "mynet", [None, 3, 64, 64])
    export(Ending("rare"), out / "labels" / "inference", [None, 3, 64, 64])
    export(Ending("sigmoid", 1), out / "one_label" / "inference", [None, 3, 64, 64])
    export(Ending("row"), out / "row" / "inference", [None, 3, 64, 64])
    export(Ending("length"), out / "features" / "inference", [None, 3, 64, 64])
    export(Ending("written out"), out / "features_written_out" / "inference", [None, 3, 64, 64])
    export(Flattened(), out / "flattened" / "inference", [1, 3, 32, 32])
    export(Flattened(), out / "sized" / "inference", [None, 3, None, None])
    export(Classifier(softmax=False), out / "strip" / "inference", [None, 3, 48, None])
    export(Classifier(softmax=True), out / "wide" / "inference", [None, 3, 32, 64])
    export(Classifier(softmax=True, channels=1), out / "grey" / "inference", [None, 1, 28, 28])
    export(Classifier(softmax=False, channels=4), out / "four" / "inference", [None, 4, None, None])
    export(Windows(), out / "windows" / "inference", [None, 3, None, None])
    export(Constants(), out / "constants" / "inference", [None, 3, 32, 32])
    export(Rare(), out / "rare" / "inference", [None, 3, 32, 32])
    export(Unusual(), out / "unusual" / "inference", [1, 3, 32, 32])
    export(Overflowing(), out / "overflowing" / "inference", [1, 3, 32, 32])
    export(Indifferent(), out / "indifferent" / "inference", [1, 3, 32, 32])
    export(Clipped(), out / "clipped" / "inference", [1, 3, 32, 32])
    export(Halves(), out / "halves" / "inference", [1, 3, 32, 32])
    export(TwoInputs(), out / "two_inputs" / "inference", [1, 3, 32, 32], [1, 1])
    export(Segmenter(), out / "segmenter" / "inference", [1, 3, 32, 32])

    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())
    program, _, _ = paddle.static.load_inference_model(str(out / "open" / "inference"), executor)
    old = out / "old"
    paddle.static.io.save_vars(
        executor, str(old), program, predicate=lambda v: v.persistable and v.name not in ("feed", "fetch")
    )
    (old / "__model__").write_bytes((out / "open" / "inference.pdmodel").read_bytes())


main(Path(sys.argv[1]))
