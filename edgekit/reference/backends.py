"""The backends that can record a reference."""

from dataclasses import dataclass
from typing import Literal

BackendName = Literal["tensorrt", "tensorrt-rtx", "onnxruntime-cuda", "paddle-gpu", "paddle-cpu"]
COMMON = ("numpy", "safetensors")
ENGINE = (*COMMON, "onnx", "cuda.bindings")


@dataclass(frozen=True)
class Backend:
    """One way to compute a reference.

    `worker` runs what it `reads`: the Paddle `program`, or the `onnx` made from it, of which `builder`, where there is
    one, first makes an engine. `tool` is the distribution whose version stands for it; `modules` are what an
    interpreter of the user's own must be able to import. `precisions` are those it can compute in. `rank` is smaller
    for what `auto` prefers: TensorRT is what most deployments on GPUs run, and Paddle's own GPU kernels are what the
    model was trained with.
    """

    name: BackendName
    title: str
    tool: str
    reads: Literal["program", "onnx"]
    worker: str
    rank: int
    builder: str | None = None
    modules: tuple[str, ...] = COMMON
    precisions: tuple[str, ...] = ("fp32",)
    knows_tf32: bool = True
    gpu: bool = True


BACKENDS: dict[str, Backend] = {
    one.name: one
    for one in (
        Backend(
            name="tensorrt",
            title="TensorRT",
            tool="tensorrt-cu13",
            reads="onnx",
            builder="tensorrt/build.py",
            worker="tensorrt/run_built.py",
            modules=("tensorrt", *ENGINE),
            precisions=("fp32", "fp16"),
            # Its engines are always built with the flag cleared.
            knows_tf32=False,
            rank=0,
        ),
        Backend(
            name="tensorrt-rtx",
            title="TensorRT-RTX",
            tool="tensorrt-rtx-cu13",
            reads="onnx",
            builder="tensorrt/convert.py",
            worker="tensorrt/run.py",
            modules=("tensorrt_rtx", *ENGINE),
            precisions=("fp32", "fp16"),
            knows_tf32=False,
            rank=1,
        ),
        Backend(
            name="paddle-gpu",
            title="Paddle Inference on CUDA",
            tool="paddlepaddle-gpu",
            reads="program",
            worker="reference/paddle_gpu.py",
            modules=("paddle", *COMMON),
            precisions=("fp32", "fp16"),
            rank=2,
        ),
        Backend(
            name="onnxruntime-cuda",
            title="ONNX Runtime on CUDA",
            tool="onnxruntime-gpu",
            reads="onnx",
            worker="reference/onnxruntime_cuda.py",
            modules=("onnxruntime", *COMMON),
            rank=3,
        ),
        Backend(
            name="paddle-cpu",
            title="Paddle Inference",
            tool="paddlepaddle",
            reads="program",
            worker="paddle/run.py",
            rank=4,
            knows_tf32=False,
            gpu=False,
        ),
    )
}
