"""Models that people really bring, one of each kind: made by `../shared/cases/make_cases.py`, as its README says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import PATIENCE_SECONDS, ROOT, Edgekit
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of

pytestmark = pytest.mark.toolchain

KINDS = {
    "constants_in_forward": "probabilities",
    "features_div": "features",
    "hardswish_depthwise": "logits",
    "margin_64": "probabilities",
    "multilabel_rare": "sigmoid",
    "old_paddle": "logits",
    "one_sigmoid": "sigmoid",
    "open_batch_reshape": "logits",
    "overflow": "logits",
    "paddlex2_yml": "logits",
    "pow_2": "logits",
    "stretched": "probabilities",
    "sure_two_classes": "probabilities",
    "textline_80x160": "probabilities",
}
RUNNABLE = {("onnx", ""), ("openvino", ""), ("ncnn", ""), ("lite", "x86")}


@pytest.fixture(scope="module")
def cases(shared: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all cases; skips where their script is absent."""
    script = shared / "cases" / "make_cases.py"
    if not script.is_file():
        pytest.skip("../shared/cases is not here")
    python = ensure_environment(requirements_of(ROOT / "converters" / "paddle" / "adopt.py"), session_cache, print)
    folder = tmp_path_factory.mktemp("cases")
    answer = subprocess.run(
        [str(python), str(script), str(folder)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return folder


def converted(edgekit: Edgekit, folder: Path, out: Path) -> dict[str, Any]:
    """What the command line says of a case on every target."""
    answer = edgekit("convert", folder, "--target", "all", "--verify", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize("name", KINDS)
def test_it_goes_to_every_target_with_one_command(edgekit: Edgekit, cases: Path, name: str, tmp_path: Path) -> None:
    document = converted(edgekit, cases / name, tmp_path)
    verdicts = {(one["target"], one["variant"]): one["verdict"] for one in document["checks"]}
    assert {key: verdicts[key]["status"] for key in RUNNABLE} == dict.fromkeys(RUNNABLE, "passed")
    assert {part["kind"] for part in verdicts["onnx", ""]["outputs"].values()} == {KINDS[name]}
    # The file for ARM has been compared with its twin, and nothing was found.
    assert verdicts["lite", "ARM"]["status"] == "not run"


def test_preprocessing_is_as_the_files_beside_the_models_say(edgekit: Edgekit, cases: Path, tmp_path: Path) -> None:
    def preprocessing(name: str) -> dict[str, Any]:
        answer = edgekit("convert", cases / name, "--target", "onnx", "--json", "--out", tmp_path)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)["conversions"][0]["manifest"]["preprocessing"]

    assert preprocessing("textline_80x160")["crop"] == [80, 160]
    assert preprocessing("stretched")["resize"] == "stretch"
    paddlex = preprocessing("paddlex2_yml")
    assert (paddlex["mean"], paddlex["std"]) == ([0.5] * 3, [0.5] * 3)


def test_fp16_beyond_its_range_fails_and_the_layer_is_named(edgekit: Edgekit, cases: Path, tmp_path: Path) -> None:
    words = ["--target", "ncnn", "--precision", "fp16", "--verify", "--json", "--out", tmp_path]
    answer = edgekit("convert", cases / "overflow", *words)
    assert answer.returncode == 1, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert check["verdict"]["status"] == "failed"
    assert "65504" in check["verdict"]["reason"]
