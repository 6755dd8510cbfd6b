"""The memory of a call: where each tensor lies, and what is too large or of no size is refused by what it is."""

import pytest

from edgekit.artifact.manifest import TensorSpec
from edgekit.errors import UsageError
from edgekit.serve.layout import SLOTS, layout_of
from tests.serve.manifests import manifest_of


def test_tensors_lie_one_behind_the_other_from_aligned_places() -> None:
    layout = layout_of(manifest_of(batch="dynamic", outputs=(
        TensorSpec("y", "y", (-1, 3), "float32"), TensorSpec("z", "z", (-1, 2), "float32"),
    )), 5, "m")  # fmt: skip
    assert layout["slots"] == SLOTS
    (x,), (y, z) = layout["inputs"], layout["outputs"]
    assert (x["shape"], y["shape"], z["shape"]) == ((5, 3, 32, 32), (5, 3), (5, 2))
    assert (x["offset"], y["offset"], z["offset"]) == (0, 5 * 3 * 32 * 32 * 4, 5 * 3 * 32 * 32 * 4 + 64)
    assert layout["bytes"] == z["offset"] + 64


@pytest.mark.parametrize(
    ("batch", "remedy"), [("dynamic", "Give a smaller --max-batch"), (4096, "Convert it with a smaller --batch")]
)
def test_memory_of_gigabytes_is_refused_with_the_way_out_that_there_is(batch: int | str, remedy: str) -> None:
    extent = batch if isinstance(batch, int) else -1
    inputs = (TensorSpec("x", "x", (extent, 3, 1024, 1024), "float32", "image"),)
    with pytest.raises(UsageError, match=remedy) as refused:
        layout_of(manifest_of(batch=batch, inputs=inputs), 4096, "m onnx")
    assert "m onnx takes 147456 MiB for 3 calls of 4096 samples, and at most 2048 are shared" in str(refused.value)


def test_an_extent_that_is_open_is_refused() -> None:
    with pytest.raises(UsageError, match="m has a tensor y of any size"):
        layout_of(manifest_of(outputs=(TensorSpec("y", "y", (1, -1), "float32"),)), 1, "m")
