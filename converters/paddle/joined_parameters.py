"""Parameters that a `concat` reads: what Paddle's own fusions cannot take.

`seqpool_cvm_concat_fuse_pass` asks of each part of a concat which operator makes it. A parameter has none, and the
process that loads the program dies of a segmentation fault (Paddle Inference 2.6.2; ViT's and DeiT's class token).
"""

from typing import Any

from edgeworker.paddle_program import fresh_name, variable


def copied_first(program: Any) -> int:
    """Let an `assign` stand between each such parameter and its concat; returns how many there were."""
    (block,) = program.blocks[:1]
    made = {name for op in block.ops for slot in op.outputs for name in slot.arguments}
    ordered, count = [], 0
    for op in list(block.ops):
        for slot in op.inputs if op.type == "concat" else ():
            for place, name in enumerate(list(slot.arguments)):
                if slot.parameter != "X" or name in made:
                    continue
                copy = fresh_name(program, f"{name}.joined")
                described = block.vars.add()
                described.CopyFrom(variable(block, name))
                described.name, described.persistable = copy, False
                slot.arguments[place] = copy
                assign = type(op)(type="assign")
                assign.inputs.add(parameter="X", arguments=[name])
                assign.outputs.add(parameter="Out", arguments=[copy])
                ordered.append(assign)
                count += 1
        ordered.append(type(op).FromString(op.SerializeToString()))
    if count:
        del block.ops[:]
        block.ops.extend(ordered)
    return count
