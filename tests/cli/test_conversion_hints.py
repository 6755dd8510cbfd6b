"""What an error says to convert can be pasted: it converts into the folder in which the command looked."""

import re
import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted, conversion_of
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import FILE, FileRecord, Manifest, TensorSpec, WeightsRecord
from edgekit.cli.app import run
from edgekit.cli.evaluate import asked_precisions, of_precisions
from edgekit.cli.export_app import wanted_artifacts
from edgekit.cli.export_serving import best_artifact
from edgekit.cli.named_artifacts import chosen_artifacts
from edgekit.errors import AbsentError, UsageError
from edgekit.untrusted.json_document import encode_json
from tests.cli.test_named_artifacts import artifact


def command_in(said: str) -> list[str]:
    """The words of the command that a text names."""
    return shlex.split(re.findall(r"`(edgekit convert [^`]*)`", said)[0])[2:]


def written(folder: Path, manifest: Manifest) -> Artifact:
    """An artifact with that manifest in a folder."""
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(encode_json(manifest))
    return Artifact(folder, manifest)


@pytest.mark.parametrize(
    ("arguments", "flag", "wanted"),
    [
        (["verify", "MixNet_S"], "-o", ["--target", "all"]),
        (["predict", "MixNet_S", "photo.png"], "-o", ["--target", "all"]),
        (["predict", "MixNet_S", "photo.png", "-t", "NCNN, lite"], "-o", ["--target", "ncnn,lite"]),
        (["predict", "mixnet-s", "photo.png", "-t", "onnx-int8"], "-o", ["--target", "onnx", "--precision", "int8"]),
        (["evaluate", "MixNet_S", "--data", "x"], "-o", ["--target", "all"]),
        (
            ["evaluate", "MixNet_S", "--data", "x", "-t", "mnn", "--precision", "fp16"],
            "-o",
            ["--target", "mnn", "--precision", "fp16"],
        ),
        (["sign", "MixNet_S", "--check", "KEY"], "-o", ["--target", "all"]),
        (["report", "MixNet_S"], "--artifacts", ["--target", "all"]),
        (["package", "MixNet_S", "--arch", "x86_64"], "--artifacts", ["--target", "ncnn", "--verify"]),
        (["export-app", "MixNet_S", "--to", "app"], "-o", ["--target", "ncnn,lite", "--verify"]),
        (["export-serving", "MixNet_S", "--for", "ovms"], "--artifacts", ["--target", "openvino", "--verify"]),
        (["serve", "MixNet_S"], "-o", ["--target", "all", "--verify"]),
        (["serve", "MixNet_S", "-t", "onnx"], "-o", ["--target", "onnx", "--verify"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_model_that_is_not_there_is_converted_to_where_it_was_looked_for(
    arguments: list[str],
    flag: str,
    wanted: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cache: object,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("edgekit.signing.keys.public_key", lambda text: None)
    # The usual folder is not said, another one is quoted.
    for out, out_flag in ((None, []), ("my artifacts", ["--out", "my artifacts"])):
        assert run([*arguments, *([flag, out] if out else [])]) == 3
        said = capsys.readouterr().err
        assert f"{out or 'artifacts'} holds no artifact of MixNet_S" in said
        found = command_in(said)
        verify = ["--verify"] if "--verify" in wanted else []
        assert found == ["MixNet_S", *(one for one in wanted if one != "--verify"), *out_flag, *verify]


def test_a_folder_without_any_artifact_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: object
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["verify", "-o", "X"]) == 3
    assert command_in(capsys.readouterr().err) == ["MODEL", "--target", "all", "--out", "X"]
    Path("a model").mkdir()
    assert run(["verify", "./a model", "-o", "X"]) == 3
    assert command_in(capsys.readouterr().err) == ["./a model", "--target", "all", "--out", "X", "--verify"]


def test_a_target_that_is_none_is_not_named_in_a_command(capsys: pytest.CaptureFixture[str], cache: object) -> None:
    assert run(["predict", "MixNet_S", "photo.png", "-o", "nowhere", "-t", "onxx"]) == 2
    assert "there is no target onxx. Did you mean onnx" in capsys.readouterr().err


def test_what_is_lacking_beside_an_artifact_goes_beside_it(tmp_path: Path) -> None:
    here = tmp_path / "my artifacts"
    model = ["M", "--weights", "demo"]
    files = {"model.onnx": FileRecord("0" * 64, 1, "model.onnx")}
    inputs = (TensorSpec("x", "x", (1, 3, 8, 8), "float32", "image"),)
    outputs = (TensorSpec("logits", "logits", (1, 3), "float32"),)
    manifest = replace(artifact("onnx").manifest, files=files, inputs=inputs, outputs=outputs)
    one = written(here / "M" / "onnx", manifest)
    with pytest.raises(AbsentError) as caught:
        chosen_artifacts([one], Wanted("lite,onnx", verified=True), "M")
    assert command_in(str(caught.value)) == [*model, "--target", "lite", "--out", str(here), "--verify"]
    with pytest.raises(AbsentError, match="M has no int8 artifact") as caught:
        of_precisions([one], ["fp32", "int8"], Wanted("onnx"))
    assert command_in(str(caught.value)) == [*model, "--target", "onnx", "--precision", "int8", "--out", str(here)]
    with pytest.raises(AbsentError) as caught:
        wanted_artifacts(["M"], here, "ncnn")
    assert command_in(str(caught.value)) == [*model, "--target", "ncnn", "--out", str(here), "--verify"]
    with pytest.raises(AbsentError) as caught:
        best_artifact("M", here, ("openvino",))
    assert command_in(str(caught.value)) == [*model, "--target", "openvino", "--out", str(here), "--verify"]


def test_weights_are_named_as_they_were_given() -> None:
    manifest = artifact("onnx").manifest

    def words(weights: WeightsRecord) -> list[str]:
        one = Artifact(DEFAULT_OUT / "M" / "onnx", replace(manifest, weights=weights))
        return shlex.split(conversion_of(one, Wanted("lite")))[2:]

    assert words(WeightsRecord("official", "official", "0")) == ["M", "--target", "lite"]
    file = WeightsRecord("file", "my weights.pdparams", "0", prefix="net.")
    given = ["--weights", "my weights.pdparams", "--weights-prefix", "net."]
    assert words(file) == ["M", *given, "--target", "lite"]
    # A model from a folder is in no catalog.
    program = WeightsRecord("program", "my/net", "0")
    assert words(program) == ["my/net", "--name", "M", "--target", "lite"]


def test_precisions_are_checked_before_they_are_named() -> None:
    assert asked_precisions(None) == []
    assert asked_precisions("FP32, int8-weights") == ["fp32", "int8-weights"]
    with pytest.raises(UsageError, match="there is no precision fp8"):
        asked_precisions("fp8")
