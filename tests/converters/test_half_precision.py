"""FP16 of the targets that run here, through the command line: beside FP32, and judged by FP16's own limits."""

import json

import pytest

from edgekit.artifact.load import find_artifacts

pytestmark = pytest.mark.toolchain

WEIGHTS = {"ncnn": "MixNet_S.ncnn.bin", "openvino": "MixNet_S.bin"}


@pytest.fixture(scope="module")
def half(edgekit, tmp_path_factory):
    """MixNet_S in FP16 where that runs here: the output folder, and what was printed."""
    out = tmp_path_factory.mktemp("half")
    command = ["convert", "MixNet_S", "-w", "demo", "-t", "ncnn,openvino", "--precision", "fp16", "--verify", "--json"]
    answer = edgekit(*command, "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out, json.loads(answer.stdout)


def test_it_passes_and_is_really_rounded(half, mixnet):
    for check in half[1]["checks"]:
        assert (check["verdict"]["status"], check["precision"]) == ("passed", "fp16")
        error = check["verdict"]["outputs"]["logits"]["against_oracle"]["max_relative"]
        full = mixnet.check(check["target"])["verdict"]["outputs"]["logits"]["against_oracle"]["max_relative"]
        # The demo weights were stored in FP16 once: what OpenVINO rounds are the folded normalisations.
        assert error > 3 * full


def test_it_lies_beside_fp32_and_is_half_as_large(half, mixnet):
    out, _ = half
    assert [path.name for path in find_artifacts(out)] == ["ncnn-fp16", "openvino-fp16"]
    for target, name in WEIGHTS.items():
        smaller = (out / "MixNet_S" / f"{target}-fp16" / name).stat().st_size
        assert smaller < 0.52 * (mixnet.out / "MixNet_S" / target / name).stat().st_size


def test_both_precisions_are_verified_in_tables_of_their_own(edgekit, half):
    out, _ = half
    answer = edgekit("verify", "MixNet_S", "--out", out)
    assert answer.returncode == 0, answer.stderr
    assert "FP16, batch 1" in answer.stdout
    assert "which its recipe allows FP16" in " ".join(answer.stdout.split())
