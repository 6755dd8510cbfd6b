from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import attribute, new_program, ops, set_float
from edgeworker.rewrite import apply_rewrites

from tests.converters.lite.tiny_program import add_op


def two():
    program = new_program()
    add_op(program.blocks[0], "relu6", {"X": "x"}, {"Out": "y"})
    add_op(program.blocks[0], "relu", {"X": "y"}, {"Out": "z"})
    add_op(program.blocks[0], "relu6", {"X": "z"}, {"Out": "out"})
    return program


def test_every_relu6_gets_its_threshold_and_nothing_else_changes(rewrites):
    program = two()
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.Relu6Threshold()])
    assert report == {"name": "relu6-threshold", "applied": 2, "refused": []}
    assert [attribute(op, "threshold") for op in ops(program)] == [6.0, None, 6.0]


def test_a_threshold_of_its_own_stays_and_is_reported(rewrites):
    program = two()
    set_float(next(ops(program, {"relu6"})), "threshold", 4.0)
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.Relu6Threshold()])
    assert report["applied"] == 1
    assert report["refused"] == ["relu6 (block 0, op 0 -> y) has a threshold of its own, 4"]


def test_a_second_application_changes_nothing(rewrites):
    program = two()
    apply_rewrites(ProgramGraph(program), [rewrites.Relu6Threshold()])
    once = program.SerializeToString()
    assert apply_rewrites(ProgramGraph(program), [rewrites.Relu6Threshold()])[0]["applied"] == 0
    assert program.SerializeToString() == once
