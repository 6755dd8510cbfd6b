"""Finds a tensor that was cut out of a parameter: a run of its channels along one axis, in the source's order."""

from dataclasses import dataclass

import numpy as np

from edgeworker.ledger.match import agree, agreeing, orders, widened
from edgeworker.ledger.sources import Parameter, Source

FIRST, LAST, ALL = slice(1), slice(-1, None), slice(None)


@dataclass(frozen=True)
class Piece:
    """Channels `start` to `stop` of a source along its `axis`, in the order of axes `order` (None: its own)."""

    source: Source
    axis: int
    start: int
    stop: int
    order: tuple[int, ...] | None

    @property
    def how(self) -> str:
        """In words."""
        return "a part of" + (", transposed" if self.order else "")

    def laid_out(self, shape: tuple[int, ...]) -> np.ndarray:
        """Its values as the tensor of that shape has them."""
        values = self.source.values()[(slice(None),) * self.axis + (slice(self.start, self.stop),)]
        return (values if self.order is None else values.transpose(self.order)).reshape(shape)


class Cuts:
    """Which parts of each parameter were found: one is used where they make up the whole."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], np.ndarray] = {}

    def add(self, piece: Piece) -> None:
        """Note a part."""
        for name in piece.source.names:
            found = self._found.setdefault((name, piece.axis), np.zeros(piece.source.shape[piece.axis], bool))
            found[piece.start : piece.stop] = True

    def whole(self) -> set[str]:
        """The parameters of which every channel was found."""
        return {name for (name, _), found in self._found.items() if found.all()}


def find_piece(stored: np.ndarray, sources: list[Source], rounded: np.ndarray | None = None) -> Piece | None:
    """The first parameter that a tensor is a part of, or None.

    `rounded` is by how much each of its values was rounded, of the same shape, where they were.
    """
    flat = stored.reshape(-1)
    bound = None if rounded is None else np.ascontiguousarray(rounded).reshape(-1)
    for source in sources:
        size = int(np.prod(source.shape))
        # Of what several parameters were put into nothing is cut.
        if not isinstance(source, Parameter) or len(source.shape) < 1 or size <= flat.size:
            continue
        for order in orders(source.shape):
            laid = source.values() if order is None else source.values().transpose(order)
            for axis, extent in enumerate(laid.shape):
                count, rest = divmod(flat.size * extent, size)
                if rest or not 0 < count < extent:
                    continue
                if (start := _start(flat, laid, axis, count, bound)) is not None:
                    return Piece(source, order[axis] if order else axis, start, start + count, order)
    return None


def _start(flat: np.ndarray, laid: np.ndarray, axis: int, count: int, rounded: np.ndarray | None) -> int | None:
    """Where along `axis` the run of `count` channels starts that is `flat`, or None."""
    firsts = laid[tuple(slice(None) if one == axis else 0 for one in range(laid.ndim))][: laid.shape[axis] - count + 1]
    for start in map(int, np.flatnonzero(agreeing(flat[:1], firsts, widened(None, rounded, FIRST)))):
        run = laid[tuple(slice(start, start + count) if one == axis else slice(None) for one in range(laid.ndim))]
        # The last value first: it costs nothing.
        if not agree(flat[-1:], run[(-1,) * run.ndim].reshape(1), widened(None, rounded, LAST)):
            continue
        if agree(flat, np.ascontiguousarray(run).reshape(-1), widened(None, rounded, ALL)):
            return start
    return None
