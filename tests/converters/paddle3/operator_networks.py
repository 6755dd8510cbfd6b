"""Networks that use every operator which edgekit writes as one of Paddle 2: each gives one column of the output.

A column is a weighted sum of what the operator makes, so that values in another order give another sum.
"""

# A type checker without Paddle takes the folder converters/paddle, which has its name, for it.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false

import paddle
import paddle.nn.functional as F
from paddle import nn

SIDE = 8


class Columns(nn.Layer):
    """A picture [N, 3, 32, 32] as [N, 4, 8, 8], and what `results` makes of it as one row for each picture."""

    def forward(self, x):
        x = F.avg_pool2d(x, 4)
        x = paddle.concat([x, x[:, :1] - x[:, 1:2]], axis=1)
        return paddle.concat([self.column(value) for value in self.results(x)], axis=1)

    def column(self, value):
        """[1, 1]: the values, of whatever shape and type, weighted."""
        flat = value.astype("float32").reshape([1, -1])
        weights = paddle.linspace(0.5, 1.5, flat.shape[1]).reshape([1, -1])
        return (flat * weights).mean(axis=1, keepdim=True)

    def results(self, x):
        """What the operators make."""
        raise NotImplementedError


class ValueByValue(Columns):
    """Activations, arithmetic, comparisons."""

    def __init__(self) -> None:
        super().__init__()
        self.prelu = nn.PReLU(4, init=0.3)

    def results(self, x):
        y, positive = x.flip([3]) + 0.1, x.abs() + 0.5
        yield from (F.relu(x), F.relu6(x * 9), F.sigmoid(x), F.silu(x), F.swish(x), F.softsign(x), F.log_sigmoid(x))
        yield from (F.tanhshrink(x), paddle.tanh(x), F.gelu(x), F.gelu(x, approximate=True), F.mish(x), F.celu(x))
        yield from (F.elu(x, 0.7), F.selu(x), F.softplus(x, beta=2.0), F.leaky_relu(x, 0.2), self.prelu(x))
        yield from (F.hardswish(x), F.hardsigmoid(x), F.hardtanh(x, -0.2, 0.3), F.hardshrink(x, 0.2))
        yield from (F.softshrink(x, 0.1), F.thresholded_relu(x, 0.1), paddle.clip(x, -0.1, 0.2))
        yield from (paddle.abs(x), paddle.ceil(x), paddle.cos(x), paddle.erf(x), paddle.exp(x), paddle.floor(x))
        yield from (paddle.log(positive), paddle.log1p(positive), paddle.log2(positive), paddle.reciprocal(positive))
        yield from (paddle.round(x * 3), paddle.rsqrt(positive), paddle.sign(x), paddle.sin(x), paddle.sqrt(positive))
        yield from (paddle.square(x), x.pow(3), x * 2.5 + 0.5, (x > 0).astype("float32"), paddle.assign(x))
        yield from (x + y, x - y, x * y, x / positive, paddle.pow(positive, y), paddle.maximum(x, y))
        yield from (paddle.minimum(x, y), positive % 0.3, positive // 0.3, paddle.add_n([x, y, positive]))
        more, less = x > y, x <= 0.1
        yield from (x == y, x >= y, more, less, x < y, x != y)
        yield from (paddle.logical_and(more, less), paddle.logical_or(more, less), paddle.logical_xor(more, less))
        yield from (paddle.logical_not(more), paddle.where(more, x, y))


class OverNeighbours(Columns):
    """Convolutions, pools, norms, products, reductions."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.LayerList(
            [
                nn.Conv2D(4, 6, 3, stride=2, padding=1),
                nn.Conv2D(4, 8, 3, padding="SAME", groups=4, bias_attr=False),
                nn.Conv2D(4, 4, 3, padding=[1, 2], dilation=2, groups=2),
                nn.Conv2DTranspose(4, 6, 3, stride=2, padding=1, output_padding=1),
                nn.Conv2DTranspose(4, 4, 2, stride=2, groups=4),
            ]
        )
        self.norms = nn.LayerList([nn.BatchNorm2D(4), nn.GroupNorm(2, 4), nn.InstanceNorm2D(4), nn.LayerNorm(SIDE)])
        self.linear = nn.Linear(SIDE, 5)

    def results(self, x):
        yield from (conv(x) for conv in self.convs)
        yield from (norm(x) for norm in self.norms)
        yield from (F.layer_norm(x, [SIDE, SIDE]), F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1, exclusive=False))
        yield from (
            F.max_pool2d(x, 3, 2, ceil_mode=True),
            F.adaptive_avg_pool2d(x, [2, 3]),
            F.adaptive_max_pool2d(x, 2),
        )
        yield from (F.interpolate(x, size=[5, 6], mode="bilinear"), F.interpolate(x, scale_factor=2, mode="nearest"))
        yield from (F.interpolate(x, scale_factor=1.5, mode="bicubic", align_corners=True),)
        yield from (F.interpolate(x, size=paddle.shape(x)[2:] + 1, mode="bilinear", align_corners=True),)
        yield from (self.linear(x), x.matmul(x, transpose_y=True), paddle.bmm(x[0], x[0]), F.softmax(x, 1))
        yield from (F.log_softmax(x), paddle.logsumexp(x, [1, 2]), paddle.norm(x, 2, axis=1), F.normalize(x, axis=2))
        yield from (x.mean(), x.mean([2, 3]), x.sum(-1, keepdim=True), x.max(1), x.min([1, 3]), x.prod(1))
        yield from (x.cumsum(2), x.argmax(1, keepdim=True), x.argmin(-1), *x.topk(2, axis=1))
        yield from (F.dropout(x, 0.3), F.dropout(x, 0.3, mode="downscale_in_infer"))
        grid = F.affine_grid(x[:, :2, :3, 0].transpose([0, 1, 2]), [1, 4, SIDE, SIDE], align_corners=False)
        yield F.grid_sample(x, grid, padding_mode="border", align_corners=False)


class Moved(Columns):
    """Tensors made, moved, cut and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 3)
        self.register_buffer("order", paddle.to_tensor([2, 0, 3, 1]))

    def results(self, x):
        first, second = paddle.split(x, [1, 3], axis=1)
        yield from (first, paddle.concat([second, first], axis=1), *paddle.split(x, 2, axis=2), *x.unbind(1))
        yield from (paddle.stack([x, x + 1], axis=2), x.squeeze(0), x.unsqueeze([1, 5]), x.flatten(1, 2))
        yield from (x.reshape([0, 2, -1, 4]), x.transpose([0, 3, 1, 2]), x[:, 1:3, ::2, -3:], x[:, :, 1], x[:, :, ::-1])
        yield from (x.flip([2, 3]), x.roll([1, -2], [2, 3]), x.tile([1, 2, 1, 3]), first.expand([1, 4, SIDE, SIDE]))
        yield from (F.pad(x, [1, 2, 0, 1]), F.pad(x, [1, 1, 1, 1], mode="reflect"), F.pad(x, [1, 0, 2, 0], value=0.5))
        yield from (
            F.pixel_shuffle(x, 2),
            F.pixel_unshuffle(x, 2),
            F.channel_shuffle(x, 2),
            paddle.tril(x),
            paddle.triu(x, 1),
        )
        yield from (F.unfold(x, 3, 2, 1), F.fold(F.unfold(x, 2, 2), [SIDE, SIDE], 2, 2), paddle.full_like(x, 0.25) * x)
        yield from (x.gather(self.order, axis=1), x.index_select(self.order, axis=2), self.embedding(self.order))
        yield from (
            paddle.gather_nd(x[0], self.order.reshape([2, 2])),
            paddle.to_tensor([0.5, 0.25, 1, 2]) * x[:, :, :, :4],
        )
        # In place, as networks write it; and what depends on constants alone, as Swin's mask does.
        changed = x * 1.0
        changed[:, 1:3] = second[:, :2] * 2
        numbered = x * 1.0
        numbered[:, :, 2:4, ::2] = 0.5
        mask = paddle.zeros([1, 1, SIDE, SIDE])
        mask[:, :, :3] = 1.0
        yield from (changed, numbered, paddle.where(mask == 0, mask - 2, mask) * x, paddle.eye(SIDE) + x)


NETWORKS = {"values": ValueByValue, "neighbours": OverNeighbours, "moved": Moved}
