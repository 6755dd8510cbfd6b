"""Repair a program for Paddle Lite by hand, with Paddle's own protobuf; the environment is that of `export.py`.

python fix_program.py PREFIX FIXED_PREFIX
"""

import shutil
import sys
import zlib  # noqa: F401 -- before Paddle, or the first decompression crashes
from pathlib import Path

from paddle.base.proto import framework_pb2 as pb

RESHAPES = {"flatten_contiguous_range", "reshape2", "transpose2", "squeeze2", "unsqueeze2"}

source, target = sys.argv[1:]
program = pb.ProgramDesc.FromString(Path(f"{source}.pdmodel").read_bytes())
for block in program.blocks:
    for index, op in enumerate(block.ops):
        if op.type == "swish" and not any(attribute.name == "beta" for attribute in op.attrs):
            op.attrs.add(name="beta", type=pb.FLOAT, f=1.0)
        if op.type in RESHAPES and not any(output.parameter == "XShape" for output in op.outputs):
            name = f"xshape_{index}"
            op.outputs.add(parameter="XShape", arguments=[name])
            variable = block.vars.add(name=name)
            variable.type.type = pb.VarType.LOD_TENSOR
            variable.type.lod_tensor.tensor.data_type = pb.VarType.FP32
            variable.type.lod_tensor.tensor.dims.extend([0])
Path(f"{target}.pdmodel").write_bytes(program.SerializeToString())
shutil.copyfile(f"{source}.pdiparams", f"{target}.pdiparams")
