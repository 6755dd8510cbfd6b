"""The commands on real toolchains: record, import, and judge MixNet_S by bundles that were computed in earnest."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from safetensors.numpy import load_file, save_file

from conftest import ROOT, Converted, Edgekit, RunWorker
from edgekit.reference.bundle import checked_bundle, write_bundle
from edgekit.reference.description import ArithmeticPart, BackendPart, OutputPart
from edgekit.reference.tensors import tensor_sha256, unpack_inputs
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.script import requirements_of
from tests.reference.making import GPU
from tests.reference.simulated import simulate

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def on_cpu(edgekit: Edgekit, mixnet: Converted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MixNet_S with its demo weights, recorded with Paddle on this CPU, with its inputs."""
    path = tmp_path_factory.mktemp("bundles") / "cpu.safetensors"
    answer = edgekit(
        "reference", "record", "MixNet_S", "-b", "paddle-cpu", "-w", "demo", "--with-inputs", "--json", "-o", path
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["exactness"] == {"logits": "fp32"}
    return path


@pytest.fixture(scope="module")
def gpu_bundle(on_cpu: Path, run_worker: RunWorker, mixnet: Converted):
    """Makes a bundle that says it is a GPU's, of what ONNX Runtime computes here in "fp32", "tf32" or "fp16"."""
    described, _ = checked_bundle(on_cpu)

    def make(kind: str, **changes: Any) -> Path:
        model = mixnet.out / "MixNet_S" / "onnx" / "MixNet_S.onnx"
        if kind != "fp32":
            simulated = on_cpu.with_name(f"{kind}.onnx")
            simulate(model, simulated, kind)
            model = simulated
        tensors = on_cpu.with_name("inputs.safetensors")
        save_file(unpack_inputs(load_file(on_cpu)), tensors)
        _, output = run_worker("onnx/run.py", {"model": model, "tensors": tensors}, {"threads": 1})
        outputs = load_file(output / "outputs.safetensors")
        said = replace(
            described.description,
            backend=BackendPart("onnxruntime-cuda", {"onnxruntime-gpu": "0"}),
            device=GPU,
            inputs=replace(described.description.inputs, stored=False),
            outputs={name: OutputPart(value.shape, tensor_sha256(name, value)) for name, value in outputs.items()},
            measured={},
            **changes,
        )
        path = on_cpu.with_name(f"{kind}-{len(changes)}.safetensors")
        write_bundle(path, said, outputs)
        return path

    return make


def verified(edgekit: Edgekit, mixnet: Converted, *arguments: str | Path, status: int = 0) -> list[dict[str, Any]]:
    answer = edgekit("verify", mixnet.out / "MixNet_S" / "onnx", "--json", *arguments)
    assert answer.returncode == status, answer.stderr
    return json.loads(answer.stdout)["checks"]


def test_a_recording_here_is_what_verification_computes_here(edgekit: Edgekit, mixnet: Converted, on_cpu: Path) -> None:
    (check,) = verified(edgekit, mixnet, "--reference", on_cpu)
    plain = mixnet.check("onnx")
    assert check["verdict"]["outputs"] == plain["verdict"]["outputs"]
    assert check["verdict"]["judged_against"].startswith("Paddle Inference 2.6.2 on ")
    assert plain["verdict"]["judged_against"] == "Paddle FP32 on this machine's CPU"
    assert check["reference"]["gpu"] is False
    assert on_cpu.stat().st_size < 250_000
    inputs = checked_bundle(on_cpu)[0].description.inputs
    assert (inputs.stored, len(inputs.photos), inputs.synthetic) == (True, 8, 2)


def test_a_cpu_recording_is_no_gpu_reference(edgekit: Edgekit, mixnet: Converted, on_cpu: Path) -> None:
    for arguments in (("--require-gpu-reference",), ("--require-gpu-reference", "--reference", on_cpu)):
        answer = edgekit("verify", "MixNet_S", "--out", mixnet.out, *arguments)
        assert answer.returncode == 3
        assert "edgekit reference record MixNet_S --backend tensorrt --weights demo --input-size 64" in answer.stderr


def test_an_imported_gpu_bundle_is_taken_by_itself(
    edgekit: Edgekit, mixnet: Converted, gpu_bundle, session_cache: Path
) -> None:
    store = session_cache / "references"
    try:
        answer = edgekit("reference", "import", gpu_bundle("fp32"), "--json")
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout)["gpu"]
        (check,) = verified(edgekit, mixnet, "--require-gpu-reference")
        assert check["verdict"]["status"] == "passed"
        assert check["verdict"]["judged_against"].startswith("ONNX Runtime on CUDA 0 on Test GPU")
        assert check["reference"]["exactness"] == {"logits": "fp32"}
        text = edgekit("verify", "MixNet_S", "--out", mixnet.out).stdout
        assert "Judged against ONNX Runtime on CUDA" in " ".join(text.split())
        listed = json.loads(edgekit("reference", "list", "--json").stdout)["bundles"]
        assert [one["gpu"] for one in listed if not one["shipped"]] == [True]
    finally:
        shutil.rmtree(store, ignore_errors=True)


