"""A parameter that a concat reads is copied first; what an operator makes is read as it was."""

from edgeworker.paddle_program import new_program, ops, parse_program

from tests.converters.lib.ledger.programs import add_op
from tests.converters.lite.tiny_program import add_tensor
from tests.converters.loading import load

copied_first = load("paddle", "joined_parameters").copied_first


def test_a_class_token_is_copied_before_it_is_joined() -> None:
    program = new_program()
    block = program.blocks[0]
    add_tensor(block, "x", [1, 4, 8])
    add_tensor(block, "token", [1, 1, 8], persistable=True)
    add_op(block, "relu", {"X": ["x"]}, "r")
    add_op(block, "concat", {"X": ["token", "r"]}, "y", axis=1)
    assert copied_first(program) == 1
    read = [(op.desc.type, [list(slot.arguments) for slot in op.desc.inputs]) for op in ops(program)]
    assert read == [("relu", [["x"]]), ("assign", [["token"]]), ("concat", [["token.joined", "r"]])]
    described = {one.name: one for one in block.vars}["token.joined"]
    assert list(described.type.lod_tensor.tensor.dims) == [1, 1, 8] and not described.persistable
    assert copied_first(parse_program(program.SerializeToString())) == 0
