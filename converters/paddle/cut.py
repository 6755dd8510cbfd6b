"""Cut out of a Paddle program what computes one variable from others, with its parameters.

Inputs: `program`. Options: `inputs` (variable -> its shape), `outputs` (one variable). Writes `inference.pdmodel` and
`inference.pdiparams`, whose inputs and output have the variables' names.
"""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
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
