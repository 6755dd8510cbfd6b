"""Weights in 8 and 16 bits of a small file, damaged at random: no changed scale and no changed integer passes."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.protocol import Request

from tests.converters.lite import tiny_program
from tests.converters.lite.nb_patch import damaged_weights
from tests.converters.loading import load, load_own

pytestmark = pytest.mark.toolchain
parameters = load_own("lite", "parameters")
PRECISIONS = ["int8-weights", "int16-weights"]
STORED = tuple(tiny_program.parameters())


@pytest.fixture(scope="module")
def values() -> dict[str, np.ndarray]:
    """Values whose channels have scales of their own: those of the tiny program repeat. One bias is zero."""
    random = np.random.default_rng(0)
    shapes = {name: value.shape for name, value in tiny_program.parameters().items()}
    own = {name: random.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    own["fc.b"][2] = 0
    return own


@pytest.fixture(scope="module")
def contents(run_worker, values, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    program = tiny_program.save(tmp_path_factory.mktemp("tiny"), values=values)
    found = {}
    for precision in PRECISIONS:
        options = {"targets": ["arm"], "precision": precision, "rewrites": ["swish-beta", "declare-xshape"]}
        _, folder = run_worker("lite/convert.py", {"program": program}, options)
        found[precision] = (folder / "model.arm.nb").read_bytes()
    return found


@pytest.fixture(scope="module")
def explanations(values) -> Explanations:
    return Explanations(tiny_program.build(), values)


def account_of(content: bytes, explanations: Explanations, folder: Path) -> Account:
    path = folder / "model.arm.nb"
    path.write_bytes(content)
    return explanations.account(parameters.stored(Request({"model": path}, folder, {})))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_integer_is_explained(precision: str, contents, explanations: Explanations, tmp_path: Path) -> None:
    found = account_of(contents[precision], explanations, tmp_path)
    assert (found.unexplained, found.unused) == ([], [])
    bits = precision.removeprefix("int").removesuffix("-weights")
    assert found.explained[f"the same as, in {bits} bits"] == len(STORED)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("seed", range(102))
def test_a_changed_scale_swapped_scales_and_a_changed_integer_are_found(
    seed: int, precision: str, contents, explanations: Explanations, tmp_path: Path
) -> None:
    name, what, content = damaged_weights(contents[precision], seed)
    found = account_of(content, explanations, tmp_path)
    assert [one.name for one in found.unexplained] == [name], what


def test_what_is_damaged_is_another_file(contents) -> None:
    """Each kind of damage on each parameter, and none leaves the file as it was."""
    original = contents["int8-weights"]
    model = load("lite", "nb_format").parse_nb(original)
    assert {name: one.values.dtype.name for name, one in model.parameters.items()} == dict.fromkeys(STORED, "int8")
    damaged = [damaged_weights(original, seed) for seed in range(102)]
    assert all(content != original for _, _, content in damaged)
    kinds = {(name, what.split()[0]) for name, what, _ in damaged}
    assert kinds == {(name, kind) for name in STORED for kind in ("scale", "swap", "integer")}