@pytest.mark.parametrize(("kind", "said"), [("tf32", "TF32's 10 bits"), ("fp16", "what FP16 costs")])
def test_a_bundle_polluted_by_lower_precision_judges_nothing(
    edgekit: Edgekit, mixnet: Converted, gpu_bundle, kind: str, said: str
) -> None:
    """The classes are the same throughout, so that only the error can tell."""
    path = gpu_bundle(kind)
    (check,) = verified(edgekit, mixnet, "--reference", path, status=1)
    assert check["verdict"]["status"] == "failed"
    assert "the reference is unusable" in check["verdict"]["reason"]
    assert said in check["verdict"]["reason"]
    honest = load_file(gpu_bundle("fp32"))["output/logits"]
    assert np.array_equal(load_file(path)["output/logits"].argmax(axis=1), honest.argmax(axis=1))


def test_recorded_in_fp16_on_purpose_it_does_not_judge_fp32(edgekit: Edgekit, mixnet: Converted, gpu_bundle) -> None:
    path = gpu_bundle("fp16", arithmetic=ArithmeticPart("fp16"))
    answer = edgekit("verify", mixnet.out / "MixNet_S" / "onnx", "--reference", path)
    assert answer.returncode == 2
    assert "FP16 on purpose, which judges FP16 artifacts only" in answer.stderr


DRIVER = """
#include <string.h>
int cuInit(unsigned f) { return 0; }
int cuDriverGetVersion(int *v) { *v = 13000; return 0; }
int cuDeviceGetCount(int *c) { *c = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = 0; return 0; }
int cuDeviceGetName(char *n, int l, int d) { strncpy(n, "Pretended GPU", l); return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) { *v = a == 75 ? 8 : 6; return 0; }
"""


@pytest.mark.needs("gcc")
def test_onnx_runtime_that_falls_back_to_the_cpu_records_nothing(
    edgekit: Edgekit, mixnet: Converted, run_worker: RunWorker, session_cache: Path, tmp_path: Path
) -> None:
    """A driver that only pretends: the real ONNX Runtime then computes on the CPU, and is found out."""
    (tmp_path / "driver.c").write_text(DRIVER)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", tmp_path / "driver.c"], check=True)
    python = ready_python(requirements_of(ROOT / "converters" / "onnx" / "run.py"), session_cache)
    assert python is not None  # the fixture has run it
    out = tmp_path / "gpu.safetensors"
    answer = edgekit(
        "reference", "record", "MixNet_S", "-b", "onnxruntime-cuda", "-w", "demo", "--python", python, "-o", out,
        LD_LIBRARY_PATH=f"{tmp_path}:{os.environ.get('LD_LIBRARY_PATH', '')}",
    )  # fmt: skip
    assert answer.returncode == 3, answer.stderr
    assert "ONNX Runtime fell back to CPUExecutionProvider" in answer.stderr
    assert not out.exists()
