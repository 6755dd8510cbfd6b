"""The recorders up to the device: what they ask of their runtimes, and that a silent fall back to the CPU is refused.

The fakes give what the real ones gave without a GPU: onnxruntime-gpu 1.31.1 logs an error and lists the CPU provider
alone, and paddlepaddle-gpu 2.6.2 counts no device.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from safetensors.numpy import load_file, save_file

from tests.converters.loading import load

gpu = load("reference", "gpu")
onnxruntime_cuda = load("reference", "onnxruntime_cuda")
paddle_gpu = load("reference", "paddle_gpu")


class Session:
    """An onnxruntime.InferenceSession that doubles its input."""

    def __init__(self, providers: list[str], options: dict[str, Any]) -> None:
        self.providers, self.options = providers, options

    def get_providers(self) -> list[str]:
        return self.providers

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return dict.fromkeys(self.providers, self.options)

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="logits")]

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [inputs["x"] * 2]


@pytest.fixture
def onnxruntime(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """ONNX Runtime on a machine with a GPU, unless `providers` says otherwise."""
    fake = SimpleNamespace(
        __version__="1.31.1",
        providers=["CUDAExecutionProvider", "CPUExecutionProvider"],
        preloaded=0,
        cuda_version="13.0",
        asked=None,
    )

    def preload_dlls() -> None:
        fake.preloaded += 1

    def session(path: Path, providers: list[tuple[str, dict[str, str]]]) -> Session:
        fake.asked = providers
        return Session(fake.providers, providers[0][1])

    fake.preload_dlls, fake.InferenceSession = preload_dlls, session
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    return fake


def request(tmp_path: Path, **options: Any) -> Request:
    tensors = tmp_path / "inputs.safetensors"
    save_file({"x": np.arange(4, dtype=np.float32).reshape(4, 1)}, tensors)
    return Request({"onnx": tmp_path / "model.onnx", "program": tmp_path, "tensors": tensors}, tmp_path, options)


@pytest.mark.parametrize("tf32", [False, True])
def test_onnx_runtime_is_asked_for_cuda_and_tf32(
    tmp_path: Path, onnxruntime: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tf32: bool
) -> None:
    monkeypatch.setenv(gpu.TF32_OVERRIDE, "1")
    details = onnxruntime_cuda.job(request(tmp_path, batch=2, tf32=tf32))
    ((name, options),) = onnxruntime.asked
    assert (name, options["use_tf32"]) == ("CUDAExecutionProvider", "1" if tf32 else "0")
    assert onnxruntime.preloaded == 1
    assert os.environ.get(gpu.TF32_OVERRIDE) == (None if tf32 else "0")
    assert details["libraries"] == {"onnxruntime-gpu": "1.31.1", "CUDA (build)": "13.0"}
    assert load_file(tmp_path / "outputs.safetensors")["logits"].ravel().tolist() == [0, 2, 4, 6]


def test_a_silent_fall_back_to_the_cpu_is_refused(tmp_path: Path, onnxruntime: SimpleNamespace) -> None:
    onnxruntime.providers = ["CPUExecutionProvider"]
    with pytest.raises(Refusal) as caught:
        onnxruntime_cuda.job(request(tmp_path))
    assert caught.value.kind == "absent"
    assert "fell back to CPUExecutionProvider" in caught.value.message
    assert not (tmp_path / "outputs.safetensors").exists()


def test_an_option_that_was_not_taken_is_refused() -> None:
    session = Session(["CUDAExecutionProvider"], {"use_tf32": "1"})
    with pytest.raises(Refusal, match="did not take the option use_tf32=0"):
        onnxruntime_cuda.check_provider(session, tf32=False)


def test_onnx_runtime_does_not_pretend_fp16(tmp_path: Path, onnxruntime: SimpleNamespace) -> None:
    with pytest.raises(Refusal, match="in fp32, not fp16"):
        onnxruntime_cuda.job(request(tmp_path, precision="fp16"))


class Config:
    """A paddle.inference.Config that remembers what it was told."""

    def __init__(self, *files: str) -> None:
        self.files = files
        self.gpu: tuple[Any, ...] = ()

    def enable_use_gpu(self, *arguments: Any) -> None:
        self.gpu = arguments

    def disable_glog_info(self) -> None: ...

    def enable_memory_optim(self) -> None: ...


class Handle:
    """An input or output of a predictor."""

    def __init__(self) -> None:
        self.value = np.zeros(0)

    def copy_from_cpu(self, value: np.ndarray) -> None:
        self.value = value

    def copy_to_cpu(self) -> np.ndarray:
        return self.value.astype(np.float16)


@pytest.fixture
def paddle(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Paddle 2.6.2 with CUDA, which has TF32 on."""
    switches = {"cublas": True, "cudnn": True}
    handle, made = Handle(), []

    def predictor(config: Config) -> SimpleNamespace:
        made.append(config)
        return SimpleNamespace(
            get_input_handle=lambda name: handle,
            get_output_handle=lambda name: handle,
            get_output_names=lambda: ["logits"],
            run=lambda: None,
        )

    fake = SimpleNamespace(
        __version__="2.6.2",
        count=1,
        with_cuda=True,
        switches=switches,
        made=made,
        version=SimpleNamespace(cuda=lambda: "11.8", cudnn=lambda: "8.6.0"),
        inference=SimpleNamespace(
            Config=Config, create_predictor=predictor, PrecisionType=SimpleNamespace(Half="half")
        ),
        base=SimpleNamespace(
            core=SimpleNamespace(
                set_cublas_switch=lambda on: switches.update(cublas=on),
                set_cudnn_switch=lambda on: switches.update(cudnn=on),
            )
        ),
    )
    fake.is_compiled_with_cuda = lambda: fake.with_cuda
    fake.device = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: fake.count))
    monkeypatch.setitem(sys.modules, "paddle", fake)
    return fake


