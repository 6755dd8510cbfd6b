"""The program itself as an artifact, in Paddle Inference with oneDNN and without."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, Edgekit
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.diagnose.damage import damage, seal_again, stored_parameters

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def made(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """The artifact of MixNet_S with its bundled weights, and what the command line said of it."""
    out = tmp_path_factory.mktemp("paddle")
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "paddle", "--verify", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out / "MixNet_S" / "paddle", json.loads(answer.stdout)


def test_both_kinds_of_kernels_compute_the_same(made: tuple[Path, dict]) -> None:
    folder, document = made
    assert {path.name for path in folder.iterdir()} >= {"inference.pdmodel", "inference.pdiparams"}
    found = {one["variant"]: one for one in document["checks"]}
    assert list(found) == ["oneDNN", "plain"]
    for check in found.values():
        assert check["verdict"]["status"] == "passed"
        assert check["verdict"]["outputs"]["logits"]["against_oracle"]["max_relative"] < 4e-6
    # Other kernels: with the same ones nothing would be shown.
    against_reference = [
        one["verdict"]["outputs"]["logits"]["against_reference"]["max_relative"] for one in found.values()
    ]
    assert against_reference[0] < against_reference[1]


def test_a_channel_off_by_one_percent_fails_in_both_and_is_named(
    edgekit: Edgekit, made: tuple[Path, dict], tmp_path: Path
) -> None:
    folder = tmp_path / "paddle"
    shutil.copytree(made[0], folder)
    damage(stored_parameters("paddle", folder)["conv2d_40.w_0"], np.random.default_rng(1), 1.01, channel=True)
    seal_again(folder)
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    assert answer.returncode == 1, answer.stderr
    verdicts = [one["verdict"] for one in json.loads(answer.stdout)["checks"]]
    assert [one["status"] for one in verdicts] == ["failed", "failed"]
    assert all("conv2d_40.w_0" in one["reason"] for one in verdicts)


def test_a_file_that_is_cut_short_never_reaches_paddle(
    edgekit: Edgekit, made: tuple[Path, dict], tmp_path: Path
) -> None:
    folder = tmp_path / "paddle"
    shutil.copytree(made[0], folder)
    weights = folder / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:-100])
    seal_again(folder)
    answer = edgekit("verify", folder, "--no-diagnose")
    assert answer.returncode == 1
    assert "damaged or cut short" in " ".join((answer.stdout + answer.stderr).split())


def test_the_page_s_own_lines_run_it(made: tuple[Path, dict], session_cache: Path, tmp_path: Path) -> None:
    """What docs/paddle.md tells a user to write, in Paddle's own environment."""
    page = (ROOT / "docs" / "paddle.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shutil.copytree(made[0], tmp_path / "artifacts" / "MixNet_S" / "paddle")
    python = ensure_environment(requirements_of(ROOT / "converters" / "paddle" / "run.py"), session_cache, print)
    asked = [str(python), "-c", f"{lines}\nprint(logits.shape, bool(np.isfinite(logits).all()))"]
    answer = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "(1, 10) True"
