"""Models from elsewhere, by the command line: folders of inference models, and weights with other classes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Edgekit, RunWorker
from edgekit.catalog import load_catalog

pytestmark = pytest.mark.toolchain

CONFIGURATION = """
PreProcess:
  transform_ops:
  - ResizeImage: {resize_short: 72}
  - CropImage: {size: 64}
  - NormalizeImage: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], scale: 1./255.}
  - ToCHWImage: null
PostProcess:
  Topk: {topk: 1, label_list: [a, b, c, d, e, f, g]}
"""


def statuses(answer: Any) -> dict[str, str]:
    return {
        f"{check['target']} {check['variant']}".strip(): check["verdict"]["status"]
        for check in json.loads(answer.stdout)["checks"]
    }


def first_manifest(answer: Any) -> dict[str, Any]:
    return json.loads(answer.stdout)["conversions"][0]["manifest"]


ALL = {"lite x86": "passed", "lite ARM": "not run", "ncnn": "passed", "onnx": "passed", "openvino": "passed"}


def test_a_folder_with_its_configuration(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(foreign_models / "open", tmp_path / "flowers_infer")
    (folder / "inference.yml").write_text(CONFIGURATION)
    answer = edgekit("convert", folder, "-t", "all", "--verify", "--json", "-o", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    assert statuses(answer) == ALL
    manifest = first_manifest(answer)
    assert manifest["model"]["name"] == "flowers_infer"
    assert manifest["model"]["class_names"] == list("abcdefg")
    assert manifest["inputs"][0]["shape"] == [1, 3, 64, 64]
    assert manifest["outputs"][0]["kind"] == "probabilities"
    assert (manifest["preprocessing"]["resize_short"], manifest["preprocessing"]["mean"]) == (72, [0.5, 0.5, 0.5])

    again = edgekit("verify", "flowers_infer", "--json", "-o", tmp_path / "out")
    assert again.returncode == 0, again.stderr
    assert statuses(again) == ALL


PADDLEX2 = """
Model: MobileNetV3_small
Transforms:
- ResizeByShort: {short_size: 72, max_size: -1, interp: LINEAR}
- CenterCrop: {crop_size: 64}
- Normalize: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], min_val: [0, 0, 0], max_val: [255.0, 255.0, 255.0]}
_Attributes: {num_classes: 7, labels: [一, 二, 三, 四, 五, 六, 七], fixed_input_shape: [64, 64]}
version: 2.1.0
"""


def test_names_and_paths_of_another_script(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """Every tool gets them: the folder with a space, the artifacts' files and folders, the temporary folder."""
    folder = shutil.copytree(foreign_models / "open", tmp_path / "模型 目录" / "花卉分类")
    (folder / "._inference.pdmodel").write_bytes(b"\x00\x05\x16\x07")
    (folder / "model.yml").write_text(PADDLEX2, encoding="utf-8")
    (folder / "compose.yaml").write_text("services: {}")
    (scratch := tmp_path / "临时").mkdir()
    out = tmp_path / "产物"
    answer = edgekit("convert", folder, "-t", "all", "--verify", "--json", "-o", out, TMPDIR=str(scratch), LC_ALL="C")
    assert answer.returncode == 0, answer.stderr
    assert statuses(answer) == ALL
    assert "compose.yaml in" in answer.stderr
    manifest = first_manifest(answer)
    assert manifest["model"]["name"] == "花卉分类"
    assert manifest["model"]["class_names"] == list("一二三四五六七")
    assert manifest["preprocessing"]["mean"] == [0.5, 0.5, 0.5]
    assert manifest["configuration"]["form"] == "PaddleX 2's model.yml"
    files = {path.name for path in out.glob("花卉分类/*/花卉分类.*")}
    assert {"花卉分类.onnx", "花卉分类.x86.nb", "花卉分类.ncnn.bin", "花卉分类.xml"} <= files


