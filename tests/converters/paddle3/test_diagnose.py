"""Diagnoses of what was made from a Paddle 3 program: damaged files, and a step on the way that is wrong."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from edgeworker.parameter_files import read_tensors, write_tensors

from edgekit.diagnose.inside import Inside, Laboratory
from edgekit.diagnose.locate import Sample, locate
from edgekit.diagnose.reproducer import SCRIPTS, script_head
from edgekit.diagnose.steps import OLD_PROGRAM, Step
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.stage import SourceFile
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.interpreter import uv_program
from edgekit.toolchain.worker import Toolchain
from tests.diagnose.damage import damage, seal_again, stored_parameters

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def artifacts(edgekit, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network without a softmax on every target."""
    out = tmp_path_factory.mktemp("artifacts")
    answer = edgekit("convert", exported / "plain", "-t", "all", "--out", out, "--name", "mine")
    assert answer.returncode == 0, answer.stderr
    return out / "mine"


@pytest.mark.parametrize("target", ["onnx", "openvino", "ncnn", "lite"])
def test_a_damaged_layer_is_named_and_reproduced(edgekit, artifacts: Path, tmp_path: Path, target: str) -> None:
    folder = tmp_path / target
    shutil.copytree(artifacts / target, folder)
    stored = stored_parameters(target, folder)
    (chosen,) = [one for one in stored.values() if one.count == 8 * 3 * 9]
    damage(chosen, np.random.default_rng(3), 2.0, channel=True)
    seal_again(folder)
    answer = edgekit("diagnose", folder, "--json")
    assert answer.returncode == 1, answer.stderr
    (found, *_) = json.loads(answer.stdout)["diagnoses"]
    assert [step["status"] for step in found["steps"]] == ["ok"] * (len(found["steps"]) - 1) + ["guilty"]
    names = [step["name"] for step in found["steps"]]
    assert (
        names
        == {
            "onnx": ["program", "paddle2onnx", "converted", "artifact"],
            "openvino": ["program", "paddle2onnx", "onnx", "converted", "artifact"],
            "ncnn": ["program", "paddle2onnx", "onnx", "converted", "artifact"],
            "lite": ["program", "old program", "rewritten", "converted", "artifact"],
        }[target]
    )
    assert "conv" in found["layer"]["type"].lower()
    assert len(found["layer"]["changed_parameters"]) == 1
    assert found["reproducer"]["shows"]


@pytest.fixture
def laboratory(session_cache: Path) -> Laboratory:
    return Laboratory(Executor(StageStore(session_cache / "stages"), Toolchain(session_cache)), 0)


@pytest.fixture
def sample(session_cache: Path, noise) -> Sample:
    return Sample.write({"x": noise(1, 32)}, session_cache)


def folder_file(folder: Path) -> SourceFile:
    """A folder as an input, known by what is in it."""
    return SourceFile(folder, "".join(file_sha256(path) for path in sorted(folder.iterdir())))


def program_step(program: Path) -> Step:
    return Step(PROGRAM, "Paddle FP32", PROGRAM, {PROGRAM: folder_file(program)}, folder="paddle3")


def test_a_wrong_layer_of_the_written_program_is_named(adopt, run_worker, laboratory, sample, tmp_path: Path) -> None:
    _, program = adopt("plain")
    _, written = run_worker("paddle3/to_program.py", {"program": program}, {})
    wrong = tmp_path / "wrong"
    shutil.copytree(written, wrong)
    names = sorted(read_names(wrong))
    tensors = {
        name: tensor.values.copy() for name, tensor in read_tensors(wrong / "inference.pdiparams", names).items()
    }
    (name,) = [name for name in names if name.startswith("linear") and tensors[name].ndim == 2]
    tensors[name][:, 2] *= 1.01
    write_tensors(wrong / "inference.pdiparams", tensors)
    guilty = Step(OLD_PROGRAM, "written", PROGRAM, {PROGRAM: folder_file(wrong)})
    located = locate(Inside(guilty, laboratory), Inside(program_step(program), laboratory), sample, twin=False)
    assert located is not None
    assert (located.layer.type, located.stands_for and located.stands_for.type) == ("matmul_v2", "matmul")
    assert located.comparison == "tensors of the same name"


def read_names(folder: Path) -> list[str]:
    """The parameters that a written program declares."""
    from edgeworker.paddle_program import read_program

    described = read_program(folder / "inference.pdmodel")
    return [variable.name for variable in described.blocks[0].vars if variable.is_parameter]


def test_a_wrong_conversion_to_onnx_is_compared_with_the_program(
    adopt, run_worker, laboratory, sample, tmp_path: Path
) -> None:
    import onnx
    from onnx import numpy_helper

    _, program = adopt("plain")
    _, converted = run_worker("paddle3/to_onnx.py", {"program": program}, {"batch": 1, "simplify": False})
    model = onnx.load(converted / "model.onnx")
    constants = [node.attribute[0].t for node in model.graph.node if node.op_type == "Constant"]
    (weight,) = [one for one in constants if list(one.dims) == [8, 3, 3, 3]]
    values = numpy_helper.to_array(weight).copy()
    values[3] *= 1.01
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(model, tmp_path / "model.onnx")
    file = SourceFile(tmp_path / "model.onnx", file_sha256(tmp_path / "model.onnx"))
    guilty = Step("paddle2onnx", "ONNX", "onnx", {"model": file})
    located = locate(Inside(guilty, laboratory), Inside(program_step(program), laboratory), sample, twin=False)
    assert located is not None
    assert (located.layer.type, located.stands_for and located.stands_for.type) == ("Conv", "conv2d")
    assert located.stands_for is not None
    assert located.stands_for.attributes["layer"] == "/Conv2D/"


@pytest.mark.parametrize(("factor", "status"), [(1.0, 0), (1.01, 1)])
def test_the_reproducer_converts_and_compares(
    adopt, run_worker, run_program, noise, tmp_path: Path, factor: float, status: int
) -> None:
    """With the requirements in its head, as somebody who gets the folder runs it."""
    _, program = adopt("plain")
    images = noise(1, 32)
    _, exact = run_program(program, images)
    shutil.copytree(program, tmp_path / "reproducer")
    folder = tmp_path / "reproducer"
    np.save(folder / "input0.npy", images)
    np.save(folder / "expected0.npy", (exact["fetch_name_0"] * factor).astype(np.float32))
    case = {"limit": 1e-5, "inputs": {"x": "input0.npy"}, "outputs": {"fetch_name_0": "expected0.npy"}}
    (folder / "case.json").write_text(json.dumps(case))
    kind = "paddle3_onnx_conversion"
    (folder / "reproduce.py").write_text(script_head(kind) + (SCRIPTS / f"{kind}.py").read_text())
    command = [uv_program(), "run", "--script", folder / "reproduce.py"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=tmp_path)
    assert answer.returncode == status, answer.stderr
    assert "fetch_name_0: [1, 7], off by" in answer.stdout
