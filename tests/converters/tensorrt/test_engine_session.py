"""The runner on a simulated device: everything but the GPU. What the real library answers is in test_run.py."""

import numpy as np
import pytest
from edgeworker.refusal import Refusal

from edgekit.pipeline.target import targets
from tests.converters.loading import load
from tests.converters.tensorrt.fake_cuda import FakeCudart, FakeTrt

cuda_device = load("tensorrt", "cuda_device")
engine_session = load("tensorrt", "engine_session")

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def open_session(tmp_path):
    path = tmp_path / "model.engine"
    path.write_bytes(b"an engine")

    def opened(batches=(2,), inputs=None, outputs=None, cudart=None, **engine):
        cudart = cudart or FakeCudart()
        device = cuda_device.CudaDevice(cudart)
        trt = FakeTrt(cudart, **engine)
        return engine_session.EngineSession(trt, device, path, list(batches), inputs or {}, outputs or {})

    return opened


def test_a_batch_goes_there_and_back_under_the_programs_names(open_session):
    session = open_session(inputs={"image": "x"}, outputs={"logits": "y"})
    for values in (X, X + 1):
        results = session.run({"image": values})
        assert list(results) == ["logits"]
        assert results["logits"].tolist() == (2 * values).tolist()


def test_results_stay_when_the_next_batch_runs(open_session):
    session = open_session()
    first = session.run({"x": X})["y"]
    session.run({"x": X * 100})
    assert first.tolist() == (2 * X).tolist()


def test_an_open_batch_may_grow_and_shrink(open_session):
    cudart = FakeCudart()
    session = open_session(batches=(1, 4), batch=-1, cudart=cudart)
    for count in (1, 4, 1):
        values = np.full((count, 3), count, np.float32)
        assert session.run({"x": values})["y"].tolist() == (2 * values).tolist()
    # Two buffers for one sample, two larger ones; the third call uses those.
    assert [len(buffer) for buffer in cudart.memory.values()] == [12, 12, 48, 48]


def test_other_types_are_converted(open_session):
    assert open_session().run({"x": X.astype(np.float64)})["y"].dtype == np.float32


def test_the_device_says_what_it_is():
    device = cuda_device.CudaDevice(FakeCudart())
    assert (device.name, device.compute_capability, device.driver) == ("NVIDIA Fake", "sm86", "CUDA 13.5")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (35, r"CUDA finds no NVIDIA GPU here \(CUDA error 35: CUDA driver version is insufficient\)"),
        (100, r"CUDA finds no NVIDIA GPU here \(CUDA error 100: no CUDA-capable device\)"),
    ],
)
def test_no_device_is_one_sentence(status, said):
    with pytest.raises(Refusal, match=said) as caught:
        cuda_device.CudaDevice(FakeCudart(status))
    assert caught.value.remedy == "It needs a GPU and its driver"


def test_a_full_gpu_is_one_sentence(open_session):
    session = open_session(cudart=FakeCudart(room=10))
    with pytest.raises(Refusal, match="the GPU's memory is full"):
        session.run({"x": X})


@pytest.mark.parametrize(
    ("engine", "said", "remedy"),
    [
        (
            {"fails": "load", "message": "Rebuild the engine with the same version of TensorRT-RTX as the runtime."},
            "an engine of another TensorRT than tensorrt_rtx 1.7.1.116",
            "Convert the model again",
        ),
        (
            {"fails": "load", "message": "The engine cannot run on this GPU, which has compute capability 9.0"},
            "cannot load model.engine: The engine cannot run on this GPU, which has compute capability 9.0",
            "runs on the GPUs and with the release that it was built for",
        ),
        ({"fails": "prepare", "message": "out of workspace"}, "cannot prepare model.engine: out of workspace", ""),
        ({"batch": 1}, "a batch of 2 does not fit", "Use the batch"),
        ({"inputs": {"image": "z"}}, r"the model's inputs are \['x'\], not \['z'\]", ""),
        ({"outputs": {"logits": "z"}}, r"the model's outputs are \['y'\], not \['z'\]", ""),
    ],
)
def test_what_cannot_be_loaded_is_refused(open_session, engine, said, remedy):
    with pytest.raises(Refusal, match=said) as caught:
        open_session(**engine)
    assert remedy in caught.value.remedy


def test_what_cannot_be_run_is_refused(open_session):
    with pytest.raises(Refusal, match="could not run the engine: an illegal memory access"):
        open_session(fails="run", message="an illegal memory access").run({"x": X})
    with pytest.raises(Refusal, match=r"the engine does not take \[2, 4\] for x"):
        open_session().run({"x": np.zeros((2, 4), np.float32)})
    with pytest.raises(Refusal, match=r"the model's inputs are \['x'\], given \['image'\]"):
        open_session().run({"image": X})


def test_every_precision_that_is_converted_to_can_be_run() -> None:
    assert set(engine_session.PRECISIONS) == set(targets()["tensorrt"].description.precisions)