def test_names_of_classes_that_do_not_fit(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """PaddleClas's list in a configuration that was copied is left out and said; a list of one's own is an error."""
    folder = shutil.copytree(foreign_models / "open", tmp_path / "net")
    copied = "PostProcess: {Topk: {class_id_map_file: ../ppcls/utils/imagenet1k_label_list.txt}}"
    (folder / "inference_cls.yaml").write_text(CONFIGURATION[: CONFIGURATION.index("PostProcess")] + copied)
    answer = edgekit("convert", folder, "-t", "onnx", "--json", "-o", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    assert first_manifest(answer)["model"]["class_names"] is None
    said = " ".join(answer.stderr.split())
    assert "tells 7 classes apart, and PaddleClas's imagenet1k_label_list.txt names 1000" in said
    (tmp_path / "mine.txt").write_text("a\nb\n")
    answer = edgekit("convert", folder, "-t", "onnx", "--labels", tmp_path / "mine.txt", "-o", tmp_path / "out")
    assert answer.returncode == 2
    assert f"tells 7 classes apart, and {tmp_path / 'mine.txt'} names 2" in " ".join(answer.stderr.split())


def test_an_old_export_in_any_batch(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    arguments = ("convert", foreign_models / "old", "--input-size", "96", "--verify", "--json", "-o", tmp_path)
    answer = edgekit(*arguments, "-t", "onnx,openvino,lite", "--batch", "dynamic")
    assert answer.returncode == 0, answer.stderr
    assert statuses(answer) == {name: status for name, status in ALL.items() if name != "ncnn"}
    manifest = first_manifest(answer)
    assert manifest["batch"] == "dynamic"
    assert manifest["inputs"][0]["shape"] == [-1, 3, 96, 96]

    refused = edgekit(*arguments, "-t", "ncnn", "--batch", "4")
    assert refused.returncode == 2
    assert "ncnn has no batch dimension" in refused.stderr


def test_flags_and_a_recipe_of_ones_own(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        '[preprocessing]\ncrop = 64\nresize_short = 64\n[tolerances.fp32]\nnoise_factor = 20\nreason = "tiny"\n'
    )
    answer = edgekit(
        "convert", foreign_models / "logits", "-t", "onnx", "--recipe", recipe, "--mean", "0,0,0", "--std", "1,1,1",
        "--name", "mine", "--verify", "--json", "-o", tmp_path / "out",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    manifest = first_manifest(answer)
    assert manifest["model"]["name"] == "mine"
    assert manifest["recipe"]["tolerance"]["noise_factor"] == 20
    preprocessing = manifest["preprocessing"]
    assert (preprocessing["resize_short"], preprocessing["mean"], preprocessing["std"]) == (64, [0, 0, 0], [1, 1, 1])


REWRITES = ["fold-constants", "affine-batch-norm", "plain-set-value", "plain-unbind", "plain-unfold", "plain-fold"]


@pytest.mark.parametrize("batch", ["1", "dynamic"])
def test_what_targets_lack_is_written_in_other_words(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path, batch: str
) -> None:
    """Each rewrite of programs applies; OpenVINO's Paddle front end still lacks `square`, so it goes through ONNX."""
    folder = foreign_models / "rare"
    answer = edgekit(
        "convert", folder, "-t", "onnx,lite,openvino", "--batch", batch, "--verify", "--json", "-o", tmp_path
    )
    assert answer.returncode == 0, answer.stderr
    assert statuses(answer) == {name: status for name, status in ALL.items() if name != "ncnn"}
    manifests = {one["target"]: one["manifest"] for one in json.loads(answer.stdout)["conversions"]}
    for manifest in manifests.values():
        applied = {one["name"]: one["applied"] for one in manifest["rewrites"] if one["of"] == "program"}
        assert list(applied) == REWRITES
        assert all(applied.values())
    assert manifests["openvino"]["build"] == {"read": "onnx"}
    told = {one["name"]: one["applied"] for one in manifests["lite"]["rewrites"] if one["of"] == "target"}
    assert (told["pow-as-product"], told["lower-reduction-rank"]) == (1, 1)


def test_what_the_front_end_reads_goes_straight(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    answer = edgekit("convert", foreign_models / "open", "-t", "openvino", "--json", "-o", tmp_path)
    assert answer.returncode == 0, answer.stderr
    manifest = first_manifest(answer)
    assert manifest["build"] == {"read": "program"}
    assert [stage["stage"] for stage in manifest["stages"]] == [
        "paddle/adopt.py",
        "paddle/rewrite.py",
        "paddle/speed.py",
        "openvino/convert.py",
    ]


@pytest.mark.parametrize("target", ["onnx", "lite", "openvino"])
def test_an_unsupported_operator_is_named_with_its_place(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path, target: str
) -> None:
    answer = edgekit("convert", foreign_models / "unusual", "-t", target, "-o", tmp_path)
    assert answer.returncode == 4
    assert "lgamma" in answer.stderr
    assert "op 6" in answer.stderr


def test_a_configuration_for_another_size_is_not_followed_in_silence(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(foreign_models / "flattened", tmp_path / "net")
    (folder / "inference.yml").write_text(CONFIGURATION)
    answer = edgekit("convert", folder, "-t", "onnx", "-o", tmp_path / "out")
    assert answer.returncode == 2
    assert "prepares images of 64 px, and" in answer.stderr
    assert "takes 32 px" in answer.stderr


@pytest.mark.parametrize("classes", [13, 1])
def test_weights_with_other_classes(edgekit: Edgekit, run_worker: RunWorker, tmp_path: Path, classes: int) -> None:
    architecture = load_catalog().find("ResNet18").architecture.as_option()
    options = {"architecture": architecture, "seed": 5, "input_size": 64, "class_count": classes}
    _, output = run_worker("paddle/synthesize.py", {}, options)
    weights = output / "weights.safetensors"
    answer = edgekit(
        "convert", "ResNet18", "--weights", weights, "--input-size", "64", "-t", "onnx,ncnn", "--verify", "--json",
        "-o", tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert statuses(answer) == {"ncnn": "passed", "onnx": "passed"}
    manifest = first_manifest(answer)
    assert manifest["model"]["class_count"] == classes
    assert manifest["outputs"][0]["shape"] == [1, classes]
