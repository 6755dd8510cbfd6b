import pytest
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import arguments, new_program, ops, variable
from edgeworker.rewrite import apply_rewrites

from tests.converters.lite.tiny_program import add_op, add_tensor, build

RESHAPING = ["flatten_contiguous_range", "reshape2", "transpose2", "squeeze2", "unsqueeze2"]


@pytest.mark.parametrize("kind", RESHAPING)
def test_the_lost_output_is_declared_with_the_shape_of_the_input(rewrites, kind):
    program = new_program()
    block = program.blocks[0]
    add_tensor(block, "x", [-1, 3, 8, 8])
    add_op(block, kind, {"X": "x"}, {"Out": "y"})
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])
    assert report == {"name": "declare-xshape", "applied": 1, "refused": []}
    assert arguments(block.ops[0].outputs, "Out") == ["y"]
    assert arguments(block.ops[0].outputs, "XShape") == ["y.xshape"]
    declared = variable(block, "y.xshape")
    assert declared is not None
    assert list(declared.type.lod_tensor.tensor.dims) == [0, -1, 3, 8, 8]
    assert not declared.persistable


def test_several_places_in_several_blocks_get_variables_of_their_own(rewrites):
    program = build()
    inner = program.blocks.add(idx=1, parent_idx=0)
    # Reads a variable of the block around it; writes a slot that is there and empty.
    add_op(inner, "reshape2", {"X": "pooled"}, {"Out": "seen", "XShape": []}, {"shape": [4, 1]})
    add_op(inner, "transpose2", {"X": "conv"}, {"Out": "turned"}, {"axis": [0, 2, 3, 1]})
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])
    assert report["applied"] == 3
    found = [arguments(op.desc.outputs, "XShape") for op in ops(program, RESHAPING)]
    assert found == [["flat.xshape"], ["seen.xshape"], ["turned.xshape"]]
    assert variable(program.blocks[0], "flat.xshape") is not None
    assert variable(program.blocks[0], "seen.xshape") is None
    declared = variable(inner, "turned.xshape")
    assert declared is not None
    assert list(declared.type.lod_tensor.tensor.dims) == [0, 1, 4, 4, 4]


def test_an_input_that_nobody_declares_is_a_reason_to_refuse(rewrites):
    program = new_program()
    add_op(program.blocks[0], "squeeze2", {"X": "ghost"}, {"Out": "y"})
    add_op(program.blocks[0], "reshape2", {"X": ["a", "b"]}, {"Out": "z"})
    before = program.SerializeToString()
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])
    assert report["applied"] == 0
    assert report["refused"] == [
        "squeeze2 (block 0, op 0 -> y) reads ghost, which no block declares",
        "reshape2 (block 0, op 1 -> z) has 2 inputs X where one is expected",
    ]
    assert program.SerializeToString() == before


def test_an_input_that_is_no_tensor_is_a_reason_to_refuse(rewrites):
    program = build()
    add_op(program.blocks[0], "reshape2", {"X": "feed"}, {"Out": "z"})
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])
    assert report["applied"] == 1
    assert report["refused"] == ["reshape2 (block 0, op 9 -> z) reads feed, which is not a plain tensor"]


def test_a_second_application_changes_nothing(rewrites):
    program = build()
    apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])
    once = program.SerializeToString()
    assert apply_rewrites(ProgramGraph(program), [rewrites.DeclareXShape()])[0]["applied"] == 0
    assert program.SerializeToString() == once
