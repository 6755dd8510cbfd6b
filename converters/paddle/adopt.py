"""A Paddle inference model from elsewhere, taken in: checked, with fixed shapes, under the usual file names.

It comes from a stranger. It is looked at before Paddle gets it, and what could touch files or other processes when
it runs is refused.
"""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.output_kind import is_row
from edgeworker.paddle_program import read_program
from edgeworker.parameter_files import StoredTensor, check_precision, combine, read_tensors
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.sizes import fixed_size
from output_kinds import kinds
from paddle_runtime import framework_pb2
from program import PARAMETERS_FILE, PROGRAM_FILE, Port, ports
from reshape import check_runs, with_input_shape

DYNAMIC = "dynamic"
CHANNELS = (1, 3, 4)
LARGEST_GRAPH = 256 << 20
LOD_TENSOR = 7  # framework.proto, VarType.Type
# Operators that read or write files, run code or talk to others when the program runs.
REACHING_OUT = {
    "save", "save_combine", "load", "load_combine", "read_file", "py_func", "py_layer", "run_program", "print", "read",
    "send", "recv", "listen_and_serv", "enqueue", "dequeue", "tensorrt_engine", "lite_engine", "dlnne_engine",
}  # fmt: skip
REACHING_OUT_PREFIXES = ("c_", "send_", "recv_", "partial_", "distributed_", "create_", "fetch_barrier", "ps_")
QUANTISED_PREFIXES = ("fake_quantize", "fake_dequantize", "fake_channel_wise", "quantize_linear", "dequantize_linear")


def adopt(request: Request) -> dict[str, Any]:
    """Write `inference.pdmodel` and `inference.pdiparams`: the same computation with a fixed input shape.

    Inputs: `graph` (a .pdmodel or __model__), `parameters` (the combined file, or a folder of single ones).
    Options: `input_size` (None: the program's own), `usual_size` (for the sides that the program leaves open), both as
    `edgeworker.sizes` reads them, `channels` (where the program leaves them open), `batch` (a number or "dynamic").
    Returns `inputs`, `outputs` (name, shape, dtype; `kind` and `known_from`, see `edgeworker.output_kind`),
    `parameters` (values), `class_count` (of the first output), and `size_was_open`.
    Raises Refusal (input) for what is no image classifier in FP32.
    """
    options = request.options
    description = _read(request.inputs["graph"])
    _check_operators(description)
    (image,), outputs = _check_ports(description)
    open_size = image.shape[2] < 1 or image.shape[3] < 1
    size = fixed_size(image.shape[2:], options.get("input_size"), options["usual_size"])
    batch = options.get("batch", 1)
    channels = image.shape[1] if image.shape[1] > 0 else int(options.get("channels", 3))
    shape = [-1 if batch == DYNAMIC else int(batch), channels, *size]
    original = description
    description, changed = with_input_shape(original, image, shape, [port.name for port in outputs])
    _drop_call_stacks(description)

    values = _parameters(request, description)
    (request.output / PROGRAM_FILE).write_bytes(description.SerializeToString(deterministic=True))
    check_runs(request.output, image, shape, original if changed else None)
    inputs, outputs = ports(description)
    told = kinds(description)
    return {
        "inputs": [asdict(port) for port in inputs],
        "outputs": [{**asdict(port), **told[port.name]} for port in outputs],
        "parameters": sum(tensor.values.size for tensor in values.values() if tensor.dtype.kind == "f"),
        "class_count": outputs[0].shape[1],
        "size_was_open": open_size,
    }


def _read(path: Path) -> framework_pb2.ProgramDesc:
    if path.stat().st_size > LARGEST_GRAPH:
        raise Refusal(f"{path} is too large for a program: {path.stat().st_size} bytes", kind="input")
    # Refuses what is no program, in words.
    return framework_pb2.ProgramDesc.FromString(read_program(path).SerializeToString())


def _check_operators(description: framework_pb2.ProgramDesc) -> None:
    for block in description.blocks:
        for op in block.ops:
            if op.type in REACHING_OUT or op.type.startswith(REACHING_OUT_PREFIXES):
                raise Refusal(
                    f"the program has an operator {op.type}, which reaches beyond it when it runs",
                    "Export the network alone, for inference",
                    kind="input",
                )
            if op.type.startswith(QUANTISED_PREFIXES):
                raise Refusal(
                    f"the program is quantised already ({op.type})",
                    "Give the FP32 model it was made from",
                    kind="input",
                )
    if len(description.blocks) > 1:
        kinds = sorted({op.type for op in description.blocks[0].ops if any(a.name == "sub_block" for a in op.attrs)})
        raise Refusal(
            f"the program has control flow ({', '.join(kinds) or 'several blocks'}), which no target takes",
            "Export the network for inference, with paddle.jit.save or PaddleClas's export_model.py",
            kind="input",
        )


def _check_ports(description: framework_pb2.ProgramDesc) -> tuple[list[Port], list[Port]]:
    inputs, outputs = ports(description)
    what = (
        "edgekit converts image classifiers: one image [N, 1, 3 or 4, H, W] in, classes or features [N, C] out, both "
        "FP32"
    )
    if len(inputs) != 1:
        names = ", ".join(port.name for port in inputs) or "none"
        raise Refusal(f"the program takes {len(inputs)} inputs ({names}), not one image", what, kind="input")
    image = inputs[0]
    if image.dtype != "float32" or len(image.shape) != 4 or image.shape[1] not in (*CHANNELS, -1):
        raise Refusal(f"the input {image.name} is {image.dtype} {list(image.shape)}, not an image", what, kind="input")
    if not outputs:
        raise Refusal("the program gives no output", what, kind="input")
    for port in outputs:
        if port.dtype != "float32" or not is_row(port.shape):
            raise Refusal(
                f"the output {port.name} is {port.dtype} {list(port.shape)}, not a value for each class",
                what,
                kind="input",
            )
    return inputs, outputs


def _drop_call_stacks(description: framework_pb2.ProgramDesc) -> None:
    """The call stacks are paths of somebody's machine, which no runtime reads."""
    for op in description.blocks[0].ops:
        kept = [attribute for attribute in op.attrs if attribute.name != "op_callstack"]
        del op.attrs[:]
        op.attrs.extend(kept)


def _parameters(request: Request, description: framework_pb2.ProgramDesc) -> dict[str, StoredTensor]:
    """Write the parameters as one file, and check each against the program: shape, type, finite values."""
    variables = {
        variable.name: variable.type.lod_tensor.tensor
        for variable in description.blocks[0].vars
        if variable.persistable and variable.type.type == LOD_TENSOR
    }
    names = sorted(variables)
    source, target = request.inputs["parameters"], request.output / PARAMETERS_FILE
    if source.is_dir():
        combine(source, names, target)
    else:
        shutil.copyfile(source, target)
    stored = read_tensors(target, names)
    for name, tensor in stored.items():
        declared = tuple(variables[name].dims)
        # Paddle itself writes scalars as [1] and as []: what counts is how many values there are.
        if tensor.shape != declared and (tensor.values.size != 1 or max(declared, default=1) != 1):
            raise Refusal(
                f"the parameter {name} is {list(declared)} in the program and {list(tensor.shape)} in {source.name}",
                "Give graph and parameters of one export",
                kind="input",
            )
        check_precision(name, tensor)
        if tensor.dtype.kind == "f" and not np.isfinite(tensor.values).all():
            raise Refusal(f"the parameter {name} holds NaN or infinite values", kind="input")
    return stored


if __name__ == "__main__":
    main(adopt, tools=["paddlepaddle"])
