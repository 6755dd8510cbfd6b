"""How a Paddle 3 program goes to each target, as the targets' own descriptions say."""

import json
from pathlib import Path

import pytest

from edgekit.errors import ConversionError, EdgekitError
from edgekit.pipeline.plan import plan_conversion
from edgekit.pipeline.source import ProgramSource, program_source
from edgekit.pipeline.stage import StageFile
from edgekit.pipeline.target import targets


@pytest.fixture
def source(tmp_path: Path) -> ProgramSource:
    folder = tmp_path / "mynet"
    folder.mkdir()
    (folder / "inference.json").write_text("{}")
    (folder / "inference.pdiparams").write_bytes(b"")
    return program_source(folder, tmp_path / "cache")


def test_every_way_leads_through_the_paddle_3_exporter(source: ProgramSource) -> None:
    known = targets()
    refused: dict[str, EdgekitError] = {}
    plan = plan_conversion(source, list(known.values()), refused=refused)
    assert plan.program.worker == "paddle3/adopt.py"
    assert set(refused) == {"lite"}
    onnx = plan.conversions["onnx"]
    assert onnx.worker == "paddle3/to_onnx.py"
    assert list(onnx.inputs) == ["program"]
    for name in known.keys() - {"lite", "onnx"}:
        made_from = plan.conversions[name].inputs["onnx"]
        assert isinstance(made_from, StageFile)
        assert (made_from.stage, made_from.name) == (onnx, "model.onnx")
        assert plan.conversions[name].worker.startswith(f"{name}/")


def test_a_target_that_cannot_says_so_in_one_sentence(source: ProgramSource) -> None:
    with pytest.raises(ConversionError) as caught:
        plan_conversion(source, [targets()["lite"]])
    assert str(caught.value) == (
        "mynet cannot go to Paddle Lite: it reads only the program format of Paddle 2 (.pdmodel), and this is one of "
        "Paddle 3 (.json). Export the model again with Paddle 2.6, or in Paddle 3 with the environment variable "
        "FLAGS_enable_pir_api=0, and convert that folder."
    )


@pytest.mark.toolchain
def test_all_targets_but_lite_by_the_command_line(edgekit, exported: Path, tmp_path: Path) -> None:
    answer = edgekit("convert", exported / "plain", "-t", "all", "--verify", "--json", "--out", tmp_path)
    document = json.loads(answer.stdout)
    assert answer.returncode == 4, answer.stderr
    status = {one["target"]: one["status"] for one in document["conversions"]}
    assert status == {"lite": "failed", "ncnn": "converted", "onnx": "converted", "openvino": "converted"}
    (error,) = (one["error"] for one in document["conversions"] if one["error"])
    assert error.startswith("plain cannot go to Paddle Lite: it reads only the program format of Paddle 2")
    verdicts = {one["target"]: one["verdict"]["status"] for one in document["checks"]}
    assert verdicts == {"ncnn": "passed", "onnx": "passed", "openvino": "passed"}


@pytest.mark.toolchain
def test_lite_alone_starts_nothing(edgekit, exported: Path, tmp_path: Path) -> None:
    answer = edgekit("convert", exported / "plain", "-t", "lite", "--out", tmp_path)
    assert answer.returncode == 4
    assert "plain cannot go to Paddle Lite" in answer.stderr
    assert "FLAGS_enable_pir_api=0" in answer.stderr
    assert "adoption" not in answer.stderr
