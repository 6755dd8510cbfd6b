"""Which artifacts a command's arguments mean."""

from pathlib import Path

import pytest

from edgekit.artifact.conversion_command import Wanted
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, ModelRecord, WeightsRecord
from edgekit.cli.named_artifacts import chosen_artifacts, named_folders
from edgekit.errors import AbsentError, UsageError
from edgekit.inputs.preprocessing import Preprocessing


def artifact(folder: str, model: str = "M") -> Artifact:
    target, _, precision = folder.partition("-")
    manifest = Manifest(
        edgekit="0.1.0",
        target=target,
        precision="int8" if precision == "int8" else "fp32",
        batch=1,
        model=ModelRecord(model, "F", "A", 3, None),
        weights=WeightsRecord("demo", "demo", "0" * 64),
        preprocessing=Preprocessing(resize_short=8, crop=8),
        inputs=(),
        outputs=(),
        program_key="1" * 64,
        stages=(),
        rewrites=(),
        files={},
    )
    return Artifact(Path("out") / model / folder, manifest)


ALL = [artifact(name) for name in ("ncnn", "onnx", "onnx-embedded", "onnx-int8")]


def labels(target: str | None) -> list[str]:
    return [one.folder.name for one in chosen_artifacts(ALL, Wanted(target), "M")]


def test_a_target_means_all_its_artifacts_and_a_name_from_a_table_means_one() -> None:
    assert labels("onnx") == ["onnx", "onnx-embedded", "onnx-int8"]
    assert labels("ONNX-int8") == ["onnx-int8"]
    assert labels("onnx-int8, ncnn") == ["ncnn", "onnx-int8"]
    assert labels("all") == [one.folder.name for one in ALL]
    assert labels(None) == ["ncnn"]


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(AbsentError, match="not converted to lite"):
        labels("lite,onnx-int8")
    with pytest.raises(UsageError, match="there is no target ncnn-int8"):
        labels("ncnn-int8")
    with pytest.raises(UsageError, match="no target is named"):
        labels(" , ")
    with pytest.raises(UsageError, match="several models"):
        chosen_artifacts([*ALL, artifact("ncnn", "N")], Wanted("ncnn"), "M")


def test_a_model_that_is_not_converted_is_told_from_no_model(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(AbsentError, match="mine holds no artifact") as caught:
        named_folders([str(tmp_path / "mine")], tmp_path / "artifacts")
    command = f"`edgekit convert {tmp_path / 'mine'} --target all --out {tmp_path / 'artifacts'} --verify`"
    assert command in (caught.value.remedy or "")
    with pytest.raises(UsageError, match="there is no model named"):
        named_folders([str(tmp_path / "yours")], tmp_path / "artifacts")
