"""The ARM file in its exact form: what `opt` leaves of it, and that it computes what the x86 file does.

No runtime for ARM is to be had, so the rewritten program runs as a twin for x86.
"""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.converters.lite.tiny_program import save
from tests.converters.paddle_programs import Written, noise

pytestmark = pytest.mark.toolchain

SHAPE = [1, 4, 6, 8]
EXACT = ["exact-sigmoid", "exact-softmax", "exact-division"]
REWRITES = ["swish-beta", *EXACT, "declare-xshape"]
CONVOLUTION = {
    "strides": [1, 1], "paddings": [1, 1], "dilations": [1, 1], "groups": 1, "data_format": "NCHW",
    "padding_algorithm": "EXPLICIT",
}  # fmt: skip


def scaled(written: Written, source: str, name: str, factor: float) -> str:
    """A `scale` of the program's own, which `opt` joins with others where it can."""
    return written.then("scale", {"X": [source]}, name, SHAPE, scale=factor, bias=0.25, bias_after_scale=True)


def gate(written: Written) -> None:
    """A convolution with a bias before a sigmoid, as squeeze-and-excitation has it."""
    written.parameter("w", noise(4, 4, 3, 3, seed=1))
    written.parameter("b", noise(4, seed=2))
    written.then("conv2d", {"Input": ["x"], "Filter": ["w"]}, "c", SHAPE, slot="Output", **CONVOLUTION)
    written.then("elementwise_add", {"X": ["c"], "Y": ["b"]}, "biased", SHAPE, axis=1)
    written.then("sigmoid", {"X": ["biased"]}, "s", SHAPE)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["s"]}, "y", SHAPE, axis=-1)


def between_scales(written: Written) -> None:
    scaled(written, "x", "before", 1.5)
    written.then("sigmoid", {"X": ["before"]}, "s", SHAPE)
    scaled(written, "s", "y", 2.0)


def swish(written: Written) -> None:
    written.then("swish", {"X": ["x"]}, "y", SHAPE)


def product(written: Written) -> None:
    written.then("sigmoid", {"X": ["x"]}, "s", SHAPE)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["s"]}, "y", SHAPE, axis=-1)


def tanh(written: Written) -> None:
    written.then("tanh", {"X": ["x"]}, "t", SHAPE)
    scaled(written, "t", "y", 2.0)


def softmax(written: Written) -> None:
    written.then("softmax", {"X": ["x"]}, "y", SHAPE, axis=1, data_format="AnyLayout", use_cudnn=True)


def softmax_from_behind(written: Written) -> None:
    written.then("softmax", {"X": ["x"]}, "y", SHAPE, axis=-2)


def last_softmax(written: Written) -> None:
    written.then("softmax", {"X": ["x"]}, "y", SHAPE, axis=-1)


def turned_softmax(written: Written) -> None:
    turned = [1, 8, 6, 4]
    written.then("transpose2", {"X": ["x"]}, "t", turned, axis=[0, 3, 2, 1])
    written.then("softmax", {"X": ["t"]}, "s", turned, axis=-1)
    written.then("transpose2", {"X": ["s"]}, "y", SHAPE, axis=[0, 3, 2, 1])


def quotient(written: Written) -> None:
    written.parameter("d", np.abs(noise(1, 4, 1, 1, seed=3)) + np.float32(0.5))
    written.then("elementwise_div", {"X": ["x"], "Y": ["d"]}, "q", SHAPE, axis=-1)
    written.then("relu", {"X": ["q"]}, "y", SHAPE)


PROGRAMS = {
    gate: ["conv2d", "exp", "reciprocal", "scale", "reciprocal", "elementwise_mul"],
    between_scales: ["scale", "exp", "reciprocal", "scale", "reciprocal", "scale"],
    swish: ["silu"],
    product: ["silu"],
    tanh: ["exp", "elementwise_mul", "scale", "reciprocal", "scale", "scale"],
    softmax: ["transpose2", "softmax", "transpose2"],
    softmax_from_behind: ["transpose2", "softmax", "transpose2"],
    last_softmax: ["softmax"],
    turned_softmax: ["transpose2", "softmax", "transpose2"],
    quotient: ["reciprocal", "fusion_elementwise_mul_activation"],
}


def program(make, folder: Path) -> Path:
    """The program that `make` writes, ending in a `scale`, as a folder."""
    written = Written(SHAPE)
    make(written)
    written.then("relu6", {"X": ["y"]}, "out", SHAPE, threshold=60.0)
    block = written.graph.block
    for name, kind in (("feed", 9), ("fetch", 10)):
        block.vars.add(name=name, persistable=True).type.type = kind
    feed = next(op for op in block.ops if op.type == "feed")
    feed.inputs.add(parameter="X", arguments=["feed"])
    feed.attrs.add(name="col", type=0, i=0)
    written.add("fetch", {"X": ["out"]}, {"Out": ["fetch"]}, col=0)
    return save(folder, written.graph.settled(), dict(written.graph.parameters))


def ran(run_worker, model: Path, x: np.ndarray, folder: Path) -> np.ndarray:
    save_file({"x": x}, folder / "x.safetensors")
    _, output = run_worker("lite/run.py", {"model": model, "tensors": folder / "x.safetensors"}, {"batch": 1})
    (found,) = load_file(output / "outputs.safetensors").values()
    return found


