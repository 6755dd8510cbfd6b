"""MNN's file from the program to a verdict: here, damaged, and on an emulated ARM64 processor."""

import json
import shutil

import pytest

from tests.converters.mnn.damage import scale_one_channel
from tests.diagnose.damage import seal_again

pytestmark = pytest.mark.toolchain

SMALL = "aarch64:cortex-a53"


@pytest.fixture(scope="module")
def converted(edgekit, tmp_path_factory):
    out = tmp_path_factory.mktemp("mnn")
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "mnn", "--verify", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out / "MixNet_S" / "mnn", json.loads(answer.stdout)


def test_it_computes_what_the_program_does_and_stores_nothing_else(converted):
    folder, document = converted
    (check,) = [one for one in document["checks"] if one["target"] == "mnn"]
    figures = check["verdict"]["outputs"]["logits"]
    assert check["verdict"]["status"] == "passed"
    assert 0 < figures["against_oracle"]["max_relative"] < figures["max_threshold"] < 1e-5
    assert figures["top1_agreement_photos"] == 1.0
    assert (folder / "MixNet_S.mnn").stat().st_size > 10_000_000
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (ledger,) = [one["ledger"] for one in manifest["verdicts"]]
    assert (ledger["unexplained_count"], ledger["unused_count"]) == (0, 0)


def test_a_channel_off_by_a_hundredth_fails_and_is_found(edgekit, converted, tmp_path):
    folder = tmp_path / "mnn"
    shutil.copytree(converted[0], folder)
    name = scale_one_channel(folder / "MixNet_S.mnn")
    seal_again(folder)
    answer = edgekit("verify", folder)
    assert answer.returncode == 1, answer.stderr
    said = " ".join(answer.stdout.split())
    assert f"1 of 316 stored parameters come from nowhere in the program, first {name}.weight" in said
    assert f"Its layer `{name}` (Convolution," in said
    assert "its stored weight is not what a fresh conversion stores" in said


@pytest.mark.needs("qemu-aarch64-static", "apt-get")
def test_on_arm_it_passes_by_what_the_recipe_allows_there(edgekit, converted):
    answer = edgekit("verify", converted[0], "--device", SMALL, "--json")
    assert answer.returncode == 0, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    figures = check["verdict"]["outputs"]["logits"]
    assert check["machine"] == SMALL
    assert check["verdict"]["status"] == "passed"
    # Its exponential is an estimate there: beyond the usual limit of 8 times the reference's noise.
    assert 8 < figures["against_oracle"]["max_relative"] / figures["noise"]["max_relative"] < 80
    assert figures["top1_agreement_photos"] == 1.0
