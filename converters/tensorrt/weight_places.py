"""Finds the weights of an ONNX model in an engine: TensorRT-RTX keeps most of them bit for bit.

Missing are those that it folds into others, such as a batch normalisation after a Concat.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import onnx
from engine_record import WeightPlace
from onnx import numpy_helper

_WORD = 8  # bytes that are compared at first
_ALIGNMENT = 4  # bytes; every weight seen stood at such an offset: in FP32 at multiples of 8, in 8 bits between these
_CHUNK = 1 << 22  # words that are looked at together, so that little memory is taken
# In which other orders of their dimensions weights were seen: channels last, and transposed.
_ORDERS: dict[int, list[tuple[int, ...]]] = {2: [(1, 0)], 4: [(0, 2, 3, 1), (1, 0, 2, 3)]}
_SMALLEST = 64  # bytes; fewer could stand anywhere by chance
_CANDIDATES = 64  # places that one weight is compared with, at most


def weights_of(model: onnx.ModelProto) -> list[tuple[str, np.ndarray]]:
    """The initialisers in floating point, and in 8 bits, by name."""
    arrays = ((tensor.name, numpy_helper.to_array(tensor)) for tensor in model.graph.initializer)
    return [(name, array) for name, array in arrays if array.dtype in (np.float32, np.float16, np.int8)]


def find_weights(engine: bytes, weights: list[tuple[str, np.ndarray]]) -> list[WeightPlace]:
    """The places of those weights that the engine holds bit for bit, in the weights' order.

    Weights that say nothing (few bytes, or all of one value) are not looked for.
    """
    telling = {name: array for name, array in weights if array.nbytes >= _SMALLEST and array.min() < array.max()}
    needles: dict[int, list[tuple[str, tuple[int, ...] | None]]] = {}
    for name, array in telling.items():
        for order in (None, *_ORDERS.get(array.ndim, [])):
            first = _laid_out(array, order).ravel()[: _WORD // array.itemsize]
            needles.setdefault(int(first.view(np.uint64)[0]), []).append((name, order))
    found: dict[str, WeightPlace] = {}
    tried: dict[tuple[str, tuple[int, ...] | None], int] = {}
    for offset, word in _hits(engine, np.array(sorted(needles), dtype=np.uint64)):
        for name, order in needles[word]:
            if name in found or tried.get((name, order), 0) >= _CANDIDATES:
                continue
            tried[name, order] = tried.get((name, order), 0) + 1
            if (place := _placed(engine, offset, name, telling[name], order)) is not None:
                found[name] = place
    return [found[name] for name in telling if name in found]


def _hits(engine: bytes, words: np.ndarray) -> Iterator[tuple[int, int]]:
    """Every aligned offset in the engine that holds one of the sorted `words`, and the word."""
    if not len(words):
        return
    for shift in range(0, _WORD, _ALIGNMENT):
        count = (len(engine) - shift) // _WORD
        content = np.frombuffer(engine, dtype=np.uint64, count=max(count, 0), offset=min(shift, len(engine)))
        for start in range(0, len(content), _CHUNK):
            part = content[start : start + _CHUNK]
            nearest = np.minimum(np.searchsorted(words, part), len(words) - 1)
            for index in np.flatnonzero(words[nearest] == part).tolist():
                yield shift + (start + index) * _WORD, int(part[index])


def _placed(
    engine: bytes, offset: int, name: str, array: np.ndarray, order: tuple[int, ...] | None
) -> WeightPlace | None:
    content = _laid_out(array, order).tobytes()
    if engine[offset : offset + len(content)] != content:
        return None
    digest = hashlib.sha256(content).hexdigest()
    return WeightPlace(name, list(array.shape), offset, len(content), digest, list(order) if order else None)


def _laid_out(array: np.ndarray, order: tuple[int, ...] | None) -> np.ndarray:
    return np.ascontiguousarray(array if order is None else array.transpose(order))
