"""Weights in 8 bits of a small file, damaged at random: no changed scale, lowest value or integer passes."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.paddle_program import new_program
from edgeworker.protocol import Request
from onnx import helper

from tests.converters.lib.ledger.programs import add_op
from tests.converters.loading import load_own
from tests.converters.mnn.damage import damaged_weights
from tests.converters.mnn.onnx_models import small_model

pytestmark = pytest.mark.toolchain
parameters = load_own("mnn", "parameters")
SEEDS = 120


def values() -> dict[str, np.ndarray]:
    """A convolution with a channel of zeros, a depthwise one of one value for each channel, and a product."""
    random = np.random.default_rng(0)
    shapes = {"w": (6, 3, 3, 3), "d": (6, 1, 1, 1), "p": (6, 12)}
    found = {name: random.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    found["w"][2] = 0
    return found


@pytest.fixture(scope="module")
def converted(run_worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "d"], ["c"], group=6),
        helper.make_node("Relu", ["c"], ["e"]),
        helper.make_node("GlobalAveragePool", ["e"], ["f"]),
        helper.make_node("Flatten", ["f"], ["g"]),
        helper.make_node("MatMul", ["g", "p"], ["y"]),
    ]
    model = small_model(tmp_path_factory.mktemp("small"), nodes, [1, 3, 8, 8], values())
    return run_worker("mnn/convert.py", {"onnx": model}, {"precision": "int8-weights"})[1] / "model.mnn"


@pytest.fixture(scope="module")
def explanations() -> Explanations:
    program = new_program()
    for kind, slot, name in (("conv2d", "Filter", "w"), ("depthwise_conv2d", "Filter", "d"), ("matmul_v2", "Y", "p")):
        add_op(program.blocks[0], kind, {slot: [name]}, f"{name}.out")
    return Explanations(program, values())


def account_of(path: Path, explanations: Explanations) -> Account:
    return explanations.account(parameters.stored(Request({"model": path}, path.parent, {})))


def test_every_integer_is_explained(converted: Path, explanations: Explanations) -> None:
    """Those of channels of one value too, whose scale is zero."""
    found = account_of(converted, explanations)
    assert (found.unexplained, found.unused) == ([], [])
    assert sum(count for how, count in found.explained.items() if how.endswith("in 8 bits")) == 3


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_changed_scale_swapped_scales_a_changed_lowest_value_and_a_changed_integer_are_found(
    seed: int, converted: Path, explanations: Explanations, tmp_path: Path
) -> None:
    name, what, content = damaged_weights(converted, converted.read_bytes(), seed)
    (tmp_path / "model.mnn").write_bytes(content)
    found = account_of(tmp_path / "model.mnn", explanations)
    assert [one.name for one in found.unexplained] == [name], what


def test_what_is_damaged_is_another_file(converted: Path) -> None:
    """Each kind of damage, and none leaves the file as it was."""
    content = converted.read_bytes()
    damaged = [damaged_weights(converted, content, seed) for seed in range(SEEDS)]
    assert all(other != content for _, _, other in damaged)
    assert {what.split()[0] for _, what, _ in damaged} == {"scale", "swap", "integer", "lowest"}
    assert len({name for name, _, _ in damaged}) == 3
