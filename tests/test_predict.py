"""What comes before and after a runner; the runners themselves are in runtime_tests/test_predict.py."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import force_setattr, replace
from safetensors.numpy import save_file

from edgekit.artifact.manifest import Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.classes import Ranked, class_probabilities, ranked
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.predict import Prediction, check_kind, first_output, write_tensors
from edgekit.report.predictions import percent, prediction_table
from tests.report.width import rendered

NAMES = ("cat", "dog", "a class with a name that is longer than any column could be")


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        edgekit="0.1.0",
        target="onnx",
        precision="fp32",
        batch=4,
        model=ModelRecord("M", "F", "A", 3, NAMES),
        weights=WeightsRecord("demo", "demo", "0" * 64),
        preprocessing=Preprocessing(resize_short=8, crop=8),
        inputs=(TensorSpec("x", "x", (4, 3, 8, 8), "float32"),),
        outputs=(TensorSpec("y", "y", (4, 3), "float32"),),
        program_key="1" * 64,
        stages=(),
        rewrites=(),
        files={},
    )


def probabilities(manifest: Manifest, outputs: Path) -> np.ndarray:
    return class_probabilities(first_output(manifest, outputs), manifest.outputs[0])


def test_logits_become_probabilities_and_probabilities_stay(manifest: Manifest, tmp_path: Path) -> None:
    file = tmp_path / "outputs.safetensors"
    save_file({"y": np.array([[0, np.log(3), 1000]], np.float32)}, file)
    assert probabilities(manifest, file).tolist() == [[0, 0, 1]]
    save_file({"y": np.array([[0, np.log(3), 0]], np.float32)}, file)
    assert np.allclose(probabilities(manifest, file), [[0.2, 0.6, 0.2]], atol=1e-7)
    spec = replace(manifest.outputs[0], kind="probabilities")
    save_file({"y": np.array([[0.25, 0.5, 0.25]], np.float32)}, file)
    assert probabilities(replace(manifest, outputs=(spec,)), file).tolist() == [[0.25, 0.5, 0.25]]


def test_one_logit_stands_for_two_classes(manifest: Manifest, tmp_path: Path) -> None:
    file = tmp_path / "outputs.safetensors"
    save_file({"y": np.array([[np.log(3)], [0], [-1000]], np.float32)}, file)
    assert np.allclose(probabilities(manifest, file), [[0.75], [0.5], [0]], atol=1e-7)


def test_the_likeliest_come_first_and_of_equal_ones_the_smaller_index() -> None:
    assert ranked(np.array([0.2, 0.6, 0.2]), NAMES, 2) == (Ranked(1, "dog", 0.6), Ranked(0, "cat", 0.2))
    assert ranked(np.array([0.2, 0.6, 0.2]), None, 5)[2] == Ranked(2, None, 0.2)


def test_batches_are_filled_with_the_last_photo(manifest: Manifest, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = [np.full((3, 8, 8), value, np.float32) for value in range(5)]
    write_tensors(manifest, tensors, tmp_path / "t.safetensors")
    assert load_file(tmp_path / "t.safetensors")["x"][:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert len(tensors) == 5


def test_a_model_of_features_names_nothing(manifest: Manifest) -> None:
    spec = TensorSpec("y", "y", (4, 3), "float32")
    force_setattr(spec, "kind", "features")
    with pytest.raises(UsageError, match="gives features, not classes"):
        check_kind(replace(manifest, outputs=(spec,)))


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0, "100.00 %"), (0.94171, "94.17 %"), (0.0001, "0.01 %"), (3.2e-9, "3e-09"), (0, "0 %")]
)
def test_probabilities_are_short(value: float, shown: str) -> None:
    assert percent(value) == shown


def test_the_table_marks_disagreement_and_cuts_nothing() -> None:
    ours, theirs = (
        (Ranked(2, NAMES[2], 0.61), Ranked(0, "cat", 0.3)),
        (Ranked(0, "cat", 0.52), Ranked(2, NAMES[2], 0.4)),
    )
    labels = ("lite", "ncnn", "onnx-embedded", "openvino")
    answers = {label: theirs if label == "ncnn" else ours for label in labels}
    apart = Prediction(Path("folder/a photo with a name of forty letters or more.jpg"), answers)
    assert not apart.agreed
    assert Prediction(Path("b.png"), {"lite": ours, "onnx": ours}).agreed
    shown = rendered(prediction_table([apart]))
    assert "…" not in shown
    assert shown.count("61.00 %") == 3
    assert shown.count("52.00 %") == 1
