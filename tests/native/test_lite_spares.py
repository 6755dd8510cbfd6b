"""An app that lacks Paddle Lite's file for another processor: it runs, and its self-test says whose limits it takes.

A double takes the library's place (lite_double/), built for this machine.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import Edgekit
from edgekit.devices.lite_library import SHARED
from tests.native import lite_model
from tests.runtime.build import built

DOUBLE = Path(__file__).parent / "lite_double"

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.needs("g++", "cmake"),
]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    release = tmp_path_factory.mktemp("release")
    shutil.copytree(DOUBLE / "include", release / "cxx" / "include")
    (release / "cxx" / "lib").mkdir()
    made = release / "cxx" / "lib" / SHARED
    command = ["g++", "-std=c++17", "-shared", "-fPIC", f"-I{DOUBLE / 'include'}", DOUBLE / "double.cpp", "-o", made]
    subprocess.run(command, check=True)
    folder = tmp_path_factory.mktemp("build")
    built(folder, "edgekit_runner", "-DEDGEKIT_BACKEND=lite", f"-DEDGEKIT_LITE_LIBRARY={release}")
    return folder / "edgekit_runner"


@pytest.fixture
def artifact(edgekit: Edgekit, tmp_path: Path) -> Path:
    program = lite_model.write(tmp_path / "means")
    answer = edgekit("convert", program, "--target", "lite", "--out", tmp_path / "out", "--verify", "--no-diagnose")
    assert answer.returncode == 0, answer.stderr
    return tmp_path / "out" / "means" / "lite"


def test_the_file_of_another_processor_may_be_absent(runner: Path, artifact: Path) -> None:
    def self_test() -> tuple[int, dict]:
        answer = subprocess.run([runner, "--self-test", artifact], capture_output=True, text=True, check=False)
        return answer.returncode, json.loads(answer.stdout)

    status, document = self_test()
    assert (status, document["passed"]) == (0, True), document
    assert "limits" not in {stage["stage"] for stage in document["stages"]}
    # What a device has no need of may be absent there too, and may be named.
    path = artifact / "manifest.json"
    document = json.loads(path.read_text())
    document["ranges"] = {"ranges.json": {"sha256": "0" * 64, "bytes": 2, "role": "ranges"}}
    path.write_text(json.dumps(document))
    (artifact / "means.arm.nb").unlink()
    assert self_test()[0] == 0
    # As a phone finds it: its own file was inspected, and its twin has passed.
    text = path.read_text()
    swapped = json.loads(text)
    for one in swapped["verdicts"]:
        one["variant"] = {"x86": "ARM", "ARM": "x86"}[one["variant"]]
    path.write_text(json.dumps(swapped))
    status, document = self_test()
    assert (status, document["passed"]) == (0, True), document
    limits = next(stage for stage in document["stages"] if stage["stage"] == "limits")
    assert limits["status"] == "not compared" and "the limits are those of ARM" in limits["detail"]
    # What was not even inspected has no limits, and its own file may not be absent.
    swapped["verdicts"] = [one for one in swapped["verdicts"] if one["variant"] == "ARM"]
    path.write_text(json.dumps(swapped))
    status, document = self_test()
    assert status == 2 and "has no passed verdict" in document["error"]
    (artifact / "means.x86.nb").unlink()
    status, document = self_test()
    assert status == 2 and "means.x86.nb" in document["error"]
