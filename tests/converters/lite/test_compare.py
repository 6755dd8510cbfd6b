from pathlib import Path

import pytest

from edgekit.errors import UsageError
from tests.converters.lite import fused_program
from tests.converters.lite.nb_patch import scale_channel

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def converted(run_worker, tmp_path_factory):
    """Converts the program of every one-sided fusion for one target, with parameters of its activations changed."""

    def convert(target: str, **changed) -> Path:
        program = fused_program.write(tmp_path_factory.mktemp("fused"), **changed)
        options = {"targets": [target], "precision": "fp32", "rewrites": ["declare-xshape"]}
        return run_worker("lite/convert.py", {"program": program}, options)[1] / f"model.{target}.nb"

    return convert


@pytest.fixture(scope="module")
def fused(converted):
    """The program of every one-sided fusion, for both targets."""
    return {target: converted(target) for target in ("arm", "x86")}


def test_what_is_fused_for_one_target_alone_agrees(run_worker, fused):
    details, _ = run_worker("lite/compare.py", fused, {})
    assert details["differences"] == []
    # Another version of Paddle Lite may fuse otherwise; then this program tests nothing.
    assert details["arm"]["ops"] == [
        "feed", "depthwise_conv2d", "hard_swish", "scale", "scale", "elementwise_mul", "pool2d", "fc", "scale", "fetch",
    ]  # fmt: skip
    assert details["x86"]["ops"][1:8] == [
        "depthwise_conv2d", "scale", "relu6", "scale", "leaky_relu", "unsqueeze2", "elementwise_mul",
    ]  # fmt: skip
    assert "matmul_v2" in details["x86"]["ops"]


@pytest.mark.parametrize(
    ("changed", "arm", "x86"),
    [
        ({"threshold": 5.5}, "operator 2, hard_swish", "operator 1, depthwise_conv2d with conv.w"),
        ({"swish_scale": 5.5}, "operator 2, hard_swish", "operator 1, depthwise_conv2d with conv.w"),
        ({"offset": 2.5}, "operator 2, hard_swish", "operator 1, depthwise_conv2d with conv.w"),
        ({"clip": 5.5}, "operator 3, scale", "operator 3, relu6"),
        ({"alpha": 0.2}, "operator 4, scale", "operator 5, leaky_relu"),
        ({"fc_clip": 5.5}, "operator 7, fc with fc.w", "relu6"),
    ],
)
def test_another_parameter_of_an_activation_fails_and_is_named(run_worker, fused, converted, changed, arm, x86):
    details, _ = run_worker("lite/compare.py", {"arm": fused["arm"], "x86": converted("x86", **changed)}, {})
    said, mine, theirs = details["differences"]
    assert said == "the files compute logits differently"
    assert mine.startswith(f"the first that only arm computes is {arm} -> ")
    assert x86 in theirs


def test_a_parameter_that_was_unsqueezed_beforehand_still_counts(run_worker, fused, nb_format, tmp_path):
    gamma = nb_format.read_nb(fused["arm"]).parameters["column"]
    damaged = tmp_path / "damaged.nb"
    scale_channel(fused["arm"], damaged, gamma.offset, gamma.values, channel=1, factor=2)
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": fused["x86"]}, {})
    # gamma is 0.5, 1, 1.5, 2.
    assert details["differences"] == ["parameter column differs in 1 of 4 values, by up to 1"]


def test_the_twins_agree(run_worker, tiny_files):
    details, _ = run_worker("lite/compare.py", tiny_files, {})
    assert details["agrees"] is True
    assert details["summary"] == (
        "it has the x86 file's operators, of which 1 (swish) divides less exactly on ARM, and the same 4 parameters"
    )
    assert details["arm"]["bytes"] == 4 * (4 + 108 + 5 + 20)
    assert details["arm"]["kernels"] == {"Host any": 2, "ARM float32": 4}
    assert details["x86"]["ops"][-3:] == ["matmul_v2", "elementwise_add", "fetch"]


def test_exchanged_files_are_noticed(run_worker, tiny_files):
    inputs = {"arm": tiny_files["x86"], "x86": tiny_files["arm"]}
    details, _ = run_worker("lite/compare.py", inputs, {})
    assert details["differences"] == [
        "the arm file asks for kernels of X86",
        "the x86 file asks for kernels of ARM",
    ]


def test_every_changed_value_is_counted(run_worker, tiny_files, nb_format, tmp_path):
    weight = nb_format.read_nb(tiny_files["arm"]).parameters["fc.w"]
    damaged = tmp_path / "damaged.nb"
    scale_channel(tiny_files["arm"], damaged, weight.offset, weight.values, channel=0, factor=2)
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": tiny_files["x86"]}, {})
    # Row 0 of fc.w is (-5, -2, 1, 4, -4) / 8: doubled, each differs, by up to 5/8.
    assert details["differences"] == ["parameter fc.w differs in 5 of 20 values, by up to 0.625"]
    assert details["agrees"] is False


def test_a_changed_operator_is_named(run_worker, tiny_files, tmp_path):
    content = tiny_files["arm"].read_bytes()
    assert content.count(b"\x05\0\0\0swish\0") == 1
    damaged = tmp_path / "damaged.nb"
    damaged.write_bytes(content.replace(b"\x05\0\0\0swish\0", b"\x05\0\0\0relu6\0"))
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": tiny_files["x86"]}, {})
    first, arm, x86 = details["differences"]
    assert first == "the files compute logits differently"
    assert arm.startswith("the first that only arm computes is operator 2, relu6 -> ")
    assert x86.startswith("the first that only x86 computes is operator 2, swish -> ")


@pytest.mark.parametrize("role", ["arm", "x86"])
def test_a_file_cut_short_is_refused(run_worker, tiny_files, tmp_path, role):
    cut = tmp_path / "cut.nb"
    cut.write_bytes(tiny_files[role].read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"cut\.nb is not a whole Paddle Lite model"):
        run_worker("lite/compare.py", {**tiny_files, role: cut}, {})
