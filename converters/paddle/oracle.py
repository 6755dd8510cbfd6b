"""The same program in float64: what every FP32 engine approximates, Paddle's own among them."""

from pathlib import Path

import numpy as np
from paddle_runtime import framework_pb2, paddle, set_threads
from program import PROGRAM_FILE

FLOAT32, FLOAT64 = 5, 6  # framework.proto, VarType.Type
FLOAT64S = 12  # AttrType
# Operators carry their result's type as an integer attribute under one of these names.
TYPE_ATTRIBUTES = {"dtype", "in_dtype", "out_dtype"}


def to_float64(program: paddle.static.Program) -> paddle.static.Program:
    """A copy whose FP32 variables and results are all float64; the scope's values stay to be cast."""
    description = framework_pb2.ProgramDesc.FromString(program.desc.serialize_to_string())
    for block in description.blocks:
        for variable in block.vars:
            tensor = variable.type.lod_tensor.tensor if variable.type.HasField("lod_tensor") else None
            if tensor is not None and tensor.data_type == FLOAT32:
                tensor.data_type = FLOAT64
        for op in block.ops:
            for attribute in op.attrs:
                if attribute.name in TYPE_ATTRIBUTES and attribute.i == FLOAT32:
                    attribute.i = FLOAT64
            if op.type == "assign_value":
                widen_values(op)
    return paddle.static.Program.parse_from_string(description.SerializeToString())


def widen_values(op: framework_pb2.OpDesc) -> None:
    """Give an `assign_value` its FP32 numbers where Paddle looks for those of float64.

    Of all operators' attributes these alone are kept by type: others are Scalars, or floats whatever the type.
    """
    for attribute in op.attrs:
        if attribute.name == "fp32_values" and attribute.floats:
            numbers = list(attribute.floats)
            for other in op.attrs:
                if other.name == "fp64_values":
                    op.attrs.remove(other)
                    break
            del attribute.floats[:]
            op.attrs.add(name="fp64_values", type=FLOAT64S, float64s=numbers)
            break


class Oracle:
    """A program in float64. A session: `run` takes one FP32 batch by input name, returns float64 outputs by name."""

    def __init__(self, folder: Path, threads: int) -> None:
        paddle.enable_static()
        set_threads(threads)
        self._scope = paddle.static.Scope()
        self._executor = paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(self._scope):
            program, _, outputs = paddle.static.load_inference_model(
                str(folder / Path(PROGRAM_FILE).stem), self._executor
            )
        self._outputs = [output.name for output in outputs]
        self._program = to_float64(program)
        for variable in self._program.list_vars():
            if variable.persistable and variable.name not in ("feed", "fetch"):
                tensor = self._scope.find_var(variable.name).get_tensor()
                value = np.asarray(tensor)
                if value.dtype == np.float32:
                    tensor.set(value.astype(np.float64), paddle.CPUPlace())

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One batch; inputs of other types than FP32 are given as they are."""
        feed = {
            name: value.astype(np.float64) if value.dtype == np.float32 else value for name, value in inputs.items()
        }
        with paddle.static.scope_guard(self._scope):
            values = self._executor.run(self._program, feed=feed, fetch_list=self._outputs)
        return dict(zip(self._outputs, values, strict=True))
