"""`model.onnx` to an engine of TensorRT-RTX, built ahead of time for GPUs that need not be here.

Inputs: `onnx`. Options: `gpu` (compute capabilities such as "sm86"; one engine serves all of them), `precision`
("fp32": without TF32; "fp16": weights and arithmetic, inputs and outputs stay FP32), `batch`, `max_batch`
(default 64; of a model that takes any batch), `rewrites` (there are none).

Why one engine for several GPUs: TensorRT-RTX compiles its kernels on the GPU itself, at first use. The file holds the
network, the weights and what that compiler needs; for ResNet50 102,535,460 bytes for four compute capabilities,
102,534,372 for one.
"""

from typing import Any

import tensorrt_rtx as trt
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from engine_builder import EngineBuilder
from engine_job import make_engine

TOOL = f"TensorRT-RTX {trt.__version__}"


def convert(request: Request) -> dict[str, Any]:
    """Write `model.engine` and `model.engine.json`; see `make_engine` for what it returns.

    Raises Refusal for what TensorRT-RTX cannot build, such as FP32 for sm75.
    """
    capabilities = [name.lower() for name in request.options.get("gpu") or []]
    known = known_capabilities()
    if unknown := [name for name in capabilities if name not in known] or ([] if capabilities else ["none"]):
        raise Refusal(
            f"TensorRT-RTX builds engines for {', '.join(known)}; asked for {', '.join(unknown)}",
            "A GPU that it does not know needs an engine of TensorRT, built on that GPU",
            kind="input",
        )
    builder = EngineBuilder(trt, TOOL)
    builder.config.num_compute_capabilities = len(capabilities)
    for index, name in enumerate(capabilities):
        builder.config.set_compute_capability(known[name], index)
    build = {"kind": "ahead-of-time", "tool": TOOL, "compute_capabilities": capabilities}
    return make_engine(request, builder, build)


def known_capabilities() -> dict[str, Any]:
    """The GPUs that TensorRT-RTX can build for, oldest first, such as `sm86`."""
    members = trt.ComputeCapability.__members__
    names = [name for name in members if name.startswith("SM")]
    return {name.lower(): members[name] for name in sorted(names, key=lambda name: int(name[2:]))}


if __name__ == "__main__":
    main(convert, tools=("tensorrt-rtx-cu13", "onnx"))
