"""How a backend's workers are started: what they are told, in whose environment, and what their failures become."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import edgekit.bundled
from conftest import ROOT
from edgekit.errors import AbsentError, ConversionError
from edgekit.reference.backends import BACKENDS
from edgekit.reference.description import ArithmeticPart
from edgekit.reference.run_backend import BackendRun, run_backend
from edgekit.toolchain.worker import Limits, Toolchain
from tests.reference.making import GPU

WORKERS = sorted({worker for one in BACKENDS.values() if one.gpu for worker in (one.builder, one.worker) if worker})


@pytest.fixture
def told(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unconfined: None) -> Path:
    """Fakes in the place of every GPU worker; the folder where they write down what they were told."""
    converters = tmp_path / "project" / "converters"
    for worker in WORKERS:
        (converters / worker).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("fake_backend.py"), converters / worker)
    (converters / "lib").symlink_to(ROOT / "converters" / "lib")
    folder = tmp_path / "told"
    folder.mkdir()
    monkeypatch.setattr(edgekit.bundled, "PACKAGE", tmp_path / "project" / "edgekit")
    monkeypatch.setenv("FAKE_BACKEND", str(folder))
    return folder


def backend_run(
    tmp_path: Path, name: str, words: str = "2", arithmetic: ArithmeticPart | None = None, python: Path | None = None
) -> BackendRun:
    model, tensors, scratch = tmp_path / "model.onnx", tmp_path / "x.safetensors", tmp_path / "scratch"
    model.write_text(words)
    save_file({"x": np.ones((4, 1, 1, 1), np.float32)}, tensors)
    scratch.mkdir()
    return run_backend(
        BACKENDS[name],
        {"onnx": model},
        tensors,
        arithmetic or ArithmeticPart(),
        2,
        Toolchain(tmp_path / "cache"),
        scratch,
        python=python,
        device=GPU,
        limits=Limits(seconds=60),
    )


def options(told: Path, verb: str) -> dict[str, Any]:
    return json.loads((told / f"{verb}.json").read_text())["options"]


def test_the_workers_are_there() -> None:
    assert "reference/onnxruntime_cuda.py" in WORKERS
    for worker in WORKERS:
        assert (ROOT / "converters" / worker).is_file()


def test_one_worker_runs_the_onnx(told: Path, tmp_path: Path) -> None:
    ran = backend_run(tmp_path, "onnxruntime-cuda")
    assert ran.outputs["logits"].tolist() == [[1, 3]] * 4
    assert ran.outputs["logits"].dtype == np.float32
    assert ran.tools == {"numpy": "1.26.4", "cuDNN": "9.28"}
    said = options(told, "onnxruntime_cuda")
    assert (said["precision"], said["tf32"], said["batch"], said["latency"]) == ("fp32", False, 2, None)


@pytest.mark.parametrize(
    ("name", "verbs"), [("tensorrt", ("build", "run_built")), ("tensorrt-rtx", ("convert", "run"))]
)
def test_tensorrt_builds_an_engine_and_runs_it(told: Path, tmp_path: Path, name: str, verbs: tuple[str, str]) -> None:
    ran = backend_run(tmp_path, name, arithmetic=ArithmeticPart("fp16"))
    assert ran.outputs["logits"].tolist() == [[1, 3]] * 4
    assert {path.stem for path in told.iterdir()} == set(verbs)
    assert ran.tools[BACKENDS[name].tool] == "11.4.0"
    assert options(told, verbs[0])["gpu"] == ["sm86"]
    assert options(told, verbs[0])["precision"] == "fp16"


def test_a_python_of_the_users_takes_the_environments_place(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    backend_run(tmp_path, "onnxruntime-cuda", python=Path(sys.executable))
    said = json.loads((told / "onnxruntime_cuda.json").read_text())
    assert said["python"] == sys.executable
    lib, mine = said["path"].split(":")
    assert (Path(lib).name, mine) == ("lib", str(tmp_path / "mine"))


def test_a_missing_gpu_is_something_absent(told: Path, tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="it needs an NVIDIA GPU") as caught:
        backend_run(tmp_path, "onnxruntime-cuda", "absent")
    assert caught.value.exit_status == 3


def test_nan_is_no_reference(told: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="computed NaN or infinity in logits"):
        backend_run(tmp_path, "onnxruntime-cuda", "nan")
