import pytest
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import arguments, new_program, variable
from edgeworker.rewrite import apply_rewrites

from tests.converters.lite.tiny_program import add_op, add_tensor


@pytest.mark.parametrize(("shape", "declared"), [([2, 3, 8, 8], [6]), ([-1, 3, 8, 8], [-1])])
def test_the_lost_outputs_are_declared_and_one_that_is_there_stays(rewrites, shape, declared):
    program = new_program()
    block = program.blocks[0]
    add_tensor(block, "x", shape)
    add_op(block, "instance_norm", {"X": "x"}, {"Y": "y"})
    add_op(block, "instance_norm", {"X": "x"}, {"Y": "z", "SavedMean": "kept"})
    (report,) = apply_rewrites(ProgramGraph(program), [rewrites.DeclareStatistics()])
    assert report == {"name": "declare-statistics", "applied": 2, "refused": []}
    first, second = block.ops
    assert arguments(first.outputs, "Y") == ["y"]
    assert arguments(second.outputs, "SavedMean") == ["kept"]
    names = [name for op in (first, second) for name in arguments(op.outputs, "SavedVariance") or []]
    assert len(set(names)) == 2
    for name in (*names, *(arguments(first.outputs, "SavedMean") or [])):
        found = variable(block, name)
        assert found is not None
        assert list(found.type.lod_tensor.tensor.dims) == declared
        assert not found.persistable
