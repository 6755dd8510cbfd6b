from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import attribute, new_program, ops, set_float
from edgeworker.rewrite import apply_rewrites

from tests.converters.lite.tiny_program import add_op, build


def test_every_swish_without_beta_gets_one(rewrites):
    program = build()
    second = program.blocks.add(idx=1, parent_idx=0)
    add_op(second, "swish", {"X": "swished"}, {"Out": "inner"})
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.SwishBeta()])
    assert report == {"name": "swish-beta", "applied": 2, "refused": []}
    assert [attribute(op, "beta") for op in ops(program, {"swish"})] == [1.0, 1.0]


def test_a_beta_of_its_own_stays_and_is_reported(rewrites):
    program = build()
    set_float(next(ops(program, {"swish"})), "beta", 1.5)
    before = program.SerializeToString()
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.SwishBeta()])
    assert report["applied"] == 0
    assert report["refused"] == ["swish (block 0, op 3 -> swished) has a beta of its own, 1.5"]
    assert program.SerializeToString() == before


def test_a_second_application_changes_nothing(rewrites):
    program = build()
    apply_rewrites(ProgramGraph(program), [rewrites.SwishBeta()])
    once = program.SerializeToString()
    assert apply_rewrites(ProgramGraph(program), [rewrites.SwishBeta()])[0] == {
        "name": "swish-beta",
        "applied": 0,
        "refused": [],
    }
    assert program.SerializeToString() == once


def test_other_operators_are_left_alone(rewrites):
    program = new_program()
    add_op(program.blocks[0], "hard_swish", {"X": "x"}, {"Out": "y"})
    add_op(program.blocks[0], "sigmoid", {"X": "y"}, {"Out": "z"})
    before = program.SerializeToString()
    assert apply_rewrites(ProgramGraph(program), [rewrites.SwishBeta()])[0]["applied"] == 0
    assert program.SerializeToString() == before
