"""The ranges of activations, beside the tensors themselves."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.converters.lite import tiny_program
from tests.converters.lite.tiny_program import add_op, add_tensor, build
from tests.converters.loading import load


def ranges(run_worker, program, tensors, tmp_path, **options):
    """`ranges.json` by tensor, of inputs that are given as arrays."""
    save_file(tensors, tmp_path / "tensors.safetensors")
    inputs = {"program": program, "tensors": tmp_path / "tensors.safetensors"}
    details, output = run_worker("paddle/ranges.py", inputs, options)
    document = json.loads((output / "ranges.json").read_text())
    assert details == {"samples": document["samples"], "tensors": len(document["tensors"])}
    return {one["name"]: one for one in document["tensors"]}


@pytest.mark.toolchain
def test_they_are_those_of_the_tensors(run_worker, mixnet, noise, tmp_path):
    """MixNet has several parts; its tensors as another worker gives them out, whole, one sample at a time."""
    images = noise(2, 64)
    found = ranges(run_worker, mixnet, {"x": images}, tmp_path, batch=1)
    assert len(found) > 250
    seen = []
    for at in range(2):
        save_file({"x": images[at : at + 1]}, tmp_path / "one.safetensors")
        inputs = {"program": mixnet, "tensors": tmp_path / "one.safetensors"}
        options = {"names": "all", "precision": "fp32", "threads": 1}
        seen.append(load_file(run_worker("paddle/tensors.py", inputs, options)[1] / "tensors.safetensors"))
    assert set(found) == {name for name, value in seen[0].items() if value.dtype == np.float32}
    for name, one in found.items():
        both = np.concatenate([tensors[name].ravel() for tensors in seen])
        # The same kernels, but in programs of other lengths.
        np.testing.assert_allclose([one["minimum"], one["maximum"]], [both.min(), both.max()], rtol=1e-4, atol=1e-5)
        axis = {2: 1, 3: 2, 4: 1}.get(seen[0][name].ndim)
        assert one["channels"] == (None if axis is None else seen[0][name].shape[axis])
        if axis is not None:
            count = one["channels"]
            rows = np.concatenate([np.moveaxis(tensors[name], axis, 0).reshape(count, -1) for tensors in seen], axis=1)
            spread, largest = rows.max(axis=1) - rows.min(axis=1), np.abs(rows).max()
            constant = {channel for channel, _ in one["constant"]}
            assert set(np.flatnonzero(spread == 0)) <= constant <= set(np.flatnonzero(spread <= 2**-20 * largest))


@pytest.mark.toolchain
def test_what_is_not_finite_has_no_range(run_worker, tmp_path):
    program = tiny_program.save(tmp_path / "tiny")
    x = np.ones((3, 3, 8, 8), np.float32)
    x[0] = -2
    assert ranges(run_worker, program, {"x": x}, tmp_path, batch=1)["x"]["minimum"] == -2
    x[1, 0, 0, 0] = np.nan
    found = ranges(run_worker, program, {"x": x}, tmp_path, batch=1)
    assert [(found[name]["minimum"], found[name]["maximum"]) for name in ("x", "conv", "logits")] == [(None, None)] * 3


@pytest.mark.toolchain
def test_channels_that_never_change_are_told(run_worker, tmp_path):
    """Filter 1 is zero, so that its channel is its bias everywhere, and then a swish of that."""
    values = tiny_program.parameters()
    values["conv.w"][1] = 0
    program = tiny_program.save(tmp_path / "tiny", values=values)
    x = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    found = ranges(run_worker, program, {"x": x}, tmp_path, batch=1, photos=2)
    bias = float(values["conv.b"][1])
    swished = bias / (1 + np.exp(-bias))
    assert (found["x"]["channels"], found["x"]["constant"]) == (3, [])
    assert found["x"]["photos"] == [float(x[:2].min()), float(x[:2].max())]
    expected = {"conv": 0.0, "biased": bias, "swished": swished, "pooled": swished, "flat": swished}
    for name, value in expected.items():
        assert found[name]["channels"] == 4
        ((channel, constant),) = found[name]["constant"]
        assert channel == 1
        assert constant == pytest.approx(value, rel=1e-6)
    assert (found["logits"]["channels"], found["logits"]["constant"]) == (5, [])


def test_a_bias_and_a_normalisation_are_folded_into_what_they_follow():
    folded = load("paddle", "folding").folded(build().blocks[0])
    # conv + conv.b -> swish -> pool -> flatten -> product + fc.b
    assert {name for _, name in folded} == {"conv", "product"}
    program = build()
    block = program.blocks[0]
    fetch = block.ops[-1]
    del block.ops[-1]
    add_tensor(block, "other", [1, 4, 4, 4])
    add_op(block, "relu", {"X": "conv"}, {"Out": "other"})  # somebody else reads it: it must be kept
    block.ops.append(fetch)
    assert {name for _, name in load("paddle", "folding").folded(block)} == {"product"}


def test_parts_hand_on_just_what_later_ones_read():
    parts = list(load("paddle", "probes").probed_parts(build(), size=2))
    assert [[probe.name for probe in part.probes] for part in parts] == [
        ["x", "conv", "biased"], ["swished", "pooled"], ["flat", "product"], ["logits"],
    ]  # fmt: skip
    assert [(part.reads, part.leaves) for part in parts] == [
        (["x"], ["biased"]), (["biased"], ["pooled"]), (["pooled"], ["product"]), (["product"], []),
    ]  # fmt: skip
    assert [op.type for op in parts[1].program.blocks[0].ops] == [
        "swish", "reduce_sum", "reduce_min", "reduce_max", "shape",
        "pool2d", "reduce_sum", "reduce_min", "reduce_max", "shape",
        "stack", "concat", "concat", "concat",
    ]  # fmt: skip
    assert parts[1].asked == ["total", "smallest of channels", "largest of channels", "channels"]


def test_what_is_made_of_nothing_has_no_channels():
    program = build()
    block = program.blocks[0]
    add_tensor(block, "ones", [1, 4, 4, 4])
    add_op(block, "fill_constant", {}, {"Out": "ones"})
    (part,) = load("paddle", "probes").probed_parts(program)
    axes = {probe.name: probe.axis for probe in part.probes}
    assert axes == {
        "x": 1, "conv": 1, "biased": 1, "swished": 1, "pooled": 1, "flat": 1, "product": 1, "logits": 1, "ones": None,
    }  # fmt: skip
    assert part.asked == [
        "total", "smallest", "largest", "smallest of channels", "largest of channels", "channels",
    ]  # fmt: skip


def test_a_value_that_passes_over_a_part_is_read_where_it_is_needed():
    program = build()
    block = program.blocks[0]
    fetch = block.ops[-1]
    del block.ops[-1]
    add_tensor(block, "late", [1, 4, 4, 4])
    add_op(block, "relu", {"X": "conv"}, {"Out": "late"})
    block.ops.append(fetch)
    parts = list(load("paddle", "probes").probed_parts(program, size=3))
    assert parts[0].leaves == ["conv", "swished"]
    assert [part.reads for part in parts] == [["x"], ["swished"], ["product", "conv"]]


def test_lists_of_tensors_do_not_go_from_part_to_part():
    program = build()
    next(one for one in program.blocks[0].vars if one.name == "biased").type.type = 13  # LOD_TENSOR_ARRAY
    parts = list(load("paddle", "probes").probed_parts(program, size=2))
    assert [probe.name for probe in parts[0].probes] == ["x", "conv", "swished"]