@pytest.mark.parametrize("tf32", [False, True])
def test_paddle_is_told_about_tf32(tmp_path: Path, paddle: SimpleNamespace, tf32: bool) -> None:
    (tmp_path / "inference.pdmodel").touch()
    details = paddle_gpu.job(request(tmp_path, tf32=tf32))
    assert paddle.switches == {"cublas": tf32, "cudnn": tf32}
    assert paddle.made[0].gpu == (512, 0)
    built = {"CUDA (build)": "11.8", "cuDNN (build)": "8.6.0"}
    assert details["libraries"] == {"paddlepaddle-gpu": "2.6.2", **built}
    assert load_file(tmp_path / "outputs.safetensors")["logits"].dtype == np.float32


def test_paddle_is_told_about_fp16_and_finds_a_program_of_paddle_3(tmp_path: Path, paddle: SimpleNamespace) -> None:
    (tmp_path / "inference.json").touch()
    with pytest.raises(Refusal, match=r"Paddle 2\.6\.2 does not read a program of Paddle 3"):
        paddle_gpu.job(request(tmp_path))
    paddle.__version__ = "3.3.1"
    paddle_gpu.job(request(tmp_path, precision="fp16"))
    assert paddle.made[0].gpu == (512, 0, "half")
    assert paddle.made[0].files[0].endswith("inference.json")


@pytest.mark.parametrize(
    ("change", "expected"), [({"with_cuda": False}, "for the CPU alone"), ({"count": 0}, "finds none")]
)
def test_paddle_without_a_gpu_is_refused(
    tmp_path: Path, paddle: SimpleNamespace, change: dict[str, Any], expected: str
) -> None:
    vars(paddle).update(change)
    with pytest.raises(Refusal, match=expected) as caught:
        paddle_gpu.job(request(tmp_path))
    assert caught.value.kind == "absent"
