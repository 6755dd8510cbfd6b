"""A worker for tests: runs a PaddleClas network in dynamic mode, as PaddleClas itself does."""

from typing import Any

import numpy as np
from architecture import Architecture
from construction import construct
from edgeworker.protocol import Request, main
from paddle_runtime import paddle
from safetensors.numpy import load_file, save_file


def run(request: Request) -> dict[str, Any]:
    """Write `logits.safetensors`. Inputs: `weights`, `images` (tensor `x`). Options: `architecture`, `class_count`."""
    weights = load_file(request.inputs["weights"])
    model = construct(Architecture.from_option(request.options["architecture"]), request.options["class_count"])
    model.set_state_dict({name: paddle.to_tensor(value) for name, value in weights.items()})
    with paddle.no_grad():
        output = model(paddle.to_tensor(load_file(request.inputs["images"])["x"]))
    first = output[0] if isinstance(output, (list, tuple)) else output
    save_file({"logits": np.ascontiguousarray(first.numpy())}, request.output / "logits.safetensors")
    return {}


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
