"""A device's report at the desk: what parts from edgekit is named, stage by stage, and strangers' files are refused."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from safetensors.numpy import save

from edgekit.artifact.load import load_artifact
from edgekit.artifact.manifest import TensorSpec
from edgekit.artifact.rules import Rules
from edgekit.artifact.write import update_manifest
from edgekit.classes import prepared
from edgekit.cli.app import run
from edgekit.errors import AbsentError, UsageError
from edgekit.from_device.judge import (
    answer_stage,
    judged_outputs,
    matched,
    output_stages,
    preparation_stages,
    runtime_stage,
    self_test_stage,
)
from edgekit.from_device.judged import Judgement
from edgekit.from_device.report import Received, machine_words, receive
from edgekit.inputs.golden import GoldenInputs
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Tolerance, Verdict
from edgekit.reference.choose import Truth
from tests.from_device.making import MANIFEST, artifact, photo, sent


@pytest.fixture
def folder(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "out" / "M").mkdir(parents=True)
    return artifact(tmp_path / "out" / "M" / "ncnn")


def received(tmp_path: Path, folder: Path, files: dict[str, bytes] | None = None, **changes: Any) -> Received:
    place = tmp_path / "received"
    place.mkdir()
    return receive(sent(tmp_path / "r.zip", folder, files, **changes), place)


def test_a_right_tensor_is_equal_to_the_bit(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder)
    tensor, stages = preparation_stages(found)
    assert [(stage.stage, stage.status) for stage in stages] == [("frame", "passed"), ("tensor", "passed")]
    assert tensor is not None and tensor.shape == (1, 3, 32, 32)
    assert machine_words(found.report) == "Paragon P1 (arm64-v8a)"
    assert runtime_stage(found).status == "passed"
    assert self_test_stage(found).status == "passed"


SPEC = MANIFEST.preprocessing
MISTAKES = {
    "red and blue exchanged": (SPEC, True),
    "another resize (bilinear as Pillow has it)": (replace(SPEC, resize_backend="pillow"), False),
    "another resize (nearest as OpenCV has it)": (replace(SPEC, interpolation="nearest"), False),
    "stretching the photo to 32": (replace(SPEC, resize="stretch", resize_to=32), False),
    "levels of 0 to 1 without mean and std": (replace(SPEC, mean=0.0, std=1.0), False),
    "levels of -1 to 1": (replace(SPEC, mean=0.5, std=0.5), False),
    "resize_short = 32": (replace(SPEC, resize_short=32), False),
    "crop_origin = top_left": (replace(SPEC, crop_origin="top_left"), False),
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_in_the_preparation_is_named(folder: Path, tmp_path: Path, said: str) -> None:
    spec, exchanged = MISTAKES[said]
    image = photo()[..., ::-1] if exchanged else photo()
    tensor = prepared(image, replace(MANIFEST, preprocessing=spec))[None]
    found = received(tmp_path, folder, {"tensors.safetensors": save({"x": np.ascontiguousarray(tensor)})})
    _, stages = preparation_stages(found)
    assert stages[-1].status == "failed"
    assert f"it is what the photo with {said}" in stages[-1].detail or f"it is what {said}" in stages[-1].detail
    assert "to the bit" in stages[-1].detail


def test_channels_that_were_exchanged_after_the_normalisation_are_named(folder: Path, tmp_path: Path) -> None:
    right = prepared(photo(), load_artifact(folder).manifest)
    swapped = save({"x": np.ascontiguousarray(right[None, ::-1])})
    _, stages = preparation_stages(received(tmp_path, folder, {"tensors.safetensors": swapped}))
    assert "in reverse order, exchanged after the normalisation" in stages[-1].detail


def test_one_level_is_enough(folder: Path, tmp_path: Path) -> None:
    tensor = prepared(photo(), MANIFEST)[None].copy()
    tensor[0, 1, 3, 4] = np.nextafter(tensor[0, 1, 3, 4], np.float32(9))
    found = received(tmp_path, folder, {"tensors.safetensors": save({"x": tensor})})
    _, (_, stage) = preparation_stages(found)
    assert stage.status == "failed"
    assert "1 of 3072 values differ" in stage.detail and "no level differs" in stage.detail


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"y": np.zeros((1, 3, 32, 32), np.float32)}, "its tensors are y, where the program takes x"),
        ({"x": np.zeros((1, 3, 31, 32), np.float32)}, "it is [1, 3, 31, 32] of float32"),
        ({"x": np.zeros((2, 3, 32, 32), np.float32)}, "it is [2, 3, 32, 32] of float32"),
        ({"x": np.zeros((1, 3, 32, 32), np.uint8)}, "of uint8, where the model takes"),
        ({"x": np.full((1, 3, 32, 32), np.nan, np.float32)}, "infinite or none (NaN)"),
    ],
)
def test_tensors_that_no_model_takes(folder: Path, tmp_path: Path, tensors: dict[str, np.ndarray], said: str) -> None:
    found = received(tmp_path, folder, {"tensors.safetensors": save(tensors)})
    tensor, stages = preparation_stages(found)
    assert tensor is None
    assert stages[-1].status == "failed" and said in stages[-1].detail


def test_a_frame_that_is_none_is_a_stage_that_failed(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder, {"frame.png": b"no picture"})
    _, stages = preparation_stages(found)
    assert (stages[0].stage, stages[0].status) == ("frame", "failed")
    assert str(found.folder) not in stages[0].detail


def test_a_frame_smaller_than_the_crop(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "M").mkdir(parents=True)
    spec = Preprocessing(resize="none", crop=224)
    inputs = (TensorSpec("x", "in0", (1, 3, 224, 224), "float32", "image"),)
    folder = artifact(tmp_path / "out" / "M" / "ncnn", replace(MANIFEST, preprocessing=spec, inputs=inputs))
    zeros = np.zeros((1, 3, 224, 224), np.float32)
    found = received(tmp_path, folder, {"tensors.safetensors": save({"x": zeros})})
    _, stages = preparation_stages(found)
    assert stages[0].status == "failed"


def test_another_runtime_or_precision_is_not_what_was_verified(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder, precision="fp16")
    assert runtime_stage(found).status == "failed"
    assert "ran in FP16, and the artifact is verified in FP32" in runtime_stage(found).detail


def test_the_artifact_is_found_by_its_manifest(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder)
    here, (stage,) = matched(found, None, folder.parent.parent)
    assert here.folder == folder and stage.status == "passed"
    # Verified again since: other verdicts, the same files.
    update_manifest(folder, replace(load_artifact(folder).manifest, settings={"threads": 1}))
    here, (stage,) = matched(found, None, folder.parent.parent)
    assert stage.status == "passed" and "verified again since" in stage.detail
    update_manifest(folder, replace(MANIFEST, preprocessing=replace(SPEC, interpolation="nearest")))
    _, (stage,) = matched(found, folder, None)
    assert stage.status == "failed" and "other preprocessing" in stage.detail
    with pytest.raises(AbsentError, match="holds no ncnn artifact of M"):
        matched(found, None, tmp_path / "elsewhere")


def test_a_manifest_that_is_not_the_one_it_names(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder, manifest_sha256="0" * 64)
    _, (stage,) = matched(found, folder, None)
    assert stage.status == "failed" and "names 000000000000" in stage.detail


# Logits of ten golden samples and the device's, float64; what FP32 makes of them.
ORACLE = np.random.default_rng(0).normal(size=(11, 3)) * 4
PADDLE = (ORACLE * (1 + 2e-7)).astype(np.float32)
INPUTS = GoldenInputs({}, (*(f"photo {i}" for i in range(10)), "photo of the device"), ("photo",) * 11)


def judge(found: Received, outputs: dict[str, np.ndarray], **changes: Any) -> Verdict:
    truth = Truth({"logits": PADDLE}, {"logits": ORACLE}, {"logits": "logits"})
    tolerance = changes.pop("tolerance", Tolerance())
    return judged_outputs(outputs, truth, replace(MANIFEST, **changes), INPUTS, 10, Rules(tolerance), found)


def test_outputs_are_held_to_the_artifact_s_limits(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder)
    right = ORACLE[10:].astype(np.float32)
    verdict = judge(found, {"logits": right})
    assert verdict.passed and verdict.outputs["logits"].samples == 1
    wrong = right * np.float32(1 + 1e-4)
    verdict = judge(found, {"logits": wrong})
    assert not verdict.passed
    assert "photo of the device" in verdict.reason
    stages = output_stages(verdict)
    assert [stage.status for stage in stages] == ["failed", "failed"]
    assert stages[0].figure == pytest.approx(1e-4, rel=1e-2)
    assert "the oracle error is 0.0001, and at most" in stages[0].detail
    assert not judge(found, {"other": right}).passed
    assert "NaN" in judge(found, {"logits": right * np.float32("nan")}).reason


def test_a_decision_in_lower_precision_counts_where_the_oracle_is_sure(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder)
    allowed = Tolerance(max_relative=0.02, min_top1_agreement=0.9, reason="FP16")
    oracle = ORACLE.copy()
    oracle[10] = [1.0, 0.99, -1.0]
    paddle = (oracle * (1 + 2e-7)).astype(np.float32)
    truth = Truth({"logits": paddle}, {"logits": oracle}, {"logits": "logits"})
    manifest = replace(MANIFEST, precision="fp16")

    def judged(values: list[float]) -> Verdict:
        outputs = {"logits": np.array([values], np.float32)}
        return judged_outputs(outputs, truth, manifest, INPUTS, 10, Rules(allowed), found)

    near = judged([0.995, 1.0, -1.0])
    assert near.passed and "decides otherwise" in near.warnings[0]
    assert not judged([0.9, 1.0, -1.0]).passed
    oracle[10] = paddle[10] = [1.0, 0.9, -1.0]
    assert not judged([0.98, 0.985, -1.0]).passed


def test_an_excused_decision_excuses_no_noise(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder)
    oracle = ORACLE.copy()
    oracle[10] = [1.0, 0.9, -1.0]
    paddle = oracle.astype(np.float32)
    truth = Truth({"logits": paddle}, {"logits": oracle}, {"logits": "logits"})
    manifest = replace(MANIFEST, precision="int8")
    outputs = {"logits": np.array([[0.9, 1.1, -0.8]], np.float32)}

    def judged(least: float) -> Verdict:
        allowed = Tolerance(max_relative=0.3, min_top1_agreement=0.9, min_snr_db=least, reason="INT8")
        return judged_outputs(outputs, truth, manifest, INPUTS, 10, Rules(allowed), found)

    assert judged(10.0).passed
    failed = judged(20.0)
    assert not failed.passed
    assert "14." in failed.reason and "less than 20" in failed.reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"top": [{"index": 0, "label": "cat"}]}, "named class 0, and its outputs are largest at 2"),
        ({"top": [{"index": 2, "label": "ow"}]}, "called class 2 ow, and the artifact calls it owl"),
        ({"top": []}, "named no class"),
    ],
)
def test_an_answer_that_is_not_of_its_outputs(folder: Path, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    found = received(tmp_path, folder, **changes)
    stage = answer_stage(found, Verdict("passed", "", "fp32"))
    assert stage.status == "failed" and said in stage.detail


@pytest.mark.parametrize(
    ("tested", "status", "said"),
    [
        (None, "not compared", "did not make it"),
        ({"passed": False, "error": "no verdict"}, "not compared", "could not be made: no verdict"),
        (
            {
                "passed": False,
                "stages": [{"stage": "levels", "status": "failed", "figure": None, "detail": "2 differ"}],
            },
            "failed",
            "levels: 2 differ",
        ),
        ({"passed": True, "stages": [{"stage": "levels", "status": "failed"}]}, "failed", "levels"),
        ({"passed": False, "stages": []}, "failed", "did not pass"),
    ],
)
def test_the_self_test_of_the_device(
    folder: Path, tmp_path: Path, tested: dict[str, Any] | None, status: str, said: str
) -> None:
    stage = self_test_stage(received(tmp_path, folder, self_test=tested))
    assert (stage.status, said in stage.detail) == (status, True), stage


def bomb() -> bytes:
    """A picture of 600 megapixels that takes 2 kB a row."""
    stream = io.BytesIO()
    Image.new("1", (30000, 20000)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"report.json": b"{}"}, "cannot be read"),
        ({"report.json": b"[" * 100}, "deep"),
        ({"report.json": b'{"schema_version": 2}'}, "cannot be read"),
        ({"manifest.json": b"{}"}, "cannot be read"),
        ({"extra.txt": b"x"}, "which belongs to none"),
        ({"manifest.json": b"x" * (17 << 20)}, "larger than 16 MiB"),
    ],
)
def test_a_report_that_is_none_is_refused(folder: Path, tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        received(tmp_path, folder, files)
    assert said in str(caught.value) and str(tmp_path / "received") not in str(caught.value)


def test_a_newer_report_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"written by edgekit 9\.9, which is newer"):
        received(tmp_path, folder, schema_version=2, edgekit="9.9")


def test_a_picture_that_would_become_gigabytes_fails_its_stage(folder: Path, tmp_path: Path) -> None:
    _, stages = preparation_stages(received(tmp_path, folder, {"frame.png": bomb()}))
    assert stages[0].status == "failed" and "pixels" in stages[0].detail


def test_damaged_tensors_are_refused(folder: Path, tmp_path: Path) -> None:
    found = received(tmp_path, folder, {"tensors.safetensors": b"\xff" * 100})
    with pytest.raises(UsageError, match="not a whole safetensors file"):
        preparation_stages(found)


def test_the_command_line_refuses_in_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sent(tmp_path / "r.zip", folder)
    assert run(["verify", "--from-device", str(path), "--device", "adb", "--out", str(folder.parent.parent)]) == 2
    assert "--device does not belong to --from-device" in capsys.readouterr().err
    assert run(["verify", "--from-device", str(tmp_path / "absent.zip"), "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["exit_status"] == 2
    # Its program is in nobody's cache.
    assert run(["verify", "--from-device", str(path), "--out", str(folder.parent.parent)]) == 2
    assert "names no program" in capsys.readouterr().err
    assert run(["verify", "--from-device", str(path), "--out", str(tmp_path)]) == 3
    assert "holds no ncnn artifact of M" in capsys.readouterr().err


def test_no_stage_of_nothing_passes() -> None:
    from edgekit.from_device.judged import Judged

    judged = Judged(
        report=Path(), artifact=Path(), model="M", target="ncnn", precision="fp32", device="", machine={},
        versions={}, threads=1, stages=(Judgement("frame", "passed"),),
    )  # fmt: skip
    assert not judged.passed and judged.parted is None
