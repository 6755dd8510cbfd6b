"""The six changes that the benchmark makes: each changes what it says, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from tests.diagnose.damage import Stored
from tests.ledger.damages import DAMAGES, read

CLASSES = 5
SHAPES = {"conv.weight": (4, 6), "conv.bias": (4,), "head.weight": (7, CLASSES), "head.bias": (CLASSES,)}


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, Stored]:
    """A convolution and a classifier that stand one behind the other in a file, some bytes before them."""
    random, content, found = np.random.default_rng(0), bytes(3), {}
    file = tmp_path / "m.bin"
    for name, shape in SHAPES.items():
        values = random.normal(0, 1, shape).astype(np.float32)
        found[name] = Stored(name, file, len(content), values.size, shape[0], shape)
        content += values.tobytes()
    file.write_bytes(content)
    return found


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("seed", range(8))
def test_only_what_is_named_is_changed(stored: dict[str, Stored], kind: str, seed: int) -> None:
    before = {name: read(one) for name, one in stored.items()}
    done = DAMAGES[kind](stored, CLASSES, np.random.default_rng(seed))
    assert done is not None
    changed = {name for name, one in stored.items() if not np.array_equal(read(one), before[name])}
    assert changed == ({"head.weight", "head.bias"} if "classes" in kind else {done[0]})
    values = read(stored[done[0]])
    if kind.startswith("x"):
        ratio = values.astype(np.float64) / before[done[0]]
        assert np.unique(np.round(ratio, 4)).tolist() == [1, float(kind[1:])]
    elif kind == "a bias of zeros":
        assert "bias" in done[0]
        assert not values.any()
    else:
        assert sorted(values) == sorted(before[done[0]])


def test_swapped_classes_are_swapped_in_both(stored: dict[str, Stored]) -> None:
    weight, bias = (read(stored[name]) for name in ("head.weight", "head.bias"))
    DAMAGES["two classes swapped"](stored, CLASSES, np.random.default_rng(1))
    moved = np.flatnonzero(read(stored["head.bias"]) != bias)
    order = np.arange(CLASSES)
    order[moved] = moved[::-1]
    np.testing.assert_array_equal(read(stored["head.bias"]), bias[order])
    np.testing.assert_array_equal(read(stored["head.weight"]).reshape(7, -1), weight.reshape(7, -1)[:, order])


def test_without_a_classifier_there_are_no_classes_to_swap(stored: dict[str, Stored]) -> None:
    assert DAMAGES["two classes swapped"](stored, 9, np.random.default_rng(0)) is None
