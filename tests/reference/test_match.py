"""A bundle counts only for the same weights, network, input size and golden inputs."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgekit.inputs.size import Size
from edgekit.reference.bundle import Bundle
from edgekit.reference.description import ArithmeticPart, BackendPart, ProgramPart, WeightsPart
from edgekit.reference.match import best_first, differences, nearest
from tests.reference.making import CPU, Network, described, subject

SAID = described({"logits": Network.of(0).run("fp32")})
FP16, TF32 = ArithmeticPart("fp16"), ArithmeticPart("fp32", tf32=True)


def bundle(name: str, **changes: Any) -> Bundle:
    return Bundle(Path(f"{name}.safetensors"), replace(SAID, **changes))


def test_the_same_in_everything_counts() -> None:
    assert differences(SAID, subject()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"parameters_sha256": "f" * 64},
            "other weights (Net with synthetic:0, parameters bbbbbbbbbbbb…; here Net with",
        ),
        ({"graph_sha256": "f" * 64, "architecture": "Other"}, "another program (Net; here Other)"),
        ({"graph_sha256": "f" * 64, "class_count": 7}, "40 classes (here 7)"),
        ({"graph_sha256": "f" * 64, "named_network": False}, "another program"),
        ({"input_size": Size.of(96)}, "an input of 64 px (here 96 px)"),
        ({"input_size": Size(64, 96)}, "an input of 64 px (here 64x96 px)"),
        (
            {"samples_sha256": "f" * 64, "sample_count": 12},
            "other golden inputs (10 samples, cccccccccccc…; here 12, ffff",
        ),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], expected: str) -> None:
    (found,) = differences(SAID, subject(**changes))
    assert expected in found


def test_everything_that_differs_is_named() -> None:
    assert (
        len(differences(SAID, subject(parameters_sha256="f" * 64, input_size=Size.of(96), samples_sha256="f" * 64)))
        == 3
    )


def test_the_same_network_exported_otherwise_counts() -> None:
    """At another batch, or by a later edgekit: then the weights' file speaks for the parameters."""
    assert differences(SAID, subject(graph_sha256="f" * 64)) == []
    file = replace(SAID, weights=WeightsPart("file", "mine.pdparams", "d" * 64))
    assert differences(file, subject(parameters_sha256="f" * 64, weights_sha256="d" * 64)) == []
    assert differences(file, subject(parameters_sha256="f" * 64, weights_sha256="e" * 64)) != []


@pytest.mark.parametrize("arithmetic", [FP16, TF32])
def test_what_was_recorded_otherwise_on_purpose_judges_fp16_alone(arithmetic: ArithmeticPart) -> None:
    said = replace(SAID, arithmetic=arithmetic)
    assert differences(said, subject(precision="fp16")) == []
    for precision in ("fp32", "int8"):
        (found,) = differences(said, subject(precision=precision))
        assert f"which judges FP16 artifacts only (here {precision.upper()})" in found


def test_the_best_fitting_gpu_bundle_comes_first() -> None:
    made = [
        bundle("cpu", device=CPU, backend=BackendPart("paddle-cpu", {})),
        bundle("half", arithmetic=FP16, backend=BackendPart("tensorrt", {})),
        bundle("old"),
        bundle("new", recorded="2026-11-21T10:00:00+00:00"),
        bundle("other-batch", program=ProgramPart("f" * 64, "b" * 64, 64, 4), backend=BackendPart("tensorrt", {})),
        bundle("tensorrt", backend=BackendPart("tensorrt", {})),
        bundle("other-size", program=ProgramPart("a" * 64, "b" * 64, 96, 1)),
    ]
    names = [one.name for one in best_first(made, subject(precision="fp16"))]
    assert names == ["tensorrt", "new", "old", "other-batch", "half"]
    assert [one.name for one in best_first(made, subject())] == names[:-1]


def test_why_none_counts_is_said() -> None:
    assert nearest([], subject()) == "no GPU bundle is at hand"
    assert nearest([bundle("x")], subject(model="Other")) == "1 GPU bundles of other models are at hand"
    assert nearest([bundle("x")], subject(input_size=Size.of(96))) == "x: an input of 64 px (here 96 px)"
    assert "cpu" not in nearest([bundle("c", device=CPU, backend=BackendPart("paddle-cpu", {}))], subject())
