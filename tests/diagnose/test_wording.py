from pathlib import Path

from edgekit.diagnose.report import CureReport, Diagnosis, LayerReport, ReproducerReport, StepReport, TensorReport
from edgekit.diagnose.wording import sentence

STEPS = (
    StepReport("onnx", "ONNX as converted", "paddle2onnx 1.3.1", "ok", 2.4e-6, 3.8e-5),
    StepReport("artifact", "ncnn artifact", "pnnx 1", "guilty", 1.9, 3.8e-5),
)


def diagnosis(**parts) -> Diagnosis:
    return Diagnosis("ResNet18_vd", "ncnn", "", None, parts.pop("healthy", False), "", **parts)


def test_a_healthy_artifact_is_said_to_be_one():
    said = sentence(diagnosis(healthy=True, changed_files=("a.bin",)), None, "")
    assert (
        said
        == "a.bin no longer has the hash in the manifest. Nothing is wrong: every step computes what the program does."
    )


def test_step_layer_cure_and_reproducer():
    layer = LayerReport(
        "avgpool_1",
        "Pooling",
        {"kernel_w": "2"},
        (TensorReport("1", (1, 64, 16, 16), 2e-6, "relu_6"),),
        (TensorReport("4", (1, 64, 9, 9)),),
        ("pad_5 (Padding)",),
        "AveragePool.0 (AveragePool)",
    )
    cure = CureReport("explicit-pool-padding", True, 3, 7.6e-6, "targets.ncnn.rewrites", True)
    shown = ReproducerReport(Path("d"), Path("d/reproduce.py"), None, True)
    found = diagnosis(steps=STEPS, layer=layer, cures=(cure,), reproducer=shown)
    said = sentence(found, STEPS[1], "")
    assert "ncnn artifact is the first to part: off by 1.9e+00, beyond 3.8e-05" in said
    assert "ONNX as converted is still right (2.4e-06)" in said
    assert "layer `avgpool_1` (Pooling, kernel_w=2), with pad_5 (Padding) before it, parts first" in said
    assert "inputs agree to 2e-06, its output 1x64x9x9 is like no tensor" in said
    assert "stands for AveragePool.0 (AveragePool)" in said
    assert "The rewrite explicit-pool-padding mends it (error 7.6e-06)" in said
    assert "[[targets.ncnn.rewrites]]" in said
    assert said.endswith("Reproducer: d/reproduce.py.")


def test_several_rewrites_that_mend_only_together():
    cures = (CureReport("a and b", True, 5, 1e-6, "targets.ncnn.rewrites"), CureReport("a", False, 2))
    said = sentence(diagnosis(steps=STEPS, cures=cures), STEPS[1], "")
    assert "The rewrites a and b mend it (error 1.0e-06): name them under" in said


def test_tried_in_vain():
    said = sentence(diagnosis(steps=STEPS, cures=(CureReport("a", False, 2),)), STEPS[1], "its runtime shows nothing")
    assert "No rewrite that the recipe leaves out mends it (a tried)." in said
    assert "No layer is named: its runtime shows nothing." in said


def test_a_conversion_that_fails():
    broken = StepReport("converted", "Paddle Lite as converted", "", "guilty", reason="lite/convert crashed.")
    layer = LayerReport("swish_0", "swish", {}, (TensorReport("a"),), ())
    said = sentence(diagnosis(steps=(broken,), layer=layer), broken, "")
    assert (
        said == "Paddle Lite as converted fails: lite/convert crashed. "
        "The first layer that it fails on is `swish_0` (swish)."
    )


def test_a_reference_that_cannot_be_trusted():
    off = StepReport("program", "Paddle FP32", "", "guilty", 0.01, 4e-3)
    assert "no conversion can be judged by it" in sentence(diagnosis(steps=(off,)), off, "")


def test_a_reproducer_in_whose_place_something_lies():
    refused = ReproducerReport(Path("d"), Path("d/reproduce.py"), reason="d is a link", refused=True)
    said = sentence(diagnosis(steps=STEPS, reproducer=refused), STEPS[1], "")
    assert said.endswith("No reproducer was written: d is a link.")