@pytest.mark.parametrize("make", PROGRAMS, ids=lambda make: make.__name__)
def test_the_exact_form_stays_agrees_and_computes_the_same(run_worker, nb_format, tmp_path, make):
    folder = program(make, tmp_path / "program")
    details, made = run_worker("lite/convert.py", {"program": folder}, {"rewrites": REWRITES})
    arm, x86 = made / "model.arm.nb", made / "model.x86.nb"
    kept = [op.type for op in nb_format.read_nb(arm).operators][1:-1]
    assert [kind for kind in kept if kind != "relu6"] == PROGRAMS[make]
    assert details["build"] == {"arm_arithmetic": "exact"}

    found, _ = run_worker("lite/compare.py", {"arm": arm, "x86": x86}, {})
    assert found["differences"] == []
    assert "less exactly" not in found["summary"]
    assert ("an exact form for ARM" in found["summary"]) == (make is not last_softmax)

    options = {"rewrites": [name for name in REWRITES if name != "declare-xshape"], "target": "arm"}
    _, rewritten = run_worker("lite/rewrite.py", {"program": folder}, options)
    options = {"targets": ["x86"], "rewrites": ["swish-beta", "declare-xshape"]}
    _, twin = run_worker("lite/convert.py", {"program": rewritten}, options)
    x = 3 * noise(*SHAPE)
    plain, exact = (ran(run_worker, one, x, tmp_path) for one in (x86, twin / "model.x86.nb"))
    np.testing.assert_allclose(exact, plain, rtol=0, atol=4e-7 * np.abs(plain).max())


def test_without_the_rewrites_the_operators_stay_and_are_named(run_worker, nb_format, tmp_path):
    folder = program(gate, tmp_path / "program")
    options = {"rewrites": REWRITES, "arm-arithmetic": ["fast"]}
    details, made = run_worker("lite/convert.py", {"program": folder}, options)
    assert details["build"] == {"arm_arithmetic": "fast"}
    assert [report["name"] for report in details["rewrites"]] == ["swish-beta", "declare-xshape"]
    inputs = {"arm": made / "model.arm.nb", "x86": made / "model.x86.nb"}
    assert "sigmoid" in [op.type for op in nb_format.read_nb(inputs["arm"]).operators]
    found, _ = run_worker("lite/compare.py", inputs, {})
    assert found["summary"] == (
        "it has the x86 file's operators, of which 1 (sigmoid) divides less exactly on ARM, and the same 2 parameters"
    )


def test_the_x86_file_is_the_same_either_way(run_worker, tmp_path):
    folder = program(gate, tmp_path / "program")
    files = []
    for arithmetic in ("exact", "fast"):
        options = {"rewrites": REWRITES, "arm-arithmetic": [arithmetic]}
        files.append(run_worker("lite/convert.py", {"program": folder}, options)[1])
    one, other = ((folder / "model.x86.nb").read_bytes() for folder in files)
    assert one == other
    assert (files[0] / "model.arm.nb").read_bytes() != (files[1] / "model.arm.nb").read_bytes()


@pytest.mark.parametrize("damaged", ["exp", "reciprocal"])
def test_another_operator_in_the_exact_form_is_noticed(run_worker, tmp_path, damaged):
    folder = program(gate, tmp_path / "program")
    _, made = run_worker("lite/convert.py", {"program": folder}, {"rewrites": REWRITES})
    content, name = (made / "model.arm.nb").read_bytes(), damaged.encode()
    stored = len(name).to_bytes(4, "little") + name + b"\0"
    assert stored in content
    other = {"exp": b"abs", "reciprocal": b"hard_swish"}[damaged]
    changed = tmp_path / "changed.nb"
    changed.write_bytes(content.replace(stored, len(name).to_bytes(4, "little") + other + b"\0", 1))
    found, _ = run_worker("lite/compare.py", {"arm": changed, "x86": made / "model.x86.nb"}, {})
    assert found["agrees"] is False
    assert found["differences"][0] == "the files compute out differently"


def test_a_change_of_sign_before_the_exponential_would_change_the_weights(run_worker, nb_format, tmp_path):
    """Why the exact form begins with `exp`: `opt` works a `scale` into the convolution before it, and stores -w."""

    def negated(written: Written) -> None:
        written.parameter("w", noise(4, 4, 3, 3, seed=1))
        written.parameter("b", noise(4, seed=2))
        written.then("conv2d", {"Input": ["x"], "Filter": ["w"]}, "c", SHAPE, slot="Output", **CONVOLUTION)
        written.then("elementwise_add", {"X": ["c"], "Y": ["b"]}, "biased", SHAPE, axis=1)
        written.then("scale", {"X": ["biased"]}, "n", SHAPE, scale=-1.0, bias=0.0, bias_after_scale=False)
        written.then("exp", {"X": ["n"]}, "y", SHAPE)

    folder = program(negated, tmp_path / "program")
    _, made = run_worker("lite/convert.py", {"program": folder}, {"targets": ["arm"]})
    stored = nb_format.read_nb(made / "model.arm.nb").parameters["w"].values
    np.testing.assert_array_equal(stored, -noise(4, 4, 3, 3, seed=1))
