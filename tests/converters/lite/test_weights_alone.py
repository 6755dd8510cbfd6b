"""Weights in 8 and 16 bits (`--precision int8-weights`): half a step from the program's, and nothing beyond passes."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.stored import Quantised

from edgekit.errors import UsageError
from tests.converters.lite.nb_patch import patched_scale

pytestmark = pytest.mark.toolchain


def integers(bits: int) -> tuple[np.ndarray, np.ndarray, Quantised]:
    """A weight [4, 6], its integers, and how they are read."""
    largest = 2 ** (bits - 1) - 1
    weight = np.random.default_rng(bits).normal(0, 1, (4, 6)).astype(np.float32)
    scale = (np.abs(weight).max(axis=1) / np.float32(largest)).astype(np.float32)
    stored = np.rint(weight / scale[:, None]).astype(f"int{bits}")
    return weight, stored, Quantised(scale.astype(np.float64), np.zeros(1), 0, from_largest=largest)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_scale_that_is_off_by_a_thousandth_is_seen(bits: int) -> None:
    weight, stored, read = integers(bits)
    zero = np.zeros(weight.shape)
    assert (read.fault(stored), read.scale_fault(weight.astype(np.float64), zero)) == ("", "")
    assert (np.abs(read.values(stored) - weight) <= read.half_step(stored)).all()
    scale = read.scale.copy()
    scale[2] *= 1.001
    other = Quantised(scale, read.zero_point, 0, from_largest=read.from_largest)
    assert other.scale_fault(weight.astype(np.float64), zero) == (
        "the scales of 1 channels are not from their largest values"
    )


def test_a_channel_without_a_largest_integer_is_seen() -> None:
    _, stored, read = integers(8)
    stored[1] = np.clip(stored[1], -126, 126)
    assert read.fault(stored) == "a channel has no integer of 127, from which its scale must be"


@pytest.fixture(scope="module", params=["int8-weights", "int16-weights"])
def converted(request, run_worker, mixnet_program: Path) -> tuple[str, Path]:
    options = {"precision": request.param, "rewrites": ["swish-beta", "exact-sigmoid", "declare-xshape"]}
    details, folder = run_worker("lite/convert.py", {"program": mixnet_program}, options)
    assert details["build"]["weights"] == request.param.removesuffix("-weights")
    return request.param, folder


def compared(run_worker, folder: Path) -> dict:
    inputs = {"arm": folder / "model.arm.nb", "x86": folder / "model.x86.nb"}
    return run_worker("lite/compare.py", inputs, {})[0]


def test_it_is_smaller_and_the_x86_files_parameters_to_within_half_a_step(run_worker, converted) -> None:
    precision, folder = converted
    sizes = {kind: (folder / f"model.{kind}.nb").stat().st_size for kind in ("arm", "x86")}
    assert sizes["arm"] < (0.4 if precision == "int8-weights" else 0.6) * sizes["x86"]
    assert compared(run_worker, folder)["differences"] == []


def test_every_integer_is_accounted_for(run_worker, converted, mixnet_program: Path) -> None:
    precision, folder = converted
    inputs = {"program": mixnet_program, "model": folder / "model.arm.nb"}
    found, _ = run_worker("lite/parameters.py", inputs, {"added": []})
    assert (found["unexplained"], found["unused"]) == ([], [])
    bits = precision.removeprefix("int").removesuffix("-weights")
    assert sum(count for how, count in found["explained"].items() if how.endswith(f"in {bits} bits")) > 50


def test_a_changed_scale_and_a_changed_integer_are_found(run_worker, converted, mixnet_program, tmp_path) -> None:
    _, folder = converted
    (tmp_path / "model.x86.nb").write_bytes((folder / "model.x86.nb").read_bytes())
    content = (folder / "model.arm.nb").read_bytes()
    for damage in ("scale", "integer"):
        name, damaged = patched_scale(content, damage)
        (tmp_path / "model.arm.nb").write_bytes(damaged)
        assert any(name in one for one in compared(run_worker, tmp_path)["differences"])
        inputs = {"program": mixnet_program, "model": tmp_path / "model.arm.nb"}
        found, _ = run_worker("lite/parameters.py", inputs, {"added": []})
        assert name in [one["name"] for one in found["unexplained"]]


def test_another_precision_is_refused(run_worker, mixnet_program: Path) -> None:
    with pytest.raises(UsageError, match="fp32, fp16, int8, int8-weights, int16-weights, not in int4"):
        run_worker("lite/convert.py", {"program": mixnet_program}, {"precision": "int4", "rewrites": []})
