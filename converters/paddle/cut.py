# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "numpy==1.26.4",
#     "safetensors==0.8.0",
#     "anyio==4.16.0",
#     "astor==0.8.1",
#     "certifi==2026.10.18",
#     "decorator==5.3.1",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "opt-einsum==3.3.0",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "setuptools==84.2.1",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # PaddleClas asks for an old numpy and for what its training and retrieval need; a network's own file needs none.
# override-dependencies = [
#     "numpy==1.26.4",
#     "easydict ; python_version < '3'",
#     "faiss-cpu ; python_version < '3'",
#     "gast ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
#     "prettytable ; python_version < '3'",
#     "pyyaml ; python_version < '3'",
#     "scikit-learn ; python_version < '3'",
#     "scipy ; python_version < '3'",
#     "tqdm ; python_version < '3'",
#     "ujson ; python_version < '3'",
#     "visualdl ; python_version < '3'",
# ]
# ///
"""Cut out of a Paddle program what computes one variable from others, with its parameters.

Inputs: `program`. Options: `inputs` (variable -> its shape), `outputs` (one variable). Writes `inference.pdmodel` and
`inference.pdiparams`, whose inputs and output have the variables' names.
"""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Refusal, Request, main
from paddle_runtime import paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, read, tidy


def cut(request: Request) -> dict[str, Any]:
    """Raises Refusal for several outputs, and for a variable that is not there."""
    inputs: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    if len(outputs) != 1:
        raise Refusal(f"a program is cut to one output, not to {len(outputs)}", kind="input")
    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())
    prefix = str(request.inputs["program"] / Path(PROGRAM_FILE).stem)
    program, _, _ = paddle.static.load_inference_model(prefix, executor)
    block = program.global_block()
    for name in (*inputs, *outputs):
        if not block.has_var(name):
            raise Refusal(f"the program has no variable {name!r}", kind="input")
    for name, shape in inputs.items():
        block.var(name).desc.set_shape(shape)
    paddle.static.save_inference_model(
        str(request.output / Path(PROGRAM_FILE).stem),
        [block.var(name) for name in inputs],
        [block.var(outputs[0])],
        executor,
        program=program,
    )
    # Paddle writes no file where there is no parameter, and the tools that read programs want one.
    (request.output / PARAMETERS_FILE).touch()
    description = read(request.output)
    tidy(description, outputs[0])
    (request.output / PROGRAM_FILE).write_bytes(description.SerializeToString(deterministic=True))
    return {"layers": sum(op.type not in ("feed", "fetch") for op in description.blocks[0].ops)}


if __name__ == "__main__":
    main(cut, tools=["paddlepaddle"])
