"""How a Paddle 3 program goes to each target, as the targets' own descriptions say."""

import json
from pathlib import Path

import pytest

from edgekit.diagnose.steps import steps_before
from edgekit.pipeline.plan import plan_conversion, programs_of
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


def test_every_way_but_one_leads_through_the_paddle_3_exporter(source: ProgramSource) -> None:
    known = targets()
    plan = plan_conversion(source, list(known.values()))
    assert plan.program.worker == "paddle3/adopt.py"
    onnx = plan.conversions["onnx"]
    assert onnx.worker == "paddle3/to_onnx.py"
    assert list(onnx.inputs) == ["program"]
    for name in known.keys() - {"lite", "onnx", "paddle"}:
        made_from = plan.conversions[name].inputs["onnx"]
        assert isinstance(made_from, StageFile)
        assert (made_from.stage.key, made_from.name) == (onnx.key, "model.onnx")
        assert plan.conversions[name].worker.startswith(f"{name}/")


@pytest.mark.parametrize("name", ["lite", "paddle"])
def test_what_reads_programs_of_paddle_2_gets_one(source: ProgramSource, name: str) -> None:
    plan = plan_conversion(source, [targets()[name]])
    made_from = plan.conversions[name].inputs["program"]
    assert isinstance(made_from, StageFile)
    programs = programs_of(plan, targets()[name])
    assert [stage.worker for stage in programs] == ["paddle3/adopt.py", "paddle3/to_program.py", "paddle/rewrite.py"]
    assert made_from.stage.key == programs[-1].key
    assert [stage.key for stage in plan.programs] == [stage.key for stage in programs]
    assert plan.conversions[name].worker == f"{name}/convert.py"


def test_rewrites_of_the_program_come_after_it_is_one_of_paddle_2(source: ProgramSource) -> None:
    plan = plan_conversion(source, [targets()["onnx"], targets()["lite"]])
    assert programs_of(plan, targets()["onnx"]) == [plan.program]
    rewritten = programs_of(plan, targets()["lite"])[-1]
    assert rewritten.options["rewrites"] == [one.name for one in source.recipe.program.rewrites]


def test_a_diagnosis_takes_every_step_in_between(source: ProgramSource) -> None:
    plan = plan_conversion(source, [targets()["lite"], targets()["openvino"]])
    steps = {name: list(steps_before(plan, targets()[name])) for name in ("lite", "openvino")}
    assert [(step.name, step.worker("tensors.py")) for step in steps["lite"]] == [
        ("old program", "paddle/tensors.py"),
        ("rewritten program", "paddle/tensors.py"),
        ("rewritten", "paddle/tensors.py"),
    ]
    assert [(step.name, step.worker("tensors.py")) for step in steps["openvino"]] == [
        ("paddle2onnx", "onnx/tensors.py"),
        ("onnx", "onnx/tensors.py"),
    ]


def statuses(edgekit, *arguments) -> dict[tuple[str, str], str]:
    """Converted and verified by the command line: what became of every variant."""
    answer = edgekit("convert", *arguments, "--verify", "--json")
    assert answer.returncode == 0, answer.stderr
    checks = json.loads(answer.stdout)["checks"]
    return {(one["target"], one["variant"]): one["verdict"]["status"] for one in checks}


@pytest.mark.toolchain
def test_all_targets_by_the_command_line(edgekit, exported: Path, tmp_path: Path) -> None:
    assert statuses(edgekit, exported / "plain", "-t", "all", "--out", tmp_path) == {
        ("lite", "x86"): "passed",
        ("lite", "ARM"): "not run",
        ("ncnn", ""): "passed",
        ("onnx", ""): "passed",
        ("openvino", ""): "passed",
    }


@pytest.mark.toolchain
def test_a_program_of_paddle_2_with_any_batch(edgekit, exported: Path, tmp_path: Path) -> None:
    options = ("-t", "lite,paddle", "--batch", "dynamic", "--input-size", "64", "--out", tmp_path)
    assert statuses(edgekit, exported / "windowed", *options) == {
        ("lite", "x86"): "passed",
        ("lite", "ARM"): "not run",
        ("paddle", "oneDNN"): "passed",
        ("paddle", "plain"): "passed",
    }
