"""The command that makes an artifact again says what the user said."""

import shlex

from msgspec.structs import replace

from edgekit.artifact.manifest import CalibrationRecord, ConfigurationRecord, Manifest, ModelRecord, WeightsRecord
from edgekit.artifact.origin import convert_command
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.instruction_set import this_machine

MANIFEST = Manifest(
    edgekit="0.1.0",
    target="onnx",
    precision="fp32",
    batch=1,
    model=ModelRecord("花卉", "F", "A", 2),
    weights=WeightsRecord("file", "my weights.pdparams", "0" * 64),
    preprocessing=Preprocessing(),
    inputs=(),
    outputs=(),
    program_key="1" * 64,
    stages=(),
    rewrites=(),
    files={},
)


def test_weights_of_a_wrapped_network() -> None:
    manifest = replace(MANIFEST, weights=replace(MANIFEST.weights, prefix="Student."))
    assert convert_command(manifest) == (
        "edgekit convert '花卉' --target onnx --weights 'my weights.pdparams' --weights-prefix Student. "
        "--input-size 224"
    )


def test_a_configuration_that_was_asked_for() -> None:
    for asked in ("my config.yml", "none"):
        words = shlex.split(convert_command(replace(MANIFEST, configuration=ConfigurationRecord(asked=asked))))
        assert words[words.index("--config") + 1] == asked


def test_a_configuration_beside_the_model_is_found_again() -> None:
    record = ConfigurationRecord("net/inference.yml", "0" * 64, "PaddleX 3's configuration")
    assert "--config" not in convert_command(replace(MANIFEST, configuration=record))


def test_flags_of_the_preprocessing_and_a_size_that_is_no_square() -> None:
    flags = {"resize": "stretch", "channel_order": "BGR", "divide_by": 1.0, "mean": [-1.5, 0.0, 2.0]}
    spec = Preprocessing(crop=(80, 160), resize="stretch", channel_order="BGR", divide_by=1, mean=(-1.5, 0, 2))
    assert convert_command(replace(MANIFEST, preprocessing=spec, preprocessing_flags=flags)).endswith(
        "--input-size 80x160 --resize=stretch --channel-order=BGR --divide-by=1.0 --mean=-1.5,0.0,2.0"
    )


def test_names_of_classes_that_were_asked_for() -> None:
    model = replace(MANIFEST.model, class_names=("a", "b"), labels="mine.txt")
    assert convert_command(replace(MANIFEST, model=model)).endswith("--labels mine.txt")


def test_int8_names_its_photos_and_the_layers_that_stayed() -> None:
    manifest = replace(
        MANIFEST,
        precision="int8",
        calibration=CalibrationRecord("my photos", "2" * 64, {"a.jpg": "3" * 64}),
        build={"keep_float": ["Conv.0", "Gemm.1"]},
    )
    assert convert_command(manifest).endswith("--precision int8 --calibration 'my photos' --keep-float Conv.0,Gemm.1")
    assert "--calibration" not in convert_command(replace(MANIFEST, precision="fp16"))


def test_the_machine_is_named_where_it_is_another_than_this_one() -> None:
    assert convert_command(replace(MANIFEST, made_for="armv7")).endswith("--input-size 224 --for armv7")
    assert "--for" not in convert_command(replace(MANIFEST, made_for=this_machine()))
    assert "--for" not in convert_command(MANIFEST)
