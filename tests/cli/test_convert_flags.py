"""`--precision`, `--gpu` and the targets: what cannot be is refused before anything is looked for."""

from pathlib import Path

import pytest

from edgekit.cli.app import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-t", "onnx", "--gpu", "sm86"], "--gpu means nothing to onnx. Targets that take it: tensorrt."),
        (["-t", "tensorrt", "--gpu", "sm90"], "--gpu knows no sm90. It takes sm75, sm80, sm86, sm89, sm120, sm121"),
        (["-t", "onnx", "--precision", "int8-weights"], "onnx has no int8-weights: its converter knows none"),
        (["-t", "onnx,mnn", "--precision", "int8"], "mnn has no int8: edgekit quantises no activations of MNN models"),
        (["-t", "onnx", "--calibration", "photos"], "--calibration is for int8, and fp32 is asked for"),
        (["-t", "onnx", "--precision", "fp16", "--keep-float", "a"], "--keep-float is for int8, and fp16 is asked for"),
        (["-t", "paddle", "--precision", "fp16"], "paddle has no fp16: "),
        (["-t", "all,paddle", "--precision", "fp16"], "Targets with fp16: "),
        (["-t", "onnx", "--precision", "int4"], "int4"),
        (["-t", "ncnn", "--for", "arm"], "--for knows no instruction set arm. It takes x86_64, aarch64, armv7, wasm."),
        (["-t", "ncnn", "--for", "aarch64", "--no-speed-rewrites"], "--no-speed-rewrites leaves them out. Leave one"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    cache: Path, tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", "MixNet_S", "-w", "demo", "--out", str(tmp_path / "out"), *arguments]) == 2
    shown = capsys.readouterr()
    assert said in " ".join(shown.err.split())
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert not (tmp_path / "out").exists()
