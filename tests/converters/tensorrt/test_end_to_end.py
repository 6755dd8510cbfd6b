"""The target through the command line: built and inspected here, and never called passed."""

import json
import shutil

import msgspec
import pytest

from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FileRecord
from edgekit.artifact.write import update_manifest
from edgekit.filesystem.hashing import file_sha256
from edgekit.toolchain.device import find_device
from tests.converters.tensorrt.damage import scale_one_channel

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(find_device("nvidia-gpu") is not None, reason="an NVIDIA GPU is here: engines really run"),
]


@pytest.fixture(scope="module")
def out(edgekit, tmp_path_factory):
    """MixNet_S as an engine in FP32 and in FP16, inspected; the folder and what was printed of the checks."""
    folder = tmp_path_factory.mktemp("tensorrt")
    checks = {}
    for precision in ("fp32", "fp16"):
        command = ["convert", "MixNet_S", "-w", "demo", "-t", "tensorrt", "--gpu", "sm86,sm120", "--verify", "--json"]
        answer = edgekit(*command, "--precision", precision, "--out", folder)
        assert answer.returncode == 0, answer.stderr
        (checks[precision],) = json.loads(answer.stdout)["checks"]
    return folder / "MixNet_S", checks


def test_without_a_gpu_it_is_not_run_and_says_what_was_seen(out):
    for precision, check in out[1].items():
        verdict = check["verdict"]
        assert (verdict["status"], verdict["precision"]) == ("not run", precision)
        assert verdict["reason"].startswith(
            "needs an NVIDIA GPU; its header is one of TensorRT-RTX 1.7.1.116 for sm86, sm120, and it holds 1"
        )
        assert verdict["outputs"] == {}
        assert check["latency"] is None


def test_each_precision_has_a_folder_and_its_manifest_says_what_it_is(out):
    assert sorted(path.name for path in out[0].iterdir()) == ["tensorrt", "tensorrt-fp16"]
    full, half = (load_artifact(out[0] / name).manifest for name in ("tensorrt", "tensorrt-fp16"))
    assert (full.precision, half.precision) == ("fp32", "fp16")
    assert full.build == half.build == {
        "kind": "ahead-of-time",
        "tool": "TensorRT-RTX 1.7.1.116",
        "compute_capabilities": ["sm86", "sm120"],
    }  # fmt: skip
    assert set(full.files) == {"MixNet_S.engine", "MixNet_S.engine.json"}
    assert half.files["MixNet_S.engine"].bytes < 0.8 * full.files["MixNet_S.engine"].bytes


def test_one_channel_scaled_by_one_percent_fails(edgekit, out, tmp_path):
    folder = tmp_path / "tensorrt"
    shutil.copytree(out[0] / "tensorrt", folder)
    name = scale_one_channel(folder / "MixNet_S.engine", folder / "MixNet_S.engine.json")
    manifest = read_manifest(folder)
    files = {
        file: FileRecord(file_sha256(folder / file), record.bytes, record.role)
        for file, record in manifest.files.items()
    }
    update_manifest(folder, msgspec.structs.replace(manifest, files=files, verdicts=()))
    answer = edgekit("verify", folder, "--json")
    assert answer.returncode == 1, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert check["verdict"]["status"] == "failed"
    # By the bytes that the converter noted, and by the program that they come from.
    said, accounted = check["verdict"]["reason"].split("; ")
    assert said == f"weight {name} is not what it was converted from"
    assert accounted.startswith("1 of 163 stored parameters come from nowhere in the program")
